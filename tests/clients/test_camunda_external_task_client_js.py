"""`camunda-external-task-client-js`: a worker in a process of its own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.clients.conftest import ELEMENTS, Script, Server, camunda_7, deploy_to_camunda_7, shown

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = "camunda_external_task_client.mjs"


def start(server: Server, **variables: Any) -> str:
    body = {"businessKey": "B-7", "variables": {name: {"value": value} for name, value in variables.items()}}
    return camunda_7(server, "POST", "/process-definition/key/fulfilment/start", body)["id"]


def test_the_model_is_worked_to_its_end(server: Server, run_script: Script) -> None:
    # given
    deploy_to_camunda_7(server)
    instance = start(server, parcels=2, soldOut=False)
    # when reserved
    [reserved] = run_script(WORKER, times=1)
    assert reserved == {
        "activityId": "reserve",
        "businessKey": "B-7",
        "retries": None,
        "extensionProperties": {"store": "north"},
        "variables": {"parcels": 2, "soldOut": False},
        "what": "completed",
    }
    # and paid and approved
    camunda_7(server, "POST", "/message", {"messageName": "paid", "businessKey": "B-7"})
    [task] = camunda_7(server, "GET", "/task", params={"processInstanceId": instance})
    camunda_7(server, "POST", f"/task/{task['id']}/complete", {})
    # and one of two parcels breaks twice, which is put right
    tried = run_script(WORKER, times=3)
    assert Counter((each["variables"]["loopCounter"], each["what"], each["retries"]) for each in tried) == {
        (0, "completed", None): 1,
        (1, "failed", None): 1,
        (1, "failed", 1): 1,
    }
    [incident] = camunda_7(server, "GET", "/incident", params={"processInstanceId": instance})
    assert incident["incidentMessage"] == "the box broke"
    camunda_7(server, "PUT", f"/external-task/{incident['configuration']}/retries", {"retries": 9})
    [again] = run_script(WORKER, times=1)
    assert (again["what"], again["retries"]) == ("completed", 9)
    # and it is fetched
    camunda_7(server, "POST", "/signal", {"name": "truck"})
    # then
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {
        "parcels": 2,
        "soldOut": False,
        "shelf": "A4",
        "size": {"width": 3, "tags": ["a", "b"]},
        "weight": 1.5,
        "barcode": 4_006_381_333_931,
        "nothing": None,
        "readyAt": "2026-11-30T08:00:00.000+0000",
    }
    assert found.ended == ELEMENTS
    assert found.audit == [
        "Start Process instance",
        "Correlate Message",
        "Complete User task",
        "Retry Job",
        "Broadcast Signal",
    ]


def test_an_error_ends_it(server: Server, run_script: Script) -> None:
    deploy_to_camunda_7(server)
    instance = start(server, parcels=1, soldOut=True)
    [declined] = run_script(WORKER, times=1)
    assert declined["what"] == "declined"
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {"parcels": 1, "soldOut": True, "missing": "shoes", "why": "none left"}
    assert found.ended == ["start", "sold_out", "declined"]
