"""The pages of the audit log: reading by time, filters, differences, what is masked, and exports."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from audit.models import AuditEvent, Channel, Result
from operate.actions import SetVariables
from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.workspaces import Role, add_member
from tests.support.models import deploy, model
from workflow.graph import Semantics
from workflow.models import Workspace
from workflow.services import start_process_instance

pytestmark = pytest.mark.django_db
LOG = "/audit/auditevent/"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def loans() -> Workspace:
    return Workspace.objects.create(slug="loans", name="Loans")


def client_of(role: Role, workspace: Workspace) -> Client:
    user = get_user_model().objects.create_user(role.value.lower(), is_staff=True)
    add_member(user, workspace, role)
    client = Client()
    client.force_login(user)
    return client


def event(workspace: Workspace | None, minute: int = 0, **facts: object) -> AuditEvent:
    facts = {"channel": "ADMIN", "event": "Update", "subject": "Job", "result": "SUCCESS", **facts}
    return AuditEvent.objects.create(workspace=workspace, at=NOON + timedelta(minutes=minute), **facts)


@pytest.fixture
def edited(loans: Workspace) -> int:
    """A process instance whose customer was changed, with the customer's account masked; its key."""
    definition = deploy(model("order", Semantics.CAMUNDA_7, "<startEvent id='s'/><userTask id='t'/>"), workspace=loans)
    key = start_process_instance(definition.key, variables={"customer": {"iban": "DE12", "city": "Bern"}})
    administrator = get_user_model().objects.create_user("ada")
    add_member(administrator, loans, Role.WORKSPACE_ADMIN)
    changed = {"customer": {"iban": "FR99", "city": "Basel"}}
    SetVariables(administrator, channel=Channel.ADMIN).execute(key.process_instance_key, changed)
    MaskedVariable.objects.create(workspace=loans, process_id="order", pattern="customer.iban")
    return key.process_instance_key


def shown(answer: object) -> list[str]:
    return [row.reason for row in answer.context["rows"]]  # type: ignore[attr-defined]


def test_the_newest_by_time_come_first_page_by_page(loans):
    # given: recorded in another order than they happened
    for minute in (3, 1, 2, *range(10, 120)):
        event(loans, minute, reason=str(minute))
    client = client_of(Role.AUDITOR, loans)
    # when
    first = client.get(LOG)
    second = client.get(f"{LOG}{first.context['slice'].older}")
    third = client.get(f"{LOG}{second.context['slice'].older}")
    # then
    assert shown(first)[:2] == ["119", "118"]
    assert shown(third)[-3:] == ["3", "2", "1"]
    assert len(shown(first)) + len(shown(second)) + len(shown(third)) == 113
    assert third.context["slice"].older == ""
    assert shown(client.get(f"{LOG}{third.context['slice'].newer}")) == shown(second)


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        ("actor=ann", {"actor_name": "ann"}),
        ("event=Cancel", {"event": "Cancel"}),
        ("subject=Signal", {"subject": "Signal"}),
        ("result=REFUSED", {"result": "REFUSED"}),
        ("channel=V2", {"channel": "V2"}),
        ("instance=42", {"process_instance_key": 42}),
        ("key=42", {"process_instance_key": 42}),
        ("key=42", {"entity_key": 42}),
        ("process=order", {"process_id": "order"}),
        ("variable=amount", {"body": {"variables": {"amount": 1}}}),
        ("since=2026-03-02T12:05", {"minute": 10}),
        ("until=2026-03-02T11:55", {"minute": -10}),
    ],
)
def test_each_filter_finds_what_it_says(loans, query, facts):
    event(loans, reason="other")
    event(loans, **{"reason": "wanted", **facts})
    assert shown(client_of(Role.AUDITOR, loans).get(f"{LOG}?{query}")) == ["wanted"]


def test_the_events_of_one_request_are_found(loans):
    request = uuid4()
    event(loans, reason="wanted", request_id=request)
    event(loans, reason="other", request_id=uuid4())
    client = client_of(Role.AUDITOR, loans)
    assert shown(client.get(f"{LOG}?request={request}")) == ["wanted"]
    assert "Expected a request id" in client.get(f"{LOG}?request=x").content.decode()


