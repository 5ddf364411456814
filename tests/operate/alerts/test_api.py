"""Alerts over `/api`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from operate.alerts.models import Alert
from operate.workspaces import Role, add_member
from tests.operate.admin.conftest import Office
from tests.operate.alerts.conftest import Watch, saved

Watching = Callable[..., Watch]


def api(office: Office, who: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(office.people[who])
    return client


def post(office: Office, who: str, status: int = 200, **body: Any) -> Any:
    answer = api(office, who).post("/api/alerts", body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_an_alert_is_set_read_changed_and_removed(office: Office) -> None:
    # given
    mine = saved(office)
    client = api(office, "petra")
    [told] = client.get("/api/saved-filters").json()["items"]
    assert told == {
        "key": str(mine.pk),
        "name": "Running",
        "query": "state=active",
        "owner": "petra",
        "workspace": None,
    }
    # when, then
    made = post(office, "petra", filter_key=told["key"], threshold=5, for_minutes=10)
    assert (made["filter"], made["workspace"], made["owner"], made["state"]) == ("Running", "shop", "petra", "NEW")
    assert (made["threshold"], made["for_minutes"], made["to_owner"], made["count"]) == (5, 10, True, None)
    path = f"/api/alerts/{made['key']}"
    assert client.get(path).json() == made
    assert client.get("/api/alerts").json() == {"items": [made]}
    changed = client.patch(path, {"threshold": 6, "muted": True}, format="json").json()
    assert (changed["threshold"], changed["muted"], changed["for_minutes"]) == (6, True, 10)
    assert client.delete(path).json()["key"] == made["key"]
    assert client.get(path).status_code == 404


def test_one_that_is_there_is_changed_not_doubled(office: Office) -> None:
    key = saved(office).pk
    first = post(office, "petra", filter_key=str(key), threshold=5)
    assert post(office, "petra", filter_key=str(key), threshold=6)["key"] == first["key"]
    assert Alert.objects.get().threshold == 6


def test_what_has_happened_is_told(office: Office, watch: Watching) -> None:
    office.start()
    watched = watch(threshold=0)
    watched.after()
    client, path = api(office, "petra"), f"/api/alerts/{watched.alert.pk}"
    [happening] = client.get(f"{path}/history").json()["items"]
    assert (happening["happening"], happening["count"], happening["told"]) == ("FIRED", 1, True)
    assert (client.get(path).json()["state"], client.get(path).json()["count"]) == ("FIRING", 1)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"threshold": -1}, 400),
        ({"threshold": 100_001}, 400),
        ({"threshold": True}, 400),
        ({"direction": "SIDEWAYS"}, 400),
        ({"every_minutes": 0}, 400),
        ({"to_owner": False}, 400),
        ({"to_role": "KING"}, 400),
        ({"to_role": "OPERATOR"}, 403),
        ({"to_webhooks": True}, 403),
        ({"workspace": "bank"}, 400),
        ({"filter_key": "1"}, 404),
        ({"colour": "red"}, 400),
    ],
)
def test_what_is_wrong_or_not_allowed_is_refused(office: Office, wrong: dict[str, Any], status: int) -> None:
    post(office, "petra", status, **({"filter_key": str(saved(office).pk), "threshold": 5} | wrong))
    assert not Alert.objects.exists()


def test_who_sees_several_workspaces_names_one(office: Office) -> None:
    add_member(office.people["petra"], office.bank, Role.OPERATOR)
    key = str(saved(office).pk)
    assert "Expected 'workspace'" in post(office, "petra", 400, filter_key=key, threshold=1)["detail"]
    assert post(office, "petra", filter_key=key, threshold=1, workspace="bank")["workspace"] == "bank"


def test_a_shared_filter_is_counted_where_it_is_shared(office: Office) -> None:
    add_member(office.people["petra"], office.bank, Role.OPERATOR)
    key = str(saved(office, "stella", workspace=office.shop).pk)
    assert post(office, "petra", filter_key=key, threshold=1)["workspace"] == "shop"
    assert post(office, "petra", 400, filter_key=key, threshold=1, workspace="bank")["status"] == 400


def test_administrators_see_and_remove_and_only_owners_change(office: Office, watch: Watching) -> None:
    path = f"/api/alerts/{watch('petra').alert.pk}"
    assert [api(office, who).get(path).status_code for who in ("stella", "sam", "paul")] == [200, 404, 404]
    assert api(office, "stella").patch(path, {"threshold": 9}, format="json").status_code == 400
    assert api(office, "sam").delete(path).status_code == 404
    assert api(office, "stella").delete(path).status_code == 200
    assert not Alert.objects.exists()
