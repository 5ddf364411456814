"""Who else is at a process instance right now, what they do there, and what has changed in it meanwhile."""
