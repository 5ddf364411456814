"""Plans as objects: read from JSON and written back, described, checked as a whole, exported as calls.

`json_form` is how dataclasses travel, `plan` the plan of a modification, `checking` finds all that is wrong with one, `exporting`
makes the call of the public API that does the same, `changes` tells what has happened since a revision, `commands` are what a
dry run can be asked for.
"""
