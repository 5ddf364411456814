"""Pages speak German to who wants it: what the server writes, what scripts add, and times in the viewer's zone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from config.messages import compile_all


def german(office, username: str = "ada") -> Page:
    """A window in Germany, logged in."""
    compile_all()
    context = office.browser.new_context(
        viewport={"width": 1280, "height": 800}, base_url=office.server, locale="de-DE", timezone_id="Europe/Berlin"
    )
    context.add_init_script("localStorage.setItem('fettle.modeKnown', '1')")
    page = context.new_page()
    page.set_default_timeout(60_000)
    office.pages.append(page)
    page.goto("/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", username)
    page.click("[type=submit]")
    expect(page.locator("h1")).to_contain_text("Überblick")
    return page


def test_server_and_scripts_speak_german(office):
    key = office.loan()
    page = german(office)
    office.open(page, key)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("tab", name="Variablen")).to_be_visible()
    page.locator("#modify-button").click()
    expect(page.locator("#mode-banner")).to_contain_text("Element im Diagramm oder im Verlauf wählen.")
    expect(page.locator("#mode-last")).to_contain_text("Noch keine Änderung geplant.")


def test_times_are_the_viewers_with_the_exact_one_on_hover(office):
    key = office.loan()
    page = german(office)
    office.open(page, key)
    started = page.locator(".ft-facts time").first
    expect(started).to_have_attribute("title", re.compile(r"^\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d Europe/Berlin · .* UTC$"))
    moment = page.evaluate(
        "iso => new Date(iso).toLocaleTimeString('de-DE', {timeZone: 'Europe/Berlin'})",
        started.get_attribute("datetime"),
    )
    expect(started).to_have_text(moment)


def test_the_language_is_chosen_in_the_menu(office):
    page = office.login("ada")
    page.locator("#nav-sidebar").get_by_text("ada").first.click()
    page.get_by_role("button", name=re.compile("Deutsch")).click()
    expect(page.locator("h1")).to_contain_text("Überblick")
    page.goto("/workflow/incident/")
    expect(page.locator("h1")).to_contain_text("Vorfälle")
