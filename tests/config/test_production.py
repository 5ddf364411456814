"""Production settings: complete, or refused with everything that is missing."""

from __future__ import annotations

import os
import subprocess
import sys

from config.embedded_postgres import CHECKOUT

COMPLETE = {
    "FETTLE_SECRET_KEY": "a text of more than fifty different letters: 0123456789 abcdefghijklmnop",
    "FETTLE_ALLOWED_HOSTS": "fettle.example.com",
    "DATABASE_URL": "postgresql://fettle@127.0.0.1:1/fettle",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    inherited["DJANGO_SETTINGS_MODULE"] = "config.settings.production"
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=CHECKOUT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_check_finds_nothing() -> None:
    checked = manage("check", "--deploy", "--fail-level", "DEBUG", **COMPLETE)
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


def test_each_missing_variable_is_named() -> None:
    refused = manage("check")
    assert refused.returncode != 0
    for name in COMPLETE:
        assert f"  {name}: " in refused.stderr


def test_what_is_set_is_not_called_missing() -> None:
    refused = manage("check", FETTLE_SECRET_KEY="x")
    assert "FETTLE_SECRET_KEY" not in refused.stderr
    assert "  FETTLE_ALLOWED_HOSTS: " in refused.stderr


def test_another_database_than_postgresql_is_refused() -> None:
    refused = manage("check", **(COMPLETE | {"DATABASE_URL": "mysql://u@h/fettle"}))
    assert refused.returncode != 0
    assert "Fettle needs PostgreSQL" in refused.stderr
