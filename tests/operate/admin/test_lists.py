"""Lists: who sees what, what is filtered, and what a page costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from operate.workspaces import Access
from tests.operate.admin.conftest import Office
from workflow.graph import Semantics
from workflow.models import ProcessInstance
from workflow.services import cancel_process_instance, suspend_process_instance

INSTANCES = "/workflow/processinstance/"
LISTS = (
    INSTANCES,
    "/workflow/processdefinition/",
    "/workflow/deployment/",
    "/workflow/usertask/",
    "/workflow/incident/",
    "/workflow/job/",
    "/workflow/workspace/",
    "/audit/auditevent/",
    "/",
)


def listed(client: Client, query: str = "") -> list[int]:
    answer = client.get(INSTANCES + query)
    assert answer.status_code == 200
    return [row.key for row in answer.context["rows"]]


@pytest.fixture
def statements(office: Office) -> Callable[[Client, str], list[str]]:
    def count(client: Client, path: str) -> list[str]:
        client.get(path)  # process definitions are read once per server process
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    return count


def test_each_workspace_sees_its_own_process_instances(office):
    mine, other = office.start(), office.start(workspace=office.bank)
    assert listed(office.of("petra")) == [mine.key]
    assert listed(office.of("paul")) == [other.key]
    assert listed(office.of("root")) == [other.key, mine.key]


def test_a_hidden_instance_looks_like_a_missing_one_on_every_address(office):
    key = office.start().key
    client = office.of("paul")
    for path in ("", "panels/", "operations/"):
        assert client.get(f"{INSTANCES}{key}/{path}").status_code == 404
    for path in ("variables/", "modify/", "tasks/1/"):
        assert client.post(f"{INSTANCES}{key}/{path}", "{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize("path", LISTS[:-1])
def test_who_has_no_role_gets_a_page_that_says_so(office, path):
    answer = office.of("nobody").get(path)
    assert answer.status_code == 403
    assert "no access" in answer.content.decode()


def test_without_a_login_every_address_leads_to_the_login(office):
    for path in LISTS:
        assert Client().get(path).headers["Location"].startswith("/login/")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_costs_the_same_however_much_is_in_it(office, statements, path):
    client = office.of("stella")
    office.start()
    few = statements(client, path)
    for number in range(5):
        office.start(business_key=f"ORD-{number}")
    many = statements(client, path)
    assert len(many) == len(few), "\n".join(many)


@pytest.mark.parametrize("path", [path for path in LISTS if path not in ("/", "/workflow/processdefinition/")])
def test_no_list_counts_its_rows(office, statements, path):
    office.start()
    found = [sql for sql in statements(office.of("stella"), path) if "COUNT(*)" in sql.upper()]
    assert found == []


def test_filters_narrow_and_stand_in_the_address(office):
    first = office.start(business_key="ORD-1")
    second = office.start(Semantics.ZEEBE, business_key="ORD-2")
    ended = office.start(business_key="ORD-3")
    cancel_process_instance(ended.key)
    suspend_process_instance(second.key)
    client = office.of("petra")
    assert listed(client) == [second.key, first.key]
    assert listed(client, "?state=active") == [first.key]
    assert listed(client, "?state=suspended") == [second.key]
    assert listed(client, "?state=canceled") == [ended.key]
    assert listed(client, "?state=all") == [ended.key, second.key, first.key]
    assert listed(client, "?business_key=ORD-3") == [ended.key]
    assert listed(client, f"?key={first.key},{ended.key}") == [ended.key, first.key]
    assert listed(client, "?process=delivery_zeebe") == [second.key]
    assert listed(client, "?element=approve") == [second.key, first.key]
    assert listed(client, "?element=pack") == []
    assert listed(client, "?version=1&process=delivery_camunda7") == [first.key]
    assert listed(client, "?started_to=2000-01-01") == []


def test_a_filter_that_makes_no_sense_is_told_beside_its_field(office):
    answer = office.of("petra").get(f"{INSTANCES}?key=abc")
    assert answer.status_code == 200
    assert "Expected keys (numbers), found &#x27;abc&#x27;." in answer.content.decode()


def test_pages_go_on_by_key_and_back(office, monkeypatch):
    monkeypatch.setattr("operate.admin.process_instances.ProcessInstanceAdmin.page_size", 2)
    keys = [office.start().key for _number in range(5)][::-1]
    client = office.of("petra")
    first = client.get(INSTANCES)
    assert [row.key for row in first.context["rows"]] == keys[:2]
    assert first.context["slice"].newer == ""
    second = client.get(INSTANCES + first.context["slice"].older)
    assert [row.key for row in second.context["rows"]] == keys[2:4]
    last = client.get(INSTANCES + second.context["slice"].older)
    assert [row.key for row in last.context["rows"]] == keys[4:]
    assert last.context["slice"].older == ""
    back = client.get(INSTANCES + last.context["slice"].newer)
    assert [row.key for row in back.context["rows"]] == keys[2:4]


def test_an_instance_is_found_by_key_and_by_business_key(office):
    instance = office.start(business_key="ORD-7")
    client = office.of("sam")
    for text in (str(instance.key), "ORD-7"):
        assert client.get(f"{INSTANCES}find/?q={text}").headers["Location"] == f"{INSTANCES}{instance.key}/"
    assert office.of("paul").get(f"{INSTANCES}find/?q=ORD-7").headers["Location"] == f"{INSTANCES}?business_key=ORD-7"


def test_bulk_actions_act_on_each_and_leave_those_that_cannot(office):
    running, ended = office.start(), office.start()
    cancel_process_instance(ended.key)
    client = office.of("petra")
    sent = {"operation": "cancel", "key": [running.key, ended.key], "reason": "duplicate"}
    asked = client.post(f"{INSTANCES}confirm/", sent).content.decode()
    assert f"Cancel process instance {running.key}?" in asked
    assert "has ended (canceled)" in asked
    assert ProcessInstance.objects.get(pk=running.key).state == "ACTIVE"
    client.post(f"{INSTANCES}confirm/", {**sent, "confirmed": "1"})
    assert ProcessInstance.objects.get(pk=running.key).state == "CANCELED"
    assert ProcessInstance.objects.get(pk=running.key).end_reason == "duplicate"


def test_nobody_is_led_to_another_site(office):
    key = office.start().key
    sent = {"operation": "suspend", "key": key, "confirmed": "1", "back": "//elsewhere.example/"}
    assert office.of("petra").post(f"{INSTANCES}confirm/", sent).headers["Location"] == INSTANCES


def test_the_name_of_a_support_user_does_not_allow_bulk_actions(office):
    key = office.start().key
    office.of("sam").post(f"{INSTANCES}confirm/", {"operation": "cancel", "key": key, "confirmed": "1"})
    assert ProcessInstance.objects.get(pk=key).state == "ACTIVE"


def test_rights_are_read_once_a_request(office, statements):
    office.start()
    user = User.objects.get(username="stella")
    assert Access.of(user) is Access.of(user)
    grants = [sql for sql in statements(office.of("stella"), INSTANCES) if "guardian_groupobjectpermission" in sql]
    assert len(grants) == 1
