"""A public client of Camunda 7, unchanged, against a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pycamunda.activityinst
import pycamunda.deployment
import pycamunda.execution
import pycamunda.externaltask
import pycamunda.identity
import pycamunda.incident
import pycamunda.message
import pycamunda.processdef
import pycamunda.processinst
import pycamunda.signal
import pycamunda.task
import pycamunda.variable
import pycamunda.version
import pytest

from tests.clients.conftest import ELEMENTS, MODELS, Server, shown
from tests.operate.api.engine_rest.conftest import ORDER

pytestmark = pytest.mark.django_db(transaction=True)


class Camunda:
    """The client, pointed at the server and logged in."""

    def __init__(self, server: Server) -> None:
        self.url = server.engine_rest
        self._login = server.login

    def __call__(self, request: type, *args: Any, **options: Any) -> Any:
        return self.send(request(self.url, *args, **options))

    def send(self, request: Any) -> Any:
        request.auth = self._login
        return request()

    def deploy(self, model: Path) -> Any:
        with model.open() as content:
            deployment = pycamunda.deployment.Create(self.url, name="Orders")
            deployment.add_resource(content)
            return self.send(deployment)

    def start(self, process: str, business_key: str, **variables: Any) -> str:
        start = pycamunda.processdef.StartInstance(self.url, key=process, business_key=business_key)
        for name, value in variables.items():
            start.add_variable(name, value)
        return self.send(start).id_

    def fetch(self, topic: str, most: int = 1) -> Any:
        fetch = pycamunda.externaltask.FetchAndLock(self.url, "w1", most)
        fetch.add_topic(topic, 60_000)
        return self.send(fetch)

    def complete(self, external: Any, **variables: Any) -> None:
        complete = pycamunda.externaltask.Complete(self.url, external.id_, "w1")
        for name, value in variables.items():
            complete.add_variable(name, value)
        self.send(complete)

    def fail(self, external: Any, message: str) -> None:
        """Give up on an external task: no retries are left."""
        failure = pycamunda.externaltask.HandleFailure(
            self.url, external.id_, "w1", error_message=message, error_details="", retries=0, retry_timeout=0
        )
        self.send(failure)


@pytest.fixture
def camunda(server: Server) -> Camunda:
    return Camunda(server)


@pytest.fixture
def instance(camunda: Camunda, tmp_path: Path) -> str:
    """A running order; its id."""
    file = tmp_path / "order.bpmn"
    file.write_text(ORDER)
    assert camunda.deploy(file).name == "Orders"
    return camunda.start("order", "B-1", amount=100)


def test_the_model_is_worked_to_its_end(camunda: Camunda) -> None:
    # given
    camunda.deploy(MODELS / "fulfilment_camunda7.bpmn")
    instance = camunda.start("fulfilment", "B-7", parcels=2)
    # when reserved, paid and approved
    [reserve] = camunda.fetch("reserve")
    assert (reserve.business_key, reserve.priority, reserve.variables["parcels"].value) == ("B-7", 7, 2)
    camunda.complete(reserve, shelf="A4")
    paid = pycamunda.message.CorrelateSingle(camunda.url, message_name="paid", business_key="B-7", result_enabled=True)
    paid.add_process_variable("paid", 99.5)
    assert camunda.send(paid)[0].execution.process_instance_id == instance
    [task] = camunda(pycamunda.task.GetList, candidate_group="sales", process_instance_business_key="B-7")
    camunda(pycamunda.task.Claim, task.id_, "ann")
    approve = pycamunda.task.Complete(camunda.url, task.id_)
    approve.add_variable("approved", True)
    camunda.send(approve)
    # and one of two parcels breaks, which is put right
    first, second = camunda.fetch("pack", 2)
    camunda.complete(first)
    camunda.fail(second, "the box broke")
    [incident] = camunda(pycamunda.incident.GetList, process_instance_id=instance)
    assert (incident.activity_id, incident.incident_message) == ("pack", "the box broke")
    assert camunda.fetch("pack") == ()
    camunda(pycamunda.externaltask.SetRetries, second.id_, retries=2)
    [again] = camunda.fetch("pack")
    assert (again.id_, again.retries) == (second.id_, 2)
    camunda.complete(again)
    # and it is fetched
    camunda(pycamunda.signal.EventAll, "truck")
    # then
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {"parcels": 2, "shelf": "A4", "paid": 99.5, "approved": True}
    assert found.ended == ELEMENTS
    assert found.audit == [
        "Start Process instance",
        "Correlate Message",
        "Assign User task",
        "Complete User task",
        "Retry Job",
        "Broadcast Signal",
    ]


def test_instances_are_read_in_pages(camunda: Camunda) -> None:
    camunda.deploy(MODELS / "fulfilment_camunda7.bpmn")
    started = [camunda.start("fulfilment", f"B-{number}", parcels=1) for number in range(5)]
    pages = [
        camunda(pycamunda.processinst.GetList, first_result=first, max_results=2, sort_by="instance_id", ascending=True)
        for first in (0, 2, 4)
    ]
    assert [[each.id_ for each in page] for page in pages] == [started[:2], started[2:4], started[4:]]
    # without details of errors, which the client asks for without logging in
    some = camunda(pycamunda.externaltask.GetList, topic_name="reserve", max_results=3, request_error_details=False)
    assert [each.business_key for each in some] == ["B-0", "B-1", "B-2"]


def test_definitions(camunda: Camunda, instance: str) -> None:
    [definition] = camunda(pycamunda.processdef.GetList)
    assert (definition.key, definition.version) == ("order", 1)
    assert camunda(pycamunda.processdef.Get, id_=definition.id_) == definition
    assert camunda(pycamunda.processdef.Count, key="order") == 1
    assert ORDER in camunda(pycamunda.processdef.GetXML, id_=definition.id_)
    assert camunda(pycamunda.version.Get).startswith("7.")


def test_a_process_instance_from_start_to_end(camunda: Camunda, instance: str) -> None:
    # given
    [found] = camunda(pycamunda.processinst.GetList, business_key="B-1", active=True)
    assert found.id_ == instance
    # when a person completes a task
    [task] = camunda(pycamunda.task.GetList, process_instance_id=instance, task_definition_key="approve")
    camunda(pycamunda.task.Claim, task.id_, "ann")
    assert camunda(pycamunda.task.Get, id_=task.id_).assignee == "ann"
    complete = pycamunda.task.Complete(camunda.url, task.id_)
    complete.add_variable("ok", True, "Boolean")
    camunda.send(complete)
    # and a worker completes an external task
    [external] = camunda.fetch("ship")
    assert external.variables["ok"].value is True
    camunda(pycamunda.externaltask.ExtendLock, id_=external.id_, worker_id="w1", new_duration=20_000)
    camunda.complete(external, tracking="T-1")
    # and a message comes, and packing is canceled
    paid = camunda(pycamunda.message.CorrelateSingle, message_name="paid", business_key="B-1", result_enabled=True)
    assert len(paid) == 1
    modify = pycamunda.processinst.Modify(camunda.url, instance)
    modify.add_cancel_activity_instruction(id_="pack")
    camunda.send(modify)
    # then
    with pytest.raises(pycamunda.NoSuccess):
        camunda(pycamunda.processinst.Get, id_=instance)


def test_variables(camunda: Camunda, instance: str) -> None:
    camunda(pycamunda.processinst.VariablesUpdate, instance, "note", value="x", type_="String")
    assert camunda(pycamunda.processinst.VariablesGet, instance, "note").value == "x"
    assert set(camunda(pycamunda.processinst.VariablesGetList, instance)) == {"amount", "note"}
    camunda(pycamunda.processinst.VariablesDelete, instance, "note")
    [left] = camunda(pycamunda.variable.GetList, process_instance_id_in=[instance])
    assert (left.name, left.value, left.type_) == ("amount", 100, "Integer")


def test_the_activity_instance_tree(camunda: Camunda, instance: str) -> None:
    tree = camunda(pycamunda.processinst.GetActivityInstance, instance)
    assert {child.activity_id for child in tree.child_activity_instances} == {"approve", "ship", "payment"}


def test_incidents(camunda: Camunda, instance: str) -> None:
    # given
    [external] = camunda.fetch("ship")
    # when
    camunda.fail(external, "no bike")
    # then
    [incident] = camunda(pycamunda.incident.GetList, process_instance_id=instance)
    assert (incident.incident_message, incident.activity_id) == ("no bike", "ship")
    # when
    camunda(pycamunda.externaltask.SetRetries, id_=external.id_, retries=1)
    # then
    assert camunda(pycamunda.incident.GetList, process_instance_id=instance) == ()


def test_suspending(camunda: Camunda, instance: str) -> None:
    camunda(pycamunda.processinst.Suspend, id_=instance)
    assert camunda(pycamunda.processinst.Get, id_=instance).suspended
    camunda(pycamunda.processinst.Activate, id_=instance)
    assert not camunda(pycamunda.processinst.Get, id_=instance).suspended
