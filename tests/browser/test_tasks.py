"""Tasks found by their keywords and worked on, data that people search by, and going back, on the running pages.

Rules B19c, B19d, B23, B24, B26, B34, B43, B44 and B45, and use cases 6 and 7 of B40.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import TextField
from django.db.models.functions import Cast
from playwright.sync_api import expect

from tests.browser.conftest import Office
from workflow import services
from workflow.models import ProcessSnapshot, UserTask, Variable

ANN = {"name": "Ann Lee", "address": {"city": "Hamburg"}}


def make_clerk(username: str) -> None:
    """Somebody of the loan office, whom the model names as candidate."""
    group, _ = Group.objects.get_or_create(name="loan-office")
    get_user_model()._default_manager.get(username=username).groups.add(group)


def task_of(key: int) -> UserTask:
    return UserTask.objects.get(process_instance=key, state="CREATED")


def value(key: int, name: str) -> str:
    row = Variable.objects.filter(scope_key=key, name=name).annotate(text=Cast("value", TextField())).first()
    return "" if row is None else row.text


def test_a_task_is_found_by_its_keywords_claimed_and_completed(office: Office) -> None:
    make_clerk("omar")
    key, other = office.loan(customer=ANN, purpose="Kitchen"), office.loan(customer={"name": "Bo Berg"}, purpose="Car")
    page = office.login("omar")
    page.locator("#nav-sidebar a", has_text="Tasks").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Keywords").fill("ann kitch")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".ft-chip", has_text="Ann Lee")).to_be_visible()
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#toasts")).to_contain_text("yours now")
    page.get_by_role("link", name="Mine").click()
    page.get_by_role("link", name="Check completeness").click()
    expect(page.locator(".ft-task-data")).to_contain_text("Ann Lee")
    page.get_by_label("Result variables").fill('{"documents_complete": true, "rate": 1.10, "big": 9007199254740993}')
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("#toasts")).to_contain_text("completed")
    assert (value(key, "rate"), value(key, "big")) == ("1.10", "9007199254740993")
    assert task_of(other).element_id == "check_completeness"


def test_a_mistake_in_the_result_is_told_and_nothing_is_lost(office: Office) -> None:
    make_clerk("omar")
    task = task_of(office.loan(customer=ANN))
    page = office.login("omar")
    page.goto(f"/workflow/usertask/{task.key}/")
    page.get_by_label("Result variables").fill('{"a": 1,}')
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1")
    expect(page.get_by_label("Result variables")).to_have_value('{"a": 1,}')


def test_who_is_no_candidate_reads_why_and_an_administrator_assigns(office: Office) -> None:
    task = task_of(office.loan(customer=ANN))
    page = office.login("omar")
    page.goto("/workflow/usertask/")
    claim = page.get_by_role("button", name="Claim")
    expect(claim).to_have_attribute("aria-disabled", "true")
    expect(claim).to_have_attribute(
        "title", "Only its candidates may claim it: loan-office. An administrator of the workspace can assign it."
    )
    ada = office.login("ada")
    ada.goto(f"/workflow/usertask/{task.key}/")
    ada.locator("summary", has_text="Assign").click()
    ada.get_by_label("To", exact=True).fill("omar")
    ada.get_by_role("button", name="Assign", exact=True).click()
    expect(ada.locator("#toasts")).to_contain_text("assigned to 'omar'")
    page.goto("/workflow/usertask/?whose=mine")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_empty_lists_say_so(office: Office) -> None:
    page = office.login("omar")
    page.goto("/workflow/usertask/?whose=mine")
    expect(page.locator(".ft-empty-title")).to_have_text("You have no tasks")
    page.goto("/workflow/usertask/?words=nobody")
    expect(page.locator(".ft-empty")).to_contain_text("Nothing matches these filters.")


def test_corrected_data_is_found_at_once_in_tasks_and_instances(office: Office) -> None:
    """Use cases 6 and 7 of B40: the edit, the keywords and the searchable values are one transaction."""
    key = office.loan(customer=ANN)
    page = office.login("ada")
    services.set_variables(key, {"customer": {"name": "Jane Smith", "address": {"city": "Köln"}}})
    page.goto("/workflow/usertask/?words=jane")
    expect(page.locator(".ft-chip", has_text="Jane Smith")).to_be_visible()
    page.goto("/workflow/usertask/?words=ann")
    expect(page.locator(".ft-empty")).to_be_visible()
    page.goto("/workflow/processinstance/?search=customer.address.city:eq:Köln; amount:gte:12000")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/workflow/processinstance/?search=customer.address.city:eq:Hamburg")
    expect(page.locator(".ft-empty")).to_be_visible()
    page.goto("/workflow/processinstance/?search=secret:eq:1")
    expect(page.get_by_role("alert")).to_contain_text("Expected a searchable path")


def test_an_administrator_makes_a_path_searchable_and_what_was_there_is_found(office: Office) -> None:
    key = office.loan(customer={**ANN, "segment": "premium"})
    page = office.login("ada")
    page.goto("/workflow/processdefinition/")
    page.get_by_role("link", name="Loan application").first.click()
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Searchable data…").click()
    blank = page.locator("input[name=path]").last
    blank.fill("customer.segment")
    page.locator("input[name=label]").last.fill("Segment")
    page.locator("input[name=keyword]").last.check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    for run in services.waiting_reindexings():
        while services.reindex_some(run):
            pass
    page.get_by_role("link", name="Look again").click()
    expect(page.locator(".ft-reindexing")).to_contain_text("Indexed 1 process instance")
    page.goto("/workflow/processinstance/?search=customer.segment:premium")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto("/workflow/usertask/?words=premium")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert task_of(key).keywords.values["customer.segment"] == "premium"


def test_going_back_is_shown_first_and_brings_the_values_of_then(office: Office) -> None:
    """B26, B34, B45: an edit does not touch the snapshot, and is lost by going back."""
    key = office.loan(customer=ANN)
    services.complete_user_task(task_of(key).key, variables={"documents_complete": False})
    services.set_variables(key, {"amount": 99})
    page = office.login("ada")
    office.open(page, key)
    page.goto(f"/workflow/processinstance/{key}/back/")
    expect(page.locator("h2.ft-heading")).to_contain_text("Go back to “Check completeness”?")
    expect(page.locator(".ft-lead")).to_contain_text("what was changed since is lost")
    row = page.locator("tbody tr", has_text="amount")
    expect(row.locator("code").nth(0)).to_have_text("99")
    expect(row.locator("code").nth(1)).to_have_text("12000")
    page.get_by_label("Reason").fill("Papers were not complete after all")
    page.get_by_role("button", name="Go back to").click()
    expect(page.locator("#toasts")).to_contain_text("Back at 'Check completeness'.")
    assert task_of(key).element_id == "check_completeness"
    assert value(key, "amount") == "12000"
    assert ProcessSnapshot.objects.filter(process_instance=key).count() == 2


def test_who_may_not_go_back_reads_why(office: Office) -> None:
    key = office.loan(customer=ANN)
    services.complete_user_task(task_of(key).key, variables={"documents_complete": False})
    page = office.login("sam")
    page.goto(f"/workflow/processinstance/{key}/back/")
    expect(page.get_by_role("note")).to_be_visible()
    expect(page.get_by_role("button", name="Go back to")).to_have_attribute("aria-disabled", "true")
