"""What is missing or malformed in the environment is told by name."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


def test_all_missing_variables_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETTLE_B", "")
    monkeypatch.setenv("FETTLE_C", "there")
    with pytest.raises(ImproperlyConfigured) as refused:
        environment.required({"FETTLE_A": "for this", "FETTLE_B": "for that", "FETTLE_C": "for more"})
    assert "FETTLE_A: for this" in str(refused.value)
    assert "FETTLE_B: for that" in str(refused.value)
    assert "FETTLE_C" not in str(refused.value)


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("Yes", True), ("0", False), ("off", False), ("", False)])
def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch, text: str, expected: bool) -> None:
    monkeypatch.setenv("FETTLE_X", text)
    assert environment.flag("FETTLE_X", default=not expected) is expected


def test_a_switch_that_is_neither_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETTLE_X", "maybe")
    with pytest.raises(ImproperlyConfigured, match="Expected FETTLE_X to be 1 or 0, found 'maybe'"):
        environment.flag("FETTLE_X")


def test_a_number_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETTLE_X", "-3")
    with pytest.raises(ImproperlyConfigured, match="Expected FETTLE_X to be a whole number, found '-3'"):
        environment.number("FETTLE_X", default=1)


def test_a_list_is_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FETTLE_X", " a.example, ,b.example ")
    assert environment.listed("FETTLE_X") == ["a.example", "b.example"]
    assert environment.listed("FETTLE_Y") == []


def test_a_database_url_becomes_settings() -> None:
    settings = environment.database(
        "postgresql://u:p%40ss@db.example:5433/fettle?sslmode=require", OPTIONS={"pool": True}
    )
    assert {name: settings[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "fettle",
        "USER": "u",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
    }
    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["OPTIONS"]["pool"] is True


def test_a_database_url_may_name_a_socket() -> None:
    assert environment.database("postgres://u@/fettle?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://u@h/fettle", "Fettle needs PostgreSQL: .* found 'mysql://'"),
        ("sqlite:///db", "Fettle needs PostgreSQL"),
        ("postgresql://u@h:x/fettle?nonsense=1", "Expected DATABASE_URL to be a PostgreSQL URL"),
        ("postgresql://u@h", "Expected DATABASE_URL to name a database"),
    ],
)
def test_any_other_database_url_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        environment.database(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp+tls://me%40here:p%2Fw@mail.example:2525",
            {
                "EMAIL_HOST": "mail.example",
                "EMAIL_PORT": 2525,
                "EMAIL_USE_TLS": True,
                "EMAIL_HOST_USER": "me@here",
                "EMAIL_HOST_PASSWORD": "p/w",
            },
        ),
        ("smtp+ssl://mail.example", {"EMAIL_PORT": 465, "EMAIL_USE_SSL": True, "EMAIL_HOST_USER": ""}),
        ("smtp://mail.example", {"EMAIL_PORT": 25, "EMAIL_USE_TLS": False}),
        ("console://", {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}),
    ],
)
def test_a_mail_server_s_url_becomes_settings(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: dict[str, object]
) -> None:
    monkeypatch.setenv("MAIL", url)
    assert environment.mail("MAIL").items() >= expected.items()


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("imap://mail.example", "begin with one of 'smtp://'.* found 'imap://'"),
        ("smtp://", "name a host"),
        ("smtp://mail.example:port", "an address of a mail server"),
    ],
)
def test_any_other_mail_server_s_url_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, complaint: str) -> None:
    monkeypatch.setenv("MAIL", url)
    with pytest.raises(ImproperlyConfigured, match=complaint):
        environment.mail("MAIL")


def test_what_addresses_begin_with_has_a_scheme_and_no_slash_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "https://fettle.example/")
    assert environment.base_url("BASE", default="http://localhost") == "https://fettle.example"
    monkeypatch.setenv("BASE", "fettle.example")
    with pytest.raises(ImproperlyConfigured, match="begin with 'https://'"):
        environment.base_url("BASE", default="http://localhost")
