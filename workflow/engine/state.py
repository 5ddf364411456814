"""The part of a process instance that a command has loaded, as plain objects.

Every row knows whether it is new or was changed; the unit of work writes exactly those. Nothing here knows of SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from workflow.engine.values import TypedValue
from workflow.graph import ExecutableProcess, FlowNode, SequenceFlow

ACTIVATING = "ACTIVATING"
ACTIVE = "ACTIVE"
COMPLETING = "COMPLETING"
COMPLETED = "COMPLETED"
TERMINATED = "TERMINATED"
CANCELED = "CANCELED"
CREATED = "CREATED"
FAILED = "FAILED"
ERROR_THROWN = "ERROR_THROWN"
RESOLVED = "RESOLVED"
CORRELATED = "CORRELATED"
DELETED = "DELETED"

OPEN_STATES = frozenset({ACTIVATING, ACTIVE, COMPLETING})


@dataclass(slots=True, eq=False)
class Row:
    """What all rows share: a key, and whether they have to be written."""

    key: int
    is_new: bool = field(default=False, kw_only=True)
    is_changed: bool = field(default=False, kw_only=True)
    is_ended: bool = field(default=False, kw_only=True)
    """This command has ended it: its state and when have to be written, whatever else has changed."""


@dataclass(slots=True, eq=False)
class VariableRow(Row):
    """One variable of one scope."""

    scope_key: int
    name: str
    value: object
    type: str
    revision: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    is_initial: bool = False
    """Given when the process instance was started."""
    first: tuple[object, str, str | None] | None = None
    """Value, type and text that it was given then, where the same command has gone on to replace them."""
    is_of_loop: bool = False
    """Set by a multi-instance body for one iteration."""
    text: str | None = None
    """The JSON to store, where it is not simply that of the value."""

    @property
    def typed_value(self) -> TypedValue:
        """The value with its kind, for another scope to take over."""
        return TypedValue(self.value, self.type)


@dataclass(slots=True, eq=False)
class ElementInstance(Row):
    """One activation of an element, or the process instance itself as the outermost scope."""

    element: FlowNode
    scope: ElementInstance | None
    state: str
    started_at: datetime | None
    """When it was activated; not loaded again, because no command asks for it."""
    ended_at: datetime | None = None
    active_children: int = 0
    completed_children: int = 0
    """Of a multi-instance body: how many iterations were completed."""
    loop_counter: int | None = None
    """Of an iteration: its number. Of a multi-instance body: how many iterations have begun."""
    variables: dict[str, VariableRow] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def scopes(self) -> Iterator[ElementInstance]:
        """This one and those around it, innermost first."""
        instance: ElementInstance | None = self
        while instance is not None:
            yield instance
            instance = instance.scope

    def __repr__(self) -> str:
        return f"<ElementInstance {self.key} of {self.element.id}, {self.state}>"


@dataclass(slots=True, eq=False)
class JobRow(Row):
    """Work for an external worker, or for the engine later: a timer, an asynchronous continuation."""

    element_instance_key: int
    element_id: str
    kind: str
    type: str
    state: str
    created_at: datetime
    retries: int = 3
    priority: int = 0
    custom_headers: dict[str, str] = field(default_factory=dict)
    worker: str = ""
    locked_until: datetime | None = None
    due_at: datetime | None = None
    repeat: str = ""
    exclusive: bool = True
    error_code: str = ""
    error_message: str = ""
    error_details: str = ""
    suspended: bool = False
    ended_at: datetime | None = None


@dataclass(slots=True, eq=False)
class UserTaskRow(Row):
    """Work for a person."""

    element_instance_key: int
    element_id: str
    name: str
    state: str
    created_at: datetime
    assignee: str | None = None
    candidate_users: list[str] = field(default_factory=list)
    candidate_groups: list[str] = field(default_factory=list)
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    form_key: str | None = None
    form: dict[str, object] | None = None
    """A form by reference (Camunda 7): `key`, `binding` and `version`."""
    owner: str | None = None
    delegation_state: str | None = None
    """PENDING while somebody works on behalf of the owner, RESOLVED afterwards (Camunda 7)."""
    suspended: bool = False
    ended_at: datetime | None = None


@dataclass(slots=True, eq=False)
class IncidentRow(Row):
    """A stand-still that needs repair."""

    element_instance_key: int
    element_id: str
    error_type: str
    message: str
    state: str
    created_at: datetime
    job_key: int | None = None
    resolved_at: datetime | None = None


@dataclass(slots=True, eq=False)
class SubscriptionRow(Row):
    """An event that an element instance waits for; `element_id` is the event that will occur."""

    element_instance_key: int
    element_id: str
    kind: str
    name: str
    state: str
    created_at: datetime
    correlation_key: str | None = None
    compensated_key: int | None = None
    """The ended element instance that would be undone."""
    ended_at: datetime | None = None


AttachedRow = JobRow | UserTaskRow | IncidentRow | SubscriptionRow


@dataclass(slots=True, eq=False)
class FlowCount:
    """How often a sequence flow was taken by this command, and how many tokens wait on it now."""

    scope_key: int
    flow_id: str
    taken: int = 0
    waiting: int = 0
    is_changed: bool = False


@dataclass(slots=True)
class VariableChange:
    """One variable before and after a command."""

    scope_key: int
    name: str
    before: object
    after: object
    existed: bool
    type_before: str = ""
    type_after: str = ""
    deleted: bool = False
    variable_key: int = 0
    revision: int = 0
    """Of the value before."""
    is_initial: bool = False


@dataclass(slots=True, eq=False)
class ProcessInstanceState:
    """One process instance, as far as it is loaded.

    `everything_loaded` tells whether all open element instances are here; without it only the way from the command's
    subject to the root is, and nothing may look for siblings.
    """

    key: int
    workspace_id: int
    definition_key: int
    process: ExecutableProcess
    version: int
    root_key: int
    root: ElementInstance
    state: str
    started_at: datetime
    revision: int = 1
    suspended: bool = False
    business_key: str | None = None
    parent_key: int | None = None
    parent_element_instance_key: int | None = None
    open_incidents: int = 0
    ended_at: datetime | None = None
    start_element_id: str | None = None
    start_reason: str = ""
    end_reason: str = ""
    restarted_from_key: int | None = None
    tags: list[str] = field(default_factory=list)
    terminate_after: list[str] = field(default_factory=list)
    """Elements whose end ends the process instance too (Zeebe: runtime instructions)."""
    is_new: bool = False
    is_migrated: bool = False
    """Whether this command has moved it to another process definition, so that its rows have to tell that one."""
    migrated_from: int | None = None
    """The process definition from which this command has moved it."""
    everything_loaded: bool = False
    elements: dict[int, ElementInstance] = field(default_factory=dict)
    jobs: dict[int, JobRow] = field(default_factory=dict)
    user_tasks: dict[int, UserTaskRow] = field(default_factory=dict)
    incidents: dict[int, IncidentRow] = field(default_factory=dict)
    subscriptions: dict[int, SubscriptionRow] = field(default_factory=dict)
    attached: dict[int, list[AttachedRow]] = field(default_factory=dict)
    flows: dict[tuple[int, str], FlowCount] = field(default_factory=dict)
    deleted_variables: list[VariableRow] = field(default_factory=list)
    variable_changes: dict[tuple[int, str], VariableChange] = field(default_factory=dict)
    load_rest: Callable[[], None] | None = None
    """Loads what is not here yet; given by whoever has loaded a part."""
    _children: dict[int, list[ElementInstance]] = field(default_factory=dict)
    """Element instances by the scope that they are in, as many as `_known` of `elements`: scopes end by the thousand."""
    _known: int = 0

    def __post_init__(self) -> None:
        self.elements[self.key] = self.root

    @property
    def is_active(self) -> bool:
        return self.state == ACTIVE

    def need_everything(self) -> None:
        """Make sure that all open element instances are here, before looking for siblings or children."""
        if not self.everything_loaded:
            if self.load_rest is None:
                raise RuntimeError(f"process instance '{self.key}' is loaded in part, and nothing can load the rest")
            self.load_rest()

    def has_attached(self, key: int) -> bool:
        """Whether the job, task, incident or subscription with this key is here."""
        return key in self.jobs or key in self.user_tasks or key in self.incidents or key in self.subscriptions

    def attach(self, row: AttachedRow) -> None:
        """Take in a row that belongs to one element instance."""
        match row:
            case JobRow():
                self.jobs[row.key] = row
            case UserTaskRow():
                self.user_tasks[row.key] = row
            case IncidentRow():
                self.incidents[row.key] = row
            case SubscriptionRow():
                self.subscriptions[row.key] = row
        self.attached.setdefault(row.element_instance_key, []).append(row)

    def open_incident_of(self, instance: ElementInstance) -> IncidentRow | None:
        """The incident in which this element instance stands."""
        return next(
            (
                row
                for row in self.attached.get(instance.key, ())
                if isinstance(row, IncidentRow) and row.state == ACTIVE
            ),
            None,
        )

    def flow_count(self, scope: ElementInstance, flow: SequenceFlow) -> FlowCount:
        """The counters of this flow in this scope instance."""
        place = (scope.key, flow.id)
        count = self.flows.get(place)
        if count is None:
            count = self.flows[place] = FlowCount(scope.key, flow.id)
        return count

    def open_instances(self, element: FlowNode, scope: ElementInstance | None = None) -> list[ElementInstance]:
        """Open instances of an element among those loaded, oldest first; in one scope instance or anywhere."""
        found = [
            instance
            for instance in self.elements.values()
            if instance.element is element and instance.is_open and (scope is None or instance.scope is scope)
        ]
        found.sort(key=lambda instance: instance.key)
        return found

    def open_children(self, scope: ElementInstance) -> list[ElementInstance]:
        """Open element instances directly in a scope instance, oldest first."""
        self.need_everything()
        if self._known != len(self.elements):
            for child in islice(self.elements.values(), self._known, None):
                if child.scope is not None:
                    self._children.setdefault(child.scope.key, []).append(child)
            self._known = len(self.elements)
        found = [child for child in self._children.get(scope.key, ()) if child.is_open]
        found.sort(key=lambda instance: instance.key)
        return found

    def move(self, child: ElementInstance, scope: ElementInstance | None) -> None:
        """Let an element instance be in another scope instance."""
        child.scope = scope
        self._children.clear()
        self._known = 0

    def variables(self) -> Iterable[VariableRow]:
        """All loaded variables."""
        for instance in self.elements.values():
            yield from instance.variables.values()
