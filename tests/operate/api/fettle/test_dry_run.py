"""What any command would do, told over the API: the outcome of doing it then, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel, Result
from operate.actions import SubmitBatch
from operate.api.fettle.outcomes import outcome_json
from operate.approvals.models import ApprovalPolicy
from operate.approvals.policies import forget_policies
from operate.batch.plans import Suspend
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.plans.commands import COMMANDS, ON_INSTANCES, plan_of
from operate.plans.json_form import read
from operate.variables.reading import variables
from operate.variables.telling import versions
from operate.workspaces import Right, Role
from tests.operate.actions.conftest import REMINDER
from tests.operate.api.fettle.conftest import Api
from tests.support.models import HEAD, PLATFORMS, deploy
from tests.support.outcomes import comparable
from tests.support.tables import contents
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Incident, Job, ProcessInstance, UserTask
from workflow.persistence.keys import next_key

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)

ORDER = (
    HEAD.format(
        platform=PLATFORMS[Semantics.CAMUNDA_7],
        id="order",
        messages="<message id='m' name='paid'/><signal id='s' name='fire'/><error id='e' errorCode='E1'/>"
        "<escalation id='up' escalationCode='up'/>",
    )
    + """
  <startEvent id='start'/><parallelGateway id='fork'/>
  <userTask id='approve'/><endEvent id='approved'/>
  <boundaryEvent id='late' attachedToRef='approve' cancelActivity='false'>
    <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>
  <boundaryEvent id='wrong' attachedToRef='approve'><errorEventDefinition errorRef='e'/></boundaryEvent>
  <boundaryEvent id='raised' attachedToRef='approve' cancelActivity='false'>
    <escalationEventDefinition escalationRef='up'/></boundaryEvent>
  <serviceTask id='ship' camunda:type='external' camunda:topic='ship'/>
  <boundaryEvent id='broken' attachedToRef='ship'><errorEventDefinition errorRef='e'/></boundaryEvent>
  <receiveTask id='payment' messageRef='m'/>
  <intermediateCatchEvent id='alarm'><signalEventDefinition signalRef='s'/></intermediateCatchEvent>
  <callActivity id='call' calledElement='called'/>
  <userTask id='after' camunda:asyncBefore='true'/>
"""
    + "".join(
        f"<sequenceFlow id='f{number}' sourceRef='{source}' targetRef='{target}'/>"
        for number, (source, target) in enumerate(
            [
                ("start", "fork"),
                ("fork", "approve"),
                ("fork", "ship"),
                ("fork", "payment"),
                ("fork", "alarm"),
                ("fork", "call"),
                ("approve", "approved"),
                ("ship", "after"),
                ("payment", "after"),
                ("alarm", "after"),
                ("late", "after"),
                ("wrong", "after"),
                ("raised", "after"),
                ("broken", "after"),
            ]
        )
    )
    + "</process></definitions>"
)
CALLED = (
    HEAD.format(platform=PLATFORMS[Semantics.CAMUNDA_7], id="called", messages="")
    + "<startEvent id='begin'/><userTask id='inside'/><sequenceFlow id='g1' sourceRef='begin' targetRef='inside'/>"
    "</process></definitions>"
)


@dataclass
class Shop:
    """Orders that wait at a user task, a job, a message, a signal and a called process."""

    definition_key: int
    keys: list[int]

    @property
    def task(self) -> str:
        return str(UserTask.objects.get(process_instance=self.keys[0]).key)

    def delegated(self) -> str:
        """The task, once Ann has delegated it to Ben."""
        services.assign_user_task(int(self.task), "ann")
        services.delegate_user_task(int(self.task), "ben")
        return self.task

    def job(self, **which: Any) -> str:
        return str(Job.objects.get(process_instance=self.keys[0], **which).key)

    @property
    def worker_job(self) -> str:
        return self.job(kind=Job.Kind.EXTERNAL)

    @property
    def timer(self) -> str:
        return self.job(kind=Job.Kind.TIMER)

    def element(self, element_id: str) -> str:
        return str(ElementInstance.objects.get(process_instance=self.keys[0], element_id=element_id).key)

    def fail(self, key: int | None = None) -> str:
        """The key of the incident of a job that has failed for good."""
        job = Job.objects.get(process_instance=key or self.keys[0], kind=Job.Kind.EXTERNAL)
        services.activate_jobs([services.JobRequest("ship", MINUTE)], worker="w", max_jobs=10, workspace_ids=None)
        services.fail_job(job.key, retries=0, message="no stock")
        return str(Incident.objects.get(process_instance=key or self.keys[0]).key)

    def locked(self) -> str:
        """The worker's job, locked by a worker."""
        services.activate_jobs([services.JobRequest("ship", MINUTE)], worker="w", max_jobs=10, workspace_ids=None)
        return self.worker_job

    def end_all(self) -> None:
        for key in self.keys:
            services.cancel_process_instance(key)

    def versions(self) -> dict[str, str]:
        """Of the variables of the first, as they are read."""
        return versions(variables(ProcessInstance.objects.get(pk=self.keys[0]), self.keys[0]))

    def suspended_by_batch(self) -> str:
        """The key of a batch that has put all of them on hold."""
        root = get_user_model()._default_manager.create_superuser("batches")
        key = SubmitBatch(root, channel=Channel.ADMIN).execute(Suspend(), Selection(keys=self.keys))
        run_due_jobs()
        return str(key)

    def next_version(self) -> str:
        return str(deploy(ORDER.replace("</process>", "<userTask id='more'/></process>")).key)

    def remind(self) -> None:
        definition = deploy(REMINDER.decode())
        services.start_process_instance(definition.key, variables={"customer": "Ann"})


