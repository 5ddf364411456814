"""Going back to earlier user tasks of a process instance."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import GoBackToUserTask
from operate.api.fettle.base import POLICY, FettleView
from operate.api.fettle.outcomes import OUTCOME, outcome_json
from operate.api.fettle.schema import FLAG, TEXT, all_of, also, array
from operate.plans.json_form import KEY_SCHEMA, schema_of
from operate.workspaces import visible_to
from workflow import services
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance
from workflow.modification import ModificationOptions
from workflow.services import Outcome


@dataclass(frozen=True, slots=True)
class Return:
    """Where to go back to: a user task by its element id (its newest snapshot), or one snapshot.

    With `expected_revision` an instance that has another one refuses.
    """

    element_id: str = ""
    snapshot_key: int | None = None
    expected_revision: int | None = None
    skip_io_mappings: bool = False
    skip_listeners: bool = False
    reason: str = ""


class BackView(FettleView):
    """What the views of this resource share."""

    tag = "Back navigation"
    request_body = schema_of(Return)
    answer = OUTCOME

    def go_back(self, key: str, *, dry_run: bool) -> Outcome:
        """Go back, or tell what that would do."""
        wanted = self.read(Return)
        if bool(wanted.element_id) == (wanted.snapshot_key is not None):
            raise Rejected("Expected exactly one of 'element_id' and 'snapshot_key'.")
        options = ModificationOptions(wanted.skip_io_mappings, wanted.skip_listeners, wanted.expected_revision)
        action = self.act(GoBackToUserTask, reason=wanted.reason, dry_run=dry_run)
        return action.execute(
            self.key(key), element_id=wanted.element_id, snapshot_key=wanted.snapshot_key, options=options
        )


class Back(BackView):
    """Return a process instance to an earlier user task: what lies behind it is cancelled, and it starts again.

    Only tasks with the extension property 'fettle.allowBack' can be gone back to. With 'fettle.resetProcessData' the variables are
    again as they were when the task began to wait, whatever was changed since.
    """

    def post(self, request: Request, key: str) -> Response:
        return Response(outcome_json(self.go_back(key, dry_run=False)))


class BackDryRun(BackView):
    """Tell what going back would do to a process instance as it is now. Nothing is written."""

    answer = also(OUTCOME, **POLICY)

    def post(self, request: Request, key: str) -> Response:
        return Response(outcome_json(self.go_back(key, dry_run=True)) | self.policy())


class BackTargets(FettleView):
    """The user tasks that a process instance can go back to, the newest first."""

    tag = "Back navigation"
    answer = all_of(
        items=array(
            all_of(
                snapshot_key=KEY_SCHEMA,
                element_id=TEXT,
                element_name=TEXT,
                element_instance_key=KEY_SCHEMA,
                taken_at=TEXT,
                resets_variables=FLAG,
            )
        )
    )

    def get(self, request: Request, key: str) -> Response:
        number = self.key(key)
        if not visible_to(ProcessInstance.objects.filter(pk=number), request.user).exists():
            raise NotFound(f"Expected to find a process instance with key '{number}', but there is none.")
        return Response(
            {
                "items": [
                    {
                        "snapshot_key": str(each.snapshot_key),
                        "element_id": each.element_id,
                        "element_name": each.element_name,
                        "element_instance_key": str(each.element_instance_key),
                        "taken_at": each.taken_at.isoformat(),
                        "resets_variables": each.resets_variables,
                    }
                    for each in services.back_targets(number)
                ]
            }
        )
