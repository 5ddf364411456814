"""The inverse of what was done to a process instance, as a plan."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent
from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import TEXT, all_of, array
from operate.plans.json_form import schema_of, write
from operate.plans.plan import Plan
from operate.undo import undo_of
from operate.workspaces import Right, visible_to
from workflow.engine.errors import NotFound
from workflow.models import ProcessInstance


class UndoOf(FettleView):
    """Tell the plan that takes back what an audit event tells of, and what it cannot take back. Nothing is changed.

    Modifications and edits of variables can be undone while the process instance runs. The plan is applied as a modification; it
    names the present revision, so that an instance which moves on meanwhile refuses it.
    """

    tag = "Modification"
    answer = all_of(plan=schema_of(Plan), sentences=array(TEXT), notes=array(TEXT))

    def get(self, request: Request, key: str, event: str) -> Response:
        instance = self.row(ProcessInstance.objects.all(), key)
        events = visible_to(AuditEvent.objects.of_process_instance(instance.key), request.user, Right.VIEW_AUDIT)
        found = events.filter(pk=self.key(event)).first()
        if found is None:
            raise NotFound(
                f"Expected to find an audit event with key '{event}' of process instance '{instance.key}', but there is none."
            )
        undo = undo_of(found, instance)
        plan = Plan(undo.instructions, expected_revision=instance.revision)
        return Response({"plan": write(plan), "sentences": plan.describe(), "notes": list(undo.notes)})
