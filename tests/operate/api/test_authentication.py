"""HTTP Basic is as safe as without its memory, and faster."""

from __future__ import annotations

import base64
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from operate.api import authentication

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("maria", password="right")


@pytest.fixture(autouse=True)
def _nothing_is_remembered_from_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "verified_credentials", authentication.VerifiedCredentials())


def basic(username: str, password: str) -> Request:
    text = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Request(APIRequestFactory().get("/", headers={"Authorization": f"Basic {text}"}))


def log_in(username: str, password: str) -> User | None:
    result = authentication.BasicAuthentication().authenticate(basic(username, password))
    return result[0] if result else None


def test_the_right_password_is_hashed_once(user: User) -> None:
    # given
    assert log_in("maria", "right") == user
    # when
    with (
        patch("django.contrib.auth.hashers.check_password") as hashing,
        patch.object(User, "check_password") as checking,
    ):
        again = log_in("maria", "right")
    # then
    assert again == user
    assert not hashing.called
    assert not checking.called


def test_a_wrong_password_is_refused_even_after_the_right_one(user: User) -> None:
    log_in("maria", "right")
    with pytest.raises(AuthenticationFailed):
        log_in("maria", "wrong")


def test_the_old_password_is_refused_at_once_after_a_change(user: User) -> None:
    # given
    log_in("maria", "right")
    # when
    user.set_password("new")
    user.save()
    # then
    with pytest.raises(AuthenticationFailed):
        log_in("maria", "right")
    assert log_in("maria", "new") == user


def test_an_account_that_was_switched_off_is_refused_at_once(user: User) -> None:
    # given
    log_in("maria", "right")
    # when
    User.objects.update(is_active=False)
    # then
    with pytest.raises(AuthenticationFailed):
        log_in("maria", "right")


def test_two_accounts_with_the_same_password_are_told_apart(user: User) -> None:
    other = User.objects.create_user("james", password="right")
    assert [log_in("maria", "right"), log_in("james", "right")] * 2 == [user, other, user, other]


def test_what_was_verified_is_forgotten_after_a_while(user: User) -> None:
    # given
    now = 1_000.0
    memory = authentication.VerifiedCredentials(clock=lambda: now)
    digest = memory.digest(user, "right")
    memory.add(digest)
    remembered = digest in memory
    # when
    now += authentication.LIFETIME_SECONDS + 1
    # then
    assert remembered
    assert digest not in memory


def test_the_memory_does_not_grow_without_end(user: User) -> None:
    # given
    memory = authentication.VerifiedCredentials()
    digests = [memory.digest(user, str(number)) for number in range(authentication.CAPACITY + 1)]
    # when
    for digest in digests:
        memory.add(digest)
    # then
    assert digests[0] not in memory
    assert digests[-1] in memory


def test_an_account_without_password_here_is_asked_for_each_time(user: User) -> None:
    # given: the directory, not this database, knows the password
    user.set_unusable_password()
    user.save()
    with patch("rest_framework.authentication.authenticate", return_value=user) as directory:
        # when
        log_in("maria", "of the directory")
        log_in("maria", "of the directory")
    # then
    assert directory.call_count == 2


@pytest.mark.parametrize("text", ["Basic", "Basic a b", "Basic ***", "Basic bm9jb2xvbg=="])
def test_a_malformed_header_is_refused(text: str) -> None:
    request = Request(APIRequestFactory().get("/", headers={"Authorization": text}))
    with pytest.raises(AuthenticationFailed):
        authentication.BasicAuthentication().authenticate(request)


def test_a_token_may_be_called_bearer(user: User) -> None:
    token = Token.objects.create(user=user)
    request = Request(APIRequestFactory().get("/", headers={"Authorization": f"Bearer {token.key}"}))
    assert authentication.BearerAuthentication().authenticate(request) == (user, token)
