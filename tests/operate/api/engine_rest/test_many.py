"""Several process instances at once in the Camunda 7 dialect: modified and restarted, all of them or none."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Event, VariableSnapshot
from operate.actions import many
from tests.operate.api.engine_rest.conftest import Api, process

BEFORE_PAY = {"type": "startBeforeActivity", "activityId": "pay"}
CANCEL_BOOK = {"type": "cancel", "activityId": "book"}


@pytest.fixture
def trip(api: Api) -> str:
    """The id of a definition: book, then pay."""
    api.deploy(process("trip", "user:book", "user:pay"))
    [found] = api.get("/process-definition", key="trip")
    return found["id"]


def start(api: Api, definition: str, **body: Any) -> str:
    return api.post(f"/process-definition/{definition}/start", body)["id"]


def elements(api: Api, instance: str) -> list[str]:
    tree = api.get(f"/process-instance/{instance}/activity-instances")
    return sorted(each["activityId"] for each in tree["childActivityInstances"])


def modification(definition: str, *instructions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"processDefinitionId": definition, "instructions": list(instructions), **more}


def events(kind: Event) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(event=kind).order_by("key"))


def test_list_and_queries_are_united(api: Api, trip: str):
    # given
    listed, running, historic = (start(api, trip, businessKey=name) for name in ("A", "B", "C"))
    other = start(api, trip, businessKey="D")
    body = modification(
        trip,
        CANCEL_BOOK,
        BEFORE_PAY,
        processInstanceIds=[listed, listed],
        processInstanceQuery={"businessKey": "B"},
        historicProcessInstanceQuery={"processInstanceBusinessKeyIn": ["A", "C"]},
        annotation="the bank was down",
    )
    # when
    api.post("/modification/execute", body)
    # then
    for instance in (listed, running, historic):
        assert elements(api, instance) == ["pay"]
    assert elements(api, other) == ["book"]
    recorded = events(Event.MODIFY)
    assert [each.reason for each in recorded] == ["the bank was down"] * 3
    assert len({each.process_instance_key for each in recorded}) == 3
    assert len({each.request_id for each in recorded}) == 1
    assert [each["text"] for each in recorded[0].body["plan"]] == [
        "Cancel all instances of activity 'book'",
        "Start before activity 'pay'",
    ]
    assert recorded[0].body["activated"]["elements"][0]["element_id"] == "pay"


def test_an_empty_query_means_everything(api: Api, trip: str):
    first, second = start(api, trip), start(api, trip)
    api.post("/modification/execute", modification(trip, BEFORE_PAY, processInstanceQuery={}))
    assert elements(api, first) == elements(api, second) == ["book", "pay"]


def test_none_is_modified_if_one_cannot_be(api: Api, trip: str):
    # given one that is at another place
    first, second = start(api, trip), start(api, trip)
    api.put(f"/process-instance/{second}/suspended", {"suspended": True})
    api.delete(f"/process-instance/{second}")
    # when
    body = modification(trip, BEFORE_PAY, processInstanceIds=[first, second])
    refusal = api.refused("POST", "/modification/execute", body)
    # then
    assert f"Process instance '{second}' cannot be modified" in refusal.message
    assert elements(api, first) == ["book"]


def test_all_have_to_be_of_the_definition(api: Api, trip: str):
    api.deploy(process("other", "user:pay"))
    [other] = api.get("/process-definition", key="other")
    mine, strange = start(api, trip), start(api, other["id"])
    body = modification(trip, BEFORE_PAY, processInstanceIds=[mine, strange])
    refusal = api.refused("POST", "/modification/execute", body)
    assert "does not match given process definition" in refusal.message
    assert elements(api, mine) == ["book"]
    assert [each.result for each in events(Event.MODIFY)] == ["REFUSED"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"instructions": []}, "The list of modification instructions is empty"),
        ({"processInstanceIds": []}, "Process instance ids is empty"),
        ({"processInstanceQuery": {"businessKey": "none"}, "processInstanceIds": None}, "the query finds none"),
        ({"processDefinitionId": "trip:9:99"}, "No process definition found with id 'trip:9:99'"),
        ({"processInstanceIds": ["nonsense"]}, "Process instance 'nonsense' cannot be modified"),
        (
            {"instructions": [{"type": "cancel", "activityInstanceId": "4711"}]},
            "it names an element instance, which only one process instance has",
        ),
        (
            {"instructions": [{**BEFORE_PAY, "ancestorActivityInstanceId": "4711"}]},
            "it names an element instance, which only one process instance has",
        ),
        ({"instructions": [{**BEFORE_PAY, "activityId": "nowhere"}]}, "'nowhere' could not be found"),
        ({"processInstanceQuery": {"colour": "red"}}, "Unrecognized field 'colour'"),
    ],
)
def test_what_is_wrong_is_said(api: Api, trip: str, more: dict[str, Any], expected: str):
    instance = start(api, trip)
    body = modification(trip, BEFORE_PAY, processInstanceIds=[instance]) | more
    refusal = api.refused("POST", "/modification/execute", body)
    assert refusal.status in (400, 404)
    assert expected in refusal.message
    assert elements(api, instance) == ["book"]


def test_too_many_are_for_a_batch(api: Api, trip: str, monkeypatch):
    monkeypatch.setattr(many, "MOST_AT_ONCE", 1)
    instances = [start(api, trip), start(api, trip)]
    body = modification(trip, BEFORE_PAY, processInstanceIds=instances)
    assert "Let a batch do it" in api.refused("POST", "/modification/execute", body).message


def test_variables_that_change_are_kept_for_each(api: Api, trip: str):
    # given
    instances = [start(api, trip, variables={"fare": {"value": number}}) for number in (1, 2)]
    with_variables = {**BEFORE_PAY, "variables": {"fare": {"value": 9}}}
    # when
    api.post("/modification/execute", modification(trip, with_variables, processInstanceIds=instances))
    # then
    kept = VariableSnapshot.objects.order_by("process_instance_key").values_list("value", flat=True)
    assert list(kept) == [1, 2]
    assert {each.audit_event.process_instance_key for each in VariableSnapshot.objects.all()} == {
        each.process_instance_key for each in events(Event.MODIFY)
    }


# ---- restarting


def restart(api: Api, definition: str, *instances: str, **more: Any) -> list[str]:
    """The ids of what runs afterwards."""
    body = {"processInstanceIds": list(instances), "instructions": [BEFORE_PAY], **more}
    api.post(f"/process-definition/{definition}/restart", body)
    return [each["id"] for each in api.get("/process-instance", sortBy="instanceId", sortOrder="asc")]


def ended(api: Api, definition: str, **body: Any) -> str:
    instance = start(api, definition, **body)
    api.delete(f"/process-instance/{instance}")
    return instance


def test_the_new_one_is_linked_to_the_old_one_and_recorded_there(api: Api, trip: str):
    old = ended(api, trip, businessKey="B-1", variables={"fare": {"value": 5}})
    [new] = restart(api, trip, old, annotation="canceled by mistake")
    found = api.get(f"/history/process-instance/{new}")
    assert (found["restartedProcessInstanceId"], found["businessKey"]) == (old, "B-1")
    assert elements(api, new) == ["pay"]
    assert api.get(f"/process-instance/{new}/variables/fare")["value"] == 5
    [recorded] = events(Event.RESTART)
    assert recorded.reason == "canceled by mistake"
    assert str(recorded.body["restarted_as"]) in new
    assert str(recorded.process_instance_key) in old


def test_list_and_query_are_united_for_a_restart_too(api: Api, trip: str):
    first, second = ended(api, trip, businessKey="A"), ended(api, trip, businessKey="B")
    query = {"processInstanceBusinessKeyIn": ["A", "B"], "finished": True}
    assert len(restart(api, trip, first, historicProcessInstanceQuery=query)) == 2
    assert len({each.process_instance_key for each in events(Event.RESTART)}) == 2
    assert second


def test_none_is_restarted_if_one_still_runs(api: Api, trip: str):
    old, running = ended(api, trip), start(api, trip)
    body = {"processInstanceIds": [old, running], "instructions": [BEFORE_PAY]}
    refusal = api.refused("POST", f"/process-definition/{trip}/restart", body)
    assert "cannot restart active instances" in refusal.message
    assert [each["id"] for each in api.get("/process-instance")] == [running]


def test_options_of_a_restart(api: Api, trip: str):
    old = start(api, trip, businessKey="B-1", variables={"fare": {"value": 5}})
    api.put(f"/process-instance/{old}/variables/fare", {"value": 7})
    api.put(f"/process-instance/{old}/variables/late", {"value": True})
    api.delete(f"/process-instance/{old}")
    [new] = restart(api, trip, old, initialVariables=True, withoutBusinessKey=True)
    assert {name: each["value"] for name, each in api.get(f"/process-instance/{new}/variables").items()} == {"fare": 5}
    assert api.get(f"/process-instance/{new}")["businessKey"] is None


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"instructions": []}, "Restart instructions cannot be empty"),
        ({"instructions": [CANCEL_BOOK]}, "a restart can only start elements"),
        ({"processInstanceIds": []}, "Process instance ids is empty"),
        ({"processInstanceIds": ["4711000"]}, "'4711000' cannot be restarted"),
    ],
)
def test_what_is_wrong_with_a_restart_is_said(api: Api, trip: str, more: dict[str, Any], expected: str):
    body = {"processInstanceIds": [ended(api, trip)], "instructions": [BEFORE_PAY], **more}
    assert expected in api.refused("POST", f"/process-definition/{trip}/restart", body).message
    assert api.get("/process-instance/count")["count"] == 0
