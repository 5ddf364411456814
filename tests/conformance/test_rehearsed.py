"""The cases that repair, each command of which is tried in a dry run before it is done: what was told happens, and nothing
before. (Of all others that is true as well; REHEARSE=all takes the time.)"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from operate.actions import Action, Deploy
from operate.actions.base import REFUSALS
from tests.conformance.play import play
from tests.conformance.test_cases import CASES, CLIENTS, HERE
from tests.support.outcomes import comparable
from tests.support.tables import contents
from workflow.persistence.keys import next_key

NUMBER = re.compile(r"\d+")
EVERYTHING = os.environ.get("REHEARSE") == "all"
REPAIRS = {"modify", "migrate", "restart", "set_variables"}
REPAIRING = [case for case in CASES if EVERYTHING or any(REPAIRS & step.keys() for step in case.values[1]["steps"])]


@dataclass
class Rehearsals:
    """Counts the commands, and notes where a dry run was wrong."""

    commands: int = 0
    wrong: list[str] = field(default_factory=list)

    def execute(self, original: Any, action: Action[Any], args: Any, kwargs: Any) -> Any:
        """Try it, then do it; but a dry run of a deployment has no definitions to tell."""
        if isinstance(action, Deploy):
            return original(action, *args, **kwargs)
        rehearsed = copy.copy(action)
        rehearsed.dry_run = True
        rehearsed.context = replace(action.context, dry_run=True, authorize=rehearsed._authorize)
        name, after, before = type(action).__name__, next_key(), contents()
        told = _told(original, rehearsed, args, kwargs)
        if contents() != before:
            self.wrong.append(f"{name} wrote something")
        try:
            done = original(action, *args, **kwargs)
        except REFUSALS as refusal:
            self._compare(name, told, refusal, after)
            raise
        self._compare(name, told, done, after)
        return done

    def _compare(self, name: str, told: Any, done: Any, after: int) -> None:
        self.commands += 1
        found, expected = _comparable(told, after), _comparable(done, after)
        if found != expected:
            self.wrong.append(f"{name}: told\n{found}\nbut done was\n{expected}")


def _told(original: Any, action: Action[Any], args: Any, kwargs: Any) -> Any:
    try:
        return original(action, *args, **kwargs)
    except REFUSALS as refusal:
        return refusal


def _comparable(answer: Any, after: int) -> Any:
    if isinstance(answer, Exception):
        return type(answer).__name__, NUMBER.sub("…", str(answer))
    return comparable(answer, after=after)


@pytest.fixture
def rehearsals(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsals]:
    found, original = Rehearsals(), Action.execute

    def execute(action: Action[Any], *args: Any, **kwargs: Any) -> Any:
        return found.execute(original, action, args, kwargs)

    monkeypatch.setattr(Action, "execute", execute)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("folder", "case"), REPAIRING)
def test_what_is_told_before_is_what_happens(folder, case, live_server, django_user_model, rehearsals):
    django_user_model.objects.create_superuser("conformance", password="secret")
    play(CLIENTS[folder](live_server.url, ("conformance", "secret")), case, HERE / "models")
    assert rehearsals.wrong == []
    assert rehearsals.commands > 0
