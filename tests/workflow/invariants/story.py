"""One story: random processes, an instance, random commands, and after each all that must hold."""

from __future__ import annotations

from random import Random

from tests.support.definitions import deploy
from tests.workflow.invariants.commands import Chance, attempt, everything_loaded, rows
from tests.workflow.invariants.invariants import World, broken
from tests.workflow.invariants.models import family
from workflow import services
from workflow.engine.errors import EngineError
from workflow.graph import Semantics
from workflow.models import Workspace
from workflow.services import SYSTEM, Context

DRY = Context(dry_run=True)


class Broken(AssertionError):
    """Something does not hold that must, with what led to it."""


def tell(random: Random, semantics: Semantics, *, size: int, commands: int) -> None:
    """Tell one story; raises Broken at the first thing that does not hold."""
    models = family(random, semantics, levels=random.randrange(1, 4), size=size)
    log = [*models]
    first = deploy(*models)[0]
    variables = {"key": "k", "p": True, "q": False, "again": False, "enough": False, "go": False}
    try:
        services.start_process_instance(first.key, variables=variables)
    except EngineError:
        return
    chance = Chance(random, Workspace.objects.get(slug="<default>").pk)
    _check(log)
    for _ in range(commands):
        text, command = chance.command()
        log.append(text)
        before = rows()
        told = attempt(command, DRY)
        if rows() != before:
            _raise(log, ["the dry run has written something"])
        with everything_loaded():
            whole = attempt(command, DRY)
        done = attempt(command, SYSTEM)
        if isinstance(done, str):
            log[-1] += f" -> {done}"
            if rows() != before:
                _raise(log, ["the refused command has written something"])
        if told != done and not text.startswith(("publish", "correlate")):  # several units of work, each told by itself
            _raise(log, [f"the dry run told\n{told}\nbut this was done\n{done}"])
        if whole != told:
            _raise(log, [f"with everything loaded\n{whole}\nwithout\n{told}"])
        _check(log)


def _check(log: list[str]) -> None:
    found = broken(World())
    if found:
        _raise(log, found)


def _raise(log: list[str], found: list[str]) -> None:
    raise Broken("\n".join([*log, "---- broken:", *found]))
