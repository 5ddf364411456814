"""A server like that of `make run`, and in it a database that lives as long as the measurement."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
def another_copy(url: str, name: str) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Copy the database as it is now, and drop the copy in the end; inside of what is yielded Django uses the copy."""
    from django.db import DEFAULT_DB_ALIAS, connection, connections

    connection.close()
    connection.close_pool()  # nobody may be in a database that is copied
    copy = f"{DATABASE}_{name}"
    server_url = urlsplit(url)._replace(path="/postgres").geturl()
    names = {"copy": sql.Identifier(copy), "original": sql.Identifier(urlsplit(url).path[1:])}
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {copy}").format(**names))
        server.execute(sql.SQL("CREATE DATABASE {copy} TEMPLATE {original}").format(**names))
    connections.settings[name] = connections.settings[DEFAULT_DB_ALIAS] | {"NAME": copy}
    original, copied = connections[DEFAULT_DB_ALIAS], connections.create_connection(name)

    @contextmanager
    def used() -> Iterator[None]:
        connections[DEFAULT_DB_ALIAS] = copied
        try:
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = original

    try:
        yield used
    finally:
        copied.close()
        copied.close_pool()
        with psycopg.connect(server_url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {copy} WITH (FORCE)").format(**names))


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
