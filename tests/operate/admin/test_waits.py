"""What a process instance waits for, what it calls, and what can be done about it on its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from operate.admin.instance.page import InstancePage, as_drawn
from operate.admin.instance.waits import repeats
from operate.admin.reasons import Reasons
from operate.workspaces import Access
from tests.operate.admin.conftest import Office
from tests.operate.admin.world import each, waiting
from workflow import services
from workflow.graph import Semantics
from workflow.models import Job, ProcessInstance, UserTask

BOTH = pytest.mark.parametrize("semantics", Semantics)


def page_of(office: Office, instance: ProcessInstance, username: str = "stella") -> InstancePage:
    fresh = ProcessInstance.objects.get(pk=instance.key)
    return InstancePage(fresh, Reasons(Access.of(office.people[username]), office.people[username]))


def text_of(office: Office, instance: ProcessInstance, username: str = "stella") -> str:
    answer = office.of(username).get(f"/workflow/processinstance/{instance.key}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def job(instance: ProcessInstance, element: str) -> Job:
    return Job.objects.get(process_instance=instance.key, element_id=element, state__in=["CREATED", "FAILED"])


def do(office: Office, username: str, operation: str, *jobs: Job, **more: str) -> Any:
    body = {"operation": operation, "key": [str(each.key) for each in jobs], **more}
    return office.of(username).post("/workflow/job/do/", body, follow=True)


def complete(instance: ProcessInstance, element: str) -> None:
    task = UserTask.objects.filter(process_instance=instance.key, element_id=element, state="CREATED").first()
    assert task is not None
    services.complete_user_task(task.key)


def test_each_kind_of_waiting_has_its_sentence(office):
    found = {wait.name: (wait.kind, wait.text, wait.note) for wait in page_of(office, waiting(office)).waits}
    assert found["Late"] == ("timer", "Waits for its time.", "'Approve' goes on beside it.")
    assert found["Never"][2] == "Then 'Approve' is interrupted."
    assert found["Later"][:2] == ("continuation", "Waits for a worker to continue before it.")
    assert found["Paid"][:2] == ("message", "Waits for the message 'paid'.")
    assert found["Alarm"][:2] == ("signal", "Waits for the signal 'alarm'.")
    assert found["Ready"][:2] == ("conditional", "Waits until ${isReady} is true.")
    assert found["Stop"] == ("message", "Waits for the message 'stop'.", "Then the process instance is interrupted.")
    assert found["Ship"][0] == "call"
    assert {"Check item #1", "Check item #2", "Check item #3"} < found.keys()


def test_the_page_tells_when_a_timer_fires_and_never_of_a_worker_without_type(office):
    instance = waiting(office)
    text = text_of(office, instance)
    assert "Timer fires <time" in text
    assert "(in 59 min), then 2 more times." in text
    assert "takes &#x27;&#x27;" not in text
    assert "#multiInstanceBody" not in text.split('id="diagram-state"')[0].replace(
        'data-exact="items#multiInstanceBody"', ""
    )


@pytest.mark.parametrize(
    ("cycle", "told"),
    [
        ("", ""),
        ("R2/PT1H", ", then 2 more times"),
        ("R1/PT1H", ", then 1 more time"),
        ("R/PT1H", ", again and again"),
        ("0 0 8 * * *", ", again and again"),
        ("R2/2026-11-01T12:00:00+00:00/PT1H", ", then 2 more times"),
    ],
)
def test_how_often_a_timer_repeats(cycle, told):
    due_at = timezone.now().replace(year=2026, month=11, day=1, hour=12, minute=0, second=0, microsecond=0)
    assert repeats(Job(kind="TIMER", repeat=cycle, due_at=due_at)) == told


def test_a_timer_is_fired_from_the_page(office):
    instance = waiting(office)
    answer = do(office, "petra", "execute", job(instance, "late"), back=f"/workflow/processinstance/{instance.key}/")
    assert "Job run." in answer.content.decode()
    assert UserTask.objects.filter(process_instance=instance.key, element_id="remind", state="CREATED").exists()


def test_a_continuation_that_fails_says_why_and_gets_new_retries(office):
    instance = waiting(office)
    refused = do(office, "petra", "execute", job(instance, "later"))
    assert "missing" in refused.content.decode()
    wait = page_of(office, instance).waits[0]
    assert (wait.name, wait.is_failed) == ("Later", True)
    assert wait.text.startswith("Failed: ")
    assert "(2 retries left)" in wait.text
    for _ in range(2):
        do(office, "petra", "execute", job(instance, "later"))
    page = page_of(office, instance)
    assert next(wait.kind for wait in page.waits) == "incident"
    assert [wait.kind for wait in page.waits].count("continuation") == 0
    do(office, "petra", "retries", job(instance, "later"), retries="5")
    assert job(instance, "later").retries == 5
    assert not page_of(office, instance).incidents


def test_a_job_is_put_on_hold_and_resumed(office):
    instance = waiting(office)
    do(office, "petra", "suspend", job(instance, "late"))
    assert "Is on hold" in text_of(office, instance)
    do(office, "petra", "resume", job(instance, "late"))
    assert "Is on hold" not in text_of(office, instance)


def test_who_may_not_run_jobs_is_told_why(office):
    instance = waiting(office)
    assert "work_jobs" in text_of(office, instance, "sam") or "resolve_incident" in text_of(office, instance, "sam")
    answer = do(office, "sam", "execute", job(instance, "late"))
    assert "Ask" in answer.content.decode()
    assert not UserTask.objects.filter(process_instance=instance.key, element_id="remind").exists()


def test_a_suspended_instance_says_so_first(office):
    instance = waiting(office)
    services.suspend_process_instance(instance.key)
    assert "Nothing of what follows goes on" in text_of(office, instance)


def test_a_completed_activity_that_can_be_undone_is_told_apart(office):
    instance = waiting(office)
    assert page_of(office, instance).undoable == []
    complete(instance, "book")
    page = page_of(office, instance)
    assert [(wait.name, wait.text) for wait in page.undoable] == [
        ("Cancel booking", "Would undo 'Book' if compensation is thrown.")
    ]
    assert "Cancel booking" not in [wait.name for wait in page.waits]


def test_called_instances_and_callers_lead_to_each_other(office):
    instance = waiting(office)
    called = ProcessInstance.objects.get(parent_process_instance=instance.key)
    assert f"Called instance {called.key} of Shipping" in text_of(office, instance)
    child = text_of(office, called)
    assert f'<a href="/workflow/processinstance/{instance.key}/">Waiting {instance.key}</a>' in child
    assert (
        f'<a href="/workflow/processinstance/{instance.key}/" title="Process instance {instance.key}">Waiting</a>'
        in child
    )
    found = office.of("stella").get(f"/workflow/processinstance/?called_by={instance.key}").context["rows"]
    assert [row.key for row in found] == [called.key]


def test_restarted_instances_lead_to_each_other(office):
    first, again = waiting(office), waiting(office)
    ProcessInstance.objects.filter(pk=again.key).update(restarted_from=first.key)
    assert f'<a href="/workflow/processinstance/{again.key}/">{again.key}</a>' in text_of(office, first)
    assert f'<a href="/workflow/processinstance/{first.key}/">{first.key}</a>' in text_of(office, again)


@BOTH
def test_a_multi_instance_is_told_as_people_say_it(office, semantics):
    instance = each(office, semantics)
    complete(instance, "items")
    names = [row.name for row in page_of(office, instance).rows]
    assert "Check item · multi-instance 1/2" in names
    assert {"Check item #1", "Check item #2", "Parcel #1", "Parcel #2"} < set(names)
    figures = page_of(office, instance).statistics
    assert figures["items"] == {"active": 1, "completed": 1}
    assert figures["parcel"] == {"active": 2}
    assert not [element for element in figures if "#" in element]


@BOTH
def test_a_join_tells_what_it_still_waits_for(office, semantics):
    instance = each(office, semantics)
    [wait] = [wait for wait in page_of(office, instance).waits if wait.kind == "join"]
    told = "A token has come from 'fork'; it waits for one from 'Check item', which is still at work."
    assert (wait.name, wait.text, wait.is_failed) == ("All in", told, False)
    assert page_of(office, instance).statistics["join"]["active"] == 1


def test_figures_of_a_body_count_only_without_iterations():
    assert as_drawn({"x#multiInstanceBody": {"completed": 1}}) == {"x": {"completed": 1}}
    assert as_drawn({"x": {"completed": 2}, "x#multiInstanceBody": {"active": 1, "incidents": 1}}) == {
        "x": {"completed": 2, "incidents": 1, "active": 1}
    }
    assert as_drawn({"x": {"active": 2}, "x#multiInstanceBody": {"active": 1}}) == {"x": {"active": 2}}
    assert as_drawn({"x#innerInstance": {"active": 1}}) == {}


def test_the_page_costs_the_same_for_any_number_of_waits(office):
    client = office.of("stella")
    counts = []
    for again in range(2):
        instance = waiting(office)
        for _ in range(again * 2):
            services.execute_job(job(instance, "late").key)
        path = f"/workflow/processinstance/{instance.key}/panels/"
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        counts.append(len(captured.captured_queries))
    assert counts[0] == counts[1]


# -- the list of jobs


def listed(office: Office, query: str = "") -> list[str]:
    answer = office.of("stella").get(f"/workflow/job/{query}")
    assert answer.status_code == 200
    return sorted(row.element_id for row in answer.context["rows"])


def test_jobs_are_narrowed_by_kind_and_state(office):
    instance = waiting(office)
    assert listed(office) == ["late", "later", "never"]
    assert listed(office, "?kind=timer") == ["late", "never"]
    assert listed(office, "?kind=continuation") == ["later"]
    assert listed(office, "?kind=worker") == []
    services.set_job_due_date(job(instance, "never").key, timezone.now() - timedelta(hours=1))
    assert listed(office, "?state=OVERDUE") == ["never"]
    services.run_job(job(instance, "later").key)
    assert listed(office, "?state=FAILING") == ["later"]
    services.set_job_suspended(job(instance, "late").key, True)
    assert listed(office, "?state=HELD") == ["late"]
    services.execute_job(job(instance, "never").key)
    assert listed(office, "?state=COMPLETED") == ["never"]


def test_several_jobs_are_handled_each_on_its_own(office):
    instance = waiting(office)
    answer = do(office, "stella", "execute", job(instance, "later"), job(instance, "late"), reason="now")
    text = answer.content.decode()
    assert "1 of 2 jobs run." in text
    assert "Continue before at &#x27;later&#x27;" in text


@pytest.mark.parametrize("retries", ["", "0", "100", "x", "-1"])
def test_retries_that_are_no_number_change_nothing(office, retries):
    instance = waiting(office)
    assert (
        "Expected the number of retries"
        in do(office, "stella", "retries", job(instance, "late"), retries=retries).content.decode()
    )
    assert job(instance, "late").retries == 3


def test_an_unknown_operation_and_jobs_of_others_are_not_found(office):
    found = job(waiting(office), "late")
    assert do(office, "stella", "explode", found).status_code == 404
    assert "No job was chosen" in do(office, "paul", "execute", found).content.decode()
    assert office.of("stella").get("/workflow/job/do/").status_code == 405


@BOTH
def test_lists_and_the_definition_say_elements_as_they_are_drawn(office, semantics):
    instance = each(office, semantics)
    rows = office.of("stella").get("/workflow/processinstance/").context["rows"]
    assert sorted(rows[0].elements.split(", ")) == (
        ["All in", "Check item ×2", "Pack ×2"] if semantics is Semantics.CAMUNDA_7 else ["Check item ×2", "Pack ×2"]
    )
    answer = office.of("stella").get(f"/workflow/processdefinition/{instance.definition_key}/")
    assert "#multiInstanceBody" not in answer.content.decode()
    assert answer.context["statistics"]["items"]["active"] == 2
