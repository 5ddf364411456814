"""Going back to user tasks: where tokens stand afterwards, and which values variables have."""

from __future__ import annotations

import re

import pytest
from django.db.models import TextField
from django.db.models.functions import Cast

from tests.support.models import HEAD, PLATFORMS, deploy
from workflow import services
from workflow.engine.errors import ModelProblems, NotFound, Rejected
from workflow.engine.values import ExactValue, TypedValue
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, ProcessSnapshot, SequenceFlowTaken, UserTask, Variable
from workflow.services import Context

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)
PREFIX = {Semantics.CAMUNDA_7: "camunda", Semantics.ZEEBE: "zeebe"}


def task(element_id: str, semantics: Semantics, *, back: bool = False, reset: bool = False, more: str = "") -> str:
    prefix = PREFIX[semantics]
    wanted = {"fettle.allowBack": back, "fettle.resetProcessData": reset}
    properties = "".join(f"<{prefix}:property name='{name}' value='true'/>" for name, is_on in wanted.items() if is_on)
    native = "<zeebe:userTask/>" if semantics is Semantics.ZEEBE else ""
    extensions = f"{native}<{prefix}:properties>{properties}</{prefix}:properties>"
    return f"<userTask id='{element_id}'><extensionElements>{extensions}</extensionElements>{more}</userTask>"


def process(semantics: Semantics, elements: str, *flows: str) -> str:
    """A process of these elements; flows are written `from to`."""
    head = HEAD.format(platform=PLATFORMS[semantics], id="order", messages="")
    drawn = "".join(
        f"<sequenceFlow id='{source}_{target}' sourceRef='{source}' targetRef='{target}'/>"
        for source, target in (flow.split() for flow in flows)
    )
    return f"{head}{elements}{drawn}</process></definitions>"


def in_a_row(semantics: Semantics, *, reset: bool = False) -> str:
    elements = "<startEvent id='start'/>" + task("first", semantics, back=True, reset=reset)
    elements += task("second", semantics) + task("third", semantics)
    return process(semantics, elements, "start first", "first second", "second third")


def branches(semantics: Semantics) -> str:
    """`a` and `a2` beside `b` and `b2`, joined before `c`; one may go back to `a`."""
    elements = "<startEvent id='start'/><parallelGateway id='fork'/><parallelGateway id='join'/>"
    elements += task("a", semantics, back=True)
    elements += "".join(task(each, semantics) for each in ("a2", "b", "b2", "c"))
    flows = ("start fork", "fork a", "fork b", "a a2", "b b2", "a2 join", "b2 join", "join c")
    return process(semantics, elements, *flows)


def start(xml: str, **variables: object) -> int:
    return services.start_process_instance(deploy(xml).key, variables=variables).process_instance_key


def complete(key: int, *element_ids: str, **variables: object) -> None:
    for element_id in element_ids:
        row = UserTask.objects.get(process_instance=key, element_id=element_id, state="CREATED")
        services.complete_user_task(row.key, variables=variables)


def active(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state__in=["ACTIVATING", "ACTIVE"])
    return sorted(rows.values_list("element_id", flat=True))


def tasks(key: int) -> list[str]:
    rows = UserTask.objects.filter(process_instance=key, state="CREATED")
    return sorted(rows.values_list("element_id", flat=True))


def waiting(key: int) -> dict[str, int]:
    rows = SequenceFlowTaken.objects.filter(process_instance=key, waiting__gt=0)
    return dict(rows.values_list("flow_id", "waiting"))


def variables(key: int) -> dict[str, object]:
    return dict(Variable.objects.filter(scope_key=key).values_list("name", "value"))


@BOTH
def test_going_back_cancels_what_stands_behind_and_starts_the_task_again(semantics):
    key = start(in_a_row(semantics))
    complete(key, "first", "second")
    outcome = services.go_back(key, element_id="first")
    assert tasks(key) == ["first"]
    assert [fact.element_id for fact in outcome.terminated] == ["third"]
    complete(key, "first", "second", "third")
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_variables_stay_unless_the_task_resets_them(semantics):
    key = start(in_a_row(semantics), amount=1)
    complete(key, "first", amount=2, more="x")
    services.go_back(key, element_id="first")
    assert variables(key) == {"amount": 2, "more": "x"}


