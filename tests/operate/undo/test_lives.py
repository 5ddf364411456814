"""Taking back restarts, cancellations and suspensions."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operate.actions import (
    CancelProcessInstance,
    CompleteUserTask,
    RestartProcessInstances,
    ResumeProcessInstance,
    SetVariables,
    SuspendProcessInstance,
)
from operate.undo import undo_of, why_not_undone
from tests.operate.admin.conftest import Office
from tests.operate.undo.conftest import act, apply, instance, latest, standing, undo
from tests.operate.undo.jobs import complete
from tests.support.models import HEAD, JOBS, PLATFORMS, deploy, model
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics
from workflow.models import ProcessInstance, UserTask, Variable
from workflow.modification import ActivateElement, StartBefore
from workflow.services import set_variables, start_process_instance

BOTH = pytest.mark.parametrize("semantics", Semantics)
FIRST = {Semantics.CAMUNDA_7: StartBefore("approve"), Semantics.ZEEBE: ActivateElement("approve")}


def restarted(office: Office, semantics: Semantics) -> tuple[int, int]:
    """An ended process instance, and the one that it was restarted as."""
    old = office.start(semantics)
    act(office, CancelProcessInstance).execute(old.key)
    [outcome] = act(office, RestartProcessInstances).execute(old.definition_key, [old.key], [FIRST[semantics]])
    return old.key, outcome.process_instance_key


# ---- restarts


@BOTH
def test_a_restart_is_undone_by_canceling_what_it_has_started(office, semantics):
    old, new = restarted(office, semantics)
    found = undo(old, "Restart")
    assert (found.process_instance_key, found.plan.describe()) == (
        new,
        ["Cancel the process instance and what it has called"],
    )
    apply(office, found)
    assert (instance(new).state, instance(old).state) == ("CANCELED", "CANCELED")
    assert latest(new, "Cancel").body["undo_of"] == latest(old, "Restart").key


@BOTH
def test_what_the_new_one_has_done_meanwhile_is_told(office, semantics):
    old, new = restarted(office, semantics)
    assert undo(old, "Restart").notes == (
        f"Process instance '{new}' is canceled; '{old}' stays as it ended and does not run again.",
    )
    act(office, CompleteUserTask).execute(UserTask.objects.get(process_instance_key=new, state="CREATED").key)
    act(office, SetVariables).execute(new, {"x": 1})
    assert undo(old, "Restart").notes[1:] == (
        "'Approve' has been completed in it meanwhile; what that did stays done.",
        "What people have done to it since is lost with it: stella.",
    )


@BOTH
def test_a_restart_whose_instance_has_ended_is_not_undone(office, semantics):
    old, new = restarted(office, semantics)
    act(office, CancelProcessInstance).execute(new)
    with pytest.raises(Rejected, match=f"'{new}', has ended already: canceled"):
        undo(old, "Restart")


@BOTH
def test_the_undo_of_a_restart_is_undone_by_a_restart(office, semantics):
    old, new = restarted(office, semantics)
    apply(office, undo(old, "Restart"))
    [outcome] = apply(office, undo(new, "Cancel"))
    third = outcome.process_instance_key
    assert (instance(third).restarted_from_key, standing(third)) == (new, ["approve"])
    with pytest.raises(Conflict, match="has been undone already"):
        undo(new, "Cancel")
    # and so on
    apply(office, undo(new, "Restart"))
    assert instance(third).state == "CANCELED"


# ---- cancellations


@BOTH
def test_a_canceled_one_begins_anew_where_it_stood(office, semantics):
    old = office.start(semantics, business_key="B-1" if semantics is Semantics.CAMUNDA_7 else None)
    set_variables(old.key, {"amount": 7})
    for _ in "ab":
        task = UserTask.objects.get(process_instance_key=old.key, state="CREATED")
        act(office, CompleteUserTask).execute(task.key)
    assert standing(old.key) == ["send"]
    act(office, CancelProcessInstance).execute(old.key)
    found = undo(old.key, "Cancel")
    assert found.notes == (
        f"A new process instance begins; '{old.key}' stays canceled, and who has its key does not find the new one by it.",
        "Tasks, jobs and timers are new ones, with nothing of the work that was done; timers count from now.",
    )
    [outcome] = apply(office, found, accepted=())
    new = instance(outcome.process_instance_key)
    assert (standing(new.key), new.business_key) == (["send"], old.business_key)
    assert Variable.objects.get(scope_key=new.key, name="amount").value == 7
    assert latest(old.key, "Restart").body["undo_of"] == latest(old.key, "Cancel").key


FORK = """<startEvent id='start'/><parallelGateway id='fork'/>{a}{b}<parallelGateway id='join'/>{after}<endEvent id='end'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='fork'/><sequenceFlow id='f2' sourceRef='fork' targetRef='a'/>
<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/><sequenceFlow id='f4' sourceRef='a' targetRef='join'/>
<sequenceFlow id='f5' sourceRef='b' targetRef='join'/><sequenceFlow id='f6' sourceRef='join' targetRef='after'/>
<sequenceFlow id='f7' sourceRef='after' targetRef='end'/></process></definitions>"""


def forked(office: Office, semantics: Semantics) -> int:
    jobs = {name: JOBS[semantics].format(name) for name in ("a", "b", "after")}
    head = HEAD.format(platform=PLATFORMS[semantics], id="forked", messages="")
    return start_process_instance(deploy(head + FORK.format(**jobs), workspace=office.shop).key).process_instance_key


@BOTH
def test_all_branches_begin_anew_and_a_token_at_a_join_as_far_as_that_can_be(office, semantics):
    key = forked(office, semantics)
    complete(key, "a")
    act(office, CancelProcessInstance).execute(key)
    found = undo(key, "Cancel")
    if semantics is Semantics.CAMUNDA_7:  # the token that waits at the join is an instance of it, and begins there
        [outcome] = apply(office, found, accepted=())
        assert standing(outcome.process_instance_key) == ["b", "join"]
        return
    # Zeebe holds it on its flow, and nothing can put one there: that is told as what it is
    with pytest.raises(Conflict, match="'join' never fires: it lacks a token from 'a'"):
        apply(office, found, accepted=())


def test_a_called_one_that_was_canceled_alone_and_loops_are_told(office):
    loop = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    xml = model("loop", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='each'/><endEvent id='end'/>")
    definition = deploy(
        xml.replace("<userTask id='each'/>", f"<userTask id='each'>{loop}</userTask>"), workspace=office.shop
    )
    key = start_process_instance(definition.key).process_instance_key
    act(office, CancelProcessInstance).execute(key)
    found = undo(key, "Cancel")
    assert "'each' begins with all of its iterations again." in found.notes
    assert any(note.startswith("Local variables stay behind: loopCounter, nrOf") for note in found.notes)
    [outcome] = apply(office, found)
    assert standing(outcome.process_instance_key) == ["each", "each"]


def test_what_has_not_been_canceled_is_no_cancellation_to_undo(office):
    old = office.start(Semantics.ZEEBE)
    act(office, CancelProcessInstance).execute(old.key)
    ProcessInstance.objects.filter(pk=old.key).update(state="COMPLETED")
    with pytest.raises(Rejected, match="is completed"):
        undo(old.key, "Cancel")


# ---- suspensions


@BOTH
def test_a_suspension_is_undone_and_that_too(office, semantics):
    key = office.start(semantics).key
    act(office, SuspendProcessInstance).execute(key)
    apply(office, undo(key, "Suspend"))
    assert not instance(key).suspended
    apply(office, undo(key, "Resume"))
    assert instance(key).suspended
    assert AuditEvent.objects.filter(process_instance_key=key, body__has_key="undo_of").count() == 2


def test_what_was_resumed_since_is_not_resumed_again(office):
    key = office.start().key
    act(office, SuspendProcessInstance).execute(key)
    act(office, ResumeProcessInstance).execute(key)
    with pytest.raises(Rejected, match="is not suspended"):
        undo(key, "Suspend")


# ---- others


def test_what_has_no_inverse_says_so(office):
    key = office.start().key
    task = UserTask.objects.get(process_instance_key=key)
    act(office, CompleteUserTask).execute(task.key)
    event = AuditEvent.objects.get(event="Complete")
    assert why_not_undone(event).startswith("Nobody knows its inverse.")
    with pytest.raises(Rejected, match="What can be undone: modifications"):
        undo_of(event)


def test_what_was_refused_has_changed_nothing(office):
    key = office.start().key
    with pytest.raises(Conflict):
        act(office, ResumeProcessInstance).execute(key)
    assert why_not_undone(AuditEvent.objects.get(event="Resume")) == "It changed nothing: it did not succeed."


def test_an_ended_one_is_not_modified_any_more(office):
    key = office.start().key
    act(office, SuspendProcessInstance).execute(key)
    act(office, CancelProcessInstance).execute(key)
    with pytest.raises(Rejected, match="The process instance has ended"):
        undo(key, "Suspend")
