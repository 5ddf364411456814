"""Signals: told to all that wait for them in a workspace."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import BroadcastSignal
from operate.api.v2.base import V2View, key_text
from operate.api.v2.schema import KEY, TEXT, VARIABLES, all_of, record
from workflow.persistence.keys import next_key


class Broadcast(V2View):
    """Broadcast a signal to who waits for it, and to the processes that it starts. It does not matter whether anybody does."""

    tag = "Signal"
    command = "BROADCAST"
    bodies = {"POST": record(("signalName",), signalName=TEXT, variables=VARIABLES, tenantId=TEXT)}
    answers = {"POST": all_of(signalKey=KEY, tenantId=TEXT)}

    def post(self, request: Request) -> Response:
        body = self.body()
        name, variables, workspace = body.name("signalName"), body.object("variables", {}), self.workspace(body)
        self.act(BroadcastSignal).execute(name, variables=variables, workspace_ids=[workspace.pk])
        return Response({"signalKey": key_text(next_key()), "tenantId": workspace.slug})
