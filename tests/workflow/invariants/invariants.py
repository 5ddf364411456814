"""What must hold for all process instances after every command, read from the tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflow.engine.step import elements_leading_to
from workflow.graph import (
    CatchDetails,
    ConditionalEvent,
    ElementType,
    ExecutableProcess,
    FlowNode,
    MessageEvent,
    Semantics,
    SignalEvent,
    TimerEvent,
)
from workflow.models import (
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
)
from workflow.persistence.definitions import definition

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")
WAITING_JOB = ("CREATED", "FAILED")
SUBSCRIBED = {MessageEvent: "MESSAGE", SignalEvent: "SIGNAL", ConditionalEvent: "CONDITIONAL"}


@dataclass(slots=True)
class Place:
    """One element instance, or the process instance as the outermost one, with all that belongs to it."""

    key: int
    node: FlowNode
    scope: Place | None
    state: str
    active_children: int
    children: list[Place] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    tasks: list[UserTask] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    subscriptions: list[EventSubscription] = field(default_factory=list)
    calls: list[ProcessInstance] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def open_children(self) -> list[Place]:
        return [child for child in self.children if child.is_open]

    @property
    def is_transition(self) -> bool:
        return any(job.kind.startswith("ASYNC") for job in self.jobs)

    def __str__(self) -> str:
        return f"{self.state} '{self.node.id}' ({self.key})"


class World:
    """All process instances that there are."""

    def __init__(self) -> None:
        self.instances = {each.key: each for each in ProcessInstance.objects.all()}
        self.processes: dict[int, ExecutableProcess] = {}
        self.places: dict[int, Place] = {}
        for instance in self.instances.values():
            process = self.processes[instance.key] = definition(instance.definition_key).process
            self.places[instance.key] = Place(
                instance.key, process.root, None, instance.state, instance.active_children
            )
        for row in ElementInstance.objects.order_by("key"):
            scope = self.places[row.flow_scope_key]
            node = self.processes[row.process_instance_key].elements[row.element_id]
            place = self.places[row.key] = Place(row.key, node, scope, row.state, row.active_children)
            scope.children.append(place)
        for flow in SequenceFlowTaken.objects.exclude(waiting=0):
            self.places[flow.flow_scope_key].held[flow.flow_id] = flow.waiting
        self._attach()

    def _attach(self) -> None:
        for job in Job.objects.filter(state__in=WAITING_JOB, element_instance__isnull=False):
            self.places[job.element_instance_key].jobs.append(job)
        for task in UserTask.objects.filter(state="CREATED"):
            self.places[task.element_instance_key].tasks.append(task)
        for incident in Incident.objects.filter(state="ACTIVE"):
            self.places[incident.element_instance_key].incidents.append(incident)
        for subscription in EventSubscription.objects.filter(state="CREATED", element_instance__isnull=False):
            self.places[subscription.element_instance_key].subscriptions.append(subscription)
        for instance in self.instances.values():
            if instance.parent_element_instance_key is not None:
                self.places[instance.parent_element_instance_key].calls.append(instance)

    def instance_of(self, place: Place) -> ProcessInstance:
        while place.scope is not None:
            place = place.scope
        return self.instances[place.key]


def broken(world: World) -> list[str]:
    """Everything that should not be."""
    found = [f"{place}: {text}" for place in world.places.values() for text in _broken_at(world, place)]
    for instance in world.instances.values():
        incidents = sum(len(place.incidents) for place in world.places.values() if world.instance_of(place) is instance)
        if instance.open_incidents != incidents:
            found.append(f"instance {instance.key} counts {instance.open_incidents} incidents of {incidents}")
        if instance.state != "ACTIVE" and instance.ended_at is None:
            found.append(f"instance {instance.key} has ended at no time")
    return found


def _broken_at(world: World, place: Place) -> Iterator[str]:
    yield from _keys(place)
    if not place.is_open:
        yield from _ended(world, place)
        return
    if place.node.is_scope:
        yield from _scope(place)
    else:
        yield from _leaf(place)
    yield from _events(world, place)
    yield from _calls(place)
    if place.node.type in (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY) and place.scope is not None:
        yield from _join(place)


def _keys(place: Place) -> Iterator[str]:
    if place.scope is not None and place.key <= place.scope.key:
        yield "older than its scope"
    for row in (*place.jobs, *place.tasks, *place.incidents, *place.subscriptions):
        if row.key <= place.key:
            yield f"older row {row.key}"


def _ended(world: World, place: Place) -> Iterator[str]:
    runs = world.instance_of(place).state == "ACTIVE"
    left = [row for row in place.subscriptions if not (runs and row.kind == "COMPENSATION")]
    for name, rows in (("jobs", place.jobs), ("tasks", place.tasks), ("incidents", place.incidents), ("events", left)):
        if rows:
            yield f"has ended with {name} {[f'{row.element_id} {row.key}' for row in rows]}"
    if place.open_children:
        yield f"has ended around {[str(each) for each in place.open_children]}"
    if place.held:
        yield f"has ended with tokens on {place.held}"


def _scope(place: Place) -> Iterator[str]:
    held = sum(place.held.values())
    tokens = len(place.open_children) + held
    if any(number < 0 for number in place.held.values()):
        yield f"negative tokens on flows {place.held}"
    if place.active_children != tokens:
        yield f"counts {place.active_children} tokens, has {[str(e) for e in place.open_children]} and {place.held}"
    may_be_empty = place.node.type is ElementType.AD_HOC_SUB_PROCESS or place.incidents or place.is_transition
    if tokens == 0 and not may_be_empty:
        yield "rests with nothing in it"
    if (
        place.state != "ACTIVE"
        and tokens
        and place.node.type is not ElementType.AD_HOC_SUB_PROCESS
        and not place.incidents
    ):
        yield "is not active, with tokens in it"


def _leaf(place: Place) -> Iterator[str]:
    """Whoever waits, waits for something."""
    kind = place.node.type
    if kind in (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY, ElementType.RECEIVE_TASK):
        return
    own = [row for row in place.subscriptions if row.kind != "COMPENSATION"]
    behind = {flow.target.id for flow in place.node.outgoing}
    watched = {each.id for each in place.node.boundary_events}
    waits = [row for row in own if row.kind == "COMPENSATING" or row.element_id in {place.node.id, *behind} - watched]
    jobs = [row for row in place.jobs if row.element_id not in watched]
    called = [each for each in place.calls if each.state == "ACTIVE"]
    if not (place.tasks or place.incidents or jobs or waits or called):
        yield "waits for nothing"


def _calls(place: Place) -> Iterator[str]:
    active = [each.key for each in place.calls if each.state == "ACTIVE"]
    if len(active) > 1:
        yield f"calls more than one: {active}"
    if place.node.type is ElementType.CALL_ACTIVITY and place.state == "ACTIVE" and not active and not place.incidents:
        yield "calls nobody"
    if active and place.state != "ACTIVE":
        yield f"still calls {active}"


def _events(world: World, place: Place) -> Iterator[str]:
    """Boundary events and event sub-processes are waited for by whoever was entered and has not been left yet."""
    waiting: dict[str, int] = defaultdict(int)
    timers: dict[str, int] = defaultdict(int)
    for row in place.subscriptions:
        waiting[f"{row.kind} {row.element_id}"] += 1
    for job in place.jobs:
        if job.kind == "TIMER":
            timers[job.element_id] += 1
    undone = any(
        row.compensated_key == place.key
        for each in world.places.values()
        for row in each.subscriptions
        if row.kind == "COMPENSATING"
    )
    if undone:
        return
    starts = [each.start_events[0] for each in place.node.event_sub_processes]
    zeebe = world.processes[world.instance_of(place).key].semantics is Semantics.ZEEBE
    entered = place.state == "ACTIVE" or (place.state == "COMPLETING" and not place.is_transition)
    interrupting = [child for child in place.children if _interrupts(child)]
    occurred = any(each.node.type is ElementType.START_EVENT for child in interrupting for each in child.children)
    for node in (*place.node.boundary_events, *starts):
        kind = SUBSCRIBED.get(type(node.event))
        if node in starts and interrupting and (zeebe or not occurred):
            continue  # a modification can start something in an event sub-process without interrupting anything
        gone = not entered or (node in starts and occurred)
        number = waiting[f"{kind} {node.id}"]
        if kind is not None and number != (0 if gone else 1):
            yield f"waits {number} times for {kind} '{node.id}'{' though interrupted' if occurred else ''}"
        if isinstance(node.event, TimerEvent) and timers[node.id] > (0 if gone else 1):
            yield f"waits {timers[node.id]} times for timer '{node.id}'"


def _interrupts(place: Place) -> bool:
    """Whether this is an event sub-process that ends what is beside it."""
    if place.node.type is not ElementType.EVENT_SUB_PROCESS:
        return False
    details = place.node.start_events[0].details
    return isinstance(details, CatchDetails) and details.interrupting


def _join(place: Place) -> Iterator[str]:
    """Tokens do not wait at a join that could join."""
    scope = place.scope
    if scope is None or place.state != "ACTIVE":
        return
    beside = [each for each in scope.open_children if each.node is place.node]
    waiting = [each for each in beside if each.state == "ACTIVE"]
    if place.node.type is ElementType.PARALLEL_GATEWAY:
        if len(waiting) >= len(place.node.incoming):
            yield f"does not join its {len(waiting)} tokens"
        return
    others = {each.node for each in scope.open_children if each.node is not place.node}
    if len(beside) == len(waiting) and not others & elements_leading_to(place.node):
        yield "waits for tokens that cannot come"
