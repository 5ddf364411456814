#!/usr/bin/env python3
"""Django's command line. Without DATABASE_URL the embedded PostgreSQL runs as long as the command does."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

NEED_NO_DATABASE = {"help", "--help", "--version", "makemessages", "compilemessages", "collectstatic", "findstatic"}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"Error: {error}. Run 'make install', then '.venv/bin/python manage.py …'.")
    from config import embedded_postgres

    embedded = os.environ["DJANGO_SETTINGS_MODULE"] == "config.settings.development" and not os.environ.get(
        "DATABASE_URL"
    )
    try:
        if embedded and not NEED_NO_DATABASE.intersection(sys.argv[1:2] or ["help"]):
            server = embedded_postgres.EmbeddedPostgres(
                embedded_postgres.default_directory(), say=lambda line: print(line, file=sys.stderr, flush=True)
            )
            running = server.running()
        else:
            running = nullcontext("")
        with running:
            execute_from_command_line(sys.argv)
    except embedded_postgres.EmbeddedPostgresError as error:
        embedded_postgres.fail(error)


if __name__ == "__main__":
    main()
