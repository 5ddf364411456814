"""/signal: telling a signal to all that wait for it, or to one execution."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import BroadcastSignal
from operate.api.engine_rest.bodies import body, flag, tenant_workspaces, text, variables
from operate.api.engine_rest.execution import OneExecution
from workflow.engine.errors import Rejected

SignalBody = body(
    "Signal",
    name=text(required=True),
    executionId=text(),
    variables=variables(),
    tenantId=text(),
    withoutTenantId=flag(),
)


class Signal(OneExecution):
    """Broadcast a signal: executions that wait for it go on, and processes that it starts are started."""

    bodies = {"POST": SignalBody}

    def post(self, request: Request) -> Response:
        """Broadcast a signal, or deliver it to one execution; nobody waiting is no error."""
        given = self.read()
        if not given["name"]:
            raise Rejected("No signal name given")
        workspaces = tenant_workspaces(given, f"Cannot throw signal '{given['name']}'")
        self.act(BroadcastSignal).execute(
            given["name"],
            variables=given["variables"] or {},
            workspace_ids=workspaces,
            execution_key=self._execution_key(given),
        )
        return Response(status=204)

    def _execution_key(self, given: dict[str, Any]) -> int | None:
        if given["executionId"] is None:
            return None
        if given["tenantId"] or given["withoutTenantId"]:
            raise Rejected("Cannot specify a tenant-id when deliver a signal to a single execution.")
        return self.waiting_element(given["executionId"], given["name"])
