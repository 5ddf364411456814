"""Every page and every API operation, tried by everybody, answers as the matrix says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from rest_framework.test import APIClient

from audit.models import AuditEvent
from operate.workspaces import RIGHTS_OF_ROLE, Right, Role
from tests.operate.access.matrix import ENGINE_REST, FETTLE, MATRIX, PAGES, V2, Line, Who
from tests.operate.access.world import ANONYMOUS, MARK, PEOPLE, STRANGER, SUPERUSER, World, make_world

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ALIAS = "engine-rest/engine/default/"
"""The same resources once more; the same views answer."""
API = ("engine-rest/", "v2/", "api/")
SIGNED_IN = [name for name in PEOPLE if name != ANONYMOUS]
MANAGES_EVERYTHING = (Role.ORG_ADMIN, SUPERUSER)


class Office:
    """Sends lines of the matrix as somebody, and undoes what they did."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sessions: dict[str, str] = {}
        self._clients = {name: self._client(name) for name in PEOPLE}

    def _client(self, name: str) -> tuple[APIClient, Client]:
        api, pages = APIClient(raise_request_exception=False), Client(raise_request_exception=False)
        if name != ANONYMOUS:
            api.force_authenticate(self.world.people[name])
            pages.force_login(self.world.people[name])
            self._sessions[name] = pages.session.session_key
        return api, pages

    def send(self, line: Line, name: str, *, method: str | None = None) -> tuple[Any, str]:
        """The answer, and its text."""
        api, pages = self._clients[name]
        pages.cookies.clear()
        if name in self._sessions:
            pages.cookies[settings.SESSION_COOKIE_NAME] = self._sessions[name]
        path = self.fill(line.path)
        client: Any = api if path[1:].startswith(API) else pages
        call = getattr(client, (method or line.method).lower())
        body = self.fill(line.body)
        if method is not None:
            answer = call(path)
        elif line.as_json:
            answer = call(path, json.dumps(body), content_type="application/json")
        elif client is pages:
            answer = call(path, {**(body or {}), **self._files(line)})
        elif line.form:
            answer = call(path, {**(body or {}), **self._files(line)}, format="multipart")
        elif body is None:
            answer = call(path)
        else:
            answer = call(path, body, format="json")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return answer, content.decode(errors="replace")

    def fill(self, value: Any) -> Any:
        """The value with the world's names put in."""
        match value:
            case str():
                return re.sub(r"\{(\w+)\}", lambda found: self.world[found[1]], value)
            case dict():
                return {name: self.fill(each) for name, each in value.items()}
            case list():
                return [self.fill(each) for each in value]
        return value

    @staticmethod
    def _files(line: Line) -> dict[str, SimpleUploadedFile]:
        return {name: SimpleUploadedFile("fresh.bpmn", text.encode()) for name, text in line.files.items()}


@pytest.fixture
def office(db: None) -> Office:
    cache.clear()
    return Office(make_world())


def trial(office: Office, line: Line, name: str) -> str:
    """What is wrong with the answer that somebody gets; nothing is left of what was done."""
    point = transaction.savepoint()
    try:
        before = office.world.events(result="SUCCESS"), AuditEvent.objects.filter(result="REFUSED").count()
        answer, text = office.send(line, name)
        done = office.world.events(result="SUCCESS") - before[0]
        refusals = AuditEvent.objects.filter(result="REFUSED").count() - before[1]
        return _problem(office, line, name, answer.status_code, text, done, refusals)
    finally:
        transaction.savepoint_rollback(point)


def _problem(office: Office, line: Line, name: str, status: int, text: str, done: int, refusals: int) -> str:
    expected = expected_status(line, name)
    if status not in expected:
        return f"expected {_either(expected)}, found {status}: {' '.join(text.split())[:160]}"
    may = is_let_in(line, name)
    reads = line.who in (Right.VIEW, Right.VIEW_AUDIT) and line.method != "PUT" and not line.writes
    is_command = isinstance(line.who, Right) and not reads
    if done and not (may and (is_command or line.writes)):
        return f"expected nothing to happen, found {done} audit events of success"
    if may and is_command and line.does and not done:
        return "expected an audit event of success, found none"
    if is_command and line.does and not may and status == 403 and not refusals:
        return "expected an audit event of the refusal, found none"
    if line.who is Who.LIST:
        sees, shown = may and line.right in rights_of(name), shows(office.world, text)
        if sees != shown:
            return (
                f"expected {'something' if sees else 'nothing'} of the workspace, found {' '.join(text.split())[:160]}"
            )
    elif not may and status < 400 and MARK in text.lower() and name in (STRANGER, ANONYMOUS):
        return f"expected nothing of the workspace, found {' '.join(text.split())[:160]}"
    return ""


