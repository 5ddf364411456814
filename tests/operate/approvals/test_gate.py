"""What a policy governs cannot be done without an approval, whichever way one tries; everything else goes on as before."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel, Event, Result, Subject
from operate import actions
from operate.approvals.gate import Approval, ApprovalNeeded
from operate.approvals.governing import ChangePolicy, RemovePolicy, Rules
from operate.approvals.models import ApprovalPolicy
from operate.batch import plans
from operate.batch.models import Batch
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.notifications.models import Kind, Notice, Notification
from operate.variables.edits import Edit, NewValue
from operate.workspaces import Forbidden, Role, add_member
from tests.operate.approvals.conftest import Shop, active, deploy
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.migration import Mapping, MigrationPlan
from workflow.models import Incident, Job, ProcessDefinition, ProcessInstance, Variable, Workspace
from workflow.modification import CancelAll, StartBefore
from workflow.soundness import Acceptance

pytestmark = pytest.mark.django_db

HARM = [CancelAll("ship")]
"""Then the join waits for ever."""
NO_HARM = [StartBefore("archive"), CancelAll("ship"), CancelAll("approve")]
SAME = [Mapping(each, each) for each in ("approve", "ship")]


def by(user: Any, action: Any, **options: Any) -> Any:
    return action(user, channel=Channel.ADMIN, **options)


def ended(shop: Shop) -> int:
    [key] = shop.start()
    actions.CancelProcessInstance(None).execute(key)
    return key


def failed(shop: Shop) -> int:
    [key] = shop.start()
    actions.FailJob(None).execute(Job.objects.get(process_instance=key).key, retries=0)
    return key


WAYS = {
    "MODIFY": (
        lambda shop, user, **o: by(user, actions.ModifyProcessInstance, **o).execute(shop.start()[0], NO_HARM),
        lambda shop, user, **o: by(user, actions.ModifyProcessInstances, **o).execute(
            shop.definition_key, shop.start(2), NO_HARM
        ),
    ),
    "SET_VARIABLES": (
        lambda shop, user, **o: by(user, actions.SetVariables, **o).execute(shop.start()[0], {"n": 1}),
        lambda shop, user, **o: by(user, actions.EditVariables, **o).execute(
            Edit(shop.start()[0], {"n": NewValue("1")})
        ),
        lambda shop, user, **o: by(user, actions.DeleteVariables, **o).execute(
            shop.start(variables={"n": 1})[0], ["n"]
        ),
        lambda shop, user, **o: by(user, actions.ModifyProcessInstance, **o).execute(
            shop.start()[0], [StartBefore("archive", variables={"n": 1})]
        ),
    ),
    "CANCEL": (lambda shop, user, **o: by(user, actions.CancelProcessInstance, **o).execute(shop.start()[0]),),
    "DELETE": (lambda shop, user, **o: by(user, actions.DeleteProcessInstance, **o).execute(ended(shop)),),
    "SUSPEND": (lambda shop, user, **o: by(user, actions.SuspendProcessInstance, **o).execute(shop.start()[0]),),
    "RESTART": (
        lambda shop, user, **o: by(user, actions.RestartProcessInstances, **o).execute(
            shop.definition_key, [ended(shop)], [StartBefore("archive")]
        ),
    ),
    "MIGRATE": (
        lambda shop, user, **o: by(user, actions.MigrateProcessInstance, **o).execute(
            shop.start()[0], MigrationPlan(shop.deploy(), SAME)
        ),
    ),
    "RESOLVE_INCIDENTS": (
        lambda shop, user, **o: by(user, actions.ResolveIncident, **o).execute(
            Incident.objects.get(process_instance=failed(shop)).key, retries=1
        ),
    ),
    "SET_RETRIES": (
        lambda shop, user, **o: by(user, actions.UpdateJob, **o).execute(
            Job.objects.get(process_instance=failed(shop)).key, retries=1, resolve=True
        ),
    ),
}
EVERY_WAY = [pytest.param(name, way, id=f"{name}-{i}") for name, ways in WAYS.items() for i, way in enumerate(ways)]


def contents() -> dict[str, Any]:
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in (ProcessInstance, Variable, Job)}


@pytest.mark.parametrize(("operation", "way"), EVERY_WAY)
def test_what_is_governed_is_refused_undone_and_recorded(operation, way, shop: Shop, new_events):
    # given
    policy = shop.govern("Two of us", operation=operation)
    # when
    with pytest.raises(ApprovalNeeded) as refusal:
        way(shop, shop.anna)
    # then
    assert refusal.value.policy.id == policy.pk
    assert all(word in refusal.value.message for word in ("'Two of us'", "draft", "amir"))
    event = new_events()[-1]
    assert (event.result, event.actor, event.workspace) == (Result.REFUSED, shop.anna, shop.workspace)
    assert event.message == refusal.value.message
    assert all(each.revision <= 2 for each in ProcessInstance.objects.all())
    assert not Variable.objects.filter(name="n", value=1, revision__gt=1).exists()


@pytest.mark.parametrize(("operation", "way"), EVERY_WAY)
def test_what_another_policy_governs_is_done(operation, way, shop: Shop, new_events):
    # given
    shop.govern("Of others", operation=operation, process_id="another")
    shop.govern("Of many", operation=operation, min_instances=3)
    for other in sorted(WAYS.keys() - {operation}):
        if not (other == "SET_VARIABLES" or operation == "SET_VARIABLES"):
            shop.govern(f"Of {other}", operation=other)
    # when
    way(shop, shop.anna)
    # then
    assert new_events()[-1].result == Result.SUCCESS


@pytest.mark.parametrize(("operation", "way"), EVERY_WAY)
def test_who_breaks_the_glass_with_a_reason_does_it_and_the_approvers_are_told(operation, way, shop: Shop, new_events):
    # given
    shop.govern("Two of us", operation=operation)
    # when
    way(shop, shop.anna, break_glass="The shop burns")
    # then
    event = new_events()[-1]
    assert event.result == Result.SUCCESS
    assert event.body["break_glass"] == {"policy": "Two of us", "reason": "The shop burns"}
    notice = Notice.objects.get()
    assert notice.kind == Kind.BREAK_GLASS
    assert "anna" in notice.subject
    assert "The shop burns" in notice.text
    told = Notification.objects.filter(notice=notice, way="PAGE").values_list("recipient__username", flat=True)
    assert list(told) == ["amir"]


def test_without_the_right_nobody_breaks_the_glass(shop: Shop, new_events):
    # given
    shop.govern(operation="CANCEL")
    [key] = shop.start()
    # when
    with pytest.raises(Forbidden) as refusal:
        by(shop.olga, actions.CancelProcessInstance, break_glass="The shop burns").execute(key)
    # then
    assert refusal.value.right == "break_glass"
    assert active(key) == ["approve", "ship"]
    assert new_events()[-1].result == Result.REFUSED
    assert not Notice.objects.exists()


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_the_glass_is_broken_with_a_reason_only(reason, shop: Shop):
    # given
    shop.govern(operation="CANCEL")
    [key] = shop.start()
    # then
    with pytest.raises(Rejected, match="reason"):
        by(shop.anna, actions.CancelProcessInstance, break_glass=reason).execute(key)
    assert active(key) == ["approve", "ship"]


def test_where_nothing_is_governed_no_glass_is_broken(shop: Shop, new_events):
    [key] = shop.start()
    by(shop.olga, actions.CancelProcessInstance, break_glass="The shop burns").execute(key)
    assert "break_glass" not in new_events()[-1].body
    assert not Notice.objects.exists()


def test_what_was_approved_is_done_and_tells_by_whom(shop: Shop, new_events):
    # given
    shop.govern(operation="CANCEL")
    [key] = shop.start()
    # when
    by(shop.olga, actions.CancelProcessInstance, approval=Approval(17, "anna")).execute(key)
    # then
    event = new_events()[-1]
    assert (event.result, event.body["draft"], event.body["approved_by"]) == (Result.SUCCESS, 17, "anna")


def test_dry_runs_are_not_governed(shop: Shop):
    shop.govern()
    [key] = shop.start()
    outcome = by(shop.olga, actions.ModifyProcessInstance, dry_run=True).execute(key, NO_HARM)
    assert [fact.element_id for fact in outcome.activated] == ["archive"]
    assert active(key) == ["approve", "ship"]


def test_rehearsals_of_batches_are_not_governed(shop: Shop):
    shop.govern()
    keys = shop.start(2)
    rehearsal = by(shop.olga, actions.SubmitBatch).rehearse(plans.Modify(NO_HARM), Selection(keys))
    assert (rehearsal.succeeded, rehearsal.refused) == (2, 0)


def test_what_the_system_does_by_itself_is_not_governed(shop: Shop):
    shop.govern()
    [key] = shop.start()
    actions.CancelProcessInstance(None).execute(key)
    assert active(key) == []


def test_everyday_work_is_not_governed(shop: Shop):
    shop.govern()
    [key] = shop.start()
    by(shop.olga, actions.CompleteJob).execute(Job.objects.get(process_instance=key).key, variables={"n": 1})
    by(shop.olga, actions.StartProcessInstance).execute(shop.definition_key, variables={"n": 1})
    assert active(key) == ["approve", "join"]


# ---- size


def test_the_size_of_one_command_decides(shop: Shop):
    # given
    shop.govern(operation="MODIFY", min_instances=3)
    keys = shop.start(3)
    action = by(shop.olga, actions.ModifyProcessInstances)
    # then
    with pytest.raises(ApprovalNeeded):
        action.execute(shop.definition_key, keys, NO_HARM)
    action.execute(shop.definition_key, keys[:2], NO_HARM)
    assert [active(key) for key in keys] == [["archive"], ["archive"], ["approve", "ship"]]


def test_a_batch_is_governed_when_it_is_submitted(shop: Shop, new_events):
    # given
    shop.govern(operation="CANCEL", min_instances=3)
    keys = shop.start(3)
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.SubmitBatch).execute(plans.Cancel(), Selection(keys))
    assert not Batch.objects.exists()
    event = new_events()[-1]
    assert (event.subject, event.result) == (Subject.BATCH, Result.REFUSED)


def test_the_process_instances_of_a_batch_are_not_asked_again(shop: Shop):
    # given
    keys = shop.start(3)
    by(shop.olga, actions.SubmitBatch).execute(plans.Cancel(), Selection(keys))
    shop.govern(operation="CANCEL")
    # when
    run_due_jobs()
    # then
    assert [active(key) for key in keys] == [[], [], []]


def test_the_glass_of_a_batch_is_broken_once(shop: Shop, new_events):
    # given
    shop.govern(operation="CANCEL")
    keys = shop.start(3)
    new_events()
    # when
    by(shop.anna, actions.SubmitBatch, break_glass="All wrong").execute(plans.Cancel(), Selection(keys))
    run_due_jobs()
    # then
    [submitted, *canceled] = new_events()
    assert submitted.body["break_glass"]["reason"] == "All wrong"
    assert {event.body["batch"] for event in canceled} == {Batch.objects.get().key}
    assert Notice.objects.count() == 1


def test_a_batch_that_brings_variables_is_an_edit_of_variables_too(shop: Shop):
    shop.govern(operation="SET_VARIABLES")
    plan = plans.Modify([StartBefore("archive", variables={"n": 1})])
    with pytest.raises(ApprovalNeeded):
        by(shop.anna, actions.SubmitBatch).execute(plan, Selection(shop.start(2)))


def test_only_the_process_instances_of_the_policys_process_are_counted(shop: Shop):
    # given
    shop.govern(operation="CANCEL", process_id="order", min_instances=2)
    other = shop.deploy('id="order"', 'id="invoice"')
    invoices = [actions.StartProcessInstance(None).execute(other).process_instance_key for _ in range(3)]
    [order, another] = shop.start(2)
    submit = by(shop.olga, actions.SubmitBatch)
    # then
    submit.execute(plans.Cancel(), Selection([*invoices, order]))
    with pytest.raises(ApprovalNeeded):
        submit.execute(plans.Cancel(), Selection([*invoices, order, another]))


def test_only_the_process_instances_of_the_policys_workspace_are_counted(shop: Shop):
    # given
    cards = Workspace.objects.create(slug="cards", name="Cards")
    add_member(shop.people["anna"], cards, Role.WORKSPACE_ADMIN)
    shop.govern(operation="CANCEL", min_instances=2, workspace=cards)
    definition = deploy(cards, "<!-- -->" + open_order())
    card = actions.StartProcessInstance(None).execute(definition).process_instance_key
    # then
    by(shop.anna, actions.SubmitBatch).execute(plans.Cancel(), Selection([*shop.start(2), card]))


def open_order() -> str:
    from tests.operate.approvals.conftest import ORDER

    return ORDER.strip()


# ---- processes


@pytest.mark.parametrize("process_id", ["order", "invoice"])
def test_who_moves_to_another_process_is_governed_by_both(process_id, shop: Shop):
    # given
    target = shop.deploy('id="order"', 'id="invoice"')
    shop.govern(operation="MIGRATE", process_id=process_id)
    plan = MigrationPlan(target, SAME)
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.MigrateProcessInstance).execute(shop.start()[0], plan)
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.SubmitBatch).execute(plans.Migrate(plan), Selection(shop.start(2)))


# ---- what takes process instances along


ALONG = {
    "CANCEL": lambda shop, user, **o: by(user, actions.DeleteProcessDefinition, **o).execute(
        shop.definition_key, cascade=True
    ),
    "DELETE": lambda shop, user, **o: by(user, actions.DeleteDeployment, **o).execute(
        ProcessDefinition.objects.get(pk=shop.definition_key).deployment_key, cascade=True
    ),
    "SUSPEND": lambda shop, user, **o: by(user, actions.SuspendProcessDefinition, **o).execute(
        shop.definition_key, with_instances=True
    ),
    "MODIFY": lambda shop, user, **o: by(user, actions.DeleteJob, **o).execute(
        Job.objects.filter(kind="TIMER").latest("key").key
    ),
}


@pytest.mark.parametrize("operation", ALONG)
def test_there_is_no_way_around(operation, shop: Shop):
    # given
    shop.govern(operation=operation)
    timer = shop.deploy('<userTask id="archive" />', LATE)
    key = shop.start()[0] if operation != "MODIFY" else at_archive(timer)
    before = active(key)
    # then
    with pytest.raises(ApprovalNeeded):
        ALONG[operation](shop, shop.anna)
    assert active(key) == before
    assert not ProcessInstance.objects.get(pk=key).suspended
    ALONG[operation](shop, shop.anna, break_glass="It burns")
    assert Notice.objects.filter(kind=Kind.BREAK_GLASS).count() == 1


def test_without_process_instances_definitions_are_everybodys(shop: Shop):
    shop.govern()
    by(shop.anna, actions.SuspendProcessDefinition).execute(shop.definition_key, with_instances=True)
    by(shop.anna, actions.DeleteProcessDefinition).execute(shop.definition_key, cascade=True)


LATE = """<userTask id="archive" /><boundaryEvent id="late" attachedToRef="archive">
  <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>"""


def at_archive(definition: int) -> int:
    started = actions.StartProcessInstance(None).execute(definition, instructions=[StartBefore("archive")])
    return started.process_instance_key


# ---- risk


def test_a_policy_on_risk_lets_through_what_does_no_harm(shop: Shop):
    # given
    shop.govern(operation="MODIFY", risk="RED_WARNINGS")
    [good, bad] = shop.start(2)
    # then
    by(shop.olga, actions.ModifyProcessInstance).execute(good, NO_HARM)
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.ModifyProcessInstance).execute(bad, HARM)
    assert [active(good), active(bad)] == [["archive"], ["approve", "ship"]]


def test_accepting_red_warnings_is_no_approval(shop: Shop):
    # given
    shop.govern(operation="MODIFY", risk="RED_WARNINGS")
    [key] = shop.start()
    [warning] = by(shop.olga, actions.ModifyProcessInstance, dry_run=True).execute(key, HARM, accepted=()).judged.red
    accepted = [Acceptance(warning.code.value, tuple(warning.element_ids))]
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.ModifyProcessInstance).execute(key, HARM, accepted=accepted)


def test_several_at_once_are_judged_too(shop: Shop):
    # given
    shop.govern(operation="MODIFY", risk="RED_WARNINGS")
    keys = shop.start(2)
    action = by(shop.olga, actions.ModifyProcessInstances)
    # then
    with pytest.raises(ApprovalNeeded):
        action.execute(shop.definition_key, keys, HARM)
    action.execute(shop.definition_key, keys, NO_HARM)


def test_a_batch_is_judged_before_it_is_submitted(shop: Shop):
    # given
    shop.govern(operation="MODIFY", risk="RED_WARNINGS")
    keys = shop.start(2)
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.SubmitBatch).execute(plans.Modify(HARM), Selection(keys))
    by(shop.olga, actions.SubmitBatch).execute(plans.Modify(NO_HARM), Selection(keys))


def test_what_is_no_modification_has_no_red_warnings(shop: Shop):
    shop.govern(risk="RED_WARNINGS")
    by(shop.olga, actions.CancelProcessInstance).execute(shop.start()[0])


def test_risk_is_only_looked_at_where_a_policy_asks_for_it(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    # given
    shop.govern(operation="MODIFY", risk="RED_WARNINGS", process_id="another")
    monkeypatch.setattr("workflow.soundness.distinct.judge_change", lambda *_, **__: pytest.fail("judged"))
    # then
    by(shop.olga, actions.ModifyProcessInstance).execute(shop.start()[0], HARM)


# ---- which policy


def test_the_most_specific_policy_is_named_then_the_strictest(shop: Shop):
    # given
    shop.govern("all")
    shop.govern("operation", operation="CANCEL")
    shop.govern("process", process_id="order")
    [key] = shop.start()

    def named() -> str:
        with pytest.raises(ApprovalNeeded) as refusal:
            by(shop.olga, actions.CancelProcessInstance).execute(key)
        return refusal.value.policy.name

    # then
    assert named() == "process"
    shop.govern("both", process_id="order", operation="CANCEL")
    assert named() == "both"


def test_a_policy_makes_no_exception_of_another(shop: Shop):
    shop.govern("all")
    shop.govern("many orders", process_id="order", min_instances=50)
    with pytest.raises(ApprovalNeeded) as refusal:
        by(shop.olga, actions.CancelProcessInstance).execute(shop.start()[0])
    assert refusal.value.policy.name == "all"


def test_a_command_costs_no_statement_for_policies_that_are_not_about_it(shop: Shop, django_assert_num_queries):
    # given
    [one, other] = shop.start(2)
    action = by(shop.olga, actions.CancelProcessInstance)
    action.access  # noqa: B018  (reads the rights)
    with django_assert_num_queries(2) as before:
        action.execute(one)
    # when
    shop.govern("another process", process_id="another")
    from operate.approvals.policies import policies

    assert policies()
    # then
    with django_assert_num_queries(len(before)):
        action.execute(other)


# ---- changing policies


def test_policies_are_changed_by_who_manages_the_workspace_and_that_is_recorded(shop: Shop, new_events):
    # given
    policy = shop.govern("Two of us", operation="CANCEL")
    added = new_events()[-1]
    # when
    by(shop.amir, ChangePolicy).execute(policy.pk, Rules("Two of us", operation="CANCEL", hours=5))
    by(shop.amir, RemovePolicy).execute(policy.pk)
    # then
    [changed, removed] = new_events()
    assert (added.event, added.subject, added.entity_key) == (Event.CREATE, Subject.APPROVAL_POLICY, policy.pk)
    assert (changed.body["before"]["hours"], changed.body["after"]["hours"]) == (72, 5)
    assert (removed.event, removed.actor_name) == (Event.DELETE, "amir")
    assert [(each.history_type, each.hours) for each in ApprovalPolicy.history.order_by("history_id")] == [
        ("+", 72),
        ("~", 5),
        ("-", 5),
    ]
    by(shop.olga, actions.CancelProcessInstance).execute(shop.start()[0])


def test_nobody_else_changes_policies(shop: Shop, new_events):
    policy = shop.govern()
    for action, arguments in ((RemovePolicy, ()), (ChangePolicy, (Rules("x"),))):
        with pytest.raises(Forbidden):
            by(shop.olga, action).execute(policy.pk, *arguments)
        with pytest.raises(NotFound):
            by(shop.stranger, action).execute(policy.pk, *arguments)
    assert ApprovalPolicy.objects.get().name == "Four eyes"
    assert [event.result for event in new_events()[-4:]] == [Result.REFUSED] * 4


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ({"name": " "}, "name"),
        ({"operation": "FLY"}, "FLY"),
        ({"operation": "CANCEL", "risk": "RED_WARNINGS"}, "CANCEL"),
        ({"risk": "SOMETIMES"}, "SOMETIMES"),
        ({"min_instances": 0}, "0"),
        ({"hours": 0}, "0"),
    ],
)
def test_what_cannot_be_a_policy_is_refused(rules, found, shop: Shop):
    with pytest.raises(Rejected, match=found):
        shop.govern(**rules)
    assert not ApprovalPolicy.objects.exists()


def test_two_policies_that_say_the_same_are_refused(shop: Shop):
    shop.govern("one", operation="CANCEL")
    with pytest.raises(Conflict, match="'one'"):
        shop.govern("two", operation="CANCEL")
    with pytest.raises(Conflict, match="name"):
        shop.govern("one", operation="DELETE")


def test_a_new_policy_is_known_after_a_moment_to_processes_that_were_not_told(shop: Shop, monkeypatch):
    # given
    from operate.approvals import policies

    [key] = shop.start()
    ApprovalPolicy.objects.create(workspace=shop.workspace, name="behind the back", operation="CANCEL")
    # when
    monkeypatch.setattr(policies, "MAX_AGE", -1.0)
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, actions.CancelProcessInstance).execute(key)


def test_people_who_are_gone_are_nobody_to_ask(shop: Shop):
    get_user_model().objects.filter(username__in=["anna", "amir"]).update(is_active=False)
    ApprovalPolicy.objects.create(workspace=shop.workspace, name="lonely", operation="CANCEL")
    from operate.approvals.policies import forget_policies

    forget_policies()
    with pytest.raises(ApprovalNeeded) as refusal:
        by(shop.olga, actions.CancelProcessInstance).execute(shop.start()[0])
    assert "anna" not in refusal.value.message
    assert AuditEvent.objects.filter(result=Result.REFUSED).exists()
