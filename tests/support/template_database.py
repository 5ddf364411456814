"""A database with all migrations applied, of which each test database is a copy: made once for each state of the migrations."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import Connection, errors, sql

ROOT = Path(__file__).parents[2]
PREFIX = "template_fettle_"
BEING_MADE = PREFIX + "being_made"
LOCK = 0xFE77
"""Who makes templates waits for who else does."""


def template_database(url: str) -> str:
    """Return the name of the template on the server of this address, made if need be; older ones are dropped."""
    name = PREFIX + _digest()
    with psycopg.connect(_of(url, "postgres"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        templates = _templates(server)
        if name not in templates:
            for old in templates:
                with suppress(errors.ObjectInUse):  # it is just being copied
                    server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(old)))
            _make(server, name, url)
    return name


def _digest() -> str:
    """What the tables come from: our migrations, and those of the packages that are pinned."""
    found = sha256()
    for path in (*sorted(ROOT.glob("*/migrations/*.py")), ROOT / "requirements.txt"):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _templates(server: Connection) -> set[str]:
    rows = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (PREFIX,))
    return {name for (name,) in rows}


def _make(server: Connection, name: str, url: str) -> None:
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(BEING_MADE)))
    migrated = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": _of(url, BEING_MADE), "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
    )
    assert migrated.returncode == 0, f"The migrations failed:\n{migrated.stderr}"
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(BEING_MADE), sql.Identifier(name)))


def _of(url: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


__all__ = ["template_database"]
