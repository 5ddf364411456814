"""The page of a process, and what is done from it."""
