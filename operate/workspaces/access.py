"""What one user may do, read with one query and kept with the user for the rest of the request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission
from django.db.models import CharField, F, Model, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from guardian.models import GroupObjectPermission, UserObjectPermission

from operate.models import WorkspaceSettings
from operate.workspaces.roles import Right, Role, group_name
from workflow.engine.errors import NotFound
from workflow.models import Workspace

User = AbstractBaseUser | AnonymousUser
Rows = TypeVar("Rows", bound="QuerySet[Any]")

_EVERYWHERE = "*"
_AUDIT_WORKER_TRAFFIC = "#audit_worker_traffic"  # no codename: read along with the rights, to spare commands a query
_NAMED_HELPERS = 3
_MOST_HELPERS = 200


class Forbidden(Exception):
    """The user sees the workspace and lacks a right in it; the text says which, and whom to ask."""

    def __init__(self, right: str, workspace: str, who_can_help: tuple[str, ...] = ()) -> None:
        self.right = right
        self.workspace = workspace
        self.who_can_help = who_can_help
        super().__init__(right, workspace, who_can_help)

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """In the language of whoever reads: English in the record, their own on a page."""
        lacking = (
            _("You lack the right '%(right)s' (%(label)s) in workspace '%(workspace)s'.")
            if self.workspace
            else _("You lack the right '%(right)s' (%(label)s) in any workspace.")
        )
        ask = _("Ask %(people)s.") if self.who_can_help else _("Ask an administrator of the organisation.")
        label = gettext(_RIGHT_LABELS.get(self.right, self.right))
        told = lacking % {"right": self.right, "label": label, "workspace": self.workspace}
        return f"{told} {ask % {'people': _enumerate(self.who_can_help)}}"


class Hidden(NotFound):
    """The user may not know that it exists; an action turns this into the NotFound that a missing key gets."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of one user: everywhere, or in some workspaces."""

    unlimited: bool = False
    everywhere: frozenset[str] = frozenset()
    in_workspaces: Mapping[str, frozenset[int]] = field(default_factory=dict)
    audited_workers: frozenset[int] = frozenset()
    """The workspaces that record what job workers do."""
    places: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict, compare=False, repr=False)
    """By workspace its name and whom to ask there, once somebody had to know."""

    ATTRIBUTE: ClassVar[str] = "_fettle_access"

    @classmethod
    def of(cls, user: User) -> Access:
        """What this user may do now; one query, the first time that this user object is asked about."""
        known = getattr(user, cls.ATTRIBUTE, None)
        if known is None:
            known = _read(user)
            setattr(user, cls.ATTRIBUTE, known)
        return known

    @classmethod
    def of_system(cls) -> Access:
        """Everything: nobody commands, the installation does its own work."""
        return cls(unlimited=True)

    @classmethod
    def forget(cls, user: User) -> None:
        """Read the user's rights anew the next time, for they have changed."""
        if hasattr(user, cls.ATTRIBUTE):
            delattr(user, cls.ATTRIBUTE)

    def workspaces(self, right: str) -> frozenset[int] | None:
        """The workspaces in which the right is held; `None` stands for all of them."""
        if self.unlimited or right in self.everywhere:
            return None
        return self.in_workspaces.get(right, frozenset())

    def may(self, right: str, workspace_id: int) -> bool:
        """Whether the right is held in this workspace."""
        held = self.workspaces(right)
        return held is None or workspace_id in held

    def may_anywhere(self, right: str) -> bool:
        """Whether the right is held in some workspace."""
        held = self.workspaces(right)
        return held is None or bool(held)

    def require(self, right: str, workspace_id: int) -> None:
        """Raise Forbidden without the right; Hidden, a NotFound, where not even the workspace may be seen."""
        if self.may(right, workspace_id):
            return
        if not self.may(Right.VIEW, workspace_id):
            raise Hidden(_("Expected something that you may see, but there is none with this key."))
        raise self._forbidden(right, workspace_id)

    def why_not(self, right: str, workspace_id: int) -> str:
        """Why an operation is not offered, in a sentence; empty if it is."""
        return "" if self.may(right, workspace_id) else self._forbidden(right, workspace_id).message

    def _forbidden(self, right: str, workspace_id: int) -> Forbidden:
        if workspace_id not in self.places:
            self.places[workspace_id] = _place(workspace_id)
        return Forbidden(right, *self.places[workspace_id])


