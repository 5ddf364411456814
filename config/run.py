"""`make run`: PostgreSQL, the web server and the workers, started in order and stopped in order.

    PORT=8000      where the web server listens, on this machine only
    WORKERS=1      worker processes; 0: no background work at all, nothing happens by itself
    DEMO=1         load the demo data; 0: an empty database
    DATA_DIR=…     where the embedded PostgreSQL keeps its data
    DATABASE_URL=… a PostgreSQL server of your own instead

Only the standard library is imported before `main`, because the settings are checked before anything is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from config.embedded_postgres import EmbeddedPostgres

HOST = "127.0.0.1"
THREADS = 32  # long polls of workers hold a thread each
STOP_SECONDS = 15
START_SECONDS = 60
PR_SET_PDEATHSIG = 1
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RunError(Exception):
    """It cannot start, or something died; the message says what to do."""


class StopRequested(Exception):
    """Ctrl-C, or the end asked for by a signal."""


@dataclass(frozen=True)
class Settings:
    """What the caller chose."""

    port: int
    workers: int
    demo: bool

    @classmethod
    def from_environment(cls) -> Settings:
        """Read PORT, WORKERS and DEMO; raise RunError naming the first that is wrong."""
        return cls(
            port=_number("PORT", "8000", 1, 65535),
            workers=_number("WORKERS", "1", 0, 64),
            demo=bool(_number("DEMO", "1", 0, 1)),
        )


def _number(name: str, default: str, low: int, high: int) -> int:
    text = os.environ.get(name) or default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise RunError(f"Expected {name} to be a number from {low} to {high}, found '{text}'.")
    return int(text)


def check_port(port: int) -> None:
    """Raise RunError if somebody listens on the port already."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError as error:
            raise RunError(
                f"Port {port} cannot be used ({error.strerror}). Stop what listens there, or choose another port: "
                "make run PORT=8001"
            ) from error


