"""The variables of a scope over `/api`: read with versions, edited with them, told who has changed what."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from audit.models import AuditEvent, VariableSnapshot
from operate.actions import CancelProcessInstance, CompleteUserTask
from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.workspaces import Role
from workflow.models import ElementInstance, UserTask, Variable

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, user):
        self.client = APIClient()
        self.client.force_authenticate(user)

    def __call__(self, method, path, body=None, *, status=200):
        content = body if isinstance(body, str) else json.dumps(body)
        if method == "GET":
            answer = self.client.get(f"/api/{path}")
        else:
            answer = self.client.generic(method, f"/api/{path}", content, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json() if "json" in answer.headers["Content-Type"] else answer.content


@pytest.fixture
def api(loans):
    return Api(loans.people[Role.WORKSPACE_ADMIN])


def test_what_is_read_is_sent_back_with_what_shall_be(api, loans):
    # given
    path = f"scopes/{loans.key}/variables"
    read = api("GET", path)
    assert (read["editable"], read["why_not"], read["scope"]["name"]) == (True, "", "Process")
    assert [(each["name"], each["text"]) for each in read["variables"]] == [
        ("amount", "100"),
        ("customer", '{"city": "Rome", "name": "Ann"}'),
    ]
    # when
    body = {"set": {"amount": {"value": 90}, "rate": {"text": "1.10"}}, "seen": read["seen"], "reason": "call"}
    saved = api("PATCH", path, body)
    # then
    assert [(each["name"], each["before"], each["after"]) for each in saved["changes"]] == [
        ("amount", "100", "90"),
        ("rate", None, "1.10"),
    ]
    assert saved["seen"] == {name: loans.seen()[name] for name in ("amount", "rate")}
    assert saved["warnings"] == []
    assert saved["outcome"]["process_instance"]["revision"] == 2
    assert AuditEvent.objects.latest("key").reason == "call"


def test_a_document_travels_with_all_its_digits(api, loans):
    # given
    document = '{"amount": 100, "big": 9007199254740993, "nested": {"rate": 1.10}}'
    # when the document is JSON within the body, not text
    api("PUT", f"scopes/{loans.key}/variables", f'{{"document": {document}, "seen": {json.dumps(loans.seen())}}}')
    # then
    assert loans.texts() == {"amount": "100", "big": "9007199254740993", "nested": '{"rate": 1.10}'}
    answer = api.client.get(f"/api/scopes/{loans.key}/document?download=1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="variables-{loans.key}.json"'
    text = answer.content.decode()
    assert '"rate": 1.10' in text
    assert json.loads(text) == json.loads(document)
    assert text.startswith('{\n  "amount": 100,\n  "big"')


def test_a_conflict_tells_was_theirs_and_mine_and_what_to_send_next(api, loans):
    # given
    seen = loans.seen()
    loans.save(Role.ORG_ADMIN, set={"customer": {"text": '{"name": "Ann", "city": "Oslo"}'}})
    body = {"set": {"customer": {"value": {"name": "Bob", "city": "Rome"}}}, "seen": seen}
    # when
    problem = api("PATCH", f"scopes/{loans.key}/variables", body, status=409)
    # then
    assert problem["code"] == "variables_changed"
    [conflict] = problem["conflicts"]
    assert json.loads(conflict["was"]["text"]) == {"name": "Ann", "city": "Rome"}
    assert json.loads(conflict["theirs"]["text"]) == {"name": "Ann", "city": "Oslo"}
    assert json.loads(conflict["merge"]["text"]) == {"name": "Bob", "city": "Oslo"}
    assert conflict["theirs_by"]["who"] == "org_admin"
    # when
    merged = {"set": {"customer": {"text": conflict["merge"]["text"]}}, "seen": problem["seen"]}
    api("PATCH", f"scopes/{loans.key}/variables", merged)
    # then
    assert json.loads(loans.texts()["customer"]) == {"name": "Bob", "city": "Oslo"}


def test_checking_tells_everything_and_writes_nothing(api, loans):
    # when
    body = {"set": {"amount": {"text": '"x"'}, "new": {"value": 1}}, "delete": ["customer"], "seen": loans.seen()}
    checked = api("POST", f"scopes/{loans.key}/check", body)
    # then
    assert [(each["name"], each["kind"]) for each in checked["changes"]] == [
        ("amount", "changed"),
        ("new", "added"),
        ("customer", "deleted"),
    ]
    assert checked["type_changes"] == [{"name": "amount", "from": "Integer", "to": "String"}]
    assert (checked["conflicts"], VariableSnapshot.objects.count(), loans.texts()["amount"]) == ([], 0, "100")
    # when
    stale = body | {"seen": {}}
    checked = api("POST", f"scopes/{loans.key}/check", stale)
    # then
    assert [each["name"] for each in checked["conflicts"]] == ["amount", "customer"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"document": "{\\"a\\": 1,}", "seen": {}}', 400, "invalid_json"),
        ('{"document": {"a": 1,}, "seen": {}}', 400, "invalid_json"),
        ('{"document": {"amount": "x"}, "seen": SEEN}', 409, "types_change"),
        ('{"document": {"amount": 1}}', 400, None),
        ('{"seen": {}}', 400, None),
        ('{"document": [1], "seen": {}}', 400, None),
        ('{"document": {"": 1}, "seen": {}}', 400, None),
        ('{"document": {"a": 1}, "seen": {"a": "x"}}', 400, None),
        ("[]", 400, None),
    ],
)
def test_what_cannot_be_saved_says_why(api, loans, body, status, code):
    content = body.replace("SEEN", json.dumps(loans.seen()))
    problem = api("PUT", f"scopes/{loans.key}/variables", content, status=status)
    assert problem.get("code") == code
    if code == "invalid_json":
        assert problem["problems"][0]["code"] == "trailing_comma"
    assert problem["detail"]


def test_what_has_ended_names_its_state(api, loans):
    # given
    seen = loans.seen()
    CancelProcessInstance(None).execute(loans.key)
    # when
    body = {"set": {"amount": {"value": 1}}, "seen": seen}
    problem = api("PATCH", f"scopes/{loans.key}/variables", body, status=409)
    read = api("GET", f"scopes/{loans.key}/variables")
    # then
    assert problem["code"] == "not_editable"
    assert "canceled" in problem["detail"]
    assert (read["editable"], "canceled" in read["why_not"]) == (False, True)


@pytest.mark.parametrize(("role", "status"), [(Role.SUPPORT, 403), ("stranger", 404)])
def test_rights(loans, role, status):
    api = Api(loans.people[role])
    body = {"set": {"amount": {"value": 1}}, "seen": loans.seen()}
    api("PATCH", f"scopes/{loans.key}/variables", body, status=status)
    api("POST", f"scopes/{loans.key}/check", body, status=status)
    for path in (
        f"scopes/{loans.key}/variables",
        f"scopes/{loans.key}/variables/amount",
        f"scopes/{loans.key}/variables/amount/history",
        f"scopes/{loans.key}/document",
        f"process-instances/{loans.key}/scopes",
        f"process-instances/{loans.key}/variable-snapshots",
        f"process-instances/{loans.key}/variables-at?time=2026-01-01T00:00:00Z",
        f"variable-comparison?left=now:{loans.key}&right=now:{loans.key}",
    ):
        api("GET", path, status=200 if status == 403 else 404)


def test_scopes_are_the_process_and_what_is_open_with_variables(api, loans):
    # given
    task = ElementInstance.objects.get(process_instance=loans.key, element_id="approve")
    assert [scope["name"] for scope in api("GET", f"process-instances/{loans.key}/scopes")["scopes"]] == ["Process"]
    loans.save(scope_key=task.key, set={"own": {"text": "1"}})
    # when
    found = api("GET", f"process-instances/{loans.key}/scopes")["scopes"]
    # then
    assert [(scope["name"], scope["depth"], scope["variables"]) for scope in found] == [
        ("Process", 0, 2),
        ("Approve", 1, 1),
    ]


def test_one_value_whole_and_all_values_cut(api, loans):
    # given
    loans.save(set={"text": {"text": json.dumps("x" * 500)}})
    # when
    cut = api("GET", f"scopes/{loans.key}/variables?cut=10")["variables"]
    whole = api("GET", f"scopes/{loans.key}/variables/text")
    # then
    assert [(each["text"], each["size"], each["is_cut"]) for each in cut if each["name"] == "text"] == [
        ('"xxxxxxxxx', 502, True)
    ]
    assert json.loads(whole["text"]) == "x" * 500
    api("GET", f"scopes/{loans.key}/variables/missing", status=404)
    api("GET", f"scopes/{loans.key}/variables?cut=many", status=400)


def test_who_has_changed_a_variable(api, loans):
    # given
    loans.act(reason="typing error").execute(loans.edit(set={"amount": {"text": "1.10"}}, accept_types=True))
    loans.save(Role.ORG_ADMIN, delete=["amount"])
    loans.save(set={"amount": {"text": "5"}})
    task = UserTask.objects.get(process_instance=loans.key)
    CompleteUserTask(loans.people[Role.OPERATOR]).execute(task.key, variables={"amount": 6})
    # when
    found = api("GET", f"scopes/{loans.key}/variables/amount/history")["history"]
    # then
    assert [(each["kind"], each["before"], each["after"], each["by"], each["event"]) for each in found] == [
        ("changed", "5", "6", "operator", "Complete"),
        ("added", None, "5", "workspace_admin", "Update"),
        ("deleted", "1.10", None, "org_admin", "Update"),
        ("changed", "100", "1.10", "workspace_admin", "Update"),
        ("added", None, "100", "system", "Start"),
    ]
    assert (found[3]["reason"], found[4]["is_initial"]) == ("typing error", True)
    assert all(each["audit_event"] for each in found)


def test_who_may_not_read_the_audit_log_sees_what_and_when_alone(loans):
    # given
    loans.act(reason="secret").execute(loans.edit(set={"amount": {"text": "1"}}))
    # when
    [changed, _] = Api(loans.people[Role.SUPPORT])("GET", f"scopes/{loans.key}/variables/amount/history")["history"]
    # then
    assert (changed["by"], changed["reason"], changed["audit_event"]) == ("", "", None)
    assert (changed["before"], changed["after"]) == ("100", "1")


# -- masks


@pytest.fixture
def masked(loans):
    MaskedVariable.objects.create(workspace=loans.workspace, process_id="loan", pattern="customer.name")
    return loans


def test_masked_parts_are_shown_nowhere_and_survive_an_edit_by_who_cannot_see_them(api, masked):
    # given
    path = f"scopes/{masked.key}/variables"
    [_, customer] = api("GET", path)["variables"]
    assert (json.loads(customer["text"]), customer["is_masked"]) == ({"name": MASK, "city": "Rome"}, True)
    document = json.loads(api.client.get(f"/api/scopes/{masked.key}/document").content)
    assert document["customer"]["name"] == MASK
    # when
    document["customer"]["city"] = "Oslo"
    saved = api("PUT", path, {"document": document, "seen": masked.seen()})
    # then
    assert Variable.objects.get(scope_key=masked.key, name="customer").value == {"name": "Ann", "city": "Oslo"}
    assert "Ann" not in json.dumps(saved)
    # when
    history = api("GET", f"scopes/{masked.key}/variables/customer/history")
    [row] = api("GET", f"process-instances/{masked.key}/variable-snapshots")["snapshots"]
    compared = api("GET", f"variable-snapshots/{row['key']}")
    problem = api("PUT", path, {"document": document | {"customer": 1}, "seen": {}}, status=409)
    # then
    assert "Ann" not in json.dumps([history, compared, problem])
    # when
    document["customer"]["name"] = "Bob"
    document["other"] = MASK
    refused = api("PUT", path, {"document": document, "seen": masked.seen()}, status=400)
    assert "Reveal it first" in refused["detail"]
    del document["other"]
    api("PUT", path, {"document": document, "seen": masked.seen()})
    # then
    assert Variable.objects.get(scope_key=masked.key, name="customer").value == {"name": "Bob", "city": "Oslo"}
