"""Debian's Chromium on the real pages: a server with a database of its own, and people who can log in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from operate.demo import MODELS
from operate.workspaces import Role, add_member
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, Workspace
from workflow.services import Resource, deploy, start_process_instance

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 20_000
LOAN = MODELS / "loan_application.bpmn"
NEEDED = {
    "amount": 12_000,
    "term_months": 24,
    "customer_name": "Ann Lee",
    "customer_number": "C1",
    "evaluation_due": "2026-12-01T12:00:00Z",
    "decision_due": "2026-12-02T12:00:00Z",
}
"""What the model of the loan application reads on its way."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread as long as it lives, so it lives only as long as these tests."""
    executable = shutil.which("chromium")
    assert executable, "Expected 'chromium' on the PATH; install it with: apt-get install chromium"
    patch = pytest.MonkeyPatch()
    patch.setenv(
        "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
    )  # the loop is Playwright's; the database is used between its turns
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield started
        started.close()
    patch.undo()


@dataclass
class Office:
    """The workspace 'loans', its people, and a browser on the server."""

    server: str
    browser: Browser
    workspace: Workspace
    pages: list[Page] = field(default_factory=list)
    thrown: list[str] = field(default_factory=list)

    def login(self, username: str, *, is_new: bool = False) -> Page:
        """A window of its own for somebody, logged in; who is new has not been told yet what the modification mode is for."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, base_url=self.server)
        context.set_default_timeout(PATIENCE_MS)
        if not is_new:
            context.add_init_script("localStorage.setItem('fettle.modeKnown', '1')")
        page = context.new_page()
        self.pages.append(page)
        page.on("pageerror", lambda error: self.thrown.append(str(error)))  # a handler that raises ends Playwright
        page.goto("/login/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", username)
        page.click("[type=submit]")
        expect(page.locator("h1")).to_contain_text("Overview")
        page.wait_for_load_state("load")  # keys are listened to once the scripts have run
        return page

    def loan(self, **variables: object) -> int:
        """A loan application that was just started, with its key."""
        definition = ProcessDefinition.objects.filter(process_id="loan_application", is_latest=True).first()
        if definition is None:
            resource = Resource(LOAN.name, LOAN.read_bytes())
            deployed = deploy([resource], workspace_id=self.workspace.pk, fallback=Semantics.CAMUNDA_7)
            definition = deployed.definitions[0]
        return start_process_instance(
            definition.key, variables=NEEDED | variables, business_key=f"LOAN-{definition.version}"
        ).process_instance_key

    def open(self, page: Page, key: int, query: str = "") -> None:
        """Go to the page of a process instance, and wait until its islands are there."""
        page.goto(f"/workflow/processinstance/{key}/{query}")
        expect(page.locator("#instance[data-ready]")).to_be_visible()


@pytest.fixture
def office(transactional_db: None, browser: Browser, live_server: LiveServer) -> Iterator[Office]:
    expect.set_options(timeout=PATIENCE_MS)
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    for username, role in (("ada", Role.WORKSPACE_ADMIN), ("omar", Role.OPERATOR), ("sam", Role.SUPPORT)):
        user = get_user_model()._default_manager.create_user(username, password=username, is_staff=True)
        add_member(user, workspace, role)
    opened = Office(live_server.url, browser, workspace)
    yield opened
    for page in opened.pages:
        page.context.close()
    assert not opened.thrown, f"A page threw: {'; '.join(opened.thrown)}"


def click_element(page: Page, element_id: str) -> None:
    """Click an element on the diagram."""
    page.locator(f"[data-element-id='{element_id}'] > .djs-hit").first.click()


def choose_tab(page: Page, name: str) -> None:
    """Click a tab, wherever there is room for it."""
    tab = page.get_by_role("tab", name=name)
    if tab.count() and tab.is_visible():
        tab.click()
        return
    page.get_by_label("More tabs").click()
    page.locator("[data-more-tabs] .ft-menu-item", has_text=name).click()
