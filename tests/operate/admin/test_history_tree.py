"""The history of a process instance: whole where it is small, in slices where it is large, and never all of it in a page."""

from __future__ import annotations

from typing import Any

import pytest

from operate.admin.instance import history_tree
from operate.admin.instance.history_tree import HistoryTree
from tests.operate.admin.conftest import Office
from tests.operate.admin.world import each, started, waiting
from tests.support.pages import statements_of
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, UserTask
from workflow.modification import StartBefore
from workflow.persistence.definitions import executable_process
from workflow.services import modify_process_instance

MANY = 60
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0" targetNamespace="shop" modeler:executionPlatform="Camunda Platform">
  <process id="many" name="Many" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f1" sourceRef="start" targetRef="parcel" />
    <subProcess id="parcel" name="Parcel">
      <multiInstanceLoopCharacteristics><loopCardinality>60</loopCardinality></multiInstanceLoopCharacteristics>
      <startEvent id="begin" /><sequenceFlow id="p1" sourceRef="begin" targetRef="pack" /><userTask id="pack" name="Pack" />
    </subProcess>
  </process>
</definitions>
"""


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_tree, "WHOLE", 20)
    monkeypatch.setattr(history_tree, "SLICE", 8)


def tree_of(instance: ProcessInstance) -> HistoryTree:
    return HistoryTree(instance, executable_process(instance.definition_key))


def many(office: Office) -> ProcessInstance:
    return started(office, PROCESS, "many")


def history(office: Office, instance: ProcessInstance, query: str = "", username: str = "sam") -> Any:
    answer = office.of(username).get(f"/workflow/processinstance/{instance.key}/history/{query}")
    assert answer.status_code == 200
    return answer.json()


def test_a_small_history_is_read_whole_with_its_called_instances(office):
    instance = waiting(office)
    called = ProcessInstance.objects.filter(parent_process_instance=instance.key)
    first = tree_of(instance).first(called)
    assert first.is_whole
    assert len(first.rows) == ElementInstance.objects.filter(process_instance=instance.key).count()
    [ship] = [row for row in first.rows if row.element_id == "ship"]
    assert [each.key for each in ship.called] == [called.get().key]


@pytest.mark.usefixtures("small_slices")
def test_a_large_history_is_read_by_slices_whose_keys_lead_through_all_of_it(office):
    instance = many(office)
    first = tree_of(instance).first()
    assert not first.is_whole
    body = ElementInstance.objects.get(process_instance=instance.key, element_id="parcel#multiInstanceBody")
    assert [row.key for row in first.top.rows][-1] == body.key
    level = tree_of(instance).level(body.key)
    assert level.total == MANY
    assert len(level.starts) == -(-MANY // 8)
    found = [row.key for start in level.starts for row in tree_of(instance).level(body.key, start).rows]
    children = ElementInstance.objects.filter(flow_scope_key=body.key).order_by("key")
    assert found == list(children.values_list("key", flat=True))


@pytest.mark.usefixtures("small_slices")
def test_slices_stay_what_they_are_while_more_comes(office):
    instance = many(office)
    body = ElementInstance.objects.get(process_instance=instance.key, element_id="parcel#multiInstanceBody")
    before = tree_of(instance).level(body.key)
    modify_process_instance(instance.key, [StartBefore("parcel")])
    after = tree_of(instance).level(body.key)
    assert after.total == before.total + 1
    assert after.starts[: len(before.starts)] == before.starts


@pytest.mark.usefixtures("small_slices")
def test_only_what_runs_can_be_asked_for(office):
    instance = many(office)
    for task in UserTask.objects.filter(process_instance=instance.key).order_by("key")[:50]:
        services.complete_user_task(task.key)
    body = ElementInstance.objects.get(process_instance=instance.key, element_id="parcel#multiInstanceBody")
    level = tree_of(instance).level(body.key, is_open=True)
    assert level.total == MANY - 50
    assert all(row.is_open for row in level.rows)
    assert history(office, instance, f"?scope={body.key}&running=1")["total"] == MANY - 50


def test_a_body_tells_how_many_are_done_and_how_many_run(office):
    instance = many(office)
    services.complete_user_task(UserTask.objects.filter(process_instance=instance.key).earliest("key").key)
    [body] = [row for row in tree_of(instance).first().rows if row.type == "MULTI_INSTANCE_BODY"]
    assert (body.name, body.tally) == ("Parcel · multi-instance 1/60", "59 running")


@pytest.mark.parametrize("semantics", Semantics)
def test_the_way_to_an_element_leads_through_its_scopes(office, semantics):
    instance = each(office, semantics)
    found = history(office, instance, "?element=pack")
    keys = [int(key) for key in found["way"]]
    ids = dict(ElementInstance.objects.filter(pk__in=keys).values_list("pk", "element_id"))
    assert [ids[key] for key in keys] == ["parcel#multiInstanceBody", "parcel", "pack"]
    assert found["total"] == 2
    assert history(office, instance, f"?key={keys[-1]}")["way"] == found["way"]


def test_an_element_that_was_never_reached_has_no_way(office):
    assert history(office, many(office), "?element=nowhere") == {"way": [], "total": 0}


def test_what_is_in_another_instance_is_not_told(office):
    mine, other = office.start(), office.start()
    task = ElementInstance.objects.get(process_instance=other.key, element_id="approve")
    assert history(office, mine, f"?scope={task.key}") == {"scope": str(task.key), "total": 0, "starts": [], "rows": []}
    assert history(office, mine, f"?key={task.key}") == {"way": [], "total": 0}


def test_the_history_of_another_workspace_is_not_there(office):
    instance = office.start()
    assert office.of("paul").get(f"/workflow/processinstance/{instance.key}/history/").status_code == 404


@pytest.mark.parametrize("query", ["?scope=x", "?from=-1", "?from=99999999999999999999999", "?key=0", "?element=%00"])
def test_strange_questions_are_no_defects(office, query):
    assert office.of("sam").get(f"/workflow/processinstance/{office.start().key}/history/{query}").status_code in (
        200,
        404,
    )


@pytest.mark.usefixtures("small_slices")
def test_the_first_page_has_a_slice_and_says_how_many_there_are(office):
    instance = many(office)
    modify_process_instance(instance.key, [StartBefore("parcel#multiInstanceBody")] * 12)
    text = office.of("sam").get(f"/workflow/processinstance/{instance.key}/").content.decode()
    assert "element instances; the diagram counts all." in text
    assert text.count('class="ft-tree-row') <= 8 + 1


@pytest.mark.usefixtures("small_slices")
@pytest.mark.parametrize("tasks", [1, 40])
def test_a_slice_costs_the_same_wherever_it_begins(office, tasks):
    instance = many(office)
    for task in UserTask.objects.filter(process_instance=instance.key).order_by("key")[:tasks]:
        services.complete_user_task(task.key)
    body = ElementInstance.objects.get(process_instance=instance.key, element_id="parcel#multiInstanceBody")
    begin = tree_of(instance).level(body.key).starts[3]
    address = f"/workflow/processinstance/{instance.key}/history/?scope={body.key}&from={begin}"
    assert len(statements_of(office.of("sam"), address)) == 5
