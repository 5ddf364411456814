"""The read side of the workflow for everyone else."""
