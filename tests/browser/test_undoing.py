"""What was done is taken back from where it is told: the plan, what it would do and what stays come first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from audit.models import AuditEvent, Channel
from operate.actions import (
    Action,
    CancelProcessInstance,
    MigrateProcessInstance,
    ModifyProcessInstance,
    RestartProcessInstances,
    SetVariables,
    SubmitBatch,
    UpdateJob,
)
from operate.batch.models import Batch
from operate.batch.plans import Suspend
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from tests.browser.conftest import Office
from tests.browser.test_wizards import newer_loan, standing
from tests.support.models import deploy, model
from workflow.graph import Semantics
from workflow.models import Job, ProcessInstance, Variable
from workflow.modification import CancelAll, StartBefore
from workflow.services import fail_job, generate_migration_plan, lock_job, set_variables, start_process_instance

CHECK = "check_completeness"
ROW = "<startEvent id='start'/><job id='print'/><endEvent id='end'/>"


def act(kind: type[Action[Any]]) -> Any:
    """An action of Omar, who operates."""
    return kind(get_user_model()._default_manager.get(username="omar"), channel=Channel.ADMIN)


def open_audit(office: Office, key: int) -> Page:
    page = office.login("ada")
    office.open(page, key, "?tab=audit")
    return page


def test_a_restart_is_undone_with_what_the_new_one_did_told_before(office: Office) -> None:
    old = office.loan()
    act(CancelProcessInstance).execute(old)
    definition = ProcessInstance.objects.get(pk=old).definition_key
    [outcome] = act(RestartProcessInstances).execute(definition, [old], [StartBefore(CHECK)])
    new = outcome.process_instance_key
    page = open_audit(office, old)
    page.locator("#panel-audit tr", has_text="Restart").get_by_role("link", name="Undo").click()
    # the plan, what stays, and what would happen
    expect(page.locator("#plan")).to_have_text("Cancel the process instance and what it has called")
    expect(page.locator("#notes")).to_contain_text(f"'{old}' stays as it ended and does not run again.")
    expect(page.locator("#preview")).to_contain_text("Tried: it succeeds.")
    expect(page.locator("#preview")).to_contain_text("Check completeness")
    assert standing(new) == [CHECK]
    page.get_by_label("Reason").fill("restarted by mistake")
    page.locator("#apply").click()
    page.wait_for_url(f"**/processinstance/{new}/")
    assert ProcessInstance.objects.get(pk=new).state == "CANCELED"
    # the two events know each other
    event = AuditEvent.objects.get(event="Cancel", process_instance_key=new)
    assert event.reason == "restarted by mistake"
    page.goto(f"/audit/auditevent/{event.key}/")
    page.get_by_role("link", name=f"event {event.body['undo_of']}").click()
    expect(page.get_by_role("link", name=f"event {event.key}")).to_be_visible()
    expect(page.get_by_role("button", name="Undo…")).to_have_attribute("title", "It has been undone already.")


def test_a_migration_is_undone(office: Office) -> None:
    key = office.loan()
    source = ProcessInstance.objects.get(pk=key).definition_key
    act(MigrateProcessInstance).execute(key, generate_migration_plan(source, newer_loan(office)))
    page = open_audit(office, key)
    page.locator("#panel-audit tr", has_text="Migrate").get_by_role("link", name="Undo").click()
    expect(page.locator("#notes")).to_contain_text("It runs on version 1 of 'loan_application' again")
    expect(page.locator("#preview")).to_contain_text("Tried: it succeeds.")
    page.locator("#apply").click()
    page.wait_for_url(f"**/processinstance/{key}/")
    assert ProcessInstance.objects.get(pk=key).definition_key == source


def test_an_edit_of_variables_is_undone_as_far_as_nobody_has_changed_them_since(office: Office) -> None:
    key = office.loan(amount=40_000)
    ada = get_user_model()._default_manager.get(username="ada")
    SetVariables(ada, channel=Channel.ADMIN).execute(key, {"amount": 1, "term_months": 1, "note": "new"})
    event = AuditEvent.objects.get(process_instance_key=key, event="Update")
    set_variables(key, {"term_months": 36})
    page = office.login("ada")
    page.goto(f"/audit/auditevent/{event.key}/undo/")
    expect(page.locator("#plan")).to_contain_text("Set variable 'amount' to what it was")
    expect(page.locator("#plan")).to_contain_text("Delete variable 'note', which did not exist")
    expect(page.locator("#notes")).to_contain_text("'term_months' has been changed since; that value stays.")
    page.locator("#apply").click()
    page.wait_for_url(f"**/processinstance/{key}/")
    values = dict(Variable.objects.filter(scope_key=key).values_list("name", "value"))
    assert (values["amount"], values["term_months"], "note" in values) == (40_000, 36, False)


def test_a_modification_is_undone_in_the_modification_mode(office: Office) -> None:
    key = office.loan()
    plan = [StartBefore("accept_loan_application"), CancelAll(CHECK)]
    act(ModifyProcessInstance).execute(key, plan)
    page = open_audit(office, key)
    page.locator("#panel-audit tr", has_text="Modify").get_by_role("button", name="Undo").click()
    expect(page.locator("#summary")).to_contain_text("begins anew")
    expect(page.locator("#plan-apply")).to_be_enabled()
    page.locator("#plan-apply").click()
    expect(page.locator("#mode-banner")).to_be_hidden()
    assert standing(key) == [CHECK]
    first, second = AuditEvent.objects.filter(event="Modify").order_by("key")
    assert second.body["undo_of"] == first.key


def test_new_retries_are_undone_and_the_incident_is_back(office: Office) -> None:
    definition = deploy(model("row", Semantics.ZEEBE, ROW), workspace=office.workspace)
    key = start_process_instance(definition.key).process_instance_key
    job = Job.objects.get(process_instance=key)
    lock_job(job.key, "w", timedelta(minutes=5))
    fail_job(job.key, retries=0, message="printer on fire", worker="w")
    act(UpdateJob).execute(job.key, retries=3, resolve=True)
    page = open_audit(office, key)
    page.locator("#panel-audit tr", has_text="Retry").get_by_role("link", name="Undo").click()
    expect(page.locator("#plan")).to_have_text("Set the retries of 1 chosen job to 0")
    expect(page.locator("#notes")).to_contain_text("has an incident again, a new one.")
    expect(page.locator("#preview")).to_contain_text("Tried: it succeeds.")
    page.locator("#apply").click()
    page.wait_for_url(f"**/processinstance/{key}/")
    assert Job.objects.get(pk=job.pk).retries == 0
    expect(page.get_by_role("tab", name="Incidents")).to_contain_text("1")


def test_a_batch_is_undone_after_a_look_at_the_first_of_its_instances(office: Office) -> None:
    keys = [office.loan() for _ in range(3)]
    batch = act(SubmitBatch).execute(Suspend(), Selection(keys=keys))
    run_due_jobs()
    act(CancelProcessInstance).execute(keys[0])
    page = office.login("omar")
    page.goto(f"/operate/batch/{batch}/")
    page.get_by_role("link", name="Undo…").click()
    expect(page.locator("#preview")).to_contain_text("2 of 3 tried succeed.")
    expect(page.locator("#items tbody tr")).to_have_count(3)
    expect(page.locator("#items")).to_contain_text("The process instance has ended.")
    expect(page.locator("#notes")).to_contain_text("What was due meanwhile is done now. (2 of 3)")
    page.get_by_label("Reason").fill("too early")
    page.locator("#apply").click()
    page.wait_for_url("**/operate/batch/*/")
    run_due_jobs()
    expect(page.locator(".ft-batch-state")).to_contain_text("Completed with failures")
    assert [ProcessInstance.objects.get(pk=key).suspended for key in keys] == [True, False, False]
    # once only, and both ways
    page.get_by_role("link", name=f"batch {batch}").click()
    expect(page.get_by_role("link", name=f"batch {Batch.objects.latest('key').key}")).to_be_visible()
    expect(page.get_by_role("button", name="Undo…")).to_have_attribute("aria-disabled", "true")
