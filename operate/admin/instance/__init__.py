"""The page of one process instance, and what is done from it."""