@pytest.fixture
def shop(db: None) -> Shop:
    deploy(CALLED)
    definition = deploy(ORDER)
    keys = [
        services.start_process_instance(
            definition.key, variables={"amount": 100, "customer": {"name": "Ann"}}, business_key=f"B-{number}"
        ).process_instance_key
        for number in range(3)
    ]
    return Shop(definition.key, keys)


Arguments = Callable[[Shop], dict[str, Any]]
MOVE = [
    {"type": "cancel_all", "element_id": "call"},
    {"type": "cancel_all", "element_id": "approve"},
    {"type": "start_before", "element_id": "ship", "variables": {"again": True}},
]
ON_ALL: list[tuple[str, Arguments]] = [
    ("modify", lambda shop: {"instructions": MOVE}),
    (
        "modify",
        lambda shop: {
            "instructions": [{"type": "cancel_element_instance", "key": shop.element("approve")}],
            "keys": [str(shop.keys[0])],
        },
    ),
    (
        "restart",
        lambda shop: {"definition_key": str(shop.definition_key), "instructions": MOVE[2:], "_": shop.end_all()},
    ),
    (
        "migrate",
        lambda shop: {
            "target_definition_key": shop.next_version(),
            "mappings": [
                {"source_id": each, "target_id": each}
                for each in ("approve", "late", "wrong", "raised", "ship", "broken", "payment", "alarm", "call")
            ],
        },
    ),
    ("cancel", lambda shop: {}),
    ("delete", lambda shop: {"_": shop.end_all()}),
    ("suspend", lambda shop: {}),
    ("resume", lambda shop: {"_": services.suspend_process_instance(shop.keys[0])}),
    ("resolve_incidents", lambda shop: {"_": [shop.fail(key) for key in shop.keys]}),
    ("set_retries", lambda shop: {"retries": 7, "_": shop.fail()}),
    (
        "set_variables",
        lambda shop: {"variables": {"n": 1}, "delete": ["amount"], "merge": {"customer": {"vip": True}}},
    ),
    ("undo", lambda shop: {"batch_key": shop.suspended_by_batch()}),
]
ON_ONE: list[tuple[str, Arguments]] = [
    (
        "start_process_instance",
        lambda shop: {"definition_key": str(shop.definition_key), "variables": {"n": 1}, "instructions": MOVE[2:]},
    ),
    ("edit_scope", lambda shop: {"scope_key": shop.element("ship"), "variables": {"n": 1}, "local": True}),
    (
        "edit_variables",
        lambda shop: {
            "scope_key": str(shop.keys[0]),
            "texts": {"amount": "1.10", "new": '"text"'},
            "types": {"amount": "Double"},
            "delete": ["customer"],
            "seen": shop.versions(),
        },
    ),
    ("complete_user_task", lambda shop: {"key": shop.task, "variables": {"ok": True}}),
    ("assign_user_task", lambda shop: {"key": shop.task, "assignee": "ann"}),
    ("delegate_user_task", lambda shop: {"key": shop.task, "assignee": "ben"}),
    ("resolve_user_task", lambda shop: {"key": shop.delegated(), "variables": {"ok": True}}),
    ("throw_user_task_error", lambda shop: {"key": shop.task, "code": "E1"}),
    ("throw_user_task_escalation", lambda shop: {"key": shop.task, "code": "up"}),
    ("complete_job", lambda shop: {"key": shop.locked(), "worker": "w", "variables": {"n": 1}}),
    ("fail_job", lambda shop: {"key": shop.locked(), "worker": "w", "retries": 0, "message": "no stock"}),
    ("throw_job_error", lambda shop: {"key": shop.locked(), "worker": "w", "code": "E1"}),
    ("set_job_retries", lambda shop: {"_": shop.fail(), "key": shop.worker_job, "retries": 2, "resolve": True}),
    ("execute_job", lambda shop: {"key": shop.timer}),
    ("set_job_due_date", lambda shop: {"key": shop.timer, "due_at": "2030-01-01T00:00:00+00:00"}),
    ("recalculate_job_due_date", lambda shop: {"key": shop.timer, "from_creation": False}),
    ("unlock_job", lambda shop: {"key": shop.locked()}),
    ("set_job_suspended", lambda shop: {"key": shop.timer, "suspended": True}),
    ("delete_job", lambda shop: {"key": shop.timer}),
    ("resolve_incident", lambda shop: {"key": shop.fail(), "retries": 2}),
    ("correlate_message", lambda shop: {"name": "paid", "all": True, "variables": {"n": 1}}),
    ("publish_message", lambda shop: {"_": shop.remind(), "name": "answer", "correlation_key": "Ann"}),
    ("trigger_message", lambda shop: {"element_instance_key": shop.element("payment"), "name": "paid"}),
    ("signal_element", lambda shop: {"element_instance_key": shop.element("payment")}),
    ("broadcast_signal", lambda shop: {"name": "fire"}),
]


