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
import pycamunda.task
import pycamunda.variable
import pycamunda.version
import pytest
from pytest_django.live_server_helper import LiveServer

from tests.operate.api.engine_rest.conftest import ORDER, People

pytestmark = pytest.mark.django_db(transaction=True)


class Camunda:
    """The client, pointed at the server and logged in."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/engine-rest"

    def __call__(self, request: type, *args: Any, **options: Any) -> Any:
        return self.send(request(self.url, *args, **options))

    @staticmethod
    def send(request: Any) -> Any:
        request.auth = ("admin", "admin")
        return request()


@pytest.fixture
def camunda(live_server: LiveServer, people: People) -> Camunda:
    return Camunda(live_server.url)


@pytest.fixture
def instance(camunda: Camunda, tmp_path: Path) -> str:
    """A running order; its id."""
    file = tmp_path / "order.bpmn"
    file.write_text(ORDER)
    with file.open() as content:
        deployment = pycamunda.deployment.Create(camunda.url, name="Orders")
        deployment.add_resource(content)
        assert camunda.send(deployment).name == "Orders"
    start = pycamunda.processdef.StartInstance(camunda.url, key="order", business_key="B-1")
    start.add_variable("amount", 100)
    return camunda.send(start).id_


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
    fetch = pycamunda.externaltask.FetchAndLock(camunda.url, "w1", 1)
    fetch.add_topic("ship", 10_000)
    [external] = camunda.send(fetch)
    assert external.variables["ok"].value is True
    camunda(pycamunda.externaltask.ExtendLock, id_=external.id_, worker_id="w1", new_duration=20_000)
    done = pycamunda.externaltask.Complete(camunda.url, external.id_, "w1")
    done.add_variable("tracking", "T-1")
    camunda.send(done)
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
    fetch = pycamunda.externaltask.FetchAndLock(camunda.url, "w1", 1)
    fetch.add_topic("ship", 10_000)
    [external] = camunda.send(fetch)
    # when
    failure = pycamunda.externaltask.HandleFailure(
        camunda.url, external.id_, "w1", error_message="no bike", error_details="", retries=0, retry_timeout=0
    )
    camunda.send(failure)
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
