"""`@camunda8/orchestration-cluster-api`: everything that Camunda's client for Node.js does, its checks of schemas switched on."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.clients.conftest import ELEMENTS, MODELS, Script, shown
from workflow.models import ProcessInstance

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = MODELS / "fulfilment_camunda8.bpmn"


def test_the_model_is_worked_to_its_end(run_script: Script) -> None:
    # when
    seen = run_script("orchestration_cluster_api.mjs", model=MODEL)
    # then one is delivered
    delivered = shown(seen["instance"])
    assert delivered.state == "COMPLETED"
    assert delivered.variables == {
        "orderId": "B-7",
        "parcels": ["cup", "vase"],
        "shelf": "B1",
        "size": {"width": 3, "tags": ["a", "b"]},
        "paid": 99.5,
        "approved": True,
        "labels": ["for cup", "for a new vase"],
        "plate": "1-ABC-234",
    }
    assert delivered.ended == ELEMENTS
    assert delivered.audit == [
        "Start Process instance",
        "Publish Message",
        "Assign User task",
        "Update User task",
        "Complete User task",
        "Retry Job",
        "Resolve Incident",
        "Update Process variables",
        "Broadcast Signal",
    ]
    # and one declined
    declined = shown(seen["declined"])
    assert (declined.state, declined.variables) == (
        "COMPLETED",
        {"orderId": "B-8", "item": "shoes", "missing": "shoes"},
    )
    assert declined.ended == ["ordered", "sold_out", "declined"]
    # and the workers were given what they had to know
    [reserved] = seen["jobs"]["reserved"]
    assert (reserved["retries"], reserved["headers"], reserved["parcels"]) == (2, {"store": "north"}, ["cup", "vase"])
    assert Counter((each["parcel"], each["retries"]) for each in seen["jobs"]["packed"]) == {
        ("cup", 3): 1,
        ("vase", 3): 1,
        ("vase", 1): 1,
    }
    assert [(each["parcel"], each["retries"]) for each in seen["jobs"]["again"]] == [("vase", 4)]
    # and the pages hold all instances once
    assert [len(page) for page in seen["pages"]] == [2, 2, 1]
    everything = ProcessInstance.objects.order_by("key").values_list("key", flat=True)
    assert [int(key) for page in seen["pages"] for key in page] == list(everything)
    # and whatever there is to read was found
    assert not [read for read, number in seen["found"].items() if not number]
    assert len(seen["found"]) == 29