class Processes:
    """The children, in the order in which they are stopped."""

    def __init__(self) -> None:
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a child in a session of its own, so that Ctrl-C reaches only this process."""
        process = subprocess.Popen(command, start_new_session=True, preexec_fn=end_with_parent)
        self._running.append((name, process))
        return process

    def run(self, name: str, *command: str) -> None:
        """Run a child to its end; raise RunError if it fails."""
        process = self.start(name, *command)
        status = process.wait()
        self._running.remove((name, process))
        if status:
            raise RunError(f"{name} failed ({describe(status)}).")

    def dead(self) -> tuple[str, int] | None:
        """Return the name and status of a child that ended, if one did."""
        for name, process in self._running:
            status = process.poll()
            if status is not None:
                return name, status
        return None

    def stop(self) -> None:
        """Stop them one after the other; kill what does not want to."""
        for name, process in self._running:
            if process.poll() is None:
                say(f"Stopping {name} …")
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    say(f"{name} does not stop; killing it.")
            self._kill_what_is_left(process)
        self._running.clear()

    @staticmethod
    def _kill_what_is_left(process: subprocess.Popen[bytes]) -> None:
        """Kill the process and its own children: they share its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent dies, so that nothing is left behind even if it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def describe(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


def say(line: str) -> None:
    print(line, flush=True)


class Run:
    """One `make run`, from the first line to the last."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes = Processes()
        self.server: EmbeddedPostgres | None = None

    def __call__(self) -> None:
        """Run until a signal comes; raise RunError if something fails or dies."""
        try:
            self.start_database()
            self.prepare_database()
            self.start_web()
            self.start_workers()
            self.announce()
            self.watch()
        finally:
            ignore_signals()
            self.stop()

    def start_database(self) -> None:
        if os.environ.get("DATABASE_URL"):
            say("Using the database of DATABASE_URL.")
            return
        from config.embedded_postgres import EmbeddedPostgres, default_directory

        self.server = EmbeddedPostgres(default_directory(), say=say, progress=say)
        # Children are given the address: they use the server, this process keeps it running.
        with signals_deferred():
            os.environ["DATABASE_URL"] = self.server.acquire()
        say(f"PostgreSQL is running; its data is in '{self.server.data}'.")

    def prepare_database(self) -> None:
        say("Bringing the database schema up to date …")
        self.manage("migrate", "--verbosity", "0", "--no-input")
        self.manage("ensure_admin")
        if self.settings.demo:
            say("Loading the demo data, if it is not there yet …")
            self.manage("load_demo")

    def manage(self, *arguments: str) -> None:
        self.processes.run(f"'manage.py {arguments[0]}'", sys.executable, "manage.py", *arguments)

    def start_web(self) -> None:
        say("Starting the web server …")
        self.processes.start(
            "the web server",
            *(sys.executable, "-m", "granian", "config.wsgi:application", "--interface", "wsgi"),
            *("--host", HOST, "--port", str(self.settings.port), "--workers", "1", "--no-ws"),
            *("--blocking-threads", str(THREADS), "--workers-kill-timeout", "5", "--log-level", "error"),
        )
        self.wait_for_web()

    def wait_for_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.web_answers():
            self.raise_if_dead()
            if time.monotonic() > deadline:
                raise RunError(f"The web server did not answer within {START_SECONDS} s.")
            time.sleep(0.1)

    def web_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.settings.port}/login/", timeout=10):
                return True
        except urllib.error.HTTPError as error:
            raise RunError(f"The web server answers its login page with status {error.code}.") from error
        except OSError:
            return False

    def start_workers(self) -> None:
        for number in range(1, self.settings.workers + 1):
            say(f"Starting worker {number} …")
            self.processes.start(
                f"worker {number}",
                *(sys.executable, "manage.py", "procrastinate", "worker"),
                *("--name", f"worker-{number}", "--concurrency", "4", "--shutdown-graceful-timeout", "10"),
            )

    def announce(self) -> None:
        say(f"\nFettle is at http://localhost:{self.settings.port}/")
        say(
            "  log in as admin / admin"
            + (" (the other users of the demo are in README.md)" if self.settings.demo else "")
        )
        if not self.settings.workers:
            say("  there is no worker: nothing runs by itself")
        say("  stop it with Ctrl-C\n")

    def watch(self) -> NoReturn:
        while True:
            time.sleep(0.5)
            self.raise_if_dead()

    def raise_if_dead(self) -> None:
        dead = self.processes.dead()
        if dead:
            raise RunError(f"{dead[0].capitalize()} ended unexpectedly ({describe(dead[1])}).")
        if self.server and not self.server.is_running():
            raise RunError(f"PostgreSQL ended unexpectedly; its log is '{self.server.log}'.")

    def stop(self) -> None:
        self.processes.stop()
        if self.server:
            self.server.release()


def request_stop(signum: int, frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise StopRequested


def ignore_signals() -> None:
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


@contextlib.contextmanager
def signals_deferred() -> Iterator[None]:
    """Let the block finish before a signal takes effect: a server that is half started cannot be stopped in order."""
    came: list[int] = []
    before = {signum: signal.signal(signum, lambda number, frame: came.append(number)) for signum in STOP_SIGNALS}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    if came:
        request_stop(came[0], None)


def main() -> int:
    """Run Fettle, or only check that it could (`--check`)."""
    parser = argparse.ArgumentParser(prog="python -m config.run", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="check the settings and the port, start nothing")
    parser.add_argument("--with-parent", action="store_true", help="stop when the calling process dies")
    options = parser.parse_args()
    try:
        settings = Settings.from_environment()
        check_port(settings.port)
    except RunError as error:
        return failed(error)
    if options.check:
        return 0
    if options.with_parent:
        end_with_parent()
    return run(settings)


def run(settings: Settings) -> int:
    from config.embedded_postgres import EmbeddedPostgresError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    for signum in STOP_SIGNALS:
        signal.signal(signum, request_stop)
    try:
        Run(settings)()
    except StopRequested:
        say("Stopped.")
    except (RunError, EmbeddedPostgresError) as error:
        return failed(error)
    return 0


def failed(error: Exception) -> int:
    print(f"Error: {error}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
