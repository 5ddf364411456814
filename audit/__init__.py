"""The append-only record of who did what to what, why, and with which result."""
