"""Telling people and programs: an outbox, written with what it tells of, and delivered in the background at least once.

`operate.notifications.telling.notify` is the way in, `Kind` of `operate.notifications.models` says what can be told.
"""
