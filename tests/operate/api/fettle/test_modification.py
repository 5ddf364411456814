"""Plans on one process instance: applied, tried, validated as a whole, exported."""

from __future__ import annotations

import json
import shlex

import pytest

from audit.models import AuditEvent
from operate.workspaces import Right, Role
from tests.operate.api.fettle.conftest import Api
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Workspace

pytestmark = pytest.mark.django_db

STEPS = "<startEvent id='start'/><userTask id='check'/><userTask id='ship'/><endEvent id='end'/>"
MOVE = [{"type": "cancel_all", "element_id": "check"}, {"type": "start_before", "element_id": "ship"}]
ZEEBE_MOVE = [{"type": "move_elements", "source_element_id": "check", "target_element_id": "ship"}]


@pytest.fixture(params=list(Semantics))
def semantics(request) -> Semantics:
    return request.param


def started(semantics: Semantics = Semantics.CAMUNDA_7) -> services.Outcome:
    return services.start_process_instance(deploy(model("order", semantics, STEPS)).key)


def move(semantics: Semantics) -> list[dict[str, object]]:
    return MOVE if semantics is Semantics.CAMUNDA_7 else ZEEBE_MOVE


def open_elements(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state="ACTIVE").order_by("key")
    return list(rows.values_list("element_id", flat=True))


def path(instance: services.Outcome, what: str = "") -> str:
    return f"process-instances/{instance.process_instance_key}/modification{what}"


def names(rows: list[dict[str, str]]) -> list[str]:
    return [row["element_id"] for row in rows]


def test_a_dry_run_tells_the_outcome_and_changes_nothing(api, semantics):
    order = started(semantics)
    # when
    told = api(path(order, "/dry-run"), {"instructions": move(semantics)})
    # then
    assert names(told["elements"]["terminated"]) == ["check"]
    assert names(told["elements"]["activated"]) == ["ship"]
    assert names(told["user_tasks"]["created"]) == ["ship"]
    assert names(told["user_tasks"]["closed"]) == ["check"]
    assert (told["ended"], told["affected"]) == (False, [])
    assert told["process_instance"]["revision"] == order.revision + 1
    # and
    assert open_elements(order.process_instance_key) == ["check"]
    assert ProcessInstance.objects.get().revision == order.revision
    assert not AuditEvent.objects.exists()


def test_a_plan_is_applied_with_its_reason(api, semantics):
    order = started(semantics)
    # when
    done = api(path(order), {"instructions": move(semantics), "reason": "paid already"})
    # then
    assert names(done["elements"]["activated"]) == ["ship"]
    assert open_elements(order.process_instance_key) == ["ship"]
    event = AuditEvent.objects.get()
    assert (event.event, event.channel, event.reason) == ("Modify", "API", "paid already")


def test_a_plan_made_on_an_earlier_revision_is_refused_with_what_has_changed(api):
    order = started()
    plan = {"instructions": MOVE, "expected_revision": order.revision}
    services.set_variables(order.process_instance_key, {"paid": True})
    # when
    problem = api(path(order), plan, status=409)
    # then
    assert problem["revision"] == order.revision + 1
    assert [each["name"] for each in problem["changes"]["variables"]] == ["paid"]
    assert problem["changes"]["elements_begun"] == []
    assert open_elements(order.process_instance_key) == ["check"]
    # and
    found = api(path(order, "/validate"), plan)
    assert (found["valid"], found["complete"]) == (False, True)
    assert [each["path"] for each in found["problems"]] == ["expected_revision"]
    assert found["changes"] == problem["changes"]
    # and
    api(path(order), {**plan, "proceed": True})
    assert open_elements(order.process_instance_key) == ["ship"]


def test_what_has_changed_since_is_told_for_commands_of_all_kinds(api):
    order = started()
    services.set_variables(order.process_instance_key, {"early": 1})
    revision = ProcessInstance.objects.get().revision
    api(path(order), {"instructions": [{"type": "start_before", "element_id": "ship"}], "reason": "twice"})
    api(path(order), {"instructions": [{"type": "cancel_all", "element_id": "check"}]})
    # when
    changes = api(path(order), {"instructions": MOVE, "expected_revision": revision}, status=409)["changes"]
    # then
    assert names(changes["elements_begun"]) == ["ship"]
    assert names(changes["elements_ended"]) == ["check"]
    assert changes["variables"] == []
    assert [(each["event"], each["actor"], each["reason"]) for each in changes["commands"]] == [
        ("Modify", api.user.username, "twice"),
        ("Modify", api.user.username, ""),
    ]


def test_all_problems_of_a_plan_are_told_each_with_its_instruction(api):
    order = started()
    plan = [
        {"type": "start_before", "element_id": "nowhere"},
        {"type": "start_before", "element_id": "ship"},
        {"type": "start_before"},
        {"type": "cancel_element_instance", "key": "17"},
        {"type": "jump"},
        {"type": "start_after", "element_id": "end"},
    ]
    # when
    found = api(path(order, "/validate"), {"instructions": plan, "nonsense": 1})
    # then
    assert (found["valid"], found["complete"]) == (False, True)
    assert [(each["instruction"], each["path"]) for each in found["problems"]] == [
        (None, "nonsense"),
        (0, "instructions[0]"),
        (2, "instructions[2].element_id"),
        (3, "instructions[3]"),
        (4, "instructions[4].type"),
        (5, "instructions[5]"),
    ]
    assert "'nowhere'" in found["problems"][1]["message"]
    assert found["problems"][1]["description"] == "Start before activity 'nowhere'"
    assert found["sentences"] == [
        "Start before activity 'nowhere'",
        "Start before activity 'ship'",
        None,
        "Cancel activity instance '17'",
        None,
        "Start after activity 'end'",
    ]
    assert open_elements(order.process_instance_key) == ["check"]