@BOTH
def test_an_edit_is_lost_by_going_back_to_a_task_that_resets(semantics):
    given = {"amount": 2**53 + 1, "customer": {"name": "Jane"}, "gone": True}
    key = start(in_a_row(semantics, reset=True), **given)
    services.set_variables(key, {"amount": 5})  # the snapshot is that of the moment the task began to wait
    complete(key, "first", customer={"name": "Joan"}, more="x")
    services.set_variables(key, {"amount": 7}, delete=["gone"])
    outcome = services.go_back(key, element_id="first")
    assert variables(key) == given
    assert {change.name for change in outcome.variables} == {"amount", "customer", "gone", "more"}


def test_what_is_cancelled_writes_no_outputs():
    parameter = "<camunda:outputParameter name='{}'>{}</camunda:outputParameter>"
    both = parameter.format("amount", "9") + parameter.format("other", "${missing}")
    outputs = f"<camunda:inputOutput>{both}</camunda:inputOutput>"
    second = f"<userTask id='second'><extensionElements>{outputs}</extensionElements></userTask>"
    elements = "<startEvent id='start'/>" + task("first", Semantics.CAMUNDA_7, back=True, reset=True) + second
    key = start(process(Semantics.CAMUNDA_7, elements, "start first", "first second"), amount=1)
    complete(key, "first")
    services.go_back(key, element_id="first")
    assert variables(key) == {"amount": 1}


@BOTH
def test_a_snapshot_is_taken_each_time_and_not_changed_by_edits(semantics):
    key = start(in_a_row(semantics, reset=True), amount=1)
    complete(key, "first", amount=2)
    services.go_back(key, element_id="first")
    complete(key, "first", amount=3)
    first, second = ProcessSnapshot.objects.filter(process_instance=key).order_by("key")
    assert first.variables == second.variables == {str(key): {"amount": {"value": 1, "type": "Integer"}}}
    services.set_variables(key, {"amount": 4})
    second.refresh_from_db()
    assert second.variables == {str(key): {"amount": {"value": 1, "type": "Integer"}}}


@BOTH
def test_types_and_digits_of_values_come_back_with_them(semantics):
    precise = ExactValue({"rate": 1.1}, "Json", '{"rate": 1.10}')
    key = start(in_a_row(semantics, reset=True), small=TypedValue(5, "Long"), precise=precise)
    complete(key, "first", small="five", precise=0)
    services.go_back(key, element_id="first")
    rows = Variable.objects.filter(scope_key=key).annotate(text=Cast("value", TextField()))
    assert sorted(rows.values_list("name", "text", "type")) == [
        ("precise", '{"rate": 1.10}', "Json"),
        ("small", "5", "Long"),
    ]


@BOTH
def test_a_parallel_branch_keeps_its_progress(semantics):
    key = start(branches(semantics))
    complete(key, "a", "b")
    services.go_back(key, element_id="a")
    assert tasks(key) == ["a", "b2"]
    complete(key, "a", "a2", "b2")
    assert tasks(key) == ["c"]


@BOTH
def test_a_branch_that_waits_at_the_join_goes_on_waiting(semantics):
    key = start(branches(semantics))
    complete(key, "b", "b2", "a")
    services.go_back(key, element_id="a")
    assert tasks(key) == ["a"]
    complete(key, "a", "a2")
    assert tasks(key) == ["c"]
    assert waiting(key) == {}


@BOTH
def test_a_token_that_was_joined_with_one_from_behind_the_task_stands_again_where_it_stood(semantics):
    key = start(branches(semantics))
    complete(key, "a", "a2", "b", "b2")
    services.go_back(key, element_id="a")
    assert tasks(key) == ["a", "b"]
    complete(key, "a", "a2", "b", "b2")
    assert tasks(key) == ["c"]


