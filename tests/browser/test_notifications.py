"""The bell, what comes by mail, and webhooks of a workspace."""

from __future__ import annotations

import hashlib
import hmac
import re

from django.contrib.auth import get_user_model
from django.core import mail
from playwright.sync_api import expect

from operate.notifications.delivering import deliver_due
from operate.notifications.models import Kind, Webhook
from operate.notifications.telling import notify
from operate.workspaces import Right
from tests.browser.conftest import Office
from tests.operate.notifications.receiver import receiving


def tell(office: Office, subject: str, **options: object) -> None:
    facts = {"workspace_id": office.workspace.pk, "right": Right.VIEW, "url": "/operate/batch/", **options}
    notify(Kind.ALERT, subject=subject, **facts)  # type: ignore[arg-type]


def test_the_bell_counts_leads_there_and_forgets_what_was_read(office: Office) -> None:
    tell(office, "Twenty incidents", text="More than ten are too many.")
    tell(office, "Thirty incidents")
    page = office.login("omar")
    bell = page.locator("#bell")
    expect(bell.locator(".ft-bell-count")).to_have_text("2")
    expect(bell).to_have_accessible_name("2 unread notifications")
    bell.click()
    row = page.get_by_role("row").filter(has_text="Twenty incidents")
    expect(row).to_contain_text("More than ten are too many.")
    row.get_by_role("link").click()
    page.wait_for_url("**/operate/batch/")
    expect(page.locator("#bell .ft-bell-count")).to_have_text("1")
    page.locator("#bell").click()
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator(".ft-bell-count")).to_be_hidden()
    # who else was told has still to read it
    expect(office.login("ada").locator(".ft-bell-count")).to_have_text("2")


def test_each_chooses_what_comes_by_mail(office: Office) -> None:
    get_user_model().objects.filter(username="omar").update(email="omar@example.com")
    page = office.login("omar")
    page.goto("/operate/notification/")
    page.get_by_label("Alert", exact=True).uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Saved")
    expect(page.get_by_label("Alert", exact=True)).not_to_be_checked()
    tell(office, "Not by mail")
    notify(Kind.EXPIRED, workspace_id=office.workspace.pk, right=Right.VIEW, subject="By mail", url="/")
    deliver_due()
    assert [message.subject for message in mail.outbox] == ["[Loans] By mail"]


def test_a_webhook_is_added_tested_and_told_what_happens(office: Office) -> None:
    with receiving() as receiver:
        page = office.login("ada")
        page.goto(f"/workflow/workspace/{office.workspace.pk}/")
        page.get_by_role("link", name="Webhooks").click()
        expect(page.locator(".ft-empty-title")).to_have_text("No webhooks")
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_role("button", name="Add webhook").click()
        hook = page.get_by_role("region", name=receiver.url)
        secret = hook.locator(".ft-secret [data-copy]").get_attribute("data-copy") or ""
        hook.get_by_role("button", name="Send a test").click()
        expect(page.locator("#toasts")).to_contain_text("has accepted the test")
        expect(hook).to_contain_text("Works")
        expect(hook.locator(".ft-secret")).to_have_count(0)
        [request] = receiver.received
        found = re.fullmatch(r"t=(\d+),v1=(\w+)", request.headers["Fettle-Signature"])
        assert found
        signed = hmac.new(secret.encode(), f"{found[1]}.".encode() + request.body, hashlib.sha256)
        assert found[2] == signed.hexdigest()
        # a failure is shown with what comes next
        receiver.status = 500
        tell(office, "Twenty incidents")
        deliver_due()
        page.reload()
        expect(hook).to_contain_text("Failing")
        expect(hook).to_contain_text("answered with status 500")
        expect(hook.get_by_role("row").filter(has_text="Twenty incidents")).to_contain_text("Next attempt in")
        hook.get_by_role("button", name="Switch off").click()
        expect(hook).to_contain_text("Switched off")
    assert not Webhook.objects.get().is_on


def test_who_does_not_manage_the_workspace_is_told_whom_to_ask(office: Office) -> None:
    page = office.login("omar")
    page.goto(f"/workflow/workspace/{office.workspace.pk}/")
    button = page.get_by_role("button", name="Webhooks")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile(r"manage_workspace.*Ask ada"))
    page.goto(f"/operate/webhook/of/{office.workspace.pk}/")
    expect(page.locator("#content")).to_contain_text("Ask ada")
