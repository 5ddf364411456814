"""All that the engine, the audit log and the back office have written, to see whether something has changed."""

from __future__ import annotations

from django.db import connection

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name ~ '^(workflow|audit|operate|procrastinate)_'
"""


def contents() -> dict[str, list[str]]:
    """The rows of these tables, those without any left out."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = sorted(name for (name,) in cursor.fetchall())
        found = {}
        for name in names:
            cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')
            found[name] = [row for (row,) in cursor.fetchall()]
    return {name: rows for name, rows in found.items() if rows}