@BOTH
def test_a_token_that_waited_at_the_join_when_the_task_began_waits_there_again(semantics):
    elements = "<startEvent id='start'/><parallelGateway id='fork'/><parallelGateway id='join'/>"
    elements += task("a0", semantics) + task("a", semantics, back=True) + task("b", semantics) + task("c", semantics)
    flows = ("start fork", "fork a0", "a0 a", "fork b", "a join", "b join", "join c")
    key = start(process(semantics, elements, *flows))
    complete(key, "b", "a0", "a")
    assert tasks(key) == ["c"]
    services.go_back(key, element_id="a")
    assert tasks(key) == ["a"]
    complete(key, "a")
    assert tasks(key) == ["c"]
    complete(key, "c")
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_a_token_behind_the_task_that_waits_at_the_join_is_taken_back(semantics):
    key = start(branches(semantics))
    complete(key, "a", "a2")
    services.go_back(key, element_id="a")
    assert tasks(key) == ["a", "b"]
    complete(key, "b", "b2")
    assert tasks(key) == ["a"]
    complete(key, "a", "a2")
    assert tasks(key) == ["c"]


@BOTH
def test_a_sub_process_that_has_ended_is_opened_again_with_its_variables(semantics):
    inner = "<startEvent id='in'/>" + task("pack", semantics, back=True, reset=True) + task("check", semantics)
    inner += "<sequenceFlow id='i1' sourceRef='in' targetRef='pack'/><sequenceFlow id='i2' sourceRef='pack' targetRef='check'/>"
    elements = f"<startEvent id='start'/><subProcess id='delivery'>{inner}</subProcess>" + task("after", semantics)
    key = start(process(semantics, elements, "start delivery", "delivery after"), amount=1)
    delivery = ElementInstance.objects.get(process_instance=key, element_id="delivery")
    services.set_variables(delivery.key, {"box": "small"}, local=True)
    complete(key, "pack", amount=2)
    complete(key, "check")
    assert tasks(key) == ["after"]
    services.go_back(key, element_id="pack")
    assert active(key) == ["delivery", "pack"]
    assert variables(key) == {"amount": 1}
    complete(key, "pack", "check", "after")
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_inside_an_open_sub_process_the_scope_stays(semantics):
    inner = "<startEvent id='in'/>" + task("pack", semantics, back=True) + task("check", semantics)
    inner += "<sequenceFlow id='i1' sourceRef='in' targetRef='pack'/><sequenceFlow id='i2' sourceRef='pack' targetRef='check'/>"
    elements = f"<startEvent id='start'/><subProcess id='delivery'>{inner}</subProcess>"
    key = start(process(semantics, elements, "start delivery"))
    before = ElementInstance.objects.get(process_instance=key, element_id="delivery").key
    complete(key, "pack")
    services.go_back(key, element_id="pack")
    after = ElementInstance.objects.get(process_instance=key, element_id="delivery", state="ACTIVE").key
    assert (active(key), after) == (["delivery", "pack"], before)


@BOTH
def test_a_loop_leads_back_to_the_newest_snapshot_and_to_older_ones_by_key(semantics):
    key = start(in_a_row(semantics, reset=True), n=1)
    services.complete_user_task(UserTask.objects.get(element_id="first").key, variables={"n": 2})
    services.go_back(key, element_id="first")
    services.set_variables(key, {"n": 9})
    complete(key, "first")
    oldest = ProcessSnapshot.objects.filter(process_instance=key).order_by("key")[0]
    services.go_back(key, snapshot_key=oldest.key)
    assert (tasks(key), variables(key)) == (["first"], {"n": 1})


@BOTH
def test_a_dry_run_tells_and_changes_nothing(semantics):
    key = start(in_a_row(semantics, reset=True), n=1)
    complete(key, "first", n=2)
    outcome = services.go_back(key, element_id="first", context=Context(dry_run=True))
    assert [fact.element_id for fact in outcome.activated] == ["first"]
    assert [(change.before, change.after) for change in outcome.variables] == [(2, 1)]
    assert (tasks(key), variables(key)) == (["second"], {"n": 2})