def test_every_command_is_tried_here():
    assert {name for name, _arguments in ON_ALL} == set(ON_INSTANCES)
    assert {name for name, _arguments in ON_ONE} == set(COMMANDS)


def arguments_of(prepared: Arguments, shop: Shop) -> dict[str, Any]:
    return {name: value for name, value in prepared(shop).items() if name != "_"}


@pytest.mark.parametrize(("name", "arguments"), ON_ONE, ids=[name for name, _arguments in ON_ONE])
def test_a_command_has_the_outcome_that_was_told_and_telling_it_writes_nothing(api, shop, name, arguments):
    given = arguments_of(arguments, shop)
    after, before = next_key(), contents()
    # when
    told = api("dry-run", {"command": name, **given})
    # then
    assert contents() == before
    assert (told["refused"], told["reasons"]) == (0, [])
    # when
    command = read(COMMANDS[name], given)
    done = command.run(lambda kind: kind(api.user, channel=Channel.API))
    # then
    assert contents() != before
    outcomes = [outcome for each in told["instances"] for outcome in each["outcomes"]]
    assert len(outcomes) == (3 if name in ("broadcast_signal", "correlate_message") else 1)
    assert comparable(outcomes, after=after) == comparable([outcome_json(each) for each in done], after=after)


@pytest.mark.parametrize(("name", "arguments"), ON_ALL, ids=[name for name, _arguments in ON_ALL])
def test_a_command_on_many_has_the_outcomes_that_were_told(api, shop, name, arguments):
    given = arguments_of(arguments, shop)
    keys = [int(key) for key in given.pop("keys", shop.keys)]
    after, before = next_key(), contents()
    # when
    told = api("dry-run", {"command": name, "keys": [str(key) for key in keys], **given})
    # then
    assert contents() == before
    assert (told["total"], told["examined"], told["succeeded"], told["reasons"]) == (
        len(keys),
        len(keys),
        len(keys),
        [],
    )
    # when
    plan = plan_of(read(ON_INSTANCES[name], given), for_one=len(keys) == 1)
    done = [plan.run(lambda kind: kind(api.user, channel=Channel.API), key) for key in keys]
    # then
    assert contents() != before
    outcomes = [each["outcomes"] for each in told["instances"]]
    assert [each["process_instance_key"] for each in told["instances"]] == [str(key) for key in keys]
    assert comparable(outcomes, after=after) == comparable(
        [[outcome_json(each) for each in some] for some in done], after=after
    )


def test_who_would_be_refused_is_counted_by_reason(api, shop):
    services.cancel_process_instance(shop.keys[1])
    # when
    told = api("dry-run", {"command": "cancel", "keys": [str(key) for key in shop.keys], "detailed": 2})
    # then
    assert (told["total"], told["examined"], told["succeeded"], told["refused"]) == (3, 3, 2, 1)
    [reason] = told["reasons"]
    assert (reason["count"], reason["process_instance_keys"]) == (1, [str(shop.keys[1])])
    assert [each["refusal"] and each["refusal"]["status"] for each in told["instances"]] == [None, 404]
    assert [outcome["process_instance"]["state"] for outcome in told["instances"][0]["outcomes"]] == ["CANCELED"]
    [called] = told["instances"][0]["outcomes"][0]["affected"]
    assert (called["process_instance"]["process_id"], called["ended"]) == ("called", True)


