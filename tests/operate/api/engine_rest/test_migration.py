"""Migration plans of the Camunda 7 dialect: generated, validated, carried out."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Event
from tests.operate.api.engine_rest.conftest import Api, process


@pytest.fixture
def versions(api: Api) -> tuple[str, str]:
    """The ids of two versions of a process: the second has one more task, and calls the second one otherwise."""
    api.deploy(process("trip", "user:book", "external:pay"))
    api.deploy(process("trip", "user:book", "user:confirm", "external:charge"))
    one, two = api.get("/process-definition", key="trip", sortBy="version", sortOrder="asc")
    return one["id"], two["id"]


def plan(versions: tuple[str, str], mappings: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "sourceProcessDefinitionId": versions[0],
        "targetProcessDefinitionId": versions[1],
        "instructions": [
            {"sourceActivityIds": [one], "targetActivityIds": [other], "updateEventTrigger": False}
            for one, other in mappings.items()
        ],
        **more,
    }


def start(api: Api, versions: tuple[str, str], **body: Any) -> str:
    return api.post(f"/process-definition/{versions[0]}/start", body)["id"]


def test_a_plan_is_generated_from_what_is_the_same(api: Api, versions: tuple[str, str]):
    given = {"sourceProcessDefinitionId": versions[0], "targetProcessDefinitionId": versions[1]}
    generated = api.post("/migration/generate", {**given, "updateEventTriggers": True})
    book = {"sourceActivityIds": ["book"], "targetActivityIds": ["book"], "updateEventTrigger": False}
    assert generated == {**given, "instructions": [book], "variables": None}
    assert api.post("/migration/validate", generated) == {"instructionReports": [], "variableReports": {}}


def test_a_plan_is_validated_with_all_that_is_wrong(api: Api, versions: tuple[str, str]):
    report = api.post("/migration/validate", plan(versions, {"book": "charge", "nobody": "book", "pay": "nowhere"}))
    failures = {each["instruction"]["sourceActivityIds"][0]: each["failures"] for each in report["instructionReports"]}
    wrong = "UserTaskActivityBehavior is not compatible with ExternalTaskActivityBehavior"
    assert failures == {
        "book": [f"Activities have incompatible types ({wrong})"],
        "nobody": ["Source activity 'nobody' does not exist"],
        "pay": ["Target activity 'nowhere' does not exist"],
    }


def test_instances_are_migrated_by_list_and_query_and_each_is_recorded(api: Api, versions: tuple[str, str]):
    # given
    first, second = start(api, versions), start(api, versions, businessKey="B-2")
    other = start(api, versions, businessKey="B-3")
    # when
    api.post(
        "/migration/execute",
        {
            "migrationPlan": plan(versions, {"book": "book"}, variables={"moved": {"value": True, "type": "Boolean"}}),
            "processInstanceIds": [first],
            "processInstanceQuery": {"businessKey": "B-2"},
            "skipCustomListeners": True,
            "skipIoMappings": True,
        },
    )
    # then
    found = {each["id"]: each["definitionId"] for each in api.get("/process-instance", processDefinitionKey="trip")}
    assert found == {first: versions[1], second: versions[1], other: versions[0]}
    assert api.variables(first) == {"moved": True}
    api.complete(first, "book")
    assert api.tree(first) == ["confirm"]
    events = AuditEvent.objects.filter(event=Event.MIGRATE)
    assert events.count() == 2
    assert {each.body["migrated"]["total"] for each in events} == {1}
    assert {each.body["plan"][0]["text"] for each in events} == {"Map 'book' to 'book'"}


def test_history_keeps_what_it_was(api: Api, versions: tuple[str, str]):
    instance = start(api, versions)
    api.complete(instance, "book")
    api.post(
        "/migration/execute",
        {"migrationPlan": plan(versions, {"pay": "charge"}), "processInstanceIds": [instance]},
    )
    found = api.get("/history/activity-instance", processInstanceId=instance)
    assert sorted(each["activityId"] for each in found) == ["book", "charge", "start"]
    assert api.external_task(instance)["activityId"] == "charge"
    assert api.get(f"/history/process-instance/{instance}")["processDefinitionId"] == versions[1]


def test_a_plan_that_is_wrong_is_refused_with_its_report(api: Api, versions: tuple[str, str]):
    body = {"migrationPlan": plan(versions, {"book": "nowhere"}), "processInstanceIds": [start(api, versions)]}
    refusal = api.refused("POST", "/migration/execute", body)
    assert (refusal.status, refusal.type) == (400, "MigrationPlanValidationException")
    [report] = refusal.body["validationReport"]["instructionReports"]
    assert report["failures"] == ["Target activity 'nowhere' does not exist"]
    assert "'book'->'nowhere'" in refusal.message


def test_an_instance_that_a_plan_does_not_fit_is_refused_with_its_report(api: Api, versions: tuple[str, str]):
    # given
    fits, does_not = start(api, versions), start(api, versions)
    api.complete(does_not, "book")
    # when
    body = {"migrationPlan": plan(versions, {"book": "book"}), "processInstanceIds": [fits, does_not]}
    refusal = api.refused("POST", "/migration/execute", body)
    # then
    assert (refusal.status, refusal.type) == (400, "MigratingProcessInstanceValidationException")
    report = refusal.body["validationReport"]
    [activity] = report["activityInstanceValidationReports"]
    assert report["processInstanceId"] == does_not
    assert (activity["sourceScopeId"], activity["migrationInstruction"]) == ("pay", None)
    assert activity["activityInstanceId"] == api.activity(does_not, "pay")["id"]
    assert activity["failures"] == ["There is no migration instruction for this instance's activity"]
    assert {each["definitionId"] for each in api.get("/process-instance", processDefinitionKey="trip")} == {versions[0]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"processInstanceIds": []}, "Process instance ids cannot be empty"),
        ({"processInstanceIds": ["nope"]}, "Process instance 'nope' cannot be migrated"),
        ({"processInstanceQuery": {"colour": "red"}}, "Unrecognized field 'colour'"),
        ({"migrationPlan": None}, "migrationPlan"),
        ({"executeAt": 1}, "Unrecognized field 'executeAt'"),
    ],
)
def test_refusals(api: Api, versions: tuple[str, str], change: dict[str, Any], message: str):
    body = {"migrationPlan": plan(versions, {"book": "book"}), "processInstanceIds": [start(api, versions)]}
    assert message in api.refused("POST", "/migration/execute", body | change).message


@pytest.mark.parametrize("path", ["/migration/generate", "/migration/validate"])
def test_unknown_definitions(api: Api, versions: tuple[str, str], path: str):
    for which in ("Source", "Target"):
        body = {"sourceProcessDefinitionId": versions[0], "targetProcessDefinitionId": versions[1]}
        body[f"{which.lower()}ProcessDefinitionId"] = "trip:9:9"
        refusal = api.refused("POST", path, body)
        assert refusal.message == f"{which} process definition with id 'trip:9:9' does not exist"


@pytest.mark.parametrize("ids", [[], ["book", "pay"], None])
def test_an_instruction_has_one_source_and_one_target(api: Api, versions: tuple[str, str], ids: list[str] | None):
    body = plan(versions, {"book": "book"})
    body["instructions"][0]["sourceActivityIds"] = ids
    assert "'sourceActivityIds' to be a list of one" in api.refused("POST", "/migration/validate", body).message


def test_the_plan_names_the_definition_of_the_instance(api: Api, versions: tuple[str, str]):
    instance = start(api, versions)
    body = {"migrationPlan": plan((versions[1], versions[1]), {"book": "book"}), "processInstanceIds": [instance]}
    assert "does not match the source process definition" in api.refused("POST", "/migration/execute", body).message
