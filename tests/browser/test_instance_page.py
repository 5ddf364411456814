"""The page of a process instance: a history of any length, the diagram by keyboard, jobs and timers, and a refresh that takes
nothing away."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.db import connection
from playwright.sync_api import Locator, Page, expect

from audit.models import AuditEvent
from tests.browser.conftest import Office, choose_tab, click_element
from tests.operate.admin.world import PLATFORMS, WAITING
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask
from workflow.services import Resource, deploy, start_process_instance

MANY = 10_000
GROW = """
INSERT INTO workflow_elementinstance (key, process_instance_key, root_process_instance_key, element_id, element_type,
  flow_scope_key, state, active_children, completed_children, started_at, ended_at)
SELECT (SELECT max(key) FROM workflow_elementinstance) + n, key, key,
  'calculate_instalment', 'SERVICE_TASK', key, 'COMPLETED', 0, 0, started_at, started_at
FROM workflow_processinstance, generate_series(1, %s) n WHERE key = %s
"""
SHIFTS = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}"""


def rows(page: Page) -> Locator:
    return page.locator("#panel-history .ft-tree-row")


def active_row(page: Page) -> Locator:
    return page.locator("#panel-history .ft-tree-row.is-active")


def long_history(office: Office) -> int:
    """A loan application that has been through one step ten thousand times."""
    key = office.loan()
    with connection.cursor() as cursor:
        cursor.execute(GROW, [MANY, key])
    return key


def waiting(office: Office) -> int:
    """A process instance that waits for everything there is (Camunda 7)."""
    xml = WAITING.format(platform=PLATFORMS[Semantics.CAMUNDA_7])
    deployed = deploy([Resource("world.bpmn", xml.encode())], workspace_id=office.workspace.pk).definitions
    definition = next(each for each in deployed if each.process_id == "waiting")
    return start_process_instance(definition.key, variables={"isReady": False}).process_instance_key


def job_of(key: int, element: str) -> Job:
    return Job.objects.get(process_instance=key, element_id=element, state__in=["CREATED", "FAILED"])


# -- the history


