"""Every page there is, in both themes: readable with a screen reader and a keyboard, and not wider than the screen.

Pages are the addresses of the matrix of access, on a world that has one of everything: a page that is new is looked at too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import PATIENCE_MS
from tests.browser.looking import assert_accessible, assert_fits
from tests.operate.access.matrix import PAGES, Who
from tests.operate.access.world import SUPERUSER, World, make_world

pytestmark = pytest.mark.django_db
LAPTOP = (1280, 720)
TABLET = (820, 1180)
ONE = "key={instance}"
INSTANCE = "workflow/processinstance/{instance}/"
MORE = (
    *(f"{INSTANCE}?tab={tab}" for tab in ("variables", "snapshots", "audit", "raw")),
    f"{INSTANCE}?tab=variables&view=json",
    "workflow/processinstance/{ended}/",
    "workflow/processinstance/?process=loanmark_c7&element=approve",
    "workflow/processinstance/?business_key=nobody",
    *(f"operate/batch/new/?operation={each}&{ONE}" for each in ("move", "migrate", "variables", "cancel", "suspend")),
    "operate/batch/new/?operation=restart&key={ended}",
)
"""What an address alone does not show."""
ADDRESSES = sorted(
    {line.path.lstrip("/") for line in PAGES if line.method == "GET" and line.who is not Who.ALL} | set(MORE)
)
NOT_HTML = ("application/", "text/csv", "text/plain", "text/javascript", "text/xml")


@dataclass
class Walk:
    """Somebody who may see everything, walking through a world that has one of everything."""

    world: World
    context: BrowserContext
    page: Page

    def address(self, path: str) -> str:
        return "/" + re.sub(r"\{(\w+)\}", lambda found: self.world[found[1]], path)

    def shows(self, path: str) -> bool:
        """Go there; false where a script or a program is answered, and nobody looks at anything."""
        answer = self.context.request.get(self.address(path), max_redirects=5)
        kind = answer.headers["content-type"]
        is_piece = "<html" not in answer.text()[:2000] if kind.startswith("text/html") else True
        if not kind.startswith("text/html") or is_piece:
            assert is_piece or kind.startswith(NOT_HTML), f"What is '{kind}'?"
            return False
        self.page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
        self.page.goto(self.address(path))
        self.page.wait_for_load_state("networkidle")
        return True


@pytest.fixture(scope="module")
def walk(browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Walk]:
    expect.set_options(timeout=PATIENCE_MS)
    with django_db_blocker.unblock():
        with transaction.atomic():
            world = make_world()
        client = Client()
        client.force_login(world.people[SUPERUSER])
        server = LiveServer("localhost")
        context = browser.new_context(base_url=server.url, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MS)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])
        yield Walk(world, context, context.new_page())
        context.close()
        server.stop()
        call_command("flush", interactive=False, verbosity=0)
        connection.close()


@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_grave_is_found_on_any_page_in_either_theme(walk: Walk, path: str) -> None:
    if walk.shows(path):
        assert_accessible(walk.page)


@pytest.mark.parametrize("path", ADDRESSES)
def test_no_page_scrolls_sideways_on_a_small_laptop_or_a_tablet(walk: Walk, path: str) -> None:
    if walk.shows(path):
        assert_fits(walk.page, *LAPTOP)
        assert_fits(walk.page, *TABLET)