@BOTH
def test_refusals(semantics):
    key = start(in_a_row(semantics))
    with pytest.raises(Rejected, match="still active"):
        services.go_back(key, element_id="first")
    with pytest.raises(NotFound, match="fettle.allowBack"):
        services.go_back(key, element_id="second")
    complete(key, "first")
    services.cancel_process_instance(key)
    with pytest.raises(NotFound, match="has ended"):
        services.go_back(key, element_id="first")


@BOTH
def test_which_tasks_one_can_go_back_to(semantics):
    key = start(in_a_row(semantics, reset=True), n=1)
    assert services.back_targets(key) == []
    assert [each.element_id for each in services.resetting_elements(key)] == ["first"]
    assert services.restorable_values(key) == []
    complete(key, "first", n=2)
    [target] = services.back_targets(key)
    assert (target.element_id, target.resets_variables) == ("first", True)
    services.set_variables(key, {"n": 3, "new": 1})
    found = {each.name: (each.existed, each.value) for each in services.restorable_values(key)}
    assert found == {"n": (True, 1), "new": (False, None)}
    assert [each.name for each in services.restorable_values(key, ["n"])] == ["n"]


@BOTH
def test_what_is_added_to_a_scope_without_variables_is_gone_after_going_back(semantics):
    key = start(in_a_row(semantics, reset=True))
    assert ProcessSnapshot.objects.get().variables == {str(key): {}}
    complete(key, "first", new=1)
    services.go_back(key, element_id="first")
    assert variables(key) == {}


@BOTH
def test_a_task_that_resets_nothing_brings_nothing_back(semantics):
    key = start(in_a_row(semantics), n=1)
    complete(key, "first", n=2)
    assert [each.resets_variables for each in services.back_targets(key)] == [False]
    assert services.resetting_elements(key) == services.restorable_values(key) == []


@BOTH
def test_tasks_without_the_property_take_no_snapshot(semantics):
    key = start(re.sub(r"<\w+:property [^>]*/>", "", in_a_row(semantics)))
    complete(key, "first")
    assert not ProcessSnapshot.objects.exists()


@BOTH
def test_the_property_is_true_or_false(semantics):
    with pytest.raises(ModelProblems, match="to be true or false, found 'maybe'"):
        deploy(in_a_row(semantics).replace("value='true'", "value='maybe'"))


@BOTH
def test_an_iteration_that_has_ended_is_not_opened_again(semantics):
    inner = "<startEvent id='in'/>" + task("pack", semantics, back=True) + task("check", semantics)
    inner += "<sequenceFlow id='i1' sourceRef='in' targetRef='pack'/><sequenceFlow id='i2' sourceRef='pack' targetRef='check'/>"
    items = "camunda:collection='${items}' camunda:elementVariable='item'"
    loop = f"<multiInstanceLoopCharacteristics {items}/>"
    if semantics is Semantics.ZEEBE:
        collection = "<zeebe:loopCharacteristics inputCollection='=items' inputElement='item'/>"
        loop = f"<extensionElements>{collection}</extensionElements>"
        loop = f"<multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics>"
    elements = f"<startEvent id='start'/><subProcess id='each'>{loop}{inner}</subProcess>" + task("after", semantics)
    key = start(process(semantics, elements, "start each", "each after"), items=[1, 2])
    first = ProcessSnapshot.objects.filter(process_instance=key).order_by("key")[0]
    for name in ("pack", "check"):
        row = UserTask.objects.filter(process_instance=key, element_id=name, state="CREATED").order_by("key")[0]
        services.complete_user_task(row.key)
    with pytest.raises(Rejected, match="cannot be opened again"):
        services.go_back(key, snapshot_key=first.key)
    second = UserTask.objects.get(process_instance=key, element_id="pack", state="CREATED")
    services.complete_user_task(second.key)
    services.go_back(key, element_id="pack")
    assert tasks(key) == ["pack"]
    complete(key, "pack", "check", "after")
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"
