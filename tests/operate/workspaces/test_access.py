"""Who may do what, who may not even know, and what people are told."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from guardian.shortcuts import assign_perm

from audit.models import AuditEvent
from operate.models import WorkspaceSettings
from operate.workspaces import Access, Forbidden, Right, Role, add_member, visible_to, workspace_named
from workflow.engine.errors import NotFound
from workflow.models import ProcessInstance, Workspace

pytestmark = pytest.mark.django_db


def test_rights_are_read_with_one_query_and_kept(loans, cards, person, django_assert_num_queries):
    # given
    user = person(role=Role.OPERATOR, workspace=loans)
    add_member(user, cards, Role.SUPPORT)
    # then
    with django_assert_num_queries(1):
        assert Access.of(user).may(Right.MODIFY, loans.pk)
        assert not Access.of(user).may(Right.MODIFY, cards.pk)
        assert Access.of(user).workspaces(Right.VIEW) == {loans.pk, cards.pk}


def test_all_ways_of_granting_count(loans, cards, person):
    # given
    user = person()
    assign_perm("workflow.view_workspace", user, loans)
    user.user_permissions.add(Permission.objects.get(codename="view_audit"))
    own = Group.objects.create(name="night shift")
    own.permissions.add(Permission.objects.get(codename="start_processinstance"))
    assign_perm("workflow.cancel_processinstance", own, cards)
    user.groups.add(own)
    # when
    access = Access.of(user)
    # then
    assert access.workspaces(Right.VIEW) == {loans.pk}
    assert access.workspaces(Right.CANCEL) == {cards.pk}
    assert access.workspaces(Right.VIEW_AUDIT) is None
    assert access.workspaces(Right.START) is None
    assert access.workspaces(Right.MODIFY) == frozenset()


def test_permissions_on_other_models_give_nothing(loans, person):
    # given
    user = person()
    user.user_permissions.add(*Permission.objects.exclude(content_type__model="workspace"))
    assign_perm("auth.view_group", user, Group.objects.first())
    # then
    assert not any(Access.of(user).may_anywhere(right) for right in Right)


@pytest.mark.parametrize(
    "user", [AnonymousUser(), {"is_active": False, "is_superuser": True}], ids=["anonymous", "inactive"]
)
def test_who_is_not_signed_in_may_nothing(user, loans, person):
    somebody = person(**user) if isinstance(user, dict) else user
    access = Access.of(somebody)
    assert not any(access.may(right, loans.pk) for right in Right)
    assert list(visible_to(Workspace.objects.all(), somebody)) == []


def test_a_superuser_may_everything(loans, person):
    user = person(is_superuser=True)
    assert all(Access.of(user).workspaces(right) is None for right in Right)
    assert set(visible_to(Workspace.objects.all(), user)) == set(Workspace.objects.all())


def test_a_missing_right_is_explained_with_who_can_help(loans, person):
    # given
    person("carla", Role.WORKSPACE_ADMIN, loans, first_name="Carla", last_name="Berg")
    person("dora", Role.WORKSPACE_ADMIN, loans)
    access = Access.of(person(role=Role.SUPPORT, workspace=loans))
    # when
    with pytest.raises(Forbidden) as refusal:
        access.require(Right.MODIFY, loans.pk)
    # then
    assert refusal.value.message == (
        "You lack the right 'modify_processinstance' (Modify process instances) in workspace 'Loans'. "
        "Ask Carla Berg or dora."
    )
    assert refusal.value.who_can_help == ("Carla Berg", "dora")
    assert access.why_not(Right.MODIFY, loans.pk) == refusal.value.message
    assert access.why_not(Right.VIEW, loans.pk) == ""


def test_without_workspace_administrators_those_of_the_organisation_help(loans, person):
    person("olga", Role.ORG_ADMIN)
    person("gone", Role.WORKSPACE_ADMIN, loans, is_active=False)
    access = Access.of(person(role=Role.SUPPORT, workspace=loans))
    assert access.why_not(Right.MODIFY, loans.pk).endswith("Ask olga.")


def test_a_workspace_that_may_not_be_seen_does_not_exist(loans, cards, person):
    access = Access.of(person(role=Role.OPERATOR, workspace=loans))
    with pytest.raises(NotFound):
        access.require(Right.VIEW, cards.pk)
    with pytest.raises(NotFound):
        access.require(Right.MODIFY, cards.pk)


def test_rows_are_narrowed_to_what_may_be_seen(loans, cards, person):
    # given
    for workspace in (loans, cards):
        AuditEvent.objects.create(workspace=workspace, at="2026-03-02T12:00Z", channel="API", result="SUCCESS")
    AuditEvent.objects.create(workspace=None, at="2026-03-02T12:00Z", channel="API", result="REFUSED")
    auditor = person(role=Role.AUDITOR, workspace=loans)
    # then
    assert [event.workspace for event in visible_to(AuditEvent.objects.all(), auditor, Right.VIEW_AUDIT)] == [loans]
    assert list(visible_to(Workspace.objects.all(), auditor)) == [loans]
    assert visible_to(AuditEvent.objects.all(), person("olga", Role.ORG_ADMIN), Right.VIEW_AUDIT).count() == 3
    assert "workspace_id" in str(visible_to(ProcessInstance.objects.all(), auditor).query)


def test_switched_on_worker_audit_is_read_along(loans, cards, person):
    WorkspaceSettings.objects.create(workspace=loans, audit_worker_traffic=True)
    WorkspaceSettings.objects.create(workspace=cards)
    assert Access.of(person(role=Role.WORKER, workspace=loans)).audited_workers == {loans.pk}
    assert Access.of(person("root", is_superuser=True)).audited_workers == {loans.pk}


def test_a_workspace_is_found_by_its_tenant_id(loans):
    assert workspace_named("loans") == loans
    assert workspace_named("") == workspace_named(None) == workspace_named("<default>")
    with pytest.raises(NotFound, match="workspace with id 'nowhere'"):
        workspace_named("nowhere")


def test_changes_of_a_workspace_are_kept_as_history(loans):
    loans.name = "Loans and leasing"
    loans.save()
    assert [version.name for version in loans.history.all()] == ["Loans and leasing", "Loans"]
