"""Saying what has to be approved: adding, changing and removing policies, by who manages the workspace, each on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction as django_transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.approvals.models import DEFAULT_HOURS, GOVERNED, MOST_HOURS, ApprovalPolicy
from operate.approvals.policies import JUDGED, forget_policies
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.models import Workspace

Risk = ApprovalPolicy.Risk
OPERATIONS: Sequence[str] = [value for value, _label in GOVERNED]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a policy says; empty process and operation stand for all of them."""

    name: str
    process_id: str = ""
    operation: str = ""
    min_instances: int = 1
    risk: str = Risk.ALWAYS.value
    hours: int = DEFAULT_HOURS

    def check(self) -> None:
        """Raise Rejected for what cannot be a policy."""
        if not self.name.strip():
            raise Rejected(_("Expected the policy to have a name: who is refused is told it."))
        if self.operation and self.operation not in OPERATIONS:
            raise _expected("operation", ", ".join(OPERATIONS), self.operation)
        if self.risk not in Risk.values:
            raise _expected("risk", ", ".join(Risk.values), self.risk)
        if self.risk == Risk.RED_WARNINGS and self.operation and self.operation not in JUDGED:
            told = _("Red warnings are told of {judged} only, not of {operation}.")
            raise Rejected(format_lazy(told, judged=", ".join(sorted(JUDGED)), operation=self.operation))
        if self.min_instances < 1:
            told = _("Expected 'min_instances' to be at least 1, found {found}.")
            raise Rejected(format_lazy(told, found=self.min_instances))
        if not 1 <= self.hours <= MOST_HOURS:
            told = _("Expected 'hours' to be from 1 to {most}, found {found}.")
            raise Rejected(format_lazy(told, most=MOST_HOURS, found=self.hours))


def _expected(name: str, known: str, found: str) -> Rejected:
    told = _("Expected '{name}' to be one of {known}; found '{found}'.")
    return Rejected(format_lazy(told, name=name, known=known, found=found))


class PolicyAction(Action[ApprovalPolicy]):
    """What is done to a policy by who manages its workspace."""

    permission = Right.MANAGE
    subject = Subject.APPROVAL_POLICY

    def found(self, key: int) -> ApprovalPolicy:
        """The policy, if the actor manages its workspace; NotFound."""
        self.about(key)
        policy = ApprovalPolicy.objects.select_for_update().filter(pk=key).first()
        if policy is None:
            raise NotFound(self.nothing_found())
        self.entry.process_id = policy.process_id
        self.context.authorize(policy.workspace_id)
        return policy

    def save(self, policy: ApprovalPolicy, rules: Rules) -> ApprovalPolicy:
        """Write it; Conflict where there is one like it."""
        rules.check()
        others = ApprovalPolicy.objects.filter(workspace=policy.workspace_id).exclude(pk=policy.pk)
        if others.filter(name=rules.name).exists():
            told = _("Expected a name that no other policy of the workspace has, found '{name}'.")
            raise Conflict(format_lazy(told, name=rules.name))
        same = {name: value for name, value in asdict(rules).items() if name not in ("name", "hours")}
        if (other := others.filter(**same).first()) is not None:
            raise Conflict(
                format_lazy(_("Policy '{name}' governs the same already. Change that one."), name=other.name)
            )
        for name, value in asdict(rules).items():
            setattr(policy, name, value)
        policy.save()
        known_soon()
        return policy


class AddPolicy(PolicyAction):
    """Demand approvals from now on."""

    event = Event.CREATE

    def perform(self, workspace_id: int, rules: Rules) -> ApprovalPolicy:
        self.note(**asdict(rules))
        self.entry.process_id = rules.process_id
        if not Workspace.objects.filter(pk=workspace_id).exists():
            raise NotFound(self.nothing_found())
        self.context.authorize(workspace_id)
        policy = self.save(ApprovalPolicy(workspace_id=workspace_id), rules)
        self.about(policy.pk)
        return policy

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


class ChangePolicy(PolicyAction):
    """Let a policy say something else; requests that wait keep the expiry that they were given."""

    event = Event.UPDATE

    def perform(self, key: int, rules: Rules) -> ApprovalPolicy:
        policy = self.found(key)
        self.note(before=rules_of(policy), after=asdict(rules))
        return self.save(policy, rules)


class RemovePolicy(PolicyAction):
    """Demand these approvals no longer."""

    event = Event.DELETE

    def perform(self, key: int) -> ApprovalPolicy:
        policy = self.found(key)
        self.note(**asdict(rules_of(policy)))
        policy.delete()
        known_soon()
        return policy


def rules_of(policy: ApprovalPolicy) -> Rules:
    """What a policy says."""
    return Rules(**{name: getattr(policy, name) for name in Rules.__dataclass_fields__})


def known_soon() -> None:
    """Let this process know at once, for itself and again once everybody else can see it."""
    forget_policies()
    django_transaction.on_commit(forget_policies)


__all__ = ["AddPolicy", "ChangePolicy", "RemovePolicy", "Rules", "rules_of"]