def visible_to(rows: Rows, user: User, right: str = Right.VIEW) -> Rows:
    """Only the rows in workspaces where the user holds the right."""
    workspaces = Access.of(user).workspaces(right)
    if workspaces is None:
        return rows
    if rows.model is Workspace:
        return rows.filter(pk__in=workspaces)
    return rows.in_workspaces(workspaces)  # type: ignore[attr-defined, no-any-return]


def _place(workspace_id: int) -> tuple[str, tuple[str, ...]]:
    """A workspace's name and the people to ask: its own administrators, else those of the organisation; two queries."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace is None:
        return str(workspace_id), ()
    groups = [group_name(workspace.slug, role) for role in (Role.WORKSPACE_ADMIN, Role.ORG_ADMIN)]
    users = get_user_model()._default_manager.filter(is_active=True, groups__name__in=groups)
    names: dict[str, list[str]] = defaultdict(list)
    for user in users.annotate(group=F("groups__name")).order_by("pk")[:_MOST_HELPERS]:
        names[user.group].append(user.get_full_name() or user.get_username())
    return workspace.name, tuple(next((names[each] for each in groups if names[each]), ())[:_NAMED_HELPERS])


def _enumerate(names: tuple[str, ...]) -> str:
    if len(names) < 2:
        return "".join(names)
    return _("%(names)s or %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def _read(user: User) -> Access:
    if not user.is_authenticated or not user.is_active:
        return Access()
    unlimited = bool(getattr(user, "is_superuser", False))
    everywhere: set[str] = set()
    in_workspaces: dict[str, set[int]] = defaultdict(set)
    for right, workspace in _settings() if unlimited else _grants(user):
        if workspace == _EVERYWHERE:
            everywhere.add(right)
        else:
            in_workspaces[right].add(int(workspace))
    audited = frozenset(in_workspaces.pop(_AUDIT_WORKER_TRAFFIC, ()))
    held = {right: frozenset(workspaces) for right, workspaces in in_workspaces.items()}
    return Access(unlimited, frozenset(everywhere), held, audited)


def _settings() -> QuerySet[Any, tuple[str, str]]:
    return (
        WorkspaceSettings.objects.filter(audit_worker_traffic=True)
        .order_by()
        .annotate(right=Value(_AUDIT_WORKER_TRAFFIC, CharField()), place=Cast("workspace_id", CharField()))
        .values_list("right", "place")
    )


def _grants(user: User) -> QuerySet[Any, tuple[str, str]]:
    """Pairs of right and workspace: of the user and of the user's groups, for all workspaces and for one."""
    on_workspace = {"content_type__app_label": "workflow", "content_type__model": "workspace"}
    on_one = {f"permission__{name}": value for name, value in on_workspace.items()}
    everywhere = Permission.objects.filter(**on_workspace).order_by()
    everywhere = everywhere.annotate(right=F("codename"), place=Value(_EVERYWHERE, CharField()))
    one: list[QuerySet[Any]] = [
        rows.order_by().annotate(right=F("permission__codename"), place=Cast("object_pk", CharField()))
        for rows in (
            GroupObjectPermission.objects.filter(group__user=user, **on_one),
            UserObjectPermission.objects.filter(user=user, **on_one),
        )
    ]
    querysets: list[QuerySet[Model]] = [everywhere.filter(group__user=user), everywhere.filter(user=user), *one]
    return _settings().union(*(rows.values_list("right", "place") for rows in querysets))


_RIGHT_LABELS: dict[str, str] = dict(Workspace._meta.permissions)
