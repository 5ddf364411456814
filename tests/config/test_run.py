"""`make run`: everything starts in order, and nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded_postgres import CHECKOUT, EmbeddedPostgres
from config.run import RunError, Settings, check_port

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="fettle-run-"))
    path.chmod(0o755)
    yield path
    EmbeddedPostgres(path).stop()
    shutil.rmtree(path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(directory: Path, port: int) -> Iterator[Start]:
    started = []

    def start(**environment: str) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        chosen = {"PORT": str(port), "DATA_DIR": str(directory), "DEMO": "0", "WORKERS": "1"} | environment
        process = subprocess.Popen(
            [sys.executable, "-m", "config.run"],
            cwd=CHECKOUT,
            env=inherited | {"DJANGO_SETTINGS_MODULE": "config.settings.development"} | chosen,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait()
        process.stdout.close()


def lines_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
    raise AssertionError(f"Expected to read '{text}', but the output ended:\n" + "\n".join(lines))


def test_a_signal_stops_everything_in_order(start: Start, directory: Path, port: int) -> None:
    # given
    running = start()
    lines_until(running, "stop it with Ctrl-C")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/login/") as page:
        assert page.status == 200
    children = psutil.Process(running.pid).children(recursive=True)
    # when
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate()
    # then
    stopping = [line for line in output.splitlines() if line.startswith("Stop")]
    assert stopping == ["Stopping the web server …", "Stopping worker 1 …", "Stopping PostgreSQL …", "Stopped."]
    assert running.returncode == 0
    assert len(children) >= 3
    assert not [child for child in children if child.is_running()]
    assert not EmbeddedPostgres(directory).is_running()


def test_when_a_child_dies_the_rest_stops_and_it_is_named(start: Start, directory: Path) -> None:
    # given
    running = start()
    lines_until(running, "stop it with Ctrl-C")
    children = psutil.Process(running.pid).children(recursive=True)
    [worker] = [child for child in children if "procrastinate" in child.cmdline()]
    # when
    worker.kill()
    output, _ = running.communicate()
    # then
    assert "Error: Worker 1 ended unexpectedly (killed by SIGKILL)." in output
    assert running.returncode == 1
    assert not [child for child in children if child.is_running()]
    assert not EmbeddedPostgres(directory).is_running()


def test_without_workers_there_is_none_and_that_is_said(start: Start) -> None:
    running = start(WORKERS="0")
    lines = lines_until(running, "stop it with Ctrl-C")
    children = psutil.Process(running.pid).children(recursive=True)
    assert "  there is no worker: nothing runs by itself" in lines
    assert not [child for child in children if "procrastinate" in child.cmdline()]


def test_a_port_in_use_is_told_before_anything_starts(start: Start, directory: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        refused = start()
        output, _ = refused.communicate()
    assert refused.returncode == 1
    assert f"Error: Port {port} cannot be used" in output
    assert "make run PORT=" in output
    assert list(directory.iterdir()) == []


def test_a_free_port_is_fine(port: int) -> None:
    check_port(port)


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "70000"), ("WORKERS", "-1"), ("WORKERS", "many"), ("DEMO", "yes")]
)
def test_a_setting_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(RunError, match=f"Expected {name} to be a number from .* found '{value}'"):
        Settings.from_environment()


def test_settings_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "WORKERS", "DEMO"):
        monkeypatch.delenv(name, raising=False)
    assert Settings.from_environment() == Settings(port=8000, workers=1, demo=True)
