"""A server like that of `make run`, and in it a database that lives as long as the measurement."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import django
import psycopg
from psycopg import sql

from config.embedded_postgres import EmbeddedPostgres, default_directory

DATABASE = "fettle_bench"


class DatabaseError(Exception):
    """There is no database to measure; the message says what to do."""


@contextmanager
def bench_database() -> Iterator[str]:
    """Make the database and point Django at it; drop it in the end.

    In the server that DATABASE_URL names, or in an embedded one with fsync on: what a commit costs is measured too.
    """
    chosen = os.environ.get("DATABASE_URL")
    if chosen:
        with _created(chosen) as url:
            yield url
        return
    server = EmbeddedPostgres(default_directory("bench"), say=_tell)
    with server.running() as embedded, _created(embedded) as url:
        yield url


@contextmanager
def _created(server_url: str) -> Iterator[str]:
    name = sql.Identifier(DATABASE)
    with psycopg.connect(server_url, autocommit=True) as server:
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
            server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        except psycopg.Error as error:
            raise DatabaseError(
                f"Cannot make the database '{DATABASE}': {str(error).strip()} If another measurement is running on this "
                "server, wait for it; else DATABASE_URL has to name a user who may create databases."
            ) from error
        try:
            yield urlsplit(server_url)._replace(path=f"/{DATABASE}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextmanager
def django_on(url: str) -> Iterator[None]:
    """Set up Django on this database, as `make run` has it, and make the tables."""
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.development"
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    try:
        yield
    finally:
        connection.close()
        connection.close_pool()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
