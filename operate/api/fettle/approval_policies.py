"""Approval policies: what somebody else has to approve in a workspace."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle.base import FettleView, nothing_found
from operate.api.fettle.schema import TEXT, WHOLE, all_of, array
from operate.approvals.finding import visible_policies
from operate.approvals.governing import OPERATIONS, AddPolicy, ChangePolicy, RemovePolicy, Rules, rules_of
from operate.approvals.models import DEFAULT_HOURS, ApprovalPolicy
from operate.plans.json_form import KEY_SCHEMA, schema_of
from operate.workspaces import workspace_named

A_POLICY = "an approval policy"
Risk = ApprovalPolicy.Risk
POLICY = all_of(
    key=KEY_SCHEMA,
    workspace=TEXT,
    name=TEXT,
    process_id={**TEXT, "description": "Empty for all processes."},
    operation={**TEXT, "enum": ["", *OPERATIONS], "description": "Empty for all operations."},
    min_instances={**WHOLE, "description": "How many process instances one command has to concern."},
    risk={**TEXT, "enum": Risk.values},
    hours={**WHOLE, "description": "After which a request expires."},
)


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """What a policy of a workspace says."""

    workspace: str
    name: str
    process_id: str = ""
    operation: str = ""
    min_instances: int = 1
    risk: str = Risk.ALWAYS.value
    hours: int = DEFAULT_HOURS


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What is to be different; what is left out stays."""

    name: str | None = None
    process_id: str | None = None
    operation: str | None = None
    min_instances: int | None = None
    risk: str | None = None
    hours: int | None = None


class PolicyView(FettleView):
    """What the views of this resource share."""

    tag = "Approval policies"
    answer = POLICY

    def policy(self, key: str) -> ApprovalPolicy:
        """The policy in the path; NotFound if there is none, or if the caller may not see it."""
        found = visible_policies(self.request.user).filter(pk=self.key(key, A_POLICY)).first()
        if found is None:
            raise nothing_found(A_POLICY, key)
        policy: ApprovalPolicy = found
        return policy


class Policies(PolicyView):
    """The approval policies of the workspaces that the caller sees."""

    parameters = {"workspace": "The id of a workspace."}
    answers = {"GET": all_of(items=array(POLICY)), "POST": POLICY}
    request_bodies = {"POST": schema_of(NewPolicy)}

    def get(self, request: Request) -> Response:
        """List the policies: who may be refused by one may read it."""
        rows = visible_policies(request.user)
        if slug := request.query_params.get("workspace"):
            rows = rows.filter(workspace__slug=slug)
        return Response({"items": [policy_json(each) for each in rows]})

    def post(self, request: Request) -> Response:
        """Demand approvals from now on. Policies only add to each other: the most specific one is named to who is refused."""
        given = asdict(self.read(NewPolicy))
        workspace = workspace_named(given.pop("workspace"))
        return Response(policy_json(self.act(AddPolicy).execute(workspace.pk, Rules(**given))))


class OnePolicy(PolicyView):
    """One approval policy."""

    request_bodies = {"PATCH": schema_of(PolicyChange)}

    def get(self, request: Request, key: str) -> Response:
        """Tell one policy."""
        return Response(policy_json(self.policy(key)))

    def patch(self, request: Request, key: str) -> Response:
        """Let a policy say something else; requests that wait keep their expiry."""
        change = {name: value for name, value in asdict(self.read(PolicyChange)).items() if value is not None}
        rules = replace(rules_of(self.policy(key)), **change)
        return Response(policy_json(self.act(ChangePolicy).execute(self.key(key, A_POLICY), rules)))

    def delete(self, request: Request, key: str) -> Response:
        """Demand these approvals no longer; the policy as it was."""
        policy = self.policy(key)
        told = policy_json(policy)
        self.act(RemovePolicy).execute(policy.pk)
        return Response(told)


def policy_json(policy: ApprovalPolicy) -> dict[str, Any]:
    """A policy with all that it says."""
    return {"key": str(policy.pk), "workspace": policy.workspace.slug, **asdict(rules_of(policy))}


__all__ = ["OnePolicy", "Policies"]
