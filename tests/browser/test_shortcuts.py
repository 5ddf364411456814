"""`?` shows the keys of the page, and they do what it says."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def told(page: Page) -> dict[str, list[str]]:
    """What the help says, by group: keys and what they do."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.ft-shortcuts section')].map(each => [
            each.dataset.group, [...each.querySelectorAll('dl > div')].map(row => row.innerText.replace(/\\s+/g, ' '))
        ]))"""
    )


def test_the_help_tells_what_the_page_has(office):
    office.loan()
    page = office.login("omar")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    assert "list" not in told(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.goto("/workflow/processinstance/")
    page.locator("#shortcuts").click()
    groups = told(page)
    assert any("Next row" in each for each in groups["list"])
    assert any("Process instances" in each and "g then p" in each for each in groups["go"])
    page.keyboard.press("?")
    expect(page.locator(".ft-shortcuts")).to_have_count(0)


def test_keys_move_through_a_list_and_open_a_row(office):
    keys = [office.loan(), office.loan()]
    page = office.login("omar")
    page.goto("/workflow/processinstance/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr[data-row]").nth(1)).to_have_class(re.compile("is-focused"))
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/workflow/processinstance/{keys[1]}/"))


def test_g_and_a_letter_go_to_a_page_but_not_while_typing(office):
    page = office.login("omar")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/workflow/incident/"))
    page.keyboard.press("/")
    page.keyboard.type("gp?")
    expect(page.locator("#find")).to_have_value("gp?")
    expect(page).to_have_url(re.compile("/workflow/incident/"))
    expect(page.locator(".ft-shortcuts")).to_have_count(0)


def test_modification_mode_tells_its_keys_only_while_it_is_on(office):
    key = office.loan()
    page = office.login("omar")
    office.open(page, key)
    page.keyboard.press("?")
    expect(page.locator(".ft-shortcuts")).to_be_visible()
    groups = told(page)
    assert "modification" not in groups
    assert any("Modify" in each for each in groups["page"])
    assert {"diagram", "tree"} <= set(groups)
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#mode-banner")).to_be_visible()
    page.keyboard.press("?")
    assert any("Undo" in each for each in told(page)["modification"])


def test_a_toast_is_dismissed_and_leads_on(office):
    key = office.loan()
    page = office.login("omar")
    page.goto(f"/workflow/processinstance/confirm/?operation=suspend&key={key}")
    page.get_by_role("button", name="Suspend process instance").click()
    toast = page.locator(".ft-toast")
    expect(toast).to_have_attribute("role", "status")
    expect(toast.get_by_role("link", name="Open")).to_have_attribute("href", f"/workflow/processinstance/{key}/")
    toast.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".ft-toast")).to_have_count(0)
