"""Two windows on one process instance: who else is there, and what they have changed meanwhile."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from playwright.sync_api import Locator, Page, expect

from audit.models import Channel
from operate.actions import ModifyProcessInstance, SetVariables
from tests.browser.conftest import Office, click_element
from workflow.models import ProcessInstance, UserTask
from workflow.modification import CancelAll, StartBefore


def people(page: Page) -> Locator:
    return page.locator("[data-presence] .ft-person")


def look(page: Page) -> None:
    """Come back to the window: it asks at once, and not only every 15 seconds."""
    page.evaluate("dispatchEvent(new Event('focus'))")


def named(username: str, first: str, last: str) -> None:
    get_user_model()._default_manager.filter(username=username).update(first_name=first, last_name=last)


def test_others_are_shown_with_what_they_do_and_are_gone_when_they_leave(office: Office) -> None:
    # given
    named("omar", "Omar", "Haddad")
    key = office.loan()
    ada, omar = office.login("ada"), office.login("omar")
    office.open(ada, key)
    expect(people(ada)).to_have_count(0)
    # when
    office.open(omar, key)
    expect(people(omar)).to_have_text(["A"])
    look(ada)
    # then
    expect(people(ada)).to_have_text(["OH"])
    expect(people(ada)).to_have_attribute("title", re.compile(r"Omar Haddad is looking at this since \d\d:\d\d"))
    # and when they begin to change something
    omar.click("#modify-button")
    expect(omar.locator("#mode-banner")).to_be_visible()
    expect(async_look(ada)).to_have_attribute("title", re.compile("Omar Haddad is planning a modification since"))
    expect(people(ada)).to_have_class(re.compile("is-busy"))
    # and when they go
    omar.goto("/")
    expect(async_look(ada, gone=True)).to_have_count(0)


def async_look(page: Page, *, gone: bool = False) -> Locator:
    """The chips, looked at anew until they tell of what the other window has sent."""
    page.wait_for_function(
        """(gone) => {
            dispatchEvent(new Event('focus'));
            const chips = document.querySelectorAll('[data-presence] .ft-person');
            return gone ? chips.length === 0 : [...chips].some((chip) => chip.classList.contains('is-busy'));
        }""",
        arg=gone,
        polling=500,
    )
    return people(page)


def test_two_windows_of_one_person_are_nobody_else(office: Office) -> None:
    key = office.loan()
    omar = office.login("omar")
    office.open(omar, key)
    second = omar.context.new_page()
    office.open(second, key)
    look(omar)
    with omar.expect_response(re.compile("/presence/")) as answered:
        look(omar)
    assert answered.value.json()["people"] == []
    expect(people(omar)).to_have_count(0)


def test_what_others_do_is_told_in_a_sentence_and_shown(office: Office) -> None:
    # given
    key = office.loan()
    omar = office.login("omar")
    with omar.expect_response(re.compile("/presence/")):
        office.open(omar, key)
    # when
    user = get_user_model()._default_manager.get(username="ada")
    SetVariables(user, channel=Channel.ADMIN).execute(key, {"amount": 777})
    look(omar)
    # then
    expect(omar.locator("#news")).to_contain_text("ada changed amount")
    expect(omar.locator("#news")).to_contain_text(re.compile(r"\d+ sec\. ago"))
    omar.get_by_role("tab", name="Variables").click()
    expect(omar.locator("#panel-variables")).to_contain_text("777")
    omar.locator("#news").get_by_role("button", name="Close").click()
    expect(omar.locator("#news")).to_be_hidden()


def test_a_plan_in_progress_is_kept_and_checked_again(office: Office) -> None:
    # given
    key = office.loan()
    stands = ProcessInstance.objects.get(pk=key)
    omar = office.login("omar")
    with omar.expect_response(re.compile("/presence/")):
        office.open(omar, key, "?edit=tokens")
    expect(omar.locator("#mode-banner")).to_be_visible()
    click_element(omar, "check_completeness")
    omar.locator("#popover [data-operation=cancel]").click()
    expect(omar.locator("#mode-last")).to_contain_text(re.compile("Cancel"))
    # when
    user = get_user_model()._default_manager.get(username="ada")
    plan = [StartBefore("assess_customer"), CancelAll("check_completeness")]
    ModifyProcessInstance(user, channel=Channel.ADMIN).execute(key, plan)
    look(omar)
    # then
    news = omar.locator("#news")
    expect(news).to_contain_text("ada moved 1 token from Check completeness to Assess customer")
    expect(news).to_contain_text("Your plan is from before.")
    expect(omar.locator("#mode-last")).to_contain_text(re.compile("Cancel"))
    # and the diagram shows it without the plan being lost
    news.get_by_role("button", name="Show the changes").click()
    expect(omar.locator("#mode-last")).to_contain_text(re.compile("Cancel"))
    # and what does not fit any more is said
    news.get_by_role("button", name="Check again").click()
    expect(omar.locator("#summary > .ft-dialog-body > .ft-error")).to_contain_text(re.compile(r"Expected .*'\d+'"))
    expect(omar.locator("#plan-apply")).to_be_disabled()
    expect(news).to_be_hidden()
    assert ProcessInstance.objects.get(pk=key).revision == stands.revision + 1


def test_an_edit_of_variables_is_not_touched(office: Office) -> None:
    # given
    key = office.loan()
    ada = office.login("ada")
    with ada.expect_response(re.compile("/presence/")):
        office.open(ada, key, "?tab=variables")
    ada.locator("#panel-variables tr", has_text="customer_name").locator(".ft-var-value").dblclick()
    field = ada.locator("#panel-variables .ft-inline-editor").locator("input, textarea").first
    field.fill('"Bob"')
    # when
    omar = office.login("omar")
    office.open(omar, key)
    expect(people(omar)).to_have_attribute("title", re.compile("ada is editing variables since"))
    root = get_user_model()._default_manager.create_superuser("root")
    SetVariables(root, channel=Channel.ADMIN).execute(key, {"amount": 777})
    look(ada)
    # then
    expect(ada.locator("#news")).to_contain_text("root changed amount")
    expect(ada.locator("#news")).to_contain_text("What you are editing stays")
    expect(field).to_have_value('"Bob"')


def test_who_is_at_a_task_is_shown_at_its_instance_and_the_other_way_round(office: Office) -> None:
    # given
    key = office.loan()
    task = UserTask.objects.get(process_instance=key)
    omar, ada = office.login("omar"), office.login("ada")
    # when
    office.open(ada, key)
    expect(ada.locator("#instance[data-ready]")).to_be_visible()
    with omar.expect_response(re.compile("/presence/")):
        omar.goto(f"/workflow/usertask/{task.key}/")
    # then
    expect(people(omar)).to_have_attribute("title", re.compile("ada is looking at this since"))
    look(ada)
    expect(people(ada)).to_have_attribute("title", re.compile("omar is at a task of this since"))