def test_of_ten_thousand_rows_only_those_in_sight_are_in_the_page_and_all_can_be_reached(office: Office) -> None:
    # given
    key = long_history(office)
    total = ElementInstance.objects.filter(process_instance=key, flow_scope_key=key).count()
    page = office.login("sam")
    # when
    answer = page.goto(f"/workflow/processinstance/{key}/")
    # then
    assert answer is not None
    assert len(answer.body()) < 40 * MANY  # a row takes far more
    tree = page.get_by_role("tree", name="Instance history")
    first = rows(page).nth(1)
    expect(first).to_have_attribute("aria-setsize", str(total))
    assert rows(page).count() < 80
    # and the last one is a key away, and so is the first
    tree.focus()
    page.keyboard.press("End")
    expect(active_row(page)).to_have_attribute("aria-posinset", str(total))
    expect(active_row(page)).to_contain_text("Calculate instalment")
    expect(active_row(page)).to_be_in_viewport()
    assert rows(page).count() < 80
    page.keyboard.press("Home")
    expect(active_row(page)).to_have_attribute("aria-level", "1")
    # and so is the middle
    page.locator("#panel-history").evaluate("(panel) => (panel.scrollTop = panel.scrollHeight / 2)")
    row = page.locator(f"#panel-history .ft-tree-row[aria-posinset='{total // 2}']")
    expect(row).to_contain_text("Calculate instalment")
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.locator("#panel-variables")).to_contain_text("Calculate instalment")
    # and what was chosen is found again
    page.reload()
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_have_attribute("aria-posinset", str(total // 2))
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_be_in_viewport()


def test_in_a_long_history_the_diagram_leads_to_what_runs(office: Office) -> None:
    key = long_history(office)
    page = office.login("sam")
    office.open(page, key, "?tab=variables")
    page.locator("#panel-history").evaluate("(panel) => (panel.scrollTop = panel.scrollHeight)")
    click_element(page, "check_completeness")
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_contain_text("Check completeness")
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_be_in_viewport()
    # only what runs
    page.locator("[data-running-only]").click()
    expect(rows(page)).to_have_count(3)
    expect(rows(page).nth(1)).to_contain_text("Evaluate loan application")
    expect(rows(page).nth(2)).to_contain_text("Check completeness")


def test_the_history_is_walked_opened_and_searched_with_the_keyboard(office: Office) -> None:
    # given
    key = waiting(office)
    page = office.login("sam")
    office.open(page, key)
    tree = page.get_by_role("tree", name="Instance history")
    tree.focus()
    # when a name is begun
    page.keyboard.type("check item ·")
    body = active_row(page)
    expect(body).to_contain_text("multi-instance 0/3")
    expect(body).to_contain_text("3 running")
    expect(body).to_have_attribute("aria-expanded", "true")
    # then it can be closed and opened
    page.keyboard.press("ArrowLeft")
    expect(body).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".ft-tree-row", has_text="Check item #1")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(active_row(page)).to_contain_text("Check item #1")
    expect(active_row(page)).to_have_attribute("aria-level", "3")
    expect(active_row(page)).to_have_attribute("aria-posinset", "1")
    expect(active_row(page)).to_have_attribute("aria-setsize", "3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_contain_text("Check item #2")
    expect(page.locator("#panel-variables")).to_contain_text("Check item #2")
    expect(page.locator("[data-element-id='items'].is-selected")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(active_row(page)).to_contain_text("multi-instance 0/3")


def test_ends_are_shown_on_demand_and_remembered(office: Office) -> None:
    key = office.loan()
    page = office.login("sam")
    office.open(page, key)
    start = page.locator(".ft-tree-row", has_text="Application received").first
    expect(start.locator("time")).to_have_count(1)
    page.get_by_role("button", name="End times").click()
    expect(start.locator("time")).to_have_count(2)
    expect(start.locator("time").first).to_have_attribute("title", re.compile(r"\d\d:\d\d:\d\d"))
    page.reload()
    expect(page.get_by_role("button", name="End times")).to_have_attribute("aria-pressed", "true")
    expect(start.locator("time")).to_have_count(2)


# -- the diagram


def focused_element(page: Page) -> str | None:
    found: str | None = page.evaluate("document.activeElement?.dataset.elementId ?? null")
    return found


def test_elements_are_reached_read_and_chosen_with_the_keyboard(office: Office) -> None:
    # given
    key = office.loan()
    page = office.login("sam")
    office.open(page, key)
    page.get_by_label("More actions").focus()
    # when
    for _ in range(10):
        page.keyboard.press("Tab")
        if focused_element(page):
            break
    # then one is where the token is, and hears what it is
    assert focused_element(page) == "check_completeness"
    here = page.locator("[data-element-id='check_completeness']").first
    expect(here).to_have_attribute("aria-label", "Check completeness, user task, 1 running")
    # and goes along the flows
    page.keyboard.press("ArrowLeft")
    before = focused_element(page)
    assert before not in (None, "check_completeness")
    page.keyboard.press("ArrowRight")
    assert focused_element(page) == "check_completeness"
    # and chooses
    page.keyboard.press("Enter")
    expect(page.locator("[data-element-id='check_completeness'].is-selected")).to_have_count(1)
    expect(here).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".is-selected")).to_have_count(0)
    # and zooms
    view = page.locator("#diagram g.viewport")
    fitted = view.get_attribute("transform")
    page.keyboard.press("+")
    expect(view).not_to_have_attribute("transform", fitted or "")
    page.keyboard.press("0")
    expect(view).to_have_attribute("transform", fitted or "")
    # and leaves
    page.keyboard.press("Escape")
    assert focused_element(page) is None


def test_every_element_can_be_reached_with_the_keyboard(office: Office) -> None:
    key = office.loan()
    page = office.login("sam")
    office.open(page, key)
    page.locator("[data-element-id='check_completeness']").first.focus()
    page.keyboard.press("Home")
    found = {focused_element(page)}
    total = page.locator("#diagram .djs-element[role=option]").count()
    for _ in range(total):
        page.keyboard.press("PageDown")
        found.add(focused_element(page))
    assert len(found) == total > 10


def test_a_modification_is_planned_without_the_mouse(office: Office) -> None:
    key = office.loan()
    page = office.login("omar")
    office.open(page, key)
    page.keyboard.press("m")
    expect(page.locator("#mode-banner")).to_be_visible()
    page.locator("[data-element-id='check_completeness']").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#popover")).to_be_visible()
    expect(page.locator("#popover [data-operation]:focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#popover")).to_be_hidden()
    assert focused_element(page) == "check_completeness"
    page.keyboard.press("Enter")
    page.locator("#popover [data-operation=add]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-plan='check_completeness']")).to_have_text("+ 1")
    pending = page.locator(".ft-tree-row.is-pending")
    expect(pending).to_contain_text("Check completeness")
    expect(pending).to_have_attribute("aria-level", "3")  # in the sub-process that runs


