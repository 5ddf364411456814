"""One edit of one scope: exact, typed, refused where it has to be, and never at somebody else's cost."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent, Result, VariableSnapshot
from operate.actions import CancelProcessInstance, SetVariables, SuspendProcessInstance
from operate.variables.edits import NothingChanged, TypesChange, VariablesChanged, read_edit
from operate.variables.exact import Flawed
from operate.workspaces import Forbidden, Role
from tests.operate.variables.conftest import text
from tests.support.models import model
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.values import TypedValue
from workflow.graph import Semantics
from workflow.models import ElementInstance, FormerValue, Variable
from workflow.services import NotEditable

pytestmark = pytest.mark.django_db


def test_single_changes_set_add_and_delete_in_one_edit(loans):
    # when
    edited = loans.save(set={"amount": text("90"), "note": text('"by phone"')}, delete=["customer"])
    # then
    assert loans.texts() == {"amount": "90", "note": '"by phone"'}
    assert [(each.name, each.kind, each.before, each.after) for each in edited.changes] == [
        ("amount", "changed", "100", "90"),
        ("note", "added", None, '"by phone"'),
        ("customer", "deleted", '{"city":"Rome","name":"Ann"}', None),
    ]


def test_a_document_changes_what_differs_and_deletes_what_is_missing(loans):
    # when
    loans.save(document='{"amount": 100, "customer": {"name": "Ann", "city": "Oslo"}, "new": [1]}')
    # then
    assert loans.texts() == {"amount": "100", "customer": '{"city": "Oslo", "name": "Ann"}', "new": "[1]"}
    assert Variable.objects.get(scope_key=loans.key, name="amount").revision == 1
    # when
    loans.save(document='{"amount": 100}')
    # then
    assert loans.texts() == {"amount": "100"}


@pytest.mark.parametrize("number", ["1.10", "9007199254740993", "0.1234567890123456789", "12345678901234567890.50"])
def test_numbers_keep_their_digits(loans, number):
    # when
    loans.save(set={"rate": text(number), "nested": text(f'{{"rates": [{number}]}}')})
    # then
    assert loans.texts()["rate"] == number
    assert loans.texts()["nested"] == f'{{"rates": [{number}]}}'
    # when something else is edited in a document with them
    document = f'{{"amount": 1, "rate": {number}, "nested": {{"rates": [{number}]}}}}'
    edited = loans.save(document=document)
    # then they are not touched, and what was is kept with its digits
    assert [each.name for each in edited.changes] == ["amount", "customer"]
    loans.save(set={"rate": text("1")}, accept_types=True)
    assert str(FormerValue.objects.extra(select={"t": "value::text"}).get(name="rate").t) == number
    assert str(VariableSnapshot.objects.extra(select={"t": "value::text"}).filter(name="rate").first().t) == number


def test_another_number_of_digits_is_a_change(loans):
    # given
    loans.save(set={"rate": text("1.1")})
    # when
    loans.save(document='{"amount": 100, "customer": {"name": "Ann", "city": "Rome"}, "rate": 1.10}')
    # then
    assert loans.texts()["rate"] == "1.10"
    # when
    loans.save(set={"rate": text("1.1")})
    # then
    assert loans.texts()["rate"] == "1.1"


def test_what_was_is_kept_and_who_did_it_and_why(loans):
    # when
    loans.act(reason="typing error").execute(loans.edit(set={"amount": text("90")}))
    # then
    event = AuditEvent.objects.latest("key")
    assert (event.event, event.subject, event.reason, event.actor_name, event.entity_key) == (
        "Update",
        "Process variables",
        "typing error",
        "workspace_admin",
        loans.key,
    )
    [change] = event.body["variables"]
    assert (change["name"], change["before"], change["after"]) == ("amount", 100, 90)
    [snapshot] = event.snapshots.all()
    assert (snapshot.name, snapshot.value, snapshot.existed, snapshot.taken_at) == ("amount", 100, True, event.at)
    former = FormerValue.objects.get(process_instance=loans.key)
    assert (former.value, former.replaced_at) == (100, event.at)
    assert former.created_at == Variable.objects.get(scope_key=loans.key, name="amount").created_at


# -- optimistic locking


def test_who_has_seen_an_older_value_is_told_all_three(loans):
    # given
    mine = loans.edit(set={"amount": text("1")})
    loans.save(Role.ORG_ADMIN, set={"amount": text("2")})
    # when
    with pytest.raises(VariablesChanged, match="'amount' was changed by somebody else") as refusal:
        loans.act().execute(mine)
    # then
    [conflict] = refusal.value.conflicts
    assert (conflict.was.text, conflict.theirs.text, conflict.mine.text) == ("100", "2", "1")
    assert (conflict.theirs_by.who, conflict.merge, conflict.overlaps) == ("org_admin", None, ("amount",))
    assert loans.texts()["amount"] == "2"
    assert AuditEvent.objects.latest("key").result == Result.REFUSED
    # when it is sent again with what is seen now
    loans.act().execute(read_edit(loans.key, {"set": {"amount": text("1")}, "seen": refusal.value.seen}))
    # then
    assert loans.texts()["amount"] == "1"


def test_changes_of_different_variables_do_not_disturb_each_other(loans):
    # given
    mine = loans.edit(document='{"amount": 100, "customer": {"name": "Bob", "city": "Rome"}}')
    loans.save(set={"amount": text("2"), "extra": text("true")})
    # when
    loans.act().execute(mine)
    # then
    assert loans.texts() == {"amount": "2", "customer": '{"city": "Rome", "name": "Bob"}', "extra": "true"}


def test_changes_of_different_keys_of_an_object_can_be_merged(loans):
    # given
    mine = loans.edit(document='{"amount": 7, "customer": {"name": "Bob", "city": "Rome"}}')
    loans.save(set={"customer": text('{"name": "Ann", "city": "Oslo", "vip": 1.50}')})
    # when
    with pytest.raises(VariablesChanged) as refusal:
        loans.act().execute(mine)
    # then
    [conflict] = refusal.value.conflicts
    assert conflict.merge == '{"vip":1.50,"city":"Oslo","name":"Bob"}'
    assert conflict.overlaps == ()
    # when the proposal is sent with what is seen now
    loans.act().execute(read_edit(loans.key, {"document": refusal.value.merged, "seen": refusal.value.seen}))
    # then
    assert loans.texts() == {"amount": "7", "customer": '{"vip": 1.50, "city": "Oslo", "name": "Bob"}'}


def test_the_same_change_by_two_people_is_told_too_for_who_counts_must_not_count_once(loans):
    # given
    mine = loans.edit(set={"amount": text("101")})
    loans.save(set={"amount": text("101")})
    # when
    with pytest.raises(VariablesChanged) as refusal:
        loans.act().execute(mine)
    # then
    assert (refusal.value.conflicts[0].merge, refusal.value.conflicts[0].overlaps) == ("101", ())


def test_a_variable_that_was_deleted_and_made_again_is_another_one(loans):
    # given
    mine = loans.edit(set={"amount": text("1")})
    loans.save(delete=["amount"])
    loans.save(set={"amount": text("100")})
    assert Variable.objects.get(scope_key=loans.key, name="amount").revision == 1
    # when
    with pytest.raises(VariablesChanged) as refusal:
        loans.act().execute(mine)
    # then
    assert refusal.value.conflicts[0].was.text == "100"


@pytest.mark.parametrize("theirs", ["changed", "deleted"])
def test_deleting_what_somebody_else_has_changed(loans, theirs):
    # given
    mine = loans.edit(delete=["amount"], set={"note": text("1")})
    loans.save(delete=["amount"]) if theirs == "deleted" else loans.save(set={"amount": text("2")})
    # when
    if theirs == "deleted":
        loans.act().execute(mine)
    else:
        with pytest.raises(VariablesChanged) as refusal:
            loans.act().execute(mine)
        assert (refusal.value.conflicts[0].mine, refusal.value.conflicts[0].theirs.text) == (None, "2")
    # then
    assert loans.texts().get("amount") == (None if theirs == "deleted" else "2")


def test_adding_what_somebody_else_has_added(loans):
    # given
    mine = loans.edit(set={"note": text("1")})
    loans.save(set={"note": text("2")})
    # when, then
    with pytest.raises(VariablesChanged) as refusal:
        loans.act().execute(mine)
    assert refusal.value.conflicts[0].was is None


def test_an_edit_has_to_tell_what_was_seen(loans):
    with pytest.raises(Rejected, match="Expected 'seen'"):
        read_edit(loans.key, {"set": {"amount": text("1")}})


# -- types


def test_a_long_stays_a_long(loans):
    # given
    SetVariables(None).execute(
        loans.key, {"count": TypedValue(5, "Long"), "day": TypedValue("2025-01-02T03:04:05", "Date")}
    )
    # when
    loans.save(set={"count": text("6"), "day": text('"2026-01-02T03:04:05"')})
    # then
    assert (loans.types()["count"], loans.types()["day"]) == ("Long", "Date")
    # when
    loans.save(set={"count": text("null")})
    # then
    assert loans.types()["count"] == "Long"


def test_another_type_asks_and_names_from_and_to(loans):
    # given
    change = {"amount": text('"a lot"'), "customer": text("{}")}
    # when
    with pytest.raises(TypesChange, match="'amount' from Integer to String") as refusal:
        loans.save(set=change)
    # then
    assert [(each.name, each.before, each.after) for each in refusal.value.changes] == [("amount", "Integer", "String")]
    assert loans.texts()["amount"] == "100"
    # when
    loans.save(set=change, accept_types=["amount"])
    # then
    assert loans.types()["amount"] == "String"


def test_a_named_type_is_taken_if_the_value_fits(loans):
    # when
    loans.save(set={"amount": {"text": "100", "type": "Long"}})
    # then
    assert loans.types()["amount"] == "Long"
    with pytest.raises(Rejected, match="Expected a value of type Long for 'amount': a whole number"):
        loans.save(set={"amount": {"text": "1.5", "type": "Long"}})
    with pytest.raises(Rejected, match="Expected the type of 'amount' to be one of"):
        loans.save(set={"amount": {"text": "1", "type": "Huge"}})


def test_zeebe_knows_no_types_to_ask_about(loans):
    # given
    waiting = "<startEvent id='start'/><userTask id='approve'/>"
    loans.key = loans.start(loans.deploy(model("other", Semantics.ZEEBE, waiting), Semantics.ZEEBE), amount=1)
    # when
    loans.save(set={"amount": text('"a lot"')})
    # then
    assert loans.texts() == {"amount": '"a lot"'}


# -- what is refused


def test_on_hold_is_editable_and_ended_is_not(loans):
    # given
    SuspendProcessInstance(None).execute(loans.key)
    # when
    loans.save(set={"amount": text("1")})
    # then
    assert loans.texts()["amount"] == "1"
    # when
    edit = loans.edit(set={"amount": text("2")})
    CancelProcessInstance(None).execute(loans.key)
    # then
    with pytest.raises(NotEditable, match="to be active or suspended, but it is canceled"):
        loans.act().execute(edit)


def test_a_scope_that_has_ended_is_not_editable(loans):
    # given
    task = ElementInstance.objects.get(process_instance=loans.key, element_id="start")
    # when, then
    with pytest.raises(NotEditable, match="the scope 'start' .* to be active, but it is completed"):
        loans.save(scope_key=task.key, set={"amount": text("2")}, seen={})


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPPORT, Role.AUDITOR, Role.WORKER])
def test_only_administrators_edit(loans, role):
    with pytest.raises(Forbidden, match="edit_variables"):
        loans.save(role, set={"amount": text("2")})
    assert AuditEvent.objects.latest("key").result == Result.REFUSED


def test_who_sees_nothing_is_told_nothing(loans):
    with pytest.raises(NotFound, match="there is none"):
        loans.save("stranger", set={"amount": text("2")}, seen={})


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ('{"a": 1 "b": 2}', "missing_comma"),
        ('{"a": 1,}', "trailing_comma"),
        ('{"a": [1}', "unclosed"),
        ("[1]", "not_an_object"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(loans, document, code):
    with pytest.raises(Flawed, match="Invalid JSON format") as refusal:
        loans.save(document=document)
    assert refusal.value.flaws[0].code == code


def test_nothing_changed_is_said_so(loans):
    with pytest.raises(NothingChanged):
        loans.save(set={"amount": text("100")})


def test_a_dry_run_tells_the_changes_and_writes_nothing(loans):
    # when
    edited = loans.act(dry_run=True).execute(loans.edit(set={"amount": text("1")}))
    # then
    assert [each.after for each in edited.changes] == ["1"]
    assert loans.texts()["amount"] == "100"
    assert not VariableSnapshot.objects.exists()


def test_local_variables_are_edited_in_their_scope_alone(loans):
    # given
    task = ElementInstance.objects.get(process_instance=loans.key, element_id="approve")
    # when
    loans.save(scope_key=task.key, set={"amount": text("5")})
    # then
    assert (loans.texts(task.key), loans.texts()["amount"]) == ({"amount": "5"}, "100")


def test_what_happened_before_stays_on_record_as_it_was(loans):
    """B27, B28: neither the execution history nor earlier audit events follow an edit."""
    # given
    loans.save(set={"amount": text("90")})
    history = list(ElementInstance.objects.filter(process_instance=loans.key).values())
    events = {each["key"]: each for each in AuditEvent.objects.values()}
    # when
    loans.save(set={"amount": text("80")})
    # then
    assert list(ElementInstance.objects.filter(process_instance=loans.key).values()) == history
    assert {each["key"]: each for each in AuditEvent.objects.filter(pk__in=events).values()} == events
    assert AuditEvent.objects.count() == len(events) + 1
