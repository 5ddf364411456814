"""Who calls the APIs: HTTP Basic, tokens and sessions.

Workers and API clients send their password with every request, and verifying it takes some 200 ms of pure computing, on purpose.
What was verified a moment ago is therefore remembered: not the password, but a digest with a key that only this process has. The
digest covers the stored hash as well, so a changed password is never mistaken for the old one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from rest_framework import authentication
from rest_framework.request import Request

LIFETIME_SECONDS = 300
CAPACITY = 1_000


class VerifiedCredentials:
    """Digests of credentials that were right a moment ago; safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, digest: bytes) -> bool:
        with self._lock:
            return self._until.get(digest, 0.0) > self._clock()

    def add(self, digest: bytes) -> None:
        """Remember for `LIFETIME_SECONDS`; the oldest is forgotten when there are too many."""
        with self._lock:
            self._until[digest] = self._clock() + LIFETIME_SECONDS
            self._until.move_to_end(digest)
            if len(self._until) > CAPACITY:
                self._until.popitem(last=False)

    def digest(self, user: AbstractBaseUser, password: str) -> bytes:
        text = f"{user.pk}\0{user.password}\0{password}"
        return hmac.digest(self._key, text.encode(errors="surrogateescape"), hashlib.sha256)


verified_credentials = VerifiedCredentials()


class BasicAuthentication(authentication.BasicAuthentication):
    """HTTP Basic that computes the password hash only now and then.

    The account is read each time, so one that was switched off is refused at once. Wrong passwords are never remembered.
    """

    www_authenticate_realm = "Fettle"

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[AbstractBaseUser, None]:
        users = get_user_model()
        account = users._default_manager.filter(**{users.USERNAME_FIELD: userid, "is_active": True}).first()
        if account is not None and verified_credentials.digest(account, password) in verified_credentials:
            return account, None
        user, _ = super().authenticate_credentials(userid, password, request)
        # An account of a directory (LDAP …) has no usable password here, so its change there would go unnoticed.
        if user.has_usable_password():
            verified_credentials.add(verified_credentials.digest(user, password))
        return user, None


class BearerAuthentication(authentication.TokenAuthentication):
    """The same tokens as `Authorization: Token …`, under the name that clients of Camunda 8 use."""

    keyword = "Bearer"
