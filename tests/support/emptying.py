"""Emptying the test database between tests that commit."""

from __future__ import annotations

from functools import cache

from django.db import connection, transaction

from operate.workspaces.signals import migrated

KEPT = {"django_content_type", "auth_permission"}
"""What the models alone decide: it would be filled with the same again."""


def empty_database() -> None:
    """Leave what a database has after its migrations, and nothing else.

    Deleting few rows takes a fraction of the time of truncating many tables with their indexes, and waits for nobody who
    only reads: the last requests of a page that was just closed cannot get into a deadlock with it. Neither the triggers
    that protect the audit log nor those of foreign keys are asked; PostgreSQL allows that to superusers.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_emptying())
    migrated(sender=None, using="default")


@cache
def _emptying() -> str:
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    deletes = "; ".join(f'DELETE FROM "{table}"' for table in tables)
    return f"SET LOCAL session_replication_role = replica; {deletes}"


__all__ = ["empty_database"]