# -- jobs, timers, incidents


def test_a_timer_is_put_off_to_an_exact_time_in_the_zone_of_who_does_it(office: Office) -> None:
    # given
    key = waiting(office)
    page = office.login("omar")
    office.open(page, key, "?tab=jobs")
    row = page.locator(f"[data-job='{job_of(key, 'never').key}']")
    expect(row).to_contain_text("Timer")
    # when
    row.get_by_role("button", name="Change Never").click()
    form = page.locator(f"#change-{job_of(key, 'never').key} .ft-change-form")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(form).to_contain_text(zone)
    form.get_by_role("textbox", name="Time").fill("2031-05-04T10:20:30")
    expect(form.get_by_label("Due")).to_have_value("at")
    form.get_by_label("Retries").fill("7")
    form.get_by_label("Priority").fill("5")
    form.get_by_label("Reason").fill("The customer is on holiday")
    form.get_by_role("button", name="Save").click()
    # then
    expect(page.locator("#toasts")).to_contain_text("Job changed.")
    expect(row).to_contain_text("priority 5")
    job = job_of(key, "never")
    wanted = page.evaluate("new Date('2031-05-04T10:20:30').toISOString()")
    assert job.due_at == datetime.fromisoformat(wanted)
    assert (job.retries, job.priority) == (7, 5)
    events = AuditEvent.objects.of_process_instance(key).filter(subject="Job")
    assert {event.reason for event in events} == {"The customer is on holiday"}
    expect(row.locator("time").first).to_have_attribute("title", re.compile("2031-05-04 10:20:30"))


def test_a_timer_repeats_is_fired_with_a_reason_and_put_on_hold(office: Office) -> None:
    key = waiting(office)
    page = office.login("omar")
    office.open(page, key, "?tab=jobs")
    late = page.locator(f"[data-job='{job_of(key, 'late').key}']")
    expect(late).to_contain_text("then 2 more times")
    late.get_by_role("button", name="Run now").click()
    page.get_by_label("Reason (optional)").fill("Now or never")
    page.locator("#ask").get_by_role("button", name="Run now").click()
    expect(page.locator("#toasts")).to_contain_text("Job run.")
    expect(page.locator("[data-badge='active remind']")).to_have_text("1")
    assert AuditEvent.objects.of_process_instance(key).get(event="Execute").reason == "Now or never"
    never = page.locator("tr[data-job]", has_text="Never")
    never.get_by_role("button", name="Change Never").click()
    page.locator(f"#change-{job_of(key, 'never').key}").get_by_role("button", name="Put on hold").click()
    expect(never).to_contain_text("On hold")
    assert job_of(key, "never").suspended


def test_who_may_not_change_jobs_reads_why(office: Office) -> None:
    key = waiting(office)
    page = office.login("sam")
    office.open(page, key, "?tab=jobs")
    for name in ("Run now", "Change…"):
        button = page.locator("tr[data-job]", has_text="Never").get_by_role("button", name=name)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("title", re.compile("Ask ada"))


def test_an_incident_shows_its_stack_trace_and_is_tried_again_where_it_stands(office: Office) -> None:
    key = waiting(office)
    for _ in range(3):
        services.run_job(job_of(key, "later").key)
    Job.objects.filter(pk=job_of(key, "later").pk).update(error_details="Traceback: line 1\nline 2")
    page = office.login("omar")
    office.open(page, key)
    page.get_by_role("tab", name="Incidents").click()
    row = page.locator("[data-incident]")
    row.get_by_text("Stack trace").click()
    expect(row.locator("pre")).to_have_text("Traceback: line 1\nline 2")
    row.get_by_label("retries").fill("4")
    row.get_by_role("button", name="Retry").click()
    expect(page.locator("#toasts")).to_contain_text("Incident resolved.")
    expect(row).to_contain_text("resolved")
    assert job_of(key, "later").retries == 4
    expect(page.get_by_role("tab", name="Waiting for")).to_be_visible()