def test_a_plan_without_problems_is_valid_and_one_without_instructions_is_not(api):
    order = started()
    assert api(path(order, "/validate"), {"instructions": MOVE})["valid"] is True
    found = api(path(order, "/validate"), {"instructions": []})
    assert (found["valid"], [each["instruction"] for each in found["problems"]]) == (False, [None])


def test_instructions_of_the_other_semantics_are_a_problem_of_each(api):
    order = started(Semantics.ZEEBE)
    found = api(path(order, "/validate"), {"instructions": MOVE})
    assert found["valid"] is False


def test_a_plan_is_exported_as_the_call_of_the_api_of_its_definition(api, semantics):
    order = started(semantics)
    # when
    found = api(path(order, "/export"), {"instructions": move(semantics)})
    # then
    dialect = {Semantics.CAMUNDA_7: "/engine-rest/process-instance", Semantics.ZEEBE: "/v2/process-instances"}
    assert found["call"]["path"] == f"{dialect[semantics]}/{order.process_instance_key}/modification"
    assert found["call"]["api"] == semantics
    assert len(found["sentences"]) == len(move(semantics))
    # and what curl would send does it
    words = shlex.split(found["call"]["curl"])
    body = json.loads(words[words.index("--data-raw") + 1])
    assert body == found["call"]["body"]
    answer = api.client.post(found["call"]["path"], body, format="json")
    assert answer.status_code == 204, answer.content
    assert open_elements(order.process_instance_key) == ["ship"]


def test_an_exported_plan_fits_another_instance(api, semantics):
    first, second = started(semantics), started(semantics)
    check = ElementInstance.objects.get(process_instance=first.process_instance_key, element_id="check")
    kind = {Semantics.CAMUNDA_7: "cancel_element_instance", Semantics.ZEEBE: "terminate_element_instance"}[semantics]
    start = {Semantics.CAMUNDA_7: "start_before", Semantics.ZEEBE: "activate_element"}[semantics]
    plan = [
        {"type": kind, "key": str(check.key)},
        {"type": start, "element_id": "ship", "ancestor_key": str(first.process_instance_key)},
    ]
    # when
    found = api(path(first, "/export"), {"instructions": plan, "expected_revision": first.revision})
    # then
    assert found["named_keys"] == []
    assert found["plan"]["instructions"] == plan
    api(path(second), found["reusable_plan"])
    assert open_elements(second.process_instance_key) == ["ship"]
    assert open_elements(first.process_instance_key) == ["check"]


def test_keys_that_have_no_other_name_are_told(api):
    order = started()
    api(path(order), {"instructions": [{"type": "start_before", "element_id": "check"}]})
    key = str(ElementInstance.objects.filter(element_id="check").first().key)
    # when
    found = api(path(order, "/export"), {"instructions": [{"type": "cancel_element_instance", "key": key}]})
    # then
    assert found["named_keys"] == [{"instruction": 0, "field": "key", "key": key, "element_id": "check"}]


def test_what_the_camunda_api_cannot_say_is_told(api):
    order = started(Semantics.ZEEBE)
    found = api(path(order, "/export"), {"instructions": ZEEBE_MOVE, "skip_listeners": True, "expected_revision": 1})
    assert [each.split(":")[0] for each in found["call"]["leaves_out"]] == ["'expected_revision'", "'skip_listeners'"]


def test_a_plan_of_the_other_semantics_is_not_exported(api):
    problem = api(path(started(Semantics.ZEEBE), "/export"), {"instructions": MOVE}, status=400)
    assert "zeebe" in problem["detail"]


@pytest.mark.parametrize("what", ["", "/dry-run", "/validate", "/export"])
def test_what_cannot_be_seen_does_not_exist(user_with, what):
    order = started()
    stranger = Api(user_with(Role.WORKSPACE_ADMIN, Workspace.objects.create(slug="other", name="Other")))
    problem = stranger(path(order, what), {"instructions": MOVE}, status=404)
    assert problem["status"] == 404


@pytest.mark.parametrize("what", ["", "/dry-run", "/validate"])
def test_who_may_not_modify_learns_which_right_is_missing(user_with, what):
    order = started()
    problem = Api(user_with(Role.SUPPORT))(path(order, what), {"instructions": MOVE}, status=403)
    assert problem["right"] == str(Right.MODIFY)


def test_a_body_that_is_wrong_in_many_places_is_told_all_of_them(api):
    order = started()
    problem = api(path(order), {"instructions": [{"type": "start_before", "element_id": 1}], "x": 1}, status=400)
    assert [each["path"] for each in problem["problems"]] == ["instructions[0].element_id", "x"]
    assert api(path(order), [], status=400)["title"] == "Bad Request"
    assert api("process-instances/x/modification", {}, status=404)["title"] == "Not Found"
    assert api("nowhere", {}, status=404)["detail"] == "There is nothing at this address."
