"""The real engine played out: every order in which what waits can be answered, every decision, every event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

from tests.support.processes import Running
from tests.workflow.soundness.drawing import choices
from workflow.engine.commands import Complete
from workflow.engine.errors import Rejected
from workflow.engine.state import ACTIVE, CREATED, ElementInstance
from workflow.graph import CatchDetails, ElementType
from workflow.services.settling import occur

MOST = 4_000
ANSWERED = frozenset({ElementType.USER_TASK, ElementType.SERVICE_TASK, ElementType.RECEIVE_TASK})


@dataclass
class Played:
    """What can become of an instance."""

    completes: bool = False
    stuck: set[str] = field(default_factory=set)
    """Elements and flows at which something waits for ever."""
    twice: set[str] = field(default_factory=set)
    """Elements that have two instances in one scope at some time."""
    states: int = 0


def play(running: Running, drawing: Mapping[str, Any], *, rescued: bool = True) -> Played:
    """Everything that can become of an instance; unless `rescued`, no event ends a scope in which something waits for ever."""
    found = Played()
    names = choices(drawing)
    seen, ahead = {_shape(running)}, [running]
    _look(running, found)
    while ahead:
        state = ahead.pop()
        found.states += 1
        assert found.states < MOST, "too large a model to be played out"
        following = list(_following(state, names, rescued))
        if not following and state.state.is_active:
            found.stuck |= set(_standing(state))
        for each in following:
            _look(each, found)
            shape = _shape(each)
            if shape not in seen:
                seen.add(shape)
                ahead.append(each)
    return found


class Bench:
    """What can become of instances that have not been modified; each is played once for all the plans tried on it."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Played, Played]] = {}

    def played(self, key: tuple[object, ...], running: Callable[[], Running], drawing: Mapping[str, Any]) -> Both:
        if key not in self._known:
            self._known[key] = both(running(), drawing)
        return self._known[key]


Both = tuple[Played, Played]
"""With and without events that end a scope."""


def both(running: Running, drawing: Mapping[str, Any]) -> Both:
    return play(running, drawing), play(running, drawing, rescued=False)


def harm_of(running: Running, drawing: Mapping[str, Any], before: Both, regular: Both) -> str:
    """What the engine itself shows to be wrong after a plan that was not wrong before, nor is in the model."""
    if not running.state.is_active:
        return "ends"
    now = play(running, drawing, rescued=False)
    if (before[1].completes and not now.completes) or (now.stuck and not before[1].stuck and not regular[1].stuck):
        return "stuck"
    twice = play(running, drawing).twice - before[0].twice - regular[0].twice
    return "twice" if twice else "none"


def _look(running: Running, found: Played) -> None:
    if running.ended == "COMPLETED":
        found.completes = True
    open_ones = [each for each in running.state.elements.values() if each.is_open and each.scope is not None]
    places = Counter((each.element.id, each.scope.key if each.scope else 0) for each in open_ones if not _joins(each))
    loops = {each.element.id for each in open_ones if each.element.body is not None}
    found.twice |= {name for (name, _scope), count in places.items() if count > 1 and name not in loops}


def _joins(instance: ElementInstance) -> bool:
    return len(instance.element.incoming) > 1 and instance.element.type in (
        ElementType.PARALLEL_GATEWAY,
        ElementType.INCLUSIVE_GATEWAY,
    )


def _standing(running: Running) -> Iterator[str]:
    for instance in running.state.elements.values():
        if instance.is_open and not instance.element.is_scope:
            yield instance.element.id
    for count in running.state.flows.values():
        if count.waiting:
            yield running.state.process.flows[count.flow_id].target.id


def _following(running: Running, names: list[str], rescued: bool) -> Iterator[Running]:
    """What one answer more makes of an instance; answers that the engine refuses lead nowhere."""
    if running.state.is_active:
        for answer in _answers(running, names, rescued):
            other = _copy(running)
            with suppress(Rejected):
                answer(other)
                yield other._run()


def _answers(running: Running, names: list[str], rescued: bool) -> Iterator[Callable[[Running], object]]:
    state = running.state

    def may(element_id: str) -> bool:
        return rescued or not _ends_a_scope(running, element_id)

    for instance in state.elements.values():
        if not instance.is_open or instance.state != ACTIVE:
            continue
        if instance.element.type in ANSWERED:
            for values in product((False, True), repeat=len(names)):
                yield partial(_complete, key=instance.key, values=dict(zip(names, values, strict=True)))
        elif instance.element.type is ElementType.CALL_ACTIVITY:
            yield partial(_return, key=instance.key)
    for row in state.subscriptions.values():
        if row.state == CREATED and row.kind == "MESSAGE" and may(row.element_id) and _is_due(running, row.element_id):
            yield partial(_occur, key=row.key)
    for job in state.jobs.values():
        if job.state == CREATED and job.kind == "TIMER" and may(job.element_id):
            yield partial(Running.fire, event_id=job.element_id)


def _complete(running: Running, key: int, values: Mapping[str, object]) -> None:
    running.engine.variables.set_all_local(running.state.root, values)
    running.engine.run(Complete(running.state.elements[key]))


def _occur(running: Running, key: int) -> None:
    occur(running.engine, running.state.subscriptions[key], {})


def _return(running: Running, key: int) -> None:
    """Let a called process come to its end, which is one user task."""
    for engine in list(running.memory.engines.values()):
        if engine.state.parent_element_instance_key == key and engine.state.is_active:
            [task] = [each for each in engine.state.elements.values() if each.element.type is ElementType.USER_TASK]
            engine.run(Complete(task))


def _is_due(running: Running, element_id: str) -> bool:
    """Events that do not interrupt occur only when nothing is left of the last time."""
    node = running.state.process.elements[element_id]
    details = node.details
    if not isinstance(details, CatchDetails) or details.interrupting:
        return True
    after = {flow.target.id for flow in node.outgoing}
    return not any(each.is_open and each.element.id in after for each in running.state.elements.values())


def _ends_a_scope(running: Running, element_id: str) -> bool:
    """Whether an event would end a scope from outside: what waits for ever in it shall be seen to."""
    node = running.state.process.elements[element_id]
    watches_scope = node.attached_to is not None and node.attached_to.is_scope
    begins_event_sub_process = node.type is ElementType.START_EVENT
    interrupts = not isinstance(node.details, CatchDetails) or node.details.interrupting
    return interrupts and (watches_scope or begins_event_sub_process)


def _copy(running: Running) -> Running:
    memo: dict[int, Any] = {}
    for process in (running.state.process, *running.memory.processes.values()):
        for each in (process, *process.elements.values(), *process.flows.values()):
            memo[id(each)] = each
    return deepcopy(running, memo)


def _shape(running: Running) -> str:
    state = running.state
    held = sorted((running.state.process.flows[c.flow_id].id, c.waiting) for c in state.flows.values() if c.waiting)
    timers = sorted(job.element_id for job in state.jobs.values() if job.state == CREATED)
    waits = sorted(row.element_id for row in state.subscriptions.values() if row.state == CREATED)
    return repr((running.ended, _sorted(running.tree), held, timers, waits))


def _sorted(tree: list[Any]) -> list[str]:
    return sorted(
        repr({name: _sorted(inside) for name, inside in each.items()}) if isinstance(each, dict) else each
        for each in tree
    )