# -- what is there stays there


def test_a_refresh_takes_nothing_away_from_who_is_at_work(office: Office) -> None:
    # given somebody who edits a variable, with a row chosen
    key = office.loan(amount=40_000)
    page = office.login("ada")
    office.open(page, key)
    page.locator(".ft-tree-row", has_text="Check completeness").click()
    page.locator(".ft-tree-row").first.click()
    page.locator("[data-variable='amount'] code").dblclick()
    field = page.locator("[data-variable='amount'] textarea")
    field.fill("41000")
    # when somebody else completes the task
    task = UserTask.objects.get(process_instance=key)
    services.complete_user_task(task.key, variables={"documents_complete": True})
    # then the page shows it, and what was typed is there, with the cursor in it
    expect(page.locator("[data-badge='completed check_completeness']")).to_have_text("1")
    expect(page.locator(".ft-tree-row", has_text="Register application")).to_be_visible()
    expect(field).to_have_value("41000")
    expect(field).to_be_focused()
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_have_attribute("data-key", str(key))


def test_a_refresh_leaves_open_what_is_open_and_typed_what_is_typed(office: Office) -> None:
    # given
    key = waiting(office)
    page = office.login("omar")
    office.open(page, key, "?tab=jobs")
    page.locator("tr[data-job]", has_text="Never").get_by_role("button", name="Change Never").click()
    reason = page.locator(f"#change-{job_of(key, 'never').key}").get_by_label("Reason")
    reason.fill("Because")
    page.locator(".ft-tree-row", has_text="multi-instance").locator("[data-toggle]").click()
    page.set_viewport_size({"width": 1280, "height": 600})
    tree = page.locator("#panel-history")
    reason.focus()
    tree.evaluate("(panel) => (panel.scrollTop = 60)")
    expect(tree).to_have_js_property("scrollTop", 60)
    # when
    services.execute_job(job_of(key, "late").key)
    # then
    expect(page.locator("[data-badge='active remind']")).to_have_text("1")
    expect(reason).to_have_value("Because")
    expect(reason).to_be_focused()
    expect(page.locator(".ft-tree-row", has_text="multi-instance")).to_have_attribute("aria-expanded", "false")
    assert tree.evaluate("(panel) => panel.scrollTop") == 60


def test_nothing_moves_while_the_page_loads(office: Office) -> None:
    key = waiting(office)
    page = office.login("ada")
    page.add_init_script(f"({SHIFTS})()")
    for tab in ("waits", "variables", "jobs", "audit"):
        office.open(page, key, f"?tab={tab}")
        assert page.evaluate("window.shifts") < 0.1, tab


def test_every_tab_has_something_to_say_when_there_is_nothing(office: Office) -> None:
    key = office.loan()
    services.cancel_process_instance(key)
    page = office.login("sam")
    office.open(page, key)
    for tab in ("Incidents", "Jobs", "Tasks", "Messages", "Called", "Snapshots", "Notes", "Details"):
        choose_tab(page, tab)
        chosen = page.get_by_role("tab", name=tab)
        expect(chosen).to_have_attribute("aria-selected", "true")
        panel = page.locator(f"#{chosen.get_attribute('aria-controls')}")
        expect(panel).not_to_be_empty()
        expect(panel).not_to_have_attribute("aria-busy", "true")


def test_keys_are_copied_and_times_are_exact_on_hover(office: Office) -> None:
    key = office.loan()
    page = office.login("sam")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    office.open(page, key)
    page.locator("#panel-facts [data-copy]").first.click()
    expect(page.locator("#toasts")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == str(key)
    started = ProcessInstance.objects.get(pk=key).started_at.astimezone(UTC)
    expect(page.locator("#panel-facts time").first).to_have_attribute("title", re.compile(f"{started:%H:%M:%S} UTC"))
