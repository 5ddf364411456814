"""Pictures of every screen in both themes, on the demo: `make screenshots` writes them to `docs/screens/`.

- DATABASE_URL=…: use this database, which gets the demo unless it has it; else one of an embedded server
- SCREENS_ONLY=…: only screens whose name contains one of these texts, separated by commas
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Error, Page, expect, sync_playwright

from config.embedded_postgres import EmbeddedPostgres, default_directory

ROOT = Path(__file__).parents[1]
SCREENS = ROOT / "docs" / "screens"
SIZE = {"width": 1280, "height": 800}
TABLET = {"width": 820, "height": 1180}
PATIENCE_MS = 30_000
WHO = "admin"
FORGET_PLANS = (
    "Object.keys(localStorage).forEach((each) => each.startsWith('fettle.plan.') && localStorage.removeItem(each))"
)
Show = Callable[[Page], None]
DILIGENCE = "Compliance waived the source of funds, see ticket CMP-2240"


@contextmanager
def database() -> Iterator[str]:
    """The database with the demo."""
    chosen = os.environ.get("DATABASE_URL")
    if chosen:
        yield chosen
        return
    with EmbeddedPostgres(default_directory("screens"), say=print).running() as url:
        yield url


def stage() -> None:
    """What the demo leaves to be done: batches that are under way, done, and refused in part; a request for approval."""
    from django.contrib.auth import get_user_model

    from audit.models import Channel
    from operate.actions import SubmitBatch
    from operate.approvals.drafts import Contents, RequestApproval, SaveDraft
    from operate.approvals.governing import AddPolicy, Rules
    from operate.batch.models import Batch
    from operate.batch.plans import Cancel, ResolveIncidents, Suspend
    from operate.batch.running import run_due_jobs, run_next_job
    from operate.batch.submitting import Selection
    from operate.notifications.delivering import deliver_due
    from workflow.models import ElementInstance, Incident, ProcessInstance, Workspace

    if Batch.objects.exists():
        return
    people = {each.get_username(): each for each in get_user_model()._default_manager.all()}
    lending = Workspace.objects.get(slug="lending")

    def submit(username: str, plan: object, keys: list[int], reason: str, size: int) -> None:
        action = SubmitBatch(people[username], channel=Channel.ADMIN, reason=reason)
        action.execute(plan, Selection(keys), items_per_job=size)  # type: ignore[arg-type]

    refused = Incident.objects.filter(message__startswith="Card declined").values_list("process_instance", flat=True)
    claims = ProcessInstance.objects.filter(process_id="warranty_claim").order_by("key")
    submit("petra", ResolveIncidents(), list(refused), "The bank has lifted the block", 200)
    submit("stella", Cancel(), list(claims.values_list("key", flat=True)[:6]), "Claims of the recalled series", 200)
    run_due_jobs()
    investigations = ProcessInstance.objects.filter(process_id="payment_investigation", state="ACTIVE", suspended=False)
    submit("omar", Suspend(), list(investigations.values_list("key", flat=True)), "The clearing house is closed", 5)
    run_next_job()

    rules = Rules("Onboarding skips no check alone", process_id="customer_onboarding", operation="MODIFY")
    AddPolicy(people["lena"], channel=Channel.ADMIN).execute(lending.pk, rules)
    asked = ElementInstance.objects.filter(element_id="receive_source_of_funds", state="ACTIVE").latest("key")
    command = {
        "command": "modify",
        "keys": [str(asked.process_instance_key)],
        "instructions": [
            {"type": "start_before", "element_id": "open_account"},
            {"type": "cancel_all", "element_id": "receive_source_of_funds"},
        ],
    }
    omar = people["omar"]
    draft = SaveDraft(omar, channel=Channel.ADMIN).execute(
        lending.pk, Contents("Open the account without the source of funds", command, DILIGENCE)
    )
    RequestApproval(omar, channel=Channel.ADMIN).execute(draft.key)
    deliver_due()


def at(path: str, ready: str = "#content") -> Show:
    """The page of an address, once this is on it."""

    def show(page: Page) -> None:
        page.goto(path)
        expect(page.locator(ready).first).to_be_visible()
        page.wait_for_load_state("networkidle")

    return show


def on_a_tablet(show: Show) -> Show:
    """The same in a window of that size."""

    def shown(page: Page) -> None:
        page.set_viewport_size(TABLET)  # type: ignore[arg-type]
        show(page)

    return shown


def chosen_move(path: str, source: str, target: str) -> Show:
    """The wizard for moving many, with what was chosen and what it would do."""

    def show(page: Page) -> None:
        at(path, "#wizard[data-ready]")(page)
        page.locator("#source").select_option(source)
        page.locator("#target").select_option(target)
        expect(page.locator("#preview li").first).to_be_visible()

    return show


def merged(path: str, name: str, value: str) -> Show:
    """The wizard for variables of many, with a change and what it would do."""

    def show(page: Page) -> None:
        at(path, "#wizard[data-ready]")(page)
        page.locator("#edits [name=name]").fill(name)
        page.locator("#edits [name=value]").fill(value)
        expect(page.locator("#preview .ft-diff").first).to_be_visible()

    return show


def moved(instance: str, source: str, target: str) -> Show:
    """The review of a token that was dragged."""
    from tests.browser.clicks import Hand

    def show(page: Page) -> None:
        at(instance, "#instance[data-ready]")(page)
        Hand(page).drag(source, target)
        expect(page.locator("#summary .ft-preview h3")).to_be_visible()
        expect(page.locator(f"[data-outcome='{target}']")).to_be_visible()

    return show


def planned(instance: str, source: str, target: str) -> Show:
    """The modification mode with a plan, and a variable of the scope that it brings."""

    def show(page: Page) -> None:
        page.add_init_script("localStorage.setItem('fettle.modeKnown', '1')")
        at(instance, "#instance[data-ready]")(page)
        page.keyboard.press("m")
        expect(page.locator("#mode-banner")).to_be_visible()
        page.locator(f"[data-element-id='{source}'] > .djs-hit").first.click()
        page.locator("#popover [data-operation=move]").click()
        page.locator(f"[data-element-id='{target}'] > .djs-hit").first.click()
        page.locator("#panel-history .is-pending").last.click()
        page.locator("#planned-variables [data-plan-variable]").click()
        for text in ("checked_by", '"ada"'):
            page.keyboard.type(text)
            page.keyboard.press("Tab")
        expect(page.locator("[data-planned='checked_by']")).to_be_visible()

    return show


def compared(instance: str) -> Show:
    """The variables as a document, with what was changed in it."""

    def show(page: Page) -> None:
        at(f"{instance}?tab=variables", "#instance[data-ready]")(page)
        page.keyboard.press("e")
        editor = page.locator("#variables-editor .cm-content")
        expect(editor).to_be_visible()
        editor.click()
        page.keyboard.press("ControlOrMeta+End")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("End")
        page.keyboard.insert_text(',\n  "checked_by": "ada"')
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("#variables-editor .cm-mergeView")).to_be_visible()

    return show


def pressed(path: str, keys: tuple[str, ...], ready: str) -> Show:
    """What a key opens on a page."""

    def show(page: Page) -> None:
        at(path)(page)
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(ready).first).to_be_visible()

    return show


def screens() -> dict[str, Show]:
    """All screens by the names of their files."""
    from django.db.models import Count

    from audit.models import AuditEvent
    from operate.approvals.models import Draft
    from operate.batch.models import Batch
    from workflow.models import ElementInstance, ProcessDefinition, ProcessInstance, UserTask

    instances = ProcessInstance.objects.order_by("-key")

    def page_of(one: ProcessInstance | None) -> str:
        assert one is not None, "Expected the demo to have such an instance."
        return f"/workflow/processinstance/{one.key}/"

    running = instances.filter(state="ACTIVE", suspended=False)
    stuck = running.filter(process_id="loan_application", open_incidents__gt=0).first()
    assert stuck is not None
    at_check = ElementInstance.objects.filter(element_id="check_completeness", state="ACTIVE")
    waiting = running.filter(open_incidents=0, pk__in=at_check.values("process_instance_key")).first()
    edited = instances.filter(
        pk__in=AuditEvent.objects.filter(subject="Process variables").values("process_instance_key")
    ).first()
    ended = instances.filter(state="CANCELED").first()
    several = (
        ProcessDefinition.objects.values("process_id")
        .annotate(total=Count("key"))
        .filter(total__gt=1)
        .order_by("process_id")
        .first()
    )
    assert several is not None
    definition = ProcessDefinition.objects.filter(process_id=several["process_id"]).latest("version")
    older = running.filter(process_id=definition.process_id, version__lt=definition.version).first()
    task = UserTask.objects.filter(state="CREATED").latest("key")
    event = AuditEvent.objects.filter(event="Modify", result="SUCCESS").latest("key")
    request = Draft.objects.filter(state="REQUESTED").latest("key")
    batches = {"batch": Batch.objects.filter(state="ACTIVE"), "batch-done": Batch.objects.exclude(state="ACTIVE")}
    workspace = request.workspace_id
    keys = "&".join(f"key={each.key}" for each in running.filter(process_id="loan_application")[:6])
    loans = "/workflow/processinstance/?process=loan_application"
    found: dict[str, Show] = {
        "overview": at("/"),
        "search": pressed("/", ("/", *stuck.business_key), "#find-hits [role=option]"),
        "keys": pressed("/", ("?",), "dialog[open]"),
        "instances": at(loans, "tbody tr[data-state]"),
        "instance": at(page_of(stuck), "#instance[data-ready]"),
        "instance-history-of-values": at(f"{page_of(edited)}?tab=snapshots", "#instance[data-ready]"),
        "instance-audit": at(f"{page_of(edited)}?tab=audit", "#instance[data-ready]"),
        "instance-ended": at(page_of(ended), "#instance[data-ready]"),
        "variables": at(f"{page_of(stuck)}?tab=variables", "#instance[data-ready]"),
        "variables-compare": compared(page_of(stuck)),
        "modification-mode": planned(page_of(waiting), "check_completeness", "accept_loan_application"),
        "modification-review": moved(page_of(waiting), "check_completeness", "assess_customer"),
        "move-many": chosen_move(f"/operate/batch/new/?operation=move&{keys}", "assess_customer", "check_completeness"),
        "restart": at(f"/operate/batch/new/?operation=restart&key={ended.key if ended else ''}", "#wizard[data-ready]"),
        "migrate": at(f"/operate/batch/new/?operation=migrate&key={older.key if older else ''}", "#wizard[data-ready]"),
        "variables-of-many": merged(f"/operate/batch/new/?operation=variables&{keys}", "term_months", "48"),
        "confirm": at(f"/operate/batch/new/?operation=cancel&{keys}"),
        "incidents": at("/workflow/incident/"),
        "tasks": at("/workflow/usertask/"),
        "task": at(f"/workflow/usertask/{task.key}/"),
        "jobs": at("/workflow/job/"),
        "batches": at("/operate/batch/"),
        "approvals": at("/operate/draft/"),
        "approval": at(f"/operate/draft/{request.key}/", "#diagram[data-ready]"),
        "approval-policies": at(f"/operate/approvalpolicy/of/{workspace}/"),
        "alerts": at("/operate/alert/"),
        "notifications": at("/operate/notification/"),
        "webhooks": at(f"/operate/webhook/of/{workspace}/"),
        "definitions": at("/workflow/processdefinition/"),
        "definition": at(f"/workflow/processdefinition/{definition.key}/"),
        "definition-compare": at(f"/workflow/processdefinition/{definition.key}/compare/"),
        "definition-data": at(f"/workflow/processdefinition/{definition.key}/data/"),
        "upload": at("/workflow/processdefinition/upload/"),
        "deployments": at("/workflow/deployment/"),
        "audit-log": at("/audit/auditevent/"),
        "audit-event": at(f"/audit/auditevent/{event.key}/"),
        "workspaces": at("/workflow/workspace/"),
        "workspace": at(f"/workflow/workspace/{workspace}/"),
        "rights": at(f"/workflow/workspace/{workspace}/rights/"),
        "masking": at(f"/operate/maskedvariable/of/{definition.key}/"),
        "users": at("/auth/user/"),
        "not-found": at("/no/such/page/", "body"),
    }
    found |= {name: at(f"/operate/batch/{rows.latest('key').key}/") for name, rows in batches.items()}
    tablet = (
        "overview",
        "instances",
        "instance",
        "variables",
        "modification-review",
        "move-many",
        "tasks",
        "audit-log",
    )
    return found | {f"{name}-tablet": on_a_tablet(found[name]) for name in tablet}


def take(server: str, theme: str, chosen: dict[str, Show]) -> list[str]:
    """Write the pictures of one theme; the names of those that could not be taken, with the reason."""
    executable = shutil.which("chromium")
    assert executable, "Expected 'chromium' on the PATH; install it with: apt-get install chromium"
    failed = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--headless", "--no-sandbox"])
        context = browser.new_context(
            viewport=SIZE,  # type: ignore[arg-type]
            base_url=server,
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto("/login/")
        page.screenshot(path=SCREENS / f"login-{theme}.png")
        page.fill("[name=username]", WHO)
        page.fill("[name=password]", WHO)
        page.click("[type=submit]")
        expect(page.locator("h1")).to_be_visible()
        for name, show in chosen.items():
            try:
                page.set_viewport_size(SIZE)  # type: ignore[arg-type]
                show(page)
                page.screenshot(path=SCREENS / f"{name}-{theme}.png")
                print(f"  {name}-{theme}", flush=True)
            except (AssertionError, Error) as error:
                failed.append(f"{name}-{theme}: {str(error).splitlines()[0]}")
            page.evaluate(FORGET_PLANS)
        browser.close()
    return failed


def main() -> int:
    """Take them all."""
    only = [each.strip() for each in os.environ.get("SCREENS_ONLY", "").split(",") if each.strip()]
    with database() as url:
        os.environ |= {"DATABASE_URL": url, "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("ensure_admin", verbosity=0)
        call_command("load_demo")
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
            stage()
        from pytest_django.live_server_helper import LiveServer

        SCREENS.mkdir(parents=True, exist_ok=True)
        chosen = {name: show for name, show in screens().items() if not only or any(each in name for each in only)}
        expect.set_options(timeout=PATIENCE_MS)
        server = LiveServer("localhost")
        try:
            failed = [each for theme in ("light", "dark") for each in take(server.url, theme, chosen)]
        finally:
            server.stop()
    pictures = sorted(map(str, SCREENS.glob("*.png")))
    subprocess.run(["node", str(ROOT / "tests" / "shrink.mjs"), *pictures], check=True)
    if not only or "modification-review" in only:
        shutil.copy(SCREENS / "modification-review-light.png", ROOT / "docs" / "screenshot.png")
    for each in failed:
        print(each, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
