"""Which role may do what: the table that people rely on, written down once more."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from guardian.models import GroupObjectPermission

from operate.workspaces import RIGHTS_OF_ROLE, Access, Right, Role, add_member, ensure_roles, members, remove_member
from operate.workspaces.signals import migrated
from workflow.models import Workspace

pytestmark = pytest.mark.django_db

#                                  ORG  WS   OPER SUPP AUDT WORK
MATRIX = {
    "view_workspace":            "yes  yes  yes  yes  yes  yes",
    "edit_variables":            "yes  yes  -    -    -    -",
    "reveal_variables":          "yes  yes  -    -    -    -",
    "start_processinstance":     "yes  yes  yes  -    -    -",
    "modify_processinstance":    "yes  yes  yes  -    -    -",
    "cancel_processinstance":    "yes  yes  yes  -    -    -",
    "suspend_processinstance":   "yes  yes  yes  -    -    -",
    "delete_processinstance":    "yes  yes  -    -    -    -",
    "resolve_incident":          "yes  yes  yes  -    -    -",
    "restart_processinstance":   "yes  yes  yes  -    -    -",
    "migrate_processinstance":   "yes  yes  yes  -    -    -",
    "correlate_message":         "yes  yes  yes  -    -    yes",
    "work_jobs":                 "yes  yes  yes  -    -    yes",
    "complete_usertask":         "yes  yes  yes  -    -    -",
    "deploy_processdefinition":  "yes  yes  -    -    -    -",
    "delete_processdefinition":  "yes  yes  -    -    -    -",
    "approve_plan":              "yes  yes  -    -    -    -",
    "break_glass":               "yes  yes  -    -    -    -",
    "view_audit":                "yes  yes  -    -    yes  -",
    "manage_workspace":          "yes  yes  -    -    -    -",
}  # fmt: skip
ROLES = (Role.ORG_ADMIN, Role.WORKSPACE_ADMIN, Role.OPERATOR, Role.SUPPORT, Role.AUDITOR, Role.WORKER)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_exactly_what_the_matrix_says(role, loans, cards, person):
    # given
    user = person(role=role, workspace=loans)
    column = ROLES.index(role)
    expected = {right for right, row in MATRIX.items() if row.split()[column] == "yes"}
    # when
    access = Access.of(user)
    # then
    assert {right for right in Right if access.may(right, loans.pk)} == expected
    elsewhere = expected if role is Role.ORG_ADMIN else set()
    assert {right for right in Right if access.may(right, cards.pk)} == elsewhere


def test_rights_are_the_permissions_of_a_workspace():
    assert set(Right) == {codename for codename, _label in Workspace._meta.permissions} == set(MATRIX)


def test_django_itself_answers_the_same_as_the_roles_say(loans, cards, person):
    user = person(role=Role.OPERATOR, workspace=loans)
    assert user.has_perm("workflow.modify_processinstance", loans)
    assert not user.has_perm("workflow.edit_variables", loans)
    assert not user.has_perm("workflow.modify_processinstance", cards)


def test_an_organisation_administrator_also_holds_later_workspaces(person):
    # given
    user = person(role=Role.ORG_ADMIN)
    # when
    later = Workspace.objects.create(slug="later", name="Later")
    # then
    assert Access.of(user).may(Right.MANAGE, later.pk)


def test_a_new_workspace_has_its_role_groups(loans):
    names = Group.objects.filter(name__startswith="loans:").values_list("name", flat=True)
    assert sorted(names) == [
        "loans:AUDITOR",
        "loans:OPERATOR",
        "loans:SUPPORT",
        "loans:WORKER",
        "loans:WORKSPACE_ADMIN",
    ]


def test_a_changed_role_table_reaches_existing_workspaces(loans, person, monkeypatch):
    # given
    user = person(role=Role.SUPPORT, workspace=loans)
    # when
    monkeypatch.setitem(RIGHTS_OF_ROLE, Role.SUPPORT, frozenset({Right.VIEW_AUDIT}))
    ensure_roles(loans)
    # then
    access = Access.of(user)
    assert {right for right in Right if access.may(right, loans.pk)} == {Right.VIEW_AUDIT}


def test_the_default_workspace_comes_back_after_a_flush():
    # given
    Workspace.objects.all().delete()
    GroupObjectPermission.objects.all().delete()
    # when
    migrated(sender=None, using="default")
    # then
    assert Workspace.objects.get().slug == "<default>"
    assert Group.objects.filter(name="<default>:OPERATOR").exists()
    assert GroupObjectPermission.objects.exists()


def test_leaving_a_workspace_takes_all_its_roles(loans, cards, person):
    # given
    user = person(role=Role.OPERATOR, workspace=loans)
    add_member(user, loans, Role.AUDITOR)
    add_member(user, cards, Role.SUPPORT)
    assert Access.of(user).may(Right.VIEW_AUDIT, loans.pk)
    # when
    remove_member(user, loans)
    # then
    assert Access.of(user).workspaces(Right.VIEW) == {cards.pk}
    assert list(members(cards, Role.SUPPORT)) == [user]


def test_only_one_role_can_be_taken(loans, person):
    user = person(role=Role.OPERATOR, workspace=loans)
    add_member(user, loans, Role.AUDITOR)
    remove_member(user, loans, Role.OPERATOR)
    assert Access.of(user).may(Right.VIEW_AUDIT, loans.pk)
    assert not Access.of(user).may(Right.MODIFY, loans.pk)


def test_a_role_other_than_the_organisations_needs_a_workspace(person):
    with pytest.raises(ValueError, match="Expected a workspace for role 'OPERATOR'"):
        add_member(person(), None, Role.OPERATOR)
