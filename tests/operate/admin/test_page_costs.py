"""What every list costs in statements: as much with thirty rows as with three, and no more than its baseline says."""

from __future__ import annotations

from audit.models import Channel
from operate.actions import SubmitBatch
from operate.alerts.configuring import set_up
from operate.approvals.drafts import Contents, RequestApproval, SaveDraft
from operate.approvals.models import ApprovalPolicy
from operate.batch.plans import Suspend
from operate.batch.submitting import Selection
from operate.lists import SavedFilter
from operate.masking.models import MaskedVariable
from operate.notifications.models import Kind, Webhook
from operate.notifications.telling import notify
from operate.workspaces import Right, Role, add_member
from tests.operate.admin.conftest import PLATFORMS, Office
from tests.operate.admin.test_instance_list import incident
from tests.operate.admin.world import WAITING, waiting
from tests.support.pages import assert_page_costs, statements_of
from workflow.graph import Semantics
from workflow.models import ProcessInstance, Workspace
from workflow.services import Resource, deploy

MOST_STATEMENTS = 15
INSTANCES = "/workflow/processinstance/"
PAGES = {
    "overview": "/",
    "instances": INSTANCES,
    "instances_filtered": f"{INSTANCES}?process=waiting&element=approve&error=route&state=all",
    "instances_at_work": f"{INSTANCES}?process=waiting&waiting=on&retrying=on",
    "instances_count": f"{INSTANCES}count/",
    "instances_figures": f"{INSTANCES}figures/?process=waiting",
    "search_by_key": f"{INSTANCES}suggest/?q=1",
    "search_by_text": f"{INSTANCES}suggest/?q=wait",
    "tasks": "/workflow/usertask/",
    "tasks_mine_by_due": "/workflow/usertask/?whose=mine&sort=due",
    "tasks_by_words": "/workflow/usertask/?words=smith&state=ALL",
    "incidents": "/workflow/incident/",
    "incidents_filtered": "/workflow/incident/?state=ALL&message=route&element=approve",
    "jobs": "/workflow/job/",
    "jobs_overdue": "/workflow/job/?state=OVERDUE&kind=timer",
    "batches": "/operate/batch/",
    "definitions": "/workflow/processdefinition/",
    "deployments": "/workflow/deployment/",
    "audit_log": "/audit/auditevent/",
    "audit_log_filtered": "/audit/auditevent/?event=Start&actor=petra&variable=amount",
    "notifications": "/operate/notification/",
    "alerts": "/operate/alert/",
    "four_eyes": "/operate/draft/",
    "policies": "/operate/approvalpolicy/",
    "webhooks": "/operate/webhook/",
    "masking": "/operate/maskedvariable/",
    "workspaces": "/workflow/workspace/",
}


def fill(office: Office, number: int) -> None:
    """So many more rows in every list that stella sees."""
    for _ in range(number):
        instance = waiting(office)
        incident(instance, "no route")
        office.start(business_key="b")
        configure(office, instance)


def configure(office: Office, instance: ProcessInstance) -> None:
    """One more of everything that people make, about this process instance."""
    stella, shop, name = office.people["stella"], office.shop, f"n{instance.key}"
    xml = WAITING.format(platform=PLATFORMS[Semantics.CAMUNDA_7]).replace('"waiting"', f'"{name}"')
    deploy([Resource(f"{name}.bpmn", xml.encode())], workspace_id=shop.pk)
    SubmitBatch(stella, channel=Channel.ADMIN).execute(Suspend(), Selection([instance.key]))
    command = Contents(name, {"command": "suspend", "keys": [str(instance.key)]}, "")
    draft = SaveDraft(office.people["petra"], channel=Channel.ADMIN).execute(shop.pk, command)
    RequestApproval(office.people["petra"], channel=Channel.ADMIN).execute(draft.key)
    ApprovalPolicy.objects.create(workspace=shop, name=name, min_instances=1_000 + instance.key)
    Webhook.objects.create(workspace=shop, url=f"http://127.0.0.1:9/{name}", secret=name, kinds=Kind.values)
    MaskedVariable.objects.create(workspace=shop, process_id="waiting", pattern=name)
    notify(Kind.ALERT, workspace_id=shop.pk, right=Right.VIEW, subject=name, url="/")
    saved = SavedFilter.objects.create(list_name="process_instances", owner=stella, name=name, query="state=active")
    set_up(stella, saved, shop, {"threshold": 1})
    add_member(stella, Workspace.objects.create(slug=name, name=name), Role.WORKSPACE_ADMIN)


def test_a_list_costs_as_much_with_thirty_rows_as_with_three(office: Office) -> None:
    client = office.of("stella")
    fill(office, 3)
    few = {name: statements_of(client, address) for name, address in PAGES.items()}
    fill(office, 12)
    assert ProcessInstance.objects.count() >= 30
    many = {name: statements_of(client, address) for name, address in PAGES.items()}
    grown = {name: "\n\n".join(many[name]) for name in PAGES if len(many[name]) != len(few[name])}
    assert not grown, "\n\n\n".join(f"{name}:\n{text}" for name, text in grown.items())
    for name, address in PAGES.items():
        assert_page_costs(f"page_{name}", client, address, most=MOST_STATEMENTS)
