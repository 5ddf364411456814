"""Tasks, incidents, deploying, starting, workspaces and the overview."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import AuditEvent
from operate.demo import MODELS
from operate.workspaces import Access, Right, Role, members
from tests.operate.admin.conftest import PLATFORMS, SUB_PROCESS, USER_TASKS, Office
from tests.support.models import model
from workflow import services
from workflow.graph import Semantics
from workflow.models import Incident, Job, ProcessDefinition, ProcessInstance, UserTask, Workspace

LOAN = MODELS / "loan_application.bpmn"
UPLOAD = "/workflow/processdefinition/upload/"


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def upload(
    office: Office, username: str, *files: tuple[str, bytes], workspace: Workspace | None = None, **more: Any
) -> Any:
    sent = {
        "workspace": (workspace or office.shop).pk,
        "files": [SimpleUploadedFile(name, content) for name, content in files],
        **more,
    }
    return office.of(username).post(UPLOAD, sent)


@pytest.fixture
def failed_job(office: Office) -> Job:
    """A job without retries, and its incident."""
    resource = services.Resource(
        "work.bpmn", model("work", Semantics.CAMUNDA_7, "<startEvent id='s'/><job id='j'/>").encode()
    )
    definition = services.deploy([resource], workspace_id=office.shop.pk).definitions[0]
    services.start_process_instance(definition.key)
    job = Job.objects.get()
    services.lock_job(job.key, "w", timedelta(minutes=1))
    services.fail_job(job.key, worker="w", retries=0, message="no answer", details="stack")
    return job


# -- tasks


def test_a_task_is_claimed_given_back_and_completed(office):
    task = UserTask.objects.get(process_instance=office.start().key)
    client = office.of("petra")
    client.post(f"/workflow/usertask/{task.key}/assign/")
    assert UserTask.objects.get().assignee == "petra"
    client.post(f"/workflow/usertask/{task.key}/assign/", {"release": "1"})
    assert UserTask.objects.get().assignee is None
    answer = client.post(f"/workflow/usertask/{task.key}/", {"variables": '{"ok": true}'})
    assert answer.headers["Location"] == f"/workflow/processinstance/{task.process_instance_key}/"
    assert UserTask.objects.get(pk=task.key).state == "COMPLETED"


def test_a_task_is_not_completed_with_something_else_than_json(office):
    task = UserTask.objects.get(process_instance=office.start().key)
    answer = office.of("petra").post(f"/workflow/usertask/{task.key}/", {"variables": "{"})
    assert answer.status_code == 400
    assert "Invalid JSON format" in answer.content.decode()
    assert UserTask.objects.get().state == "CREATED"


def test_a_task_that_somebody_has_is_not_taken_away(office):
    task = UserTask.objects.get(process_instance=office.start().key)
    services.assign_user_task(task.key, "stella")
    told_so = told(office.of("petra").post(f"/workflow/usertask/{task.key}/assign/"))
    assert "stella" in told_so
    assert UserTask.objects.get().assignee == "stella"


def test_who_only_reads_completes_nothing(office):
    task = UserTask.objects.get(process_instance=office.start().key)
    answer = office.of("sam").post(f"/workflow/usertask/{task.key}/", {"variables": "{}"})
    assert answer.status_code == 400
    assert "complete_usertask" in answer.content.decode()
    assert UserTask.objects.get().state == "CREATED"


# -- incidents


def test_an_incident_is_shown_on_its_instance_and_tried_again(office, failed_job):
    incident = Incident.objects.get(state="ACTIVE")
    client = office.of("petra")
    assert "no answer" in client.get("/workflow/incident/").content.decode()
    assert "no answer" in client.get(f"/workflow/processinstance/{incident.process_instance_key}/").content.decode()
    client.post("/workflow/incident/resolve/", {"key": incident.key, "retries": "2"})
    assert Incident.objects.get().state == "RESOLVED"
    assert Job.objects.get().retries == 2
    assert AuditEvent.objects.get(event="Resolve").channel == "ADMIN"


def test_an_incident_without_retries_stays_and_says_why(office, failed_job):
    answer = office.of("petra").post("/workflow/incident/resolve/", {"key": Incident.objects.get().key})
    assert "Give it some" in told(answer)
    assert Incident.objects.get().state == "ACTIVE"


def test_who_only_reads_resolves_nothing(office, failed_job):
    office.of("sam").post("/workflow/incident/resolve/", {"key": Incident.objects.get().key, "retries": "1"})
    assert Incident.objects.get().state == "ACTIVE"


def test_jobs_are_listed_with_their_error(office, failed_job):
    text = office.of("sam").get("/workflow/job/").content.decode()
    assert "no answer" in text


# -- deploying and starting


def test_upload_deploys_into_the_chosen_workspace_with_the_detected_semantics(office):
    answer = upload(office, "stella", (LOAN.name, LOAN.read_bytes()))
    definition = ProcessDefinition.objects.get()
    assert answer.headers["Location"] == f"/workflow/processdefinition/{definition.key}/"
    assert (definition.workspace, definition.semantics) == (office.shop, "camunda7")
    assert "as version 1" in told(answer)


def test_the_same_bytes_again_make_no_new_version(office):
    upload(office, "stella", (LOAN.name, LOAN.read_bytes()))
    assert "no new version" in told(upload(office, "stella", (LOAN.name, LOAN.read_bytes())))
    assert ProcessDefinition.objects.count() == 1


def test_all_problems_of_all_files_are_told_and_nothing_is_deployed(office):
    broken = LOAN.read_bytes().replace(b'sourceRef="application_received"', b'sourceRef="nowhere"')
    answer = upload(office, "stella", ("good.bpmn", LOAN.read_bytes()), ("bad.bpmn", broken), ("no.txt", b"hello"))
    assert answer.status_code == 400
    assert {problem["file"] for problem in answer.context["problems"]} >= {"bad.bpmn", "no.txt"}
    assert any(problem["line"] for problem in answer.context["problems"])
    assert not ProcessDefinition.objects.exists()


def test_a_workspace_without_the_right_to_deploy_cannot_be_chosen(office):
    assert upload(office, "stella", (LOAN.name, LOAN.read_bytes()), workspace=office.bank).status_code == 400
    assert upload(office, "petra", (LOAN.name, LOAN.read_bytes())).status_code == 400
    assert "You cannot deploy models" in office.of("petra").get(UPLOAD).content.decode()
    assert not ProcessDefinition.objects.exists()


def test_a_model_of_both_vocabularies_needs_a_choice(office):
    xml = SUB_PROCESS.format(platform=PLATFORMS[Semantics.ZEEBE], id="mixed", user_task=USER_TASKS[Semantics.ZEEBE])
    mixed = xml.replace('id="mixed"', 'id="mixed" camunda:versionTag="1"').encode()
    detected = office.of("stella").post(
        "/workflow/processdefinition/detect/", {"file": SimpleUploadedFile("mixed.bpmn", mixed)}
    )
    assert detected.json()["ambiguous"] is True
    assert detected.json()["semantics"] == ""
    assert upload(office, "stella", ("mixed.bpmn", mixed)).status_code == 400
    upload(office, "stella", ("mixed.bpmn", mixed), semantics="zeebe")
    assert ProcessDefinition.objects.get().semantics == "zeebe"


def test_detection_is_for_those_who_may_deploy(office):
    file = SimpleUploadedFile("loan.bpmn", LOAN.read_bytes())
    assert office.of("sam").post("/workflow/processdefinition/detect/", {"file": file}).status_code == 403


def test_an_instance_is_started_with_variables(office):
    key = office.deploy(Semantics.CAMUNDA_7).key
    sent = {"business_key": "ORD-9", "variables": '{"amount": 5}', "reason": "by phone"}
    office.of("petra").post(f"/workflow/processdefinition/{key}/start/", sent)
    instance = ProcessInstance.objects.get()
    assert (instance.business_key, instance.start_reason) == ("ORD-9", "by phone")
    assert instance.variables.get().value == 5


@pytest.mark.parametrize(("username", "variables"), [("petra", "{"), ("petra", "[1]"), ("sam", "{}")])
def test_what_cannot_be_started_is_not(office, username, variables):
    key = office.deploy(Semantics.CAMUNDA_7).key
    answer = office.of(username).post(f"/workflow/processdefinition/{key}/start/", {"variables": variables})
    assert answer.status_code == 400
    assert not ProcessInstance.objects.exists()


def test_the_model_is_served_as_it_came_and_cannot_run_scripts(office):
    key = office.deploy(Semantics.CAMUNDA_7).key
    answer = office.of("sam").get(f"/workflow/processdefinition/{key}/xml/?download")
    assert answer.content.decode() == ProcessDefinition.objects.get().xml
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="delivery.bpmn"'
    assert office.of("paul").get(f"/workflow/processdefinition/{key}/xml/").status_code == 404


def test_a_definition_shows_its_versions_and_where_its_instances_stand(office):
    instance = office.start()
    text = office.of("sam").get(f"/workflow/processdefinition/{instance.definition_key}/").content.decode()
    assert "delivery_camunda7" in text
    assert '"approve": {"active": 1}' in text


# -- workspaces and the overview


def test_members_are_given_and_taken_a_role_and_it_is_on_record(office):
    path = f"/workflow/workspace/{office.shop.pk}/members/"
    office.of("stella").post(path, {"name": "paul", "role": "OPERATOR"})
    assert office.people["paul"] in members(office.shop, Role.OPERATOR)
    office.of("stella").post(path, {"name": "paul", "role": "OPERATOR", "remove": "1"})
    assert office.people["paul"] not in members(office.shop, Role.OPERATOR)
    events = AuditEvent.objects.filter(subject="Role").order_by("key")
    assert [event.event for event in events] == ["Grant", "Revoke"]


def test_only_who_manages_a_workspace_changes_it_or_its_members(office):
    path = f"/workflow/workspace/{office.shop.pk}/"
    assert office.of("petra").post(f"{path}members/", {"name": "petra", "role": "WORKSPACE_ADMIN"}).status_code == 403
    assert office.of("petra").post(path, {"name": "Mine"}).status_code == 403
    assert office.of("paul").get(path).status_code == 404
    assert Workspace.objects.get(pk=office.shop.pk).name == "Shop"
    Access.forget(office.people["petra"])
    assert not Access.of(office.people["petra"]).may(Right.MANAGE, office.shop.pk)


def test_organisation_roles_are_not_given_in_a_workspace(office):
    office.of("stella").post(f"/workflow/workspace/{office.shop.pk}/members/", {"name": "stella", "role": "ORG_ADMIN"})
    Access.forget(office.people["stella"])
    assert not Access.of(office.people["stella"]).may(Right.VIEW, office.bank.pk)


def test_a_workspace_is_renamed_but_keeps_its_id(office):
    sent = {"slug": "other", "name": "Big shop", "description": "", "audit_worker_traffic": "on"}
    office.of("stella").post(f"/workflow/workspace/{office.shop.pk}/", sent)
    workspace = Workspace.objects.get(pk=office.shop.pk)
    assert (workspace.slug, workspace.name, workspace.settings.audit_worker_traffic) == ("shop", "Big shop", True)


def test_only_the_organisation_adds_workspaces(office):
    sent = {"slug": "new", "name": "New", "description": ""}
    assert office.of("stella").post("/workflow/workspace/add/", sent).status_code == 403
    office.of("root").post("/workflow/workspace/add/", sent)
    assert Workspace.objects.filter(slug="new").exists()


def test_the_overview_counts_what_one_may_see(office, failed_job):
    office.start()
    office.start(workspace=office.bank)
    total = office.of("sam").get("/").context["total"]
    assert (total["running"], total["incidents"], total["tasks"]) == (2, 1, 1)
    assert "no answer" in office.of("sam").get("/").content.decode()
    assert "No workspace yet" in office.of("nobody").get("/").content.decode()


def test_a_link_back_is_never_a_script(office):
    key = office.start().key
    text = office.of("petra").get(
        f"/workflow/processinstance/confirm/?operation=cancel&key={key}&back=javascript:alert(1)"
    )
    assert "javascript:" not in text.content.decode()


@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775808", "0", "-1"])
def test_numbers_that_are_no_keys_find_nothing(office, number):
    client = office.of("petra")
    assert client.get(f"/workflow/processinstance/?before={number}").status_code == 200
    assert client.get(f"/workflow/processinstance/find/?q={number}").status_code == 302
    assert client.get(f"/workflow/processinstance/{number}/").status_code == 404
    asked = client.post("/workflow/processinstance/confirm/", {"operation": "cancel", "key": number})
    assert "No process instance was chosen" in asked.content.decode()
