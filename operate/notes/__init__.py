"""What people write down about a process instance for each other: kinds, pinned notes, former texts."""
