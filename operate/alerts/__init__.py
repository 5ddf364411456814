"""Alerts on saved filters: more or fewer process instances match than somebody wants, for longer than somebody wants."""
