"""Restarting ended process instances: new ones with the old ones' variables, begun at named elements."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, UserTask, Variable
from workflow.modification import CancelAll, StartAfter, StartBefore, StartTransition
from workflow.services import Context, RestartOptions

pytestmark = pytest.mark.django_db

START = "<startEvent id='s'/>"
TASKS = "<userTask id='book'/><userTask id='pay'/>"


def trip(elements: str = START + TASKS) -> int:
    """The key of a definition: book, then pay."""
    return deploy(model("trip", Semantics.CAMUNDA_7, elements)).key


def listener(event: str, expression: str) -> str:
    return f"<camunda:executionListener event='{event}' expression=\"{expression}\"/>"


def extended(tag: str, element_id: str, *extensions: str) -> str:
    return f"<{tag} id='{element_id}'><extensionElements>{''.join(extensions)}</extensionElements></{tag}>"


def ended(definition: int, variables: Mapping[str, object] | None = None, **more: object) -> int:
    """The key of an instance that was canceled."""
    key = services.start_process_instance(definition, variables=variables or {}, **more).process_instance_key
    services.cancel_process_instance(key)
    return key


def restart(definition: int, *keys: int, at: object = None, **options: object) -> list[int]:
    instructions = [at or StartBefore("pay")]
    made = services.restart_process_instances(definition, keys, instructions, options=RestartOptions(**options))
    return [each.process_instance_key for each in made]


def tasks(key: int) -> list[str]:
    open_tasks = UserTask.objects.filter(process_instance=key, state="CREATED")
    return sorted(open_tasks.values_list("element_id", flat=True))


def global_variables(key: int) -> dict[str, object]:
    return {row.name: row.value for row in Variable.objects.filter(scope_key=key)}


def test_a_canceled_instance_goes_on_at_several_places_at_once_as_a_new_one():
    definition = trip()
    old = ended(definition, business_key="B-1")
    [made] = services.restart_process_instances(definition, [old], [StartBefore("book"), StartBefore("pay")])
    new = ProcessInstance.objects.get(pk=made.process_instance_key)
    assert (new.key != old, new.restarted_from_key, new.business_key, new.state) == (True, old, "B-1", "ACTIVE")
    assert tasks(new.key) == ["book", "pay"]
    assert ProcessInstance.objects.get(pk=old).state == "CANCELED"


def test_one_that_has_completed_may_be_restarted_too():
    definition = trip()
    key = services.start_process_instance(definition).process_instance_key
    for _ in range(2):
        services.complete_user_task(UserTask.objects.get(process_instance=key, state="CREATED").key)
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"
    assert tasks(restart(definition, key)[0]) == ["pay"]


@pytest.mark.parametrize("at", [StartBefore("pay"), StartAfter("book"), StartTransition("flow2")])
def test_every_way_to_start_is_one_to_restart(at):
    definition = trip()
    [new] = restart(definition, ended(definition), at=at)
    assert tasks(new) == ["pay"]


def test_nothing_can_be_canceled_by_a_restart():
    definition = trip()
    with pytest.raises(Rejected, match="can only start elements"):
        restart(definition, ended(definition), at=CancelAll("book"))


def test_global_variables_are_carried_over_as_they_were_last_and_local_ones_are_not():
    definition = trip()
    started = services.start_process_instance(definition, variables={"fare": 5})
    services.set_variables(started.process_instance_key, {"fare": 7, "late": True})
    [book] = ElementInstance.objects.filter(process_instance=started.process_instance_key, element_id="book")
    services.set_variables(book.key, {"seat": "4A"}, local=True)
    services.cancel_process_instance(started.process_instance_key)
    [new] = restart(definition, started.process_instance_key)
    assert global_variables(new) == {"fare": 7, "late": True}
    assert Variable.objects.filter(process_instance=new).count() == 2


def test_initial_variables_are_all_that_the_start_activity_has_set_by_their_first_values():
    note = listener("end", "${execution.setVariable('agency', 'north')}")
    definition = trip(extended("startEvent", "s", note) + TASKS)
    started = services.start_process_instance(definition, variables={"fare": 5})
    services.set_variables(started.process_instance_key, {"fare": 7, "agency": "south", "late": True})
    services.cancel_process_instance(started.process_instance_key)
    [new] = restart(definition, started.process_instance_key, initial_variables=True)
    assert global_variables(new) == {"fare": 5, "agency": "north"}


def test_the_first_value_is_known_although_the_command_that_started_the_instance_has_replaced_it():
    note = listener("start", "${execution.setVariable('fare', fare + 2)}")
    definition = trip(START + extended("userTask", "book", note) + "<userTask id='pay'/>")
    old = ended(definition, {"fare": 5, "agency": "north"})
    assert global_variables(old)["fare"] == 7
    assert global_variables(restart(definition, old, initial_variables=True)[0]) == {"fare": 5, "agency": "north"}


def test_without_a_unique_start_activity_there_are_no_initial_variables_and_it_says_so():
    definition = trip()
    old = ended(definition, {"fare": 5}, instructions=[StartBefore("book"), StartBefore("pay")])
    [new] = restart(definition, old, initial_variables=True)
    assert global_variables(new) == {}
    assert ProcessInstance.objects.get(pk=new).start_reason == (
        f"Restart of process instance '{old}', which had no unique start activity: there are no initial variables to take over"
    )
    assert global_variables(restart(definition, old)[0]) == {"fare": 5}


def test_the_business_key_may_be_left_behind():
    definition = trip()
    [new] = restart(definition, ended(definition, business_key="B-1"), without_business_key=True)
    assert ProcessInstance.objects.get(pk=new).business_key is None


def test_listeners_and_mappings_may_be_skipped_while_instances_are_restarted_only():
    mapping = "<camunda:inputOutput><camunda:inputParameter name='in'>1</camunda:inputParameter></camunda:inputOutput>"
    note = listener("start", "${execution.setVariable('noted', true)}")
    pay = extended("userTask", "pay", mapping, note)
    definition = trip(START + extended("userTask", "book", note) + pay)
    old = ended(definition, instructions=[StartBefore("book")], skip_listeners=True)
    [plain] = restart(definition, old)
    [skipped] = restart(definition, old, skip_listeners=True, skip_io_mappings=True)
    names = [
        sorted(Variable.objects.filter(process_instance=key).values_list("name", flat=True)) for key in (plain, skipped)
    ]
    assert names == [["in", "noted"], []]
    # and
    [again] = restart(definition, old, at=StartBefore("book"), skip_listeners=True, skip_io_mappings=True)
    services.complete_user_task(UserTask.objects.get(process_instance=again).key)
    assert global_variables(again) == {"noted": True}


def test_all_of_them_are_restarted_or_none():
    definition = trip()
    old = ended(definition)
    running = services.start_process_instance(definition).process_instance_key
    with pytest.raises(Conflict, match=f"'{running}'.*cannot restart active instances"):
        restart(definition, old, running)
    assert ProcessInstance.objects.count() == 2


def test_only_instances_of_the_given_definition_are_restarted():
    other = deploy(model("other", Semantics.CAMUNDA_7, START + TASKS)).key
    with pytest.raises(Rejected, match="does not match given process definition"):
        restart(trip(), ended(other))


def test_who_started_an_instance_is_noted_wherever_it_begins_and_stays_when_it_is_restarted():
    definition = trip("<startEvent id='s' camunda:initiator='by'/>" + TASKS)
    anna, bert = Context(user="anna"), Context(user="bert")
    old = ended(definition, instructions=[StartBefore("pay")], context=anna)
    assert global_variables(old) == {"by": "anna"}
    [made] = services.restart_process_instances(definition, [old], [StartBefore("pay")], context=bert)
    assert global_variables(made.process_instance_key) == {"by": "anna"}