def test_process_instances_are_chosen_as_in_their_list(api, shop):
    def total(**chosen: Any) -> int:
        return api("dry-run", {"command": "suspend", **chosen})["total"]

    assert total(query={"process": "order"}) == 3
    assert total(query={"process": "order", "business_key": "B-1"}) == 1
    assert total(query={"element": "inside", "state": "running"}) == 3
    assert total(query={"state": "finished"}) == 0
    # and keys and a query together
    assert total(query={"business_key": "B-1"}, keys=[str(shop.keys[0]), str(shop.keys[1])]) == 2


def test_only_the_first_of_many_are_tried(api, shop):
    told = api("dry-run", {"command": "suspend", "query": {"process": "order"}, "examine": 2, "detailed": 0})
    assert (told["total"], told["examined"], told["succeeded"], told["instances"]) == (3, 2, 2, [])


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ([], [""]),
        ({}, ["command"]),
        ({"command": 1}, ["command"]),
        ({"command": "explode"}, ["command"]),
        ({"command": "cancel"}, ["keys"]),
        ({"command": "cancel", "keys": ["x"], "nonsense": 1}, ["keys[0]", "nonsense"]),
        ({"command": "cancel", "keys": ["1"], "examine": 0, "detailed": 5000}, ["examine", "detailed"]),
        ({"command": "cancel", "query": {"colour": "red"}}, ["query.colour"]),
        ({"command": "cancel", "query": {"state": "asleep"}}, ["query.state"]),
        ({"command": "cancel", "query": {"key": "x"}}, ["query.key"]),
        ({"command": "complete_user_task"}, ["key"]),
        ({"command": "set_job_due_date", "key": "1", "due_at": "tomorrow"}, ["due_at"]),
    ],
)
def test_what_is_wrong_with_the_question_is_told(api, body, paths):
    problem = api("dry-run", body, status=400)
    assert [each["path"] for each in problem["problems"]] == paths


def test_a_single_command_is_refused_as_it_would_be(api, shop):
    assert api("dry-run", {"command": "complete_user_task", "key": "17"}, status=404)["title"] == "Not Found"
    problem = api("dry-run", {"command": "complete_job", "key": shop.locked(), "worker": "somebody"}, status=409)
    assert "somebody" in problem["detail"]


def test_without_the_right_nothing_is_told_but_it_is_recorded(user_with, shop):
    sam = Api(user_with(Role.SUPPORT))
    for body in (
        {"command": "cancel", "keys": [str(shop.keys[0])]},
        {"command": "complete_user_task", "key": shop.task},
    ):
        problem = sam("dry-run", body, status=403)
        assert problem["right"] in (Right.CANCEL, Right.COMPLETE_TASK)
        assert AuditEvent.objects.latest("key").result == Result.REFUSED
    assert ProcessInstance.objects.filter(state="CANCELED").count() == 0


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ({"command": "cancel"}, "Two of us"),
        ({"command": "cancel", "keys": "one"}, ""),
        ({"command": "suspend"}, ""),
        ({"command": "edit_scope", "variables": {"n": 1}}, "Edits"),
    ],
    ids=["many", "few", "another operation", "variables"],
)
def test_the_policy_that_would_refuse_it_is_named(api: Api, shop: Shop, given: dict[str, Any], policy: str):
    # given
    workspace = ProcessInstance.objects.get(pk=shop.keys[0]).workspace
    ApprovalPolicy.objects.create(workspace=workspace, name="Two of us", operation="CANCEL", min_instances=2)
    ApprovalPolicy.objects.create(workspace=workspace, name="Edits", operation="SET_VARIABLES")
    forget_policies()
    keys = [str(key) for key in shop.keys[: 1 if "keys" in given else 3]]
    of = {"scope_key": keys[0]} if given["command"] == "edit_scope" else {"keys": keys}
    # then
    assert api("dry-run", {**given, **of})["policy"] == policy
    forget_policies()


def test_a_batch_that_nobody_can_undo_is_no_command(api: Api, shop: Shop):
    problem = api("dry-run", {"command": "undo", "batch_key": "987654", "keys": [str(shop.keys[0])]}, status=400)
    assert "987654" in problem["detail"]
