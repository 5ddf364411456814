"""Why an instance stands is on its page without a click: for each thing that a token can wait for, with what helps."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.conftest import Office
from tests.operate.admin.test_wizard_risks import FORK
from tests.operate.admin.world import WAITING
from tests.support.models import HEAD, PLATFORMS, deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask
from workflow.modification import TerminateAll
from workflow.services import Resource

CAMUNDA_7, ZEEBE = Semantics.CAMUNDA_7, Semantics.ZEEBE


def started(office: Office, elements: str, semantics: Semantics = ZEEBE, **variables: object) -> int:
    """An instance of a row of elements."""
    row = f"<startEvent id='start'/>{elements}<endEvent id='end'/>"
    definition = deploy(model("row", semantics, row), workspace=office.workspace)
    return services.start_process_instance(definition.key, variables=variables).process_instance_key


def waits(office: Office, key: int, user: str = "omar") -> Page:
    page = office.login(user)
    office.open(page, key)
    return page


def told(page: Page, element_id: str) -> object:
    return page.locator(f"#panel-waits .ft-wait[data-element='{element_id}']")


def test_tasks_timers_events_conditions_and_called_processes(office: Office) -> None:
    xml = WAITING.format(platform=PLATFORMS[CAMUNDA_7])
    deployed = services.deploy([Resource("world.bpmn", xml.encode())], workspace_id=office.workspace.pk).definitions
    definition = next(each for each in deployed if each.process_id == "waiting")
    key = services.start_process_instance(definition.key, variables={"isReady": False}).process_instance_key
    called = ProcessInstance.objects.get(parent_process_instance=key)
    task = UserTask.objects.get(process_instance_key=key, element_id="book")
    services.assign_user_task(task.key, "mary")
    panel = waits(office, key).locator("#panel-waits")
    expect(panel.locator("[data-element='book']").first).to_contain_text("Waits for mary to complete the task.")
    expect(panel.locator("[data-element='never']")).to_contain_text("Timer fires")
    expect(panel.locator("[data-element='paid']")).to_contain_text("Waits for the message 'paid'.")
    expect(panel.locator("[data-element='alarm']")).to_contain_text("Waits for the signal 'alarm'.")
    expect(panel.locator("[data-element='ready']")).to_contain_text("isReady")
    # down to where the called process stands, and there with one click
    ship = panel.locator("[data-element='ship']")
    expect(ship).to_contain_text(f"Waits for process instance {called.key} of 'shipping', which it has called.")
    expect(ship).to_contain_text("That stands at 'Pack': Waits for anybody to take it.")
    ship.get_by_role("link", name="Open").click()
    panel.page.wait_for_url(f"**/processinstance/{called.key}/")


def test_a_message_that_nearly_fits_is_told(office: Office) -> None:
    key = started(office, "<receive id='paid'/>", key="A")
    services.publish_message(
        "paid", workspace_id=office.workspace.pk, correlation_key="B", time_to_live=timedelta(hours=1)
    )
    panel = waits(office, key).locator("#panel-waits")
    expect(panel).to_contain_text("Waits for the message 'paid' with correlation key 'A'.")
    expect(panel).to_contain_text("A message 'paid' is kept that has the correlation key 'B'")


def test_a_job_tells_its_type_its_retries_and_its_error_and_gets_new_ones(office: Office) -> None:
    key = started(office, "<job id='ship'/>", CAMUNDA_7)
    page = waits(office, key)
    panel = page.locator("#panel-waits")
    expect(panel.locator("[data-element='ship']")).to_contain_text("work")
    job = Job.objects.get(process_instance=key)
    services.lock_job(job.key, "w1", timedelta(minutes=5))
    services.fail_job(job.key, retries=0, message="printer on fire", worker="w1")
    expect(panel.locator("[data-element='ship']")).to_contain_text("printer on fire")
    panel.get_by_label("retries").fill("2")
    panel.get_by_role("button", name="Retry").click()
    expect(panel.locator("[data-element='ship']")).to_contain_text("Failed: printer on fire (2 retries left)")
    assert Job.objects.get(pk=job.pk).retries == 2


def test_a_join_tells_what_has_come_and_what_can_come_no_more_and_plans_what_helps(office: Office) -> None:
    head = HEAD.format(platform=PLATFORMS[ZEEBE], id="forked", messages="")
    definition = deploy(f"{head}{FORK}</process></definitions>", workspace=office.workspace)
    key = services.start_process_instance(definition.key).process_instance_key
    services.complete_user_task(UserTask.objects.get(process_instance_key=key, element_id="a").key)
    page = waits(office, key)
    join = page.locator("#panel-waits [data-element='join']")
    expect(join).to_contain_text("A token has come from 'a'; it waits for one from 'b', which is still at work.")
    services.modify_process_instance(key, [TerminateAll("b")])
    expect(join).to_contain_text("it waits for one from 'b', which cannot come any more.")
    join.get_by_role("button", name="Activate 'b': the missing token").click()
    expect(page.locator("#summary .ft-preview")).to_contain_text("b")


def test_a_suspended_one_says_so_first_and_is_resumed(office: Office) -> None:
    key = started(office, "<userTask id='approve'/>")
    services.suspend_process_instance(key)
    page = waits(office, key)
    first = page.locator("#panel-waits .ft-wait").first
    expect(first).to_contain_text("Suspended")
    first.get_by_role("link", name="Resume…").click()
    page.get_by_role("button", name="Resume process instance").click()
    office.open(page, key)
    expect(page.locator("#panel-waits")).not_to_contain_text("Suspended")


def test_what_waits_longer_than_usual_is_marked_and_found_in_the_list(office: Office) -> None:
    keys = [started(office, "<userTask id='approve'/>", CAMUNDA_7) for _ in range(7)]
    for key in keys[:5]:
        services.complete_user_task(UserTask.objects.get(process_instance_key=key).key)
    late, usual = keys[5:]
    tasks = ElementInstance.objects.filter(element_id="approve")
    tasks.filter(process_instance__in=keys[:5]).update(started_at=F("started_at") - timedelta(hours=8))
    tasks.filter(process_instance=late).update(started_at=timezone.now() - timedelta(days=3))
    page = waits(office, late)
    expect(page.locator("#panel-waits [data-element='approve']")).to_contain_text("longer than usual")
    office.open(page, usual)
    expect(page.locator("#panel-waits [data-element='approve']")).to_contain_text("usually")
    page.goto("/workflow/processinstance/?process=row&waiting=on")
    expect(page.locator("tbody tr[data-state]")).to_have_count(1)
