"""What a command costs, however many tokens the process instance has and the command touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from tests.support.models import HEAD, JOBS, PLATFORMS, deploy
from tests.workflow.persistence.conftest import AssertStatements
from workflow import migration, services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask
from workflow.modification import ActivateElement, CancelAll, Instruction, StartBefore, TerminateAll
from workflow.persistence.definitions import executable_process

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("semantics", Semantics),
    pytest.mark.parametrize("tokens", [1, 10, 1_000]),
]

USER_TASKS = {
    Semantics.CAMUNDA_7: "<userTask id='{}'/>",
    Semantics.ZEEBE: "<userTask id='{}'><extensionElements><zeebe:userTask/></extensionElements></userTask>",
}


@dataclass(frozen=True)
class FanOut:
    """A process that forks into tasks that wait."""

    definition_key: int
    task_ids: list[str]

    def start(self) -> services.Outcome:
        return services.start_process_instance(self.definition_key, variables={"amount": 5000, "customer": "ACME"})


FanOutFactory = Callable[..., FanOut]


@pytest.fixture
def fan_out(semantics: Semantics, tokens: int) -> FanOutFactory:
    """Makes such a process; `join` lets the tasks lead to a join, else each ends by itself and one more task stays."""

    def fan_out(task: Mapping[Semantics, str] = USER_TASKS, *, join: bool = False) -> FanOut:
        ids = [f"task{number}" for number in range(tokens)]
        all_ids = ids if join else [*ids, "stays"]
        goal = "join" if join else "end"
        flows = [("start", "fork"), *(("fork", each) for each in all_ids), *((each, goal) for each in all_ids)]
        lines = [
            HEAD.format(platform=PLATFORMS[semantics], id="fan_out", messages=""),
            "<startEvent id='start'/><parallelGateway id='fork'/><endEvent id='end'/>",
            "<parallelGateway id='join'/><sequenceFlow id='last' sourceRef='join' targetRef='end'/>" if join else "",
            *(task[semantics].format(each) for each in all_ids),
            *(f"<sequenceFlow id='{a}_{b}' sourceRef='{a}' targetRef='{b}'/>" for a, b in flows),
            "</process></definitions>",
        ]
        definition = deploy("".join(lines))
        executable_process(definition.key)  # as in a server that has been running for a while
        return FanOut(definition.key, ids)

    return fan_out


def test_starting(fan_out: FanOutFactory, assert_statements: AssertStatements, tokens: int) -> None:
    # given
    process = fan_out()
    # when
    with assert_statements("start_process_instance"):
        started = process.start()
    # then
    assert UserTask.objects.filter(process_instance=started.process_instance_key).count() == tokens + 1


def test_completing_a_user_task(fan_out: FanOutFactory, assert_statements: AssertStatements, tokens: int) -> None:
    # given
    started = fan_out().start()
    # when
    with assert_statements("complete_user_task"):
        services.complete_user_task(started.user_tasks_created[0].key, variables={"amount": 1, "approved": True})
    # then
    waiting = UserTask.objects.filter(process_instance=started.process_instance_key, state="CREATED")
    assert waiting.count() == tokens


def test_completing_a_job(fan_out: FanOutFactory, assert_statements: AssertStatements, tokens: int) -> None:
    # given
    started = fan_out(JOBS).start()
    # when
    with assert_statements("complete_job"):
        services.complete_job(started.jobs_created[0].key, variables={"amount": 1, "approved": True})
    # then
    waiting = Job.objects.filter(process_instance=started.process_instance_key, state="CREATED")
    assert waiting.count() == tokens


def test_migrating(fan_out: FanOutFactory, assert_statements: AssertStatements, tokens: int) -> None:
    # given
    process = fan_out()
    key = process.start().process_instance_key
    target = fan_out()
    plan = migration.MigrationPlan(
        target.definition_key, tuple(migration.Mapping(each, each) for each in (*process.task_ids, "stays"))
    )
    # when
    with assert_statements("migrate_process_instance"):
        services.migrate_process_instance(key, plan)
    # then
    moved = UserTask.objects.filter(process_instance=key, definition=target.definition_key)
    assert moved.count() == tokens + 1


def test_modifying_everything(
    fan_out: FanOutFactory, assert_statements: AssertStatements, semantics: Semantics, tokens: int
) -> None:
    # given
    process = fan_out()
    key = process.start().process_instance_key
    plan: list[Instruction] = []
    for each in process.task_ids:
        if semantics is Semantics.ZEEBE:
            plan += [ActivateElement(each), TerminateAll(each)]
        else:
            plan += [CancelAll(each), StartBefore(each)]
    # when
    with assert_statements("modify_process_instance"):
        services.modify_process_instance(key, plan)
    # then
    tasks = ElementInstance.objects.filter(process_instance=key, element_id__startswith="task")
    assert tasks.filter(state="TERMINATED").count() == tokens
    assert tasks.filter(state="ACTIVE").count() == tokens


@pytest.mark.parametrize("scope", ["process instance", "element instance"])
def test_setting_variables(fan_out: FanOutFactory, assert_statements: AssertStatements, scope: str) -> None:
    # given
    started = fan_out().start()
    task = next(each for each in started.activated if each.element_id == "task0")
    key = task.key if scope == "element instance" else started.process_instance_key
    # when
    with assert_statements("set_variables"):
        outcome = services.set_variables(key, {"amount": 1, "approved": True})
    # then
    assert {change.name for change in outcome.variables} == {"amount", "approved"}


@pytest.mark.parametrize("scope", ["element instance", "process instance"])
def test_editing_variables(fan_out: FanOutFactory, assert_statements: AssertStatements, scope: str) -> None:
    # given
    started = fan_out().start()
    task = next(each for each in started.activated if each.element_id == "task0")
    key = task.key if scope == "element instance" else started.process_instance_key
    services.set_variables(key, {"amount": 1, "old": True}, local=True)
    edit = services.VariableEdit({"amount": 2, "new": 1}, ["old"])
    # when
    with assert_statements("edit_variables"):
        outcome = services.edit_variables(key, lambda scope: edit)
    # then
    assert {change.name for change in outcome.variables} == {"amount", "new", "old"}


def test_cancelling(fan_out: FanOutFactory, assert_statements: AssertStatements, tokens: int) -> None:
    # given
    key = fan_out().start().process_instance_key
    # when
    with assert_statements("cancel_process_instance"):
        services.cancel_process_instance(key, reason="test")
    # then
    assert ProcessInstance.objects.get(pk=key).state == "CANCELED"
    assert UserTask.objects.filter(process_instance=key, state="CANCELED").count() == tokens + 1


def test_the_last_to_arrive_at_a_join(fan_out: FanOutFactory, assert_statements: AssertStatements) -> None:
    # given
    started = fan_out(join=True).start()
    last, *others = started.user_tasks_created
    for task in others:
        services.complete_user_task(task.key)
    # when
    with assert_statements("complete_user_task_before_join"):
        outcome = services.complete_user_task(last.key)
    # then
    assert outcome.state == "COMPLETED"
