"""Drafts: saved with a dry run, requested, decided by somebody else, done exactly as approved, in the author's name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from audit.models import AuditEvent, Channel, Event, Result, Subject
from audit.undoing import undone_by
from operate import actions
from operate.admin.four_eyes.asking import command_of, command_of_undo
from operate.approvals.approving import ApproveDraft, Differs, OwnDraft, RejectDraft
from operate.approvals.drafts import (
    CommentOnDraft,
    Contents,
    EditDraft,
    OthersDraft,
    RequestApproval,
    SaveDraft,
    WithdrawDraft,
)
from operate.approvals.executing import ApplyDraft, execute_approved, expire_requests, run_due_drafts
from operate.approvals.finding import command_for, queue_of, sentences, try_now, visible_drafts, why_not
from operate.approvals.gate import ApprovalNeeded
from operate.approvals.models import Draft, DraftComment
from operate.batch.models import Batch
from operate.batch.plans import Restart
from operate.batch.running import run_due_jobs
from operate.masking.models import MaskedVariable
from operate.notifications.models import Kind, Notice, Notification
from operate.plans.json_form import Malformed
from operate.undo import undo_of
from operate.variables.reading import variables
from operate.variables.telling import versions
from operate.workspaces import Forbidden, Role, add_member, remove_member
from tests.operate.approvals.conftest import ORDER, Shop, active, deploy
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.values import TypedValue
from workflow.models import ProcessInstance, Variable, Workspace
from workflow.modification import StartBefore
from workflow.persistence.unit_of_work import clock
from workflow.services import RestartOptions
from workflow.soundness import Acceptance, NotAccepted

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NO_HARM = [
    {"type": "start_before", "element_id": "archive"},
    {"type": "cancel_all", "element_id": "ship"},
    {"type": "cancel_all", "element_id": "approve"},
]
HARM = [{"type": "cancel_all", "element_id": "ship"}]


def by(user: Any, action: Any, **options: Any) -> Any:
    return action(user, channel=Channel.ADMIN, **options)


def modify(*keys: int, instructions: Any = NO_HARM, **more: Any) -> dict[str, Any]:
    return {"command": "modify", "keys": [str(key) for key in keys], "instructions": instructions, **more}


def save(
    shop: Shop, command: Any, *, user: Any = None, title: str = "Straight to the archive", reason: str = ""
) -> Draft:
    return by(user or shop.olga, SaveDraft).execute(shop.workspace.pk, Contents(title, command, reason))


def request(shop: Shop, command: Any, *, run_at: Any = None, **more: Any) -> Draft:
    return by(shop.olga, RequestApproval).execute(save(shop, command, **more).key, run_at=run_at)


def approve(shop: Shop, draft: Draft, *, user: Any = None, **terms: Any) -> Draft:
    return by(user or shop.anna, ApproveDraft).execute(draft.key, **{"digest": draft.digest, **terms})


def now(draft: Draft) -> Draft:
    return Draft.objects.get(pk=draft.pk)


def told(kind: Kind) -> list[str]:
    rows = Notification.objects.filter(notice__kind=kind, way="PAGE").order_by("recipient__username")
    return list(rows.values_list("recipient__username", flat=True))


# ---- saving and editing


def test_a_draft_is_saved_with_what_it_would_do(shop: Shop, new_events):
    # given
    [key] = shop.start()
    # when
    draft = save(shop, modify(key), reason="ticket 12")
    # then
    assert (draft.state, draft.author_name, draft.name, draft.semantics) == ("DRAFT", "olga", "modify", "camunda7")
    assert (draft.process_id, draft.process_instance_key, draft.version) == ("order", key, 1)
    assert draft.rehearsal["succeeded"] == 1
    [outcome] = draft.rehearsal["instances"][0]["outcomes"]
    assert [each["element_id"] for each in outcome["elements"]["activated"]] == ["archive"]
    assert active(key) == ["approve", "ship"]
    event = new_events()[-1]
    assert (event.event, event.subject, event.entity_key) == (Event.CREATE, Subject.DRAFT, draft.key)
    assert event.body["command"]["instructions"] == NO_HARM


def test_what_would_be_refused_now_is_saved_with_the_reason(shop: Shop):
    [key] = shop.start()
    nowhere = save(shop, modify(key, instructions=[{"type": "start_before", "element_id": "nowhere"}]))
    gone = save(shop, modify(987_654))
    assert "nowhere" in nowhere.rehearsal["reasons"][0]["reason"]
    assert "987654" in gone.rehearsal_error
    assert gone.rehearsal is None


def test_what_is_no_command_is_not_saved(shop: Shop):
    with pytest.raises(Malformed) as refusal:
        save(shop, {"command": "modify", "keys": [], "instructions": [{"type": "fly"}], "x": 1})
    assert {problem.path for problem in refusal.value.problems} == {"keys", "instructions[0].type", "x"}
    assert not Draft.objects.exists()


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
def test_a_draft_has_a_title(title, shop: Shop):
    with pytest.raises(Rejected, match="title"):
        save(shop, modify(*shop.start()), title=title)


def test_commands_of_every_form_are_drafts(shop: Shop):
    one, other = shop.start(2)
    many = save(shop, {"command": "cancel", "query": {"process": "order"}})
    named = save(shop, {"command": "edit_scope", "scope_key": str(one), "variables": {"n": 1}}, user=shop.anna)
    started = save(shop, {"command": "start_process_instance", "definition_key": str(shop.definition_key)})
    assert (many.rehearsal["total"], many.process_instance_key) == (2, None)
    assert (named.process_instance_key, named.process_id) == (one, "order")
    assert (started.process_instance_key, started.process_id) == (None, "order")
    assert active(other) == ["approve", "ship"]


def test_a_draft_belongs_to_one_workspace(shop: Shop):
    # given
    cards = Workspace.objects.create(slug="cards", name="Cards")
    add_member(shop.people["olga"], cards, Role.OPERATOR)
    card = actions.StartProcessInstance(None).execute(deploy(cards, ORDER)).process_instance_key
    # then
    with pytest.raises(Rejected, match="Cards"):
        save(shop, modify(*shop.start(), card))


def test_who_sees_the_workspace_may_save_and_comment_and_nobody_else(shop: Shop):
    [key] = shop.start()
    draft = save(shop, modify(key))
    by(shop.sam, CommentOnDraft).execute(draft.key, " Is that right? ")
    assert [(each.author_name, each.text) for each in DraftComment.objects.all()] == [("sam", "Is that right?")]
    for attempt in (
        lambda: by(shop.stranger, CommentOnDraft).execute(draft.key, "Hello"),
        lambda: save(shop, modify(key), user=shop.stranger),
        lambda: approve(shop, draft, user=shop.stranger),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert not visible_drafts(shop.stranger).exists()
    assert list(visible_drafts(shop.sam)) == [draft]


def test_only_its_author_edits_requests_withdraws_and_applies_a_draft(shop: Shop, new_events):
    draft = save(shop, modify(*shop.start()))
    for action in (EditDraft, RequestApproval, WithdrawDraft, ApplyDraft):
        with pytest.raises(OthersDraft, match="olga"):
            by(shop.anna, action).execute(draft.key)
    assert [event.result for event in new_events()[-4:]] == [Result.REFUSED] * 4
    assert now(draft).state == "DRAFT"


def test_an_edit_of_what_somebody_has_changed_meanwhile_is_refused(shop: Shop):
    draft = save(shop, modify(*shop.start()))
    by(shop.olga, EditDraft).execute(draft.key, version=1, title="Better")
    with pytest.raises(Conflict, match="version 1"):
        by(shop.olga, EditDraft).execute(draft.key, version=1, title="Worse")
    assert now(draft).title == "Better"


# ---- requesting


def test_a_request_goes_to_who_may_approve(shop: Shop, new_events):
    # given
    shop.govern("Two of us", operation="MODIFY", hours=5)
    [key] = shop.start()
    # when
    draft = request(shop, modify(key))
    # then
    assert (draft.state, draft.policy_name, draft.selected) == ("REQUESTED", "Two of us", [key])
    assert draft.expires_at - draft.requested_at == 5 * HOUR
    assert len(draft.digest) == 64
    assert told(Kind.APPROVAL_REQUESTED) == ["amir", "anna"]
    assert Notice.objects.get().facts["draft"] == str(draft.key)
    event = new_events()[-1]
    assert (event.event, event.body["digest"], event.body["policy"]) == (Event.REQUEST, draft.digest, "Two of us")
    assert list(queue_of(shop.anna)) == [draft]
    assert not queue_of(shop.olga).exists()
    assert not queue_of(shop.sam).exists()


def test_without_a_policy_one_may_ask_all_the_same(shop: Shop):
    draft = request(shop, modify(*shop.start()))
    assert (draft.policy_name, draft.expires_at - draft.requested_at) == ("", 72 * HOUR)


def test_what_could_not_be_done_is_not_requested(shop: Shop):
    draft = save(shop, modify(*shop.start(), instructions=[{"type": "start_before", "element_id": "nowhere"}]))
    with pytest.raises(Conflict, match="nowhere"):
        by(shop.olga, RequestApproval).execute(draft.key)


def test_who_lacks_the_right_to_do_it_cannot_request_it(shop: Shop):
    draft = save(shop, modify(*shop.start()), user=shop.sam)
    assert "modify_processinstance" in draft.rehearsal_error
    with pytest.raises(Conflict, match="modify_processinstance"):
        by(shop.sam, RequestApproval).execute(draft.key)


def test_an_edit_takes_the_request_back(shop: Shop):
    # given
    keys = shop.start(2)
    draft = request(shop, modify(keys[0]))
    # when
    by(shop.olga, EditDraft).execute(draft.key, command=modify(keys[1]))
    # then
    assert (now(draft).state, now(draft).digest, now(draft).requested_at) == ("DRAFT", "", None)
    with pytest.raises(Conflict, match="draft"):
        approve(shop, draft)


def test_what_was_edited_and_requested_again_is_not_what_somebody_has_looked_at(shop: Shop):
    # given
    keys = shop.start(2)
    seen = request(shop, modify(keys[0]))
    by(shop.olga, EditDraft).execute(seen.key, command=modify(keys[1]))
    again = by(shop.olga, RequestApproval).execute(seen.key)
    # then
    assert again.digest != seen.digest
    with pytest.raises(Conflict, match="looked at"):
        approve(shop, seen)
    assert [active(key) for key in keys] == [["approve", "ship"]] * 2


def test_a_request_is_withdrawn_and_made_again(shop: Shop):
    draft = request(shop, modify(*shop.start()))
    by(shop.olga, WithdrawDraft).execute(draft.key)
    assert now(draft).state == "WITHDRAWN"
    with pytest.raises(Conflict, match="Withdrawn"):
        approve(shop, draft)
    again = by(shop.olga, RequestApproval).execute(draft.key)
    assert approve(shop, again).state == "APPLIED"


# ---- deciding


def test_an_approval_lets_it_be_done_at_once_in_the_authors_name(shop: Shop, new_events):
    # given
    shop.govern("Two of us", operation="MODIFY")
    [key] = shop.start()
    draft = request(shop, modify(key), reason="ticket 12")
    new_events()
    # when
    done = approve(shop, draft, note="fine")
    # then
    assert (done.state, done.error, done.decided_by, done.decision_note) == ("APPLIED", "", shop.anna, "fine")
    assert active(key) == ["archive"]
    approved, event = new_events()
    assert (approved.event, approved.actor_name, approved.body["digest"]) == (Event.APPROVE, "anna", draft.digest)
    assert (event.event, event.result, event.actor_name, event.reason) == (Event.MODIFY, "SUCCESS", "olga", "ticket 12")
    assert (event.body["draft"], event.body["approved_by"]) == (draft.key, "anna")
    assert (done.event_key, done.operation_id) == (event.key, event.request_id)
    assert told(Kind.APPROVED) == told(Kind.APPLIED) == ["olga"]


def test_nobody_approves_their_own_request(shop: Shop, new_events):
    # given
    [key] = shop.start()
    draft = save(shop, modify(key), user=shop.anna)
    draft = by(shop.anna, RequestApproval).execute(draft.key)
    # then
    for action, terms in ((ApproveDraft, {"digest": draft.digest}), (RejectDraft, {"note": "no"})):
        with pytest.raises(OwnDraft):
            by(shop.anna, action).execute(draft.key, **terms)
    assert new_events()[-1].result == Result.REFUSED
    assert active(key) == ["approve", "ship"]
    assert approve(shop, draft, user=shop.amir).state == "APPLIED"


def test_the_database_refuses_that_somebody_approves_their_own_request(shop: Shop):
    draft = request(shop, modify(*shop.start()))
    decided = {"state": "APPROVED", "decided_at": clock(), "approved_digest": draft.digest}
    for who in ({"decided_by": shop.olga, "decided_by_name": "x"}, {"decided_by_name": "olga"}):
        with pytest.raises(IntegrityError, match="draft_is_decided_by_somebody_else"), transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(**decided, **who)


IMPOSSIBLE = {
    "approved by nobody": ({"state": "APPROVED"}, "possible_state"),
    "another digest": (
        {"state": "APPROVED", "decided_at": True, "decided_by_name": "anna", "approved_digest": "x" * 64},
        "approved_as_requested",
    ),
    "rejected by nobody": ({"state": "REJECTED"}, "possible_state"),
    "applied without an approval": ({"state": "APPLIED", "executed_at": True}, "possible_state"),
    "a draft that is requested": ({"state": "DRAFT"}, "possible_state"),
    "half a request": ({"expires_at": None}, "requested_whole"),
    "failed without a reason": (
        {
            "state": "FAILED",
            "executed_at": True,
            "decided_at": True,
            "decided_by_name": "anna",
            "approved_digest": "same",
        },
        "possible_state",
    ),
    "no such state": ({"state": "MAYBE"}, "possible_state"),
    "no title": ({"title": ""}, "title"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_the_database_refuses_impossible_states(name, shop: Shop):
    changes, constraint = IMPOSSIBLE[name]
    draft = request(shop, modify(*shop.start()))
    given = {each: clock() if value is True else value for each, value in changes.items()}
    if given.get("approved_digest") == "same":
        given["approved_digest"] = draft.digest
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(**given)


def test_without_the_right_nobody_decides(shop: Shop):
    draft = by(shop.anna, RequestApproval).execute(save(shop, modify(*shop.start()), user=shop.anna).key)
    for action, terms in ((ApproveDraft, {"digest": draft.digest}), (RejectDraft, {"note": "no"})):
        with pytest.raises(Forbidden) as refusal:
            by(shop.olga, action).execute(draft.key, **terms)
        assert refusal.value.right == "approve_plan"
    assert now(draft).state == "REQUESTED"


def test_the_right_to_approve_is_of_no_use_to_who_does_not_see_the_workspace(shop: Shop):
    from guardian.shortcuts import assign_perm

    draft = request(shop, modify(*shop.start()))
    assign_perm("workflow.approve_plan", shop.people["stranger"], shop.workspace)
    with pytest.raises(NotFound):
        approve(shop, draft, user=shop.stranger)
    assert not queue_of(shop.stranger).exists()


def test_a_rejection_says_why_and_the_draft_can_be_mended(shop: Shop):
    # given
    [key] = shop.start()
    draft = request(shop, modify(key))
    # then
    with pytest.raises(Rejected, match="why"):
        by(shop.anna, RejectDraft).execute(draft.key, note=" ")
    rejected = by(shop.anna, RejectDraft).execute(draft.key, note="Not today")
    assert (rejected.state, rejected.decision_note, told(Kind.REJECTED)) == ("REJECTED", "Not today", ["olga"])
    assert "Not today" in Notice.objects.get(kind=Kind.REJECTED).text
    by(shop.olga, EditDraft).execute(draft.key, title="Tomorrow")
    again = by(shop.olga, RequestApproval).execute(draft.key)
    assert approve(shop, again).state == "APPLIED"


def test_an_expired_request_is_refused_before_and_after_it_says_so(shop: Shop, new_events):
    # given
    draft = request(shop, modify(*shop.start()))
    Draft.objects.filter(pk=draft.pk).update(expires_at=clock() - HOUR)
    # then
    with pytest.raises(Conflict, match="expired"):
        approve(shop, draft)
    assert not queue_of(shop.anna).exists()
    assert expire_requests() == 1
    assert (now(draft).state, told(Kind.EXPIRED)) == ("EXPIRED", ["olga"])
    event = new_events()[-1]
    assert (event.event, event.subject, event.channel) == (Event.EXPIRE, Subject.DRAFT, Channel.SYSTEM)
    with pytest.raises(Conflict, match="Expired"):
        approve(shop, draft)
    assert expire_requests() == 0
    assert by(shop.olga, RequestApproval).execute(draft.key).state == "REQUESTED"


# ---- the second dry run


def test_an_outcome_that_has_changed_is_approved_only_when_it_was_seen(shop: Shop):
    # given
    [key] = shop.start()
    draft = by(shop.anna, RequestApproval).execute(
        save(
            shop,
            modify(key, instructions=[{"type": "start_before", "element_id": "archive", "variables": {"n": 2}}]),
            user=shop.anna,
        ).key
    )
    actions.SetVariables(None).execute(key, {"n": 1})
    # when
    with pytest.raises(Differs) as refusal:
        approve(shop, draft, user=shop.amir)
    # then
    assert [(each.what, each.then, each.now) for each in refusal.value.differences] == [
        ("1: variable n", "null → 2", "1 → 2")
    ]
    assert now(draft).state == "REQUESTED"
    done = approve(shop, draft, user=shop.amir, confirmed=refusal.value.confirmation)
    assert done.state == "APPLIED"
    assert done.differences[0]["what"] == "1: variable n"
    assert Variable.objects.get(scope_key=key, name="n").value == 2


def test_differences_that_have_changed_again_are_told_again(shop: Shop):
    # given
    [key] = shop.start()
    command = {"command": "edit_scope", "scope_key": str(key), "variables": {"n": 9}}
    draft = by(shop.anna, RequestApproval).execute(save(shop, command, user=shop.anna).key)
    actions.SetVariables(None).execute(key, {"n": 1})
    with pytest.raises(Differs) as first:
        approve(shop, draft, user=shop.amir)
    # when
    actions.SetVariables(None).execute(key, {"n": 2})
    # then
    with pytest.raises(Differs):
        approve(shop, draft, user=shop.amir, confirmed=first.value.confirmation)


def test_what_can_no_longer_be_done_is_not_approved(shop: Shop):
    [key] = shop.start()
    draft = request(shop, modify(key))
    actions.CancelProcessInstance(None).execute(key)
    with pytest.raises(Conflict, match="no longer"):
        approve(shop, draft)
    assert now(draft).state == "REQUESTED"


def test_red_warnings_are_accepted_by_who_approves(shop: Shop, new_events):
    # given
    [key] = shop.start()
    draft = request(shop, modify(key, instructions=HARM))
    [warning] = [each for each in draft.rehearsal["warnings"] if each["severity"] == "red"]
    # then
    with pytest.raises(NotAccepted) as refusal:
        approve(shop, draft)
    assert [each.code.value for each in refusal.value.warnings] == [warning["code"]]
    accepted = [Acceptance(warning["code"], tuple(warning["elements"]))]
    done = approve(shop, draft, accepted=accepted)
    assert done.state == "APPLIED"
    assert done.accepted_warnings == [{"code": warning["code"], "elements": warning["elements"]}]
    event = new_events()[-1]
    assert [each["code"] for each in event.body["accepted_warnings"]] == [warning["code"]]


def test_the_author_lost_the_right_meanwhile(shop: Shop):
    draft = request(shop, modify(*shop.start()))
    remove_member(shop.people["olga"], shop.workspace, Role.OPERATOR)
    add_member(shop.people["olga"], shop.workspace, Role.SUPPORT)
    with pytest.raises(Conflict, match="modify_processinstance"):
        approve(shop, draft)


def test_the_author_has_left_meanwhile(shop: Shop):
    draft = request(shop, modify(*shop.start()))
    olga = shop.olga
    olga.is_active = False
    olga.save()
    with pytest.raises(Conflict, match="olga"):
        approve(shop, draft)


# ---- many


def test_many_process_instances_are_a_batch_of_exactly_those_that_were_meant(shop: Shop, new_events):
    # given
    shop.govern(operation="CANCEL")
    keys = shop.start(3)
    draft = request(shop, {"command": "cancel", "query": {"process": "order"}})
    [late] = shop.start()
    # when
    done = approve(shop, draft)
    # then
    batch = Batch.objects.get(pk=done.batch_key)
    assert (done.state, batch.requester, batch.total) == ("APPLIED", shop.olga, 3)
    submitted = AuditEvent.objects.get(pk=done.event_key)
    assert (submitted.subject, submitted.body["approved_by"], submitted.body["draft"]) == ("Batch", "anna", draft.key)
    run_due_jobs()
    assert [active(key) for key in keys] == [[], [], []]
    assert active(late) == ["approve", "ship"]


def test_a_batch_carries_the_accepted_warnings(shop: Shop):
    # given
    keys = shop.start(2)
    draft = request(shop, modify(*keys, instructions=HARM))
    warning = next(each for each in draft.rehearsal["warnings"] if each["severity"] == "red")
    # when
    with pytest.raises(NotAccepted):
        approve(shop, draft)
    approve(shop, draft, accepted=[Acceptance(warning["code"], tuple(warning["elements"]))])
    run_due_jobs()
    # then
    assert [active(key) for key in keys] == [["approve"], ["approve"]]


# ---- at its time


def test_what_is_scheduled_is_done_at_its_time_once(shop: Shop):
    # given
    [key] = shop.start()
    draft = approve(shop, request(shop, modify(key), run_at=clock() + HOUR))
    # then
    assert (draft.state, draft.is_scheduled) == ("APPROVED", True)
    assert (run_due_drafts(), active(key)) == (0, ["approve", "ship"])
    Draft.objects.filter(pk=draft.pk).update(run_at=clock() - HOUR)
    assert (run_due_drafts(), active(key), now(draft).state) == (1, ["archive"], "APPLIED")
    assert run_due_drafts() == 0
    assert not execute_approved(draft.key)


def test_what_was_scheduled_for_a_time_that_is_over_is_not_approved(shop: Shop):
    draft = request(shop, modify(*shop.start()), run_at=clock() + HOUR)
    with pytest.raises(Conflict, match="is over"):
        by(shop.anna, ApproveDraft, now=clock() + 2 * HOUR).execute(draft.key, digest=draft.digest)


@pytest.mark.parametrize("hours", [-1, 24 * 400])
def test_nothing_is_scheduled_for_the_past_or_for_ever(hours, shop: Shop):
    with pytest.raises(Rejected, match="run_at"):
        request(shop, modify(*shop.start()), run_at=clock() + hours * HOUR)


def test_an_instance_that_has_moved_on_is_left_alone_and_the_author_is_told(shop: Shop, new_events):
    # given
    [key] = shop.start()
    draft = approve(shop, request(shop, modify(key), run_at=clock() + HOUR))
    actions.SetVariables(None).execute(key, {"n": 1})
    Draft.objects.filter(pk=draft.pk).update(run_at=clock() - HOUR)
    # when
    run_due_drafts()
    # then
    failed = now(draft)
    assert failed.state == "FAILED"
    assert "moved on" in failed.error
    assert active(key) == ["approve", "ship"]
    assert told(Kind.FAILED) == ["olga"]
    event = new_events()[-1]
    assert (event.event, event.subject, event.result) == (Event.EXECUTE, Subject.DRAFT, Result.REFUSED)
    again = by(shop.olga, RequestApproval).execute(draft.key)
    assert approve(shop, again).state == "APPLIED"


def test_what_the_engine_refuses_at_its_time_is_recorded_as_refused(shop: Shop, new_events):
    # given
    keys = shop.start(2)
    draft = approve(shop, request(shop, modify(keys[0]), run_at=clock() + HOUR))
    remove_member(shop.people["olga"], shop.workspace, Role.OPERATOR)
    add_member(shop.people["olga"], shop.workspace, Role.SUPPORT)
    Draft.objects.filter(pk=draft.pk).update(run_at=clock() - HOUR)
    new_events()
    # when
    run_due_drafts()
    # then
    assert (now(draft).state, "modify_processinstance" in now(draft).error) == ("FAILED", True)
    command, own = new_events()
    assert (command.event, command.result, command.actor_name) == (Event.MODIFY, Result.REFUSED, "olga")
    assert (own.subject, own.result) == (Subject.DRAFT, Result.REFUSED)


def test_a_scheduled_draft_is_taken_back_by_an_edit(shop: Shop):
    # given
    [key] = shop.start()
    draft = approve(shop, request(shop, modify(key), run_at=clock() + HOUR))
    # when
    by(shop.olga, EditDraft).execute(draft.key, reason="later")
    # then
    assert (now(draft).state, now(draft).approved_digest, now(draft).decided_by) == ("DRAFT", "", None)
    assert run_due_drafts() == 0


def test_a_defect_fails_the_draft_and_is_not_tried_for_ever(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    # given
    draft = request(shop, modify(*shop.start()))
    monkeypatch.setattr("workflow.services.judge_modification", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(
        "operate.approvals.approving.ApproveDraft._try_again",
        lambda self, found: self.try_out(found, {"command": "cancel", "keys": [str(found.process_instance_key)]}),
    )
    with pytest.raises(Differs) as refusal:
        approve(shop, draft)
    # when
    done = approve(shop, draft, confirmed=refusal.value.confirmation)
    # then
    assert (done.state, done.error) == ("FAILED", "ZeroDivisionError: division by zero")


# ---- without an approval


def test_a_draft_that_nothing_governs_is_applied_by_its_author(shop: Shop):
    [key] = shop.start()
    draft = by(shop.olga, ApplyDraft).execute(save(shop, modify(key)).key)
    assert (draft.state, draft.requested_at, active(key)) == ("APPLIED", None, ["archive"])
    assert AuditEvent.objects.get(pk=draft.event_key).event == Event.MODIFY


def test_a_draft_that_is_governed_is_not_applied_and_kept(shop: Shop):
    # given
    shop.govern(operation="MODIFY")
    [key] = shop.start()
    draft = save(shop, modify(key))
    # then
    with pytest.raises(ApprovalNeeded):
        by(shop.olga, ApplyDraft).execute(draft.key)
    assert (now(draft).state, active(key)) == ("DRAFT", ["approve", "ship"])


def test_the_glass_is_broken_for_a_draft(shop: Shop, new_events):
    # given
    shop.govern(operation="MODIFY")
    [key] = shop.start()
    draft = save(shop, modify(key), user=shop.anna)
    # when
    by(shop.anna, ApplyDraft, break_glass="It burns").execute(draft.key)
    # then
    assert active(key) == ["archive"]
    assert AuditEvent.objects.get(pk=now(draft).event_key).body["break_glass"]["reason"] == "It burns"
    assert told(Kind.BREAK_GLASS) == ["amir"]


def test_red_warnings_are_accepted_here_too_and_a_refusal_keeps_the_plan(shop: Shop):
    [key] = shop.start()
    draft = save(shop, modify(key, instructions=HARM))
    with pytest.raises(NotAccepted):
        by(shop.olga, ApplyDraft).execute(draft.key)
    assert now(draft).state == "DRAFT"
    warning = next(each for each in draft.rehearsal["warnings"] if each["severity"] == "red")
    accepted = [Acceptance(warning["code"], tuple(warning["elements"]))]
    assert by(shop.olga, ApplyDraft).execute(draft.key, accepted=accepted).state == "APPLIED"


def test_what_was_applied_is_final(shop: Shop):
    draft = by(shop.olga, ApplyDraft).execute(save(shop, modify(*shop.start())).key)
    for action in (EditDraft, RequestApproval, WithdrawDraft, ApplyDraft):
        with pytest.raises(Conflict, match="Applied"):
            by(shop.olga, action).execute(draft.key)


# ---- reading


def test_masked_values_are_shown_to_their_author_alone(shop: Shop):
    # given
    MaskedVariable.objects.create(workspace=shop.workspace, process_id="order", pattern="iban")
    [key] = shop.start()
    command = {
        "command": "modify",
        "keys": [str(key)],
        "instructions": [
            {
                "type": "start_before",
                "element_id": "archive",
                "variables": {"iban": "DE12", "n": 1},
                "variables_types": {"iban": "String", "n": "Long"},
            }
        ],
    }
    draft = save(shop, command, user=shop.anna)
    # then
    assert command_for(draft, shop.anna) == command
    assert "DE12" not in str(command_for(draft, shop.amir))
    assert "DE12" not in str(draft.rehearsal)
    assert "DE12" not in str(sentences(draft, shop.amir))
    assert sentences(draft, shop.anna)


def test_why_not_tells_of_each_step(shop: Shop):
    # given
    draft = save(shop, modify(*shop.start()))
    mine, hers, his = (why_not(draft, user) for user in (shop.olga, shop.anna, shop.sam))
    # then
    assert [step for step, why in mine.items() if not why] == ["edit", "comment", "request", "withdraw", "apply"]
    assert [step for step, why in hers.items() if not why] == ["comment"]
    requested = by(shop.olga, RequestApproval).execute(draft.key)
    hers, his = why_not(requested, shop.anna), why_not(requested, shop.sam)
    assert [step for step, why in hers.items() if not why] == ["comment", "approve", "reject"]
    assert "approve_plan" in his["approve"]
    assert "your own" in why_not(requested, shop.olga)["approve"]


def test_a_draft_is_tried_as_things_are_now(shop: Shop):
    # given
    [key] = shop.start()
    draft = request(shop, modify(key))
    # when
    actions.CompleteUserTask(None).execute(_task(key))
    tried, differences, confirmation = try_now(draft, by(shop.anna, CommentOnDraft))
    # then
    assert tried.reason or differences
    assert len(confirmation) == 64
    assert active(key) == ["join", "ship"]


def _task(key: int) -> int:
    from workflow.models import UserTask

    return UserTask.objects.get(process_instance=key, element_id="approve").key


def test_the_instances_table_is_untouched_by_all_that_deciding(shop: Shop):
    [key] = shop.start()
    before = ProcessInstance.objects.filter(pk=key).values().get()
    draft = request(shop, modify(key))
    with pytest.raises(Conflict):
        approve(shop, draft, digest="x" * 64)
    by(shop.anna, RejectDraft).execute(draft.key, note="no")
    assert ProcessInstance.objects.filter(pk=key).values().get() == before


# ---- what takes something back, and edits of variables


def undone(shop: Shop, key: int) -> AuditEvent:
    """A modification that was applied, and is to be taken back."""
    by(shop.olga, actions.ModifyProcessInstance).execute(key, [StartBefore("archive")])
    return AuditEvent.objects.filter(process_instance_key=key, event=Event.MODIFY).latest("key")


def undo_draft(shop: Shop, event: AuditEvent) -> Draft:
    found = undo_of(event)
    contents = Contents("Take it back", command_of_undo(found), undo_of=event.key)
    return by(shop.olga, SaveDraft).execute(shop.workspace.pk, contents)


def test_an_approved_undo_is_on_record_as_the_undo_of_its_event(shop: Shop):
    # given
    [key] = shop.start()
    event = undone(shop, key)
    draft = by(shop.olga, RequestApproval).execute(undo_draft(shop, event).key)
    # when
    assert approve(shop, draft).state == "APPLIED"
    # then
    assert active(key) == ["approve", "ship"]
    done = AuditEvent.objects.filter(process_instance_key=key, event=Event.MODIFY).latest("key")
    assert (done.body["undo_of"], done.body["approved_by"]) == (event.key, "anna")
    assert undone_by([event.key])[event.key].key == done.key


def test_what_was_taken_back_meanwhile_is_not_taken_back_again(shop: Shop):
    # given
    [key] = shop.start()
    event = undone(shop, key)
    draft = by(shop.olga, RequestApproval).execute(undo_draft(shop, event).key)
    undo_of(event).run(lambda kind: by(shop.anna, kind))
    # then
    with pytest.raises(Conflict, match="undone already"):
        approve(shop, draft)


def test_the_undone_event_is_one_of_the_workspace(shop: Shop):
    [key] = shop.start()
    with pytest.raises(NotFound, match="987654"):
        by(shop.olga, SaveDraft).execute(shop.workspace.pk, Contents("Back", modify(key), undo_of=987_654))


def test_a_restart_on_another_version_stays_one(shop: Shop):
    # given
    [key] = shop.start()
    newer = shop.deploy()
    actions.CancelProcessInstance(None).execute(key)
    definition = ProcessInstance.objects.get(pk=key).definition_key
    plan = Restart(definition, (StartBefore("archive"),), RestartOptions(on_definition_key=newer))
    draft = save(shop, command_of(plan, [key]))
    # when
    by(shop.olga, ApplyDraft).execute(draft.key)
    # then
    assert ProcessInstance.objects.latest("key").definition_key == newer


def test_an_edit_of_variables_keeps_its_digits_and_its_types_and_refuses_what_others_have_changed(shop: Shop):
    # given
    [key] = shop.start()
    actions.SetVariables(None).execute(key, {"rate": TypedValue(1, "Double"), "n": 1})
    seen = versions(variables(ProcessInstance.objects.get(pk=key), key))
    command = {"command": "edit_variables", "scope_key": str(key), "texts": {"rate": "1.10"}, "seen": seen}
    first = by(shop.anna, RequestApproval).execute(save(shop, command, user=shop.anna).key)
    second = by(shop.anna, RequestApproval).execute(save(shop, command, user=shop.anna).key)
    assert sentences(first, shop.olga) == ["Set variable 'rate' to 1.10"]
    # when
    assert approve(shop, first, user=shop.amir).state == "APPLIED"
    # then
    [rate] = variables(ProcessInstance.objects.get(pk=key), key, names=["rate"])
    assert (rate.text, rate.type) == ("1.10", "Double")
    with pytest.raises(Conflict, match="changed by somebody else"):
        approve(shop, second, user=shop.amir)


def test_what_an_edit_would_write_into_masked_variables_only_its_author_sees(shop: Shop):
    [key] = shop.start()
    MaskedVariable.objects.create(workspace=shop.workspace, process_id="order", pattern="iban")
    command = {"command": "edit_variables", "scope_key": str(key), "texts": {"iban": '"DE02"'}}
    draft = save(shop, command, user=shop.anna)
    assert sentences(draft, shop.anna) == ["Set variable 'iban' to \"DE02\""]
    assert sentences(draft, shop.sam) == ["Set variable 'iban' to ••••••"]


def test_a_refusal_is_told_in_the_language_of_who_reads_and_recorded_in_english(shop: Shop, new_events):
    draft = save(shop, modify(*shop.start()))
    with translation.override("de"):
        with pytest.raises(Conflict) as refusal:
            by(shop.olga, EditDraft).execute(draft.key, version=7)
        assert refusal.value.message.startswith("Version 7 von Entwurf")
    assert "Expected version 7 of draft" in new_events()[-1].message