def test_who_changed_a_variable_is_found_by_its_name(loans, edited):
    client = client_of(Role.AUDITOR, loans)
    found = client.get(f"{LOG}?instance={edited}&variable=customer").context["rows"]
    assert [(row.actor_name, row.event) for row in found] == [("ada", "Update")]
    assert not client.get(f"{LOG}?instance={edited}&variable=amount").context["rows"]


def test_an_event_shows_what_changed_with_what_is_masked_hidden(loans, edited):
    # given
    told = AuditEvent.objects.get(process_instance_key=edited)
    # when
    page = client_of(Role.AUDITOR, loans).get(f"{LOG}{told.key}/?instance={edited}").content.decode()
    # then
    assert "Bern" in page
    assert "Basel" in page
    assert MASK in page
    assert "A masked value in 'customer' has changed too." in page
    assert "DE12" not in page
    assert "FR99" not in page
    assert "You lack the right &#x27;reveal_variables&#x27;" in page


def test_revealing_takes_the_right_and_is_recorded(loans, edited):
    # given
    told = AuditEvent.objects.get(process_instance_key=edited)
    # when
    refused = client_of(Role.AUDITOR, loans).post(f"{LOG}{told.key}/reveal/")
    revealed = client_of(Role.WORKSPACE_ADMIN, loans).post(f"{LOG}{told.key}/reveal/")
    # then
    assert refused.status_code == 403
    assert "DE12" in revealed.content.decode()
    found = AuditEvent.objects.filter(event="Reveal").order_by("key")
    assert [(row.actor_name, row.result, row.process_instance_key) for row in found] == [
        ("auditor", Result.REFUSED, None),
        ("workspace_admin", Result.SUCCESS, edited),
    ]


def test_newer_and_older_stay_within_the_filters(loans):
    first, _other, last = event(loans, 1, actor_name="ann"), event(loans, 2), event(loans, 3, actor_name="ann")
    client = client_of(Role.AUDITOR, loans)
    page = client.get(f"{LOG}{last.key}/?actor=ann")
    assert page.context["newer"] == ""
    assert page.context["older"] == f"{LOG}{first.key}/?actor=ann"
    assert client.get(page.context["older"]).context["newer"] == f"{LOG}{last.key}/?actor=ann"


def test_an_export_has_all_that_may_be_seen_and_was_asked_for(loans, edited):
    # given
    cards = Workspace.objects.create(slug="cards", name="Cards")
    event(cards, reason="hidden")
    event(None, reason="hidden")
    for minute in range(120):
        event(loans, minute, reason="=SUM(A1)", actor_name="ann")
    client = client_of(Role.AUDITOR, loans)
    # when
    answer = client.get(f"{LOG}export/csv/?actor=ann")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    # then
    assert answer.streaming
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    assert len(rows) == 120
    assert rows[0]["at"] > rows[-1]["at"]
    assert {row["reason"] for row in rows} == {"'=SUM(A1)"}, "a spreadsheet must not take it for a formula"


def test_the_export_of_a_case_is_masked_and_recorded_with_the_case(loans, edited):
    # when
    answer = client_of(Role.AUDITOR, loans).get(f"{LOG}export/json/?instance={edited}")
    # then
    [told] = json.loads(answer.getvalue())
    assert told["body"]["variables"][0]["after"] == {"iban": MASK, "city": "Basel"}
    export = AuditEvent.objects.get(event="Export")
    assert (export.workspace, export.process_instance_key, export.actor_name) == (loans, edited, "auditor")
    assert export.body == {"format": "json", "filters": {"instance": str(edited)}}


def test_an_export_of_nothing_is_whole(loans):
    client = client_of(Role.AUDITOR, loans)
    assert json.loads(client.get(f"{LOG}export/json/?actor=nobody").getvalue()) == []
    assert client.get(f"{LOG}export/xml/").status_code == 404
