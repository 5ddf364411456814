"""Notes on a process instance, as people leave them for each other."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from operate.notes.models import Note
from tests.browser.conftest import Office


def write(page: Page, text: str, *, kind: str = "Information", pinned: bool = False) -> None:
    """Write a note in the tab of notes."""
    page.get_by_role("tab", name=re.compile("Notes")).click()
    form = page.locator(".ft-memo-new")
    form.get_by_label("New note").fill(text)
    form.get_by_label("Kind").select_option(kind)
    form.get_by_label("Pin to the top of the page").set_checked(pinned)
    form.get_by_label("New note").press("Control+Enter")
    expect(page.locator(".ft-memo").first).to_contain_text(text.split("\n")[0])


def test_a_handover_is_written_pinned_and_found_by_the_next_shift(office: Office) -> None:
    # given
    key = office.loan()
    omar = office.login("omar")
    office.open(omar, key)
    # when
    write(omar, "Payslip follows: https://wiki.example/4711\nWait until Tuesday.", kind="Handover", pinned=True)
    expect(omar.get_by_label("New note")).to_have_value("")
    expect(omar.get_by_role("tab", name=re.compile("Notes"))).to_contain_text("1")
    # then
    ada = office.login("ada")
    ada.goto("/workflow/processinstance/")
    mark = ada.get_by_role("img", name="Has a pinned note")
    expect(mark).to_have_attribute("title", re.compile("Payslip follows"))
    ada.locator("tr[data-row] a").first.click()
    pinned = ada.locator("#panel-pinned [role=note]")
    expect(pinned).to_contain_text("Wait until Tuesday.")
    expect(pinned.get_by_role("link", name="https://wiki.example/4711")).to_be_visible()
    # and the list is narrowed to it
    office.loan()
    ada.goto("/workflow/processinstance/?notes=on")
    expect(ada.locator("tr[data-row]")).to_have_count(1)


def test_a_note_is_edited_by_its_author_and_removed_by_an_administrator(office: Office) -> None:
    # given
    key = office.loan()
    omar = office.login("omar")
    office.open(omar, key)
    write(omar, "The scoring answered twice")
    # when
    note = omar.locator(".ft-memo").first
    note.locator("summary", has_text="Edit").click()
    note.get_by_label("Text of the note").fill("The scoring service answered twice")
    note.get_by_role("button", name="Save").click()
    # then
    expect(note).to_contain_text("edited")
    note.locator("summary", has_text="Before").click()
    expect(note.locator(".ft-memo-former")).to_contain_text("The scoring answered twice")
    # and
    ada = office.login("ada")
    office.open(ada, key, "?tab=notes")
    theirs = ada.locator(".ft-memo").first
    expect(theirs.locator("summary", has_text="Edit")).to_have_count(0)
    ada.once("dialog", lambda dialog: dialog.accept())
    theirs.get_by_role("button", name="Remove the note").click()
    expect(ada.locator(".ft-memo")).to_have_count(0)
    expect(ada.locator("#panel-notes")).to_contain_text("A note by omar was removed by ada")


def test_who_only_looks_reads_why_not_and_whom_to_ask(office: Office) -> None:
    key = office.loan()
    sam = office.login("sam")
    office.open(sam, key, "?tab=notes")
    add = sam.get_by_role("button", name="Add note")
    expect(add).to_have_attribute("aria-disabled", "true")
    expect(add).to_have_attribute("title", re.compile("You lack the right 'modify_processinstance'.*Ask ada"))


def test_a_note_that_is_being_written_outlives_what_others_do(office: Office) -> None:
    # given
    key = office.loan()
    omar, ada = office.login("omar"), office.login("ada")
    office.open(omar, key, "?tab=notes")
    omar.get_by_label("New note").fill("Half a sent")
    office.open(ada, key)
    # when
    write(ada, "From Ada", pinned=True)
    omar.evaluate("dispatchEvent(new Event('focus'))")
    # then
    expect(omar.locator("#news")).to_contain_text("ada wrote a note")
    expect(omar.locator("#panel-pinned")).to_contain_text("From Ada")
    expect(omar.get_by_label("New note")).to_have_value("Half a sent")
    # and
    omar.get_by_label("New note").press("End")
    omar.keyboard.type("ence")
    omar.get_by_label("New note").press("Control+Enter")
    expect(omar.locator(".ft-memo")).to_have_count(2)
    assert set(Note.objects.values_list("text", flat=True)) == {"From Ada", "Half a sentence"}
