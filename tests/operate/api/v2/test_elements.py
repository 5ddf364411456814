"""Multi-instance, ad-hoc sub-processes, called processes and other elements as this API tells them."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operate.workspaces import Role
from tests.operate.api.v2.conftest import Api, zeebe
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics

pytestmark = pytest.mark.django_db

WORK = "<extensionElements><zeebe:taskDefinition type='work'/></extensionElements>"
EACH = zeebe(
    "each",
    "<startEvent id='start'/><serviceTask id='do' name='Do it'>"
    "<extensionElements><zeebe:taskDefinition type='work'/></extensionElements>"
    "<multiInstanceLoopCharacteristics><extensionElements>"
    "<zeebe:loopCharacteristics inputCollection='=items' inputElement='item'/>"
    "</extensionElements></multiInstanceLoopCharacteristics></serviceTask><endEvent id='end'/>",
    flows="start do end",
)
AD_HOC = zeebe(
    "helping",
    "<startEvent id='start'/><adHocSubProcess id='help'>{settings}"
    f"<serviceTask id='search' name='Search'>{WORK}</serviceTask>"
    f"<serviceTask id='call'>{WORK}</serviceTask><serviceTask id='after'>{WORK}</serviceTask>"
    "<sequenceFlow id='inside' sourceRef='call' targetRef='after'/></adHocSubProcess><endEvent id='end'/>",
    flows="start help end",
)
BY_HAND = AD_HOC.replace("{settings}", "<completionCondition>=enough = true</completionCondition>")
BY_WORKER = AD_HOC.replace(
    "{settings}", "<extensionElements><zeebe:taskDefinition type='agent' retries='5'/></extensionElements>"
)
CALLER = zeebe(
    "caller",
    "<startEvent id='start'/><callActivity id='call'><extensionElements>"
    "<zeebe:calledElement processId='work'/></extensionElements></callActivity><endEvent id='end'/>",
    flows="start call end",
)
CALLED = model("work", Semantics.ZEEBE, "<startEvent id='start'/><job id='do'/><endEvent id='end'/>")


# ---- multi-instance


@pytest.fixture
def each(db) -> str:
    return str(services.start_process_instance(deploy(EACH).key, variables={"items": [1, 2, 3]}).process_instance_key)


def test_body_and_iterations_of_a_multi_instance_share_the_elements_id(api, each):
    rows = api.items("/element-instances", processInstanceKey=each, elementId="do")
    assert [row["type"] for row in rows] == ["MULTI_INSTANCE_BODY", *["SERVICE_TASK"] * 3]
    assert {(row["elementId"], row["elementName"]) for row in rows} == {("do", "Do it")}
    inside = api.items("/element-instances", elementInstanceScopeKey=rows[0]["elementInstanceKey"])
    assert inside == rows[1:]
    assert api.items("/element-instances", elementId={"$like": "*multiInstanceBody"}) == []
    assert len(api.items("/element-instances", elementName="Do it")) == 4
    assert len(api.items("/process-instances", elementId="do", elementInstanceState="ACTIVE")) == 1


def test_statistics_count_iterations_and_not_their_body(api, each):
    job = api.items("/jobs", processInstanceKey=each)[0]
    assert job["elementId"] == "do"
    api("POST", f"/jobs/{job['jobKey']}/completion", {}, status=204)
    counted = api("GET", f"/process-instances/{each}/statistics/element-instances")["items"]
    assert {"elementId": "do", "active": 2, "canceled": 0, "incidents": 0, "completed": 1} in counted
    assert [row["elementId"] for row in counted] == ["do", "start"]


def test_an_incident_at_the_body_shows_at_the_element(api):
    key = str(services.start_process_instance(deploy(EACH).key, variables={"items": "none"}).process_instance_key)
    [incident] = api.items("/incidents", elementId="do")
    assert (incident["processInstanceKey"], incident["elementId"]) == (key, "do")
    counted = api("GET", f"/process-instances/{key}/statistics/element-instances")["items"]
    assert {"elementId": "do", "active": 0, "canceled": 0, "incidents": 1, "completed": 0} in counted


# ---- ad-hoc sub-processes


def instance_of(api: Api, element_id: str) -> str:
    [row] = api.items("/element-instances", elementId=element_id, state="ACTIVE")
    return row["elementInstanceKey"]


def test_elements_of_an_ad_hoc_sub_process_are_activated_with_their_variables(api):
    services.start_process_instance(deploy(BY_HAND).key, variables={"enough": False})
    path = f"/element-instances/ad-hoc-activities/{instance_of(api, 'help')}/activation"
    api(
        "POST",
        path,
        {"elements": [{"elementId": "search", "variables": {"q": "x"}}, {"elementId": "call"}]},
        status=204,
    )
    jobs = {row["elementId"]: row for row in api.items("/jobs")}
    assert sorted(jobs) == ["call", "search"]
    activated = api("POST", "/jobs/activation", {"type": "work", "timeout": 1000, "maxJobsToActivate": 5})["jobs"]
    seen = {row["elementId"]: row["variables"].get("q") for row in activated}
    assert seen == {"search": "x", "call": None}
    inner = api.items("/element-instances", type="AD_HOC_SUB_PROCESS_INNER_INSTANCE", state="ACTIVE")
    assert len(inner) == 2
    api("POST", path, {"elements": [{"elementId": "call"}], "cancelRemainingInstances": True}, status=204)
    assert [row["elementId"] for row in api.items("/jobs", state="CREATED")] == ["call"]
    assert AuditEvent.objects.filter(event="Modify", subject="Element instance", result="SUCCESS").count() == 2


@pytest.mark.parametrize(
    ("elements", "status", "named"),
    [
        (["search", "nonsense"], 404, "nonsense"),
        (["after"], 404, "after"),
        (["search", "search"], 400, "search"),
        ([], 400, "'elements'"),
    ],
)
def test_an_activation_that_is_wrong_in_one_element_activates_nothing(api, elements, status, named):
    services.start_process_instance(deploy(BY_HAND).key, variables={"enough": False})
    path = f"/element-instances/ad-hoc-activities/{instance_of(api, 'help')}/activation"
    problem = api("POST", path, {"elements": [{"elementId": id} for id in elements]}, status=status)
    assert named in problem["detail"]
    assert api.items("/jobs") == []


def test_only_a_running_ad_hoc_sub_process_activates_elements(api, user_with):
    started = services.start_process_instance(deploy(BY_HAND).key, variables={"enough": False})
    body = {"elements": [{"elementId": "search"}]}
    path = "/element-instances/ad-hoc-activities/{}/activation"
    key = instance_of(api, "help")
    [start] = api.items("/element-instances", elementId="start")
    for other in (start["elementInstanceKey"], started.process_instance_key, 1, "nonsense"):
        api("POST", path.format(other), body, status=404)
    support = Api(user_with(Role.SUPPORT))
    assert support("POST", path.format(key), body, status=403)["title"] == "FORBIDDEN"
    api("POST", f"/process-instances/{started.process_instance_key}/cancellation", status=204)
    assert api("POST", path.format(key), body, status=409)["title"] == "INVALID_STATE"


def agents_job(api: Api) -> dict:
    [job] = api("POST", "/jobs/activation", {"type": "agent", "timeout": 1000, "maxJobsToActivate": 5})["jobs"]
    return job


def test_the_worker_of_an_ad_hoc_sub_process_decides_what_comes_next_until_it_is_enough(api):
    key = str(services.start_process_instance(deploy(BY_WORKER).key).process_instance_key)
    job = agents_job(api)
    assert (job["kind"], job["retries"], job["elementId"]) == ("AD_HOC_SUB_PROCESS", 5, "help")
    assert [each["elementId"] for each in job["variables"]["adHocSubProcessElements"]] == ["search", "call"]
    assert [row["elementId"] for row in api.items("/jobs", kind="AD_HOC_SUB_PROCESS")] == ["help"]
    result = {"type": "adHocSubProcess", "activateElements": [{"elementId": "search", "variables": {"q": 1}}]}
    api("POST", f"/jobs/{job['jobKey']}/completion", {"result": result, "variables": {"turn": 1}}, status=204)
    [work] = api.items("/jobs", state="CREATED")
    assert (work["elementId"], work["kind"]) == ("search", "BPMN_ELEMENT")
    # when what was activated is done, the worker is asked again
    api("POST", f"/jobs/{work['jobKey']}/completion", {}, status=204)
    job = agents_job(api)
    assert job["variables"]["turn"] == 1
    done = {"isCompletionConditionFulfilled": True}
    api("POST", f"/jobs/{job['jobKey']}/completion", {"result": done}, status=204)
    assert api("GET", f"/process-instances/{key}")["state"] == "COMPLETED"


@pytest.mark.parametrize("cancels", [True, False])
def test_when_it_is_enough_the_rest_is_canceled_or_comes_to_its_end(api, cancels):
    key = str(services.start_process_instance(deploy(BY_WORKER).key).process_instance_key)
    both = {"activateElements": [{"elementId": "search"}, {"elementId": "call"}]}
    api("POST", f"/jobs/{agents_job(api)['jobKey']}/completion", {"result": both}, status=204)
    [search] = api.items("/jobs", elementId="search")
    api("POST", f"/jobs/{search['jobKey']}/completion", {}, status=204)
    enough = {"isCompletionConditionFulfilled": True, "isCancelRemainingInstances": cancels}
    api("POST", f"/jobs/{agents_job(api)['jobKey']}/completion", {"result": enough}, status=204)
    path = f"/process-instances/{key}"
    assert api("GET", path)["state"] == ("COMPLETED" if cancels else "ACTIVE")
    for element_id in () if cancels else ("call", "after"):
        [job] = api.items("/jobs", state="CREATED")
        assert job["elementId"] == element_id
        api("POST", f"/jobs/{job['jobKey']}/completion", {}, status=204)
    assert api("GET", path)["state"] == "COMPLETED"


def test_a_result_that_names_an_unknown_element_leaves_the_job_as_it_was(api):
    services.start_process_instance(deploy(BY_WORKER).key)
    job = agents_job(api)
    wrong = {"activateElements": [{"elementId": "search"}, {"elementId": "nonsense"}]}
    problem = api("POST", f"/jobs/{job['jobKey']}/completion", {"result": wrong}, status=404)
    assert "nonsense" in problem["detail"]
    [found] = api.items("/jobs")
    assert (found["elementId"], found["state"]) == ("help", "CREATED")


def test_results_of_other_kinds_are_no_concern_of_a_job(api, job):
    result = {"type": "userTask", "denied": True}
    api("POST", f"/jobs/{job.jobs_created[0].key}/completion", {"result": result}, status=204)
    assert api.items("/jobs", state="COMPLETED")


# ---- called processes


@pytest.fixture
def called(db) -> tuple[str, str]:
    deploy(CALLED)
    root = str(services.start_process_instance(deploy(CALLER).key).process_instance_key)
    return root, str(services.start_process_instance(deploy(CALLED).key).process_instance_key)


def test_a_called_instance_knows_its_callers(api, called):
    root, alone = called
    [child] = api.items("/process-instances", parentProcessInstanceKey=root)
    [call] = api.items("/element-instances", processInstanceKey=root, elementId="call")
    assert (child["processDefinitionId"], child["rootProcessInstanceKey"]) == ("work", root)
    assert child["parentElementInstanceKey"] == call["elementInstanceKey"]
    assert api.items("/process-instances", parentElementInstanceKey=call["elementInstanceKey"]) == [child]
    key = child["processInstanceKey"]
    hierarchy = api("GET", f"/process-instances/{key}/call-hierarchy")
    assert [(row["processInstanceKey"], row["processDefinitionName"]) for row in hierarchy] == [
        (root, "caller"),
        (key, "work"),
    ]
    assert len(api("GET", f"/process-instances/{alone}/call-hierarchy")) == 1


def test_incidents_of_called_instances_are_found_at_the_caller(api, called):
    root, alone = called
    for job in api.items("/jobs"):
        api("POST", f"/jobs/{job['jobKey']}/failure", {"retries": 0, "errorMessage": "no"}, status=204)
    [child] = api.items("/process-instances", parentProcessInstanceKey=root)
    [incident] = api("POST", f"/process-instances/{root}/incidents/search", {})["items"]
    assert incident["processInstanceKey"] == child["processInstanceKey"]
    assert incident["rootProcessInstanceKey"] == root
    [other] = api("POST", f"/process-instances/{alone}/incidents/search", {})["items"]
    assert other["processInstanceKey"] == alone


def test_a_called_instance_is_canceled_with_its_root_alone(api, called):
    root, _alone = called
    [child] = api.items("/process-instances", parentProcessInstanceKey=root)
    path = f"/process-instances/{child['processInstanceKey']}"
    refused = api("POST", f"{path}/cancellation", status=409)
    assert root in refused["detail"]
    assert api("GET", path)["state"] == "ACTIVE"
    api("POST", f"/process-instances/{root}/cancellation", status=204)
    assert api("GET", path)["state"] == "TERMINATED"


# ---- what else there is


def test_a_job_may_throw_a_message_or_end_a_process(api):
    throws = zeebe(
        "throws",
        f"<startEvent id='start'/><intermediateThrowEvent id='throw'>{WORK}<messageEventDefinition messageRef='msg'/>"
        f"</intermediateThrowEvent><endEvent id='end'>{WORK}<messageEventDefinition/></endEvent>",
        flows="start throw end",
        outside="<message id='msg' name='paid'/>",
    )
    key = services.start_process_instance(deploy(throws).key).process_instance_key
    for element_id in ("throw", "end"):
        [job] = api.items("/jobs", state="CREATED")
        assert (job["elementId"], job["type"], job["kind"]) == (element_id, "work", "BPMN_ELEMENT")
        api("POST", f"/jobs/{job['jobKey']}/completion", {}, status=204)
    assert api("GET", f"/process-instances/{key}")["state"] == "COMPLETED"


def test_user_tasks_have_the_headers_of_their_element(api):
    headed = zeebe(
        "headed",
        "<startEvent id='start'/><userTask id='look'><extensionElements><zeebe:userTask/>"
        "<zeebe:taskHeaders><zeebe:header key='colour' value='blue'/></zeebe:taskHeaders></extensionElements></userTask>",
        flows="start look",
    )
    services.start_process_instance(deploy(headed).key)
    [task] = api.items("/user-tasks")
    assert task["customHeaders"] == {"colour": "blue"}
    assert api("GET", f"/user-tasks/{task['userTaskKey']}")["customHeaders"] == {"colour": "blue"}


def test_transactions_of_camunda_7_are_told_as_sub_processes(api):
    xml = model("paying", Semantics.CAMUNDA_7, "<startEvent id='start'/><subProcess id='pay'/>").replace(
        "<subProcess id='pay'/>",
        "<transaction id='pay'><startEvent id='begin'/><userTask id='enter'/>"
        "<sequenceFlow id='inside' sourceRef='begin' targetRef='enter'/></transaction>",
    )
    services.start_process_instance(deploy(xml).key)
    [found] = api.items("/element-instances", type="SUB_PROCESS", state="ACTIVE")
    assert (found["elementId"], found["type"]) == ("pay", "SUB_PROCESS")


def test_an_element_before_which_a_job_stands_has_a_start_date(api):
    xml = model(
        "later", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='look' camunda:asyncBefore='true'/>"
    )
    started = services.start_process_instance(deploy(xml).key)
    [found] = api.items("/element-instances", elementId="look")
    assert found["state"] == "ACTIVE"
    assert found["startDate"] == api("GET", f"/process-instances/{started.process_instance_key}")["startDate"]
    assert api.items("/jobs") == []
