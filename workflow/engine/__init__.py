"""The interpreter: agenda, commands, life cycle, semantics and in-memory state. Pure Python."""