def rights_of(name: str) -> frozenset[Right]:
    """What somebody may do in the workspace."""
    if name == SUPERUSER:
        return frozenset(Right)
    return frozenset() if name in (STRANGER, ANONYMOUS) else RIGHTS_OF_ROLE[Role(name)]


def is_let_in(line: Line, name: str) -> bool:
    match line.who:
        case Who.ALL:
            return True
        case Who.SIGNED_IN | Who.LIST:
            return name != ANONYMOUS
        case Who.SUPERUSER:
            return name == SUPERUSER
        case Who.EVERYWHERE:
            return name in MANAGES_EVERYTHING
    return not rights_of(name).isdisjoint({line.who, line.alternative})


def expected_status(line: Line, name: str) -> tuple[int, ...]:
    if is_let_in(line, name):
        return line.ok
    if name == ANONYMOUS:
        return (401,) if line.path[1:].startswith(API) else (302,)
    if name == STRANGER and isinstance(line.who, Right):
        return (line.stranger,)
    return line.refused if isinstance(line.refused, tuple) else (line.refused,)


def shows(world: World, text: str) -> bool:
    """Whether an answer tells anything of the workspace."""
    if MARK in text.lower():
        return True
    try:
        found = json.loads(text)
    except ValueError:
        return False
    if isinstance(found, dict):
        return bool(found.get("count") or found.get("items") or found.get("page", {}).get("totalItems"))
    return bool(found)


def _either(expected: tuple[int, ...]) -> str:
    return " or ".join(map(str, expected))


@pytest.mark.parametrize("table", [ENGINE_REST, V2, FETTLE, PAGES], ids=["engine-rest", "v2", "api", "pages"])
def test_everybody_gets_the_answer_that_the_matrix_says(office: Office, table: list[Line]) -> None:
    problems = [
        f"{line.method} {line.path} as {name}: {problem}"
        for line in table
        for name in PEOPLE
        if (problem := trial(office, line, name))
    ]
    assert not problems, "\n".join(problems)


def test_every_api_operation_is_in_the_matrix(office: Office) -> None:
    known = {(line.method, resolve(office.fill(line.path).partition("?")[0]).route) for line in MATRIX}
    missing = [
        f"{method} {route}"
        for route, view in routes()
        if route.startswith(API) and not route.startswith(ALIAS)
        for method in METHODS
        if hasattr(view_class(view), method.lower()) and (method, route) not in known
    ]
    assert not missing, "Put these into tests/operate/access/matrix.py:\n" + "\n".join(missing)


def test_every_page_is_in_the_matrix(office: Office) -> None:
    """A page that takes GET alone refuses POST with 405, and the other way round; else both are in the matrix."""
    lines = {(line.method, resolve(office.fill(line.path).partition("?")[0]).route): line for line in PAGES}
    problems = []
    for route, _view in routes():
        if route.startswith(API):
            continue
        found = [lines[method, route] for method in ("GET", "POST") if (method, route) in lines]
        if not found:
            problems.append(f"{route} is not in the matrix")
        elif len(found) == 1 and found[0].who is not Who.SUPERUSER:
            [line] = found
            other = "POST" if line.method == "GET" else "GET"
            point = transaction.savepoint()
            answer, _text = office.send(line, Role.ORG_ADMIN, method=other)
            transaction.savepoint_rollback(point)
            if answer.status_code != 405:
                problems.append(f"{other} {route} is not in the matrix, and answers {answer.status_code}")
    assert not problems, "Put these into tests/operate/access/matrix.py:\n" + "\n".join(problems)


def routes() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every address of the installation."""
    yield from _below(get_resolver(), "")


def _below(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route, each.callback
        else:
            yield from _below(each, route)


def view_class(view: Callable[..., Any]) -> Any:
    return getattr(view, "cls", None) or getattr(view, "view_class", view)
