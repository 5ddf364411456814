"""Batches: one operation on any number of process instances, done in the background, each instance on its own.

`models` has the tables, `plans` what can be done, `selection` to which process instances, `submitting` begins a batch,
`running` does it, `life` pauses, cancels and repairs it.
"""
