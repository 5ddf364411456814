"""Workspaces: made, changed, their roles given to people and groups, told why, and kept."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from audit.models import AuditEvent, Result
from operate.models import RoleGrant, WorkspaceSettings
from operate.workspaces import Access, Right, Role, add_group, add_member, ensure_roles, remove_group
from operate.workspaces.explaining import holders
from workflow.models import Workspace

pytestmark = pytest.mark.django_db
PAGE = "/workflow/workspace/"


@pytest.fixture
def loans() -> Workspace:
    return Workspace.objects.create(slug="loans", name="Loans")


def person(name: str, role: Role | None = None, workspace: Workspace | None = None, **facts):
    user = get_user_model().objects.create_user(name, is_staff=True, **facts)
    if role:
        add_member(user, workspace, role)
    return user


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def fresh(user):
    return get_user_model().objects.get(pk=user.pk)


def test_the_organisation_s_administrator_makes_a_workspace():
    client = client_of(person("olga", Role.ORG_ADMIN))
    answer = client.post(f"{PAGE}add/", {"slug": "cards", "name": "Cards", "audit_worker_traffic": "on"})
    made = Workspace.objects.get(slug="cards")
    assert answer["Location"] == f"{PAGE}{made.pk}/"
    assert WorkspaceSettings.objects.get(workspace=made).audit_worker_traffic
    event = AuditEvent.objects.get(event="Create", subject="Workspace")
    assert (event.workspace, event.entity_key, event.actor_name) == (made, made.pk, "olga")


def test_an_id_is_given_once(loans):
    client = client_of(person("olga", Role.ORG_ADMIN))
    answer = client.post(f"{PAGE}add/", {"slug": "loans", "name": "Again"})
    assert answer.status_code == 400
    assert "Expected an id that no workspace has" in answer.content.decode()


def test_a_workspace_administrator_makes_none_and_that_is_on_record(loans):
    client = client_of(person("ada", Role.WORKSPACE_ADMIN, loans))
    assert client.post(f"{PAGE}add/", {"slug": "cards", "name": "Cards"}).status_code == 403
    assert not Workspace.objects.filter(slug="cards").exists()
    assert AuditEvent.objects.get(event="Create").result == Result.REFUSED


def test_roles_are_given_and_taken_within_the_own_workspace(loans):
    # given
    client, ben = client_of(person("ada", Role.WORKSPACE_ADMIN, loans)), person("ben")
    # when
    client.post(f"{PAGE}{loans.pk}/members/", {"name": "ben", "role": "OPERATOR"})
    # then
    assert Access.of(fresh(ben)).may(Right.MODIFY, loans.pk)
    # when
    client.post(f"{PAGE}{loans.pk}/members/", {"name": "ben", "role": "OPERATOR", "remove": "1"})
    # then
    assert not Access.of(fresh(ben)).may(Right.VIEW, loans.pk)
    events = AuditEvent.objects.filter(subject="Role").order_by("key").values_list("event", "body")
    assert list(events) == [
        ("Grant", {"role": "OPERATOR", "user": "ben"}),
        ("Revoke", {"role": "OPERATOR", "user": "ben"}),
    ]
    history = RoleGrant.history.filter(user=ben).order_by("history_id")
    assert [(row.history_type, row.history_user.username) for row in history] == [("+", "ada"), ("-", "ada")]


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "nobody", "role": "OPERATOR"},
        {"name": "ben", "role": "ORG_ADMIN"},
        {"group": "loans:AUDITOR", "role": "OPERATOR"},
    ],
)
def test_what_is_no_member_or_no_role_is_refused(loans, sent):
    client, ben = client_of(person("ada", Role.WORKSPACE_ADMIN, loans)), person("ben")
    answer = client.post(f"{PAGE}{loans.pk}/members/", sent, follow=True)
    assert "ft-toast-error" in answer.content.decode()
    assert not Access.of(fresh(ben)).may_anywhere(Right.VIEW)
    assert AuditEvent.objects.get(event="Grant").result == Result.REFUSED


def test_a_group_gives_its_role_to_who_is_in_it(loans):
    # given
    night, nina = Group.objects.create(name="Night shift"), person("nina")
    nina.groups.add(night)
    # when
    add_group(night, loans, Role.OPERATOR)
    add_group(night, loans, Role.AUDITOR)
    # then
    assert Access.of(fresh(nina)).may(Right.MODIFY, loans.pk)
    # when
    remove_group(night, loans, Role.OPERATOR)
    # then
    assert not Access.of(fresh(nina)).may(Right.MODIFY, loans.pk)
    assert Access.of(fresh(nina)).may(Right.VIEW_AUDIT, loans.pk)


def test_a_release_that_changes_the_role_table_reaches_groups(loans, monkeypatch):
    from operate.workspaces import RIGHTS_OF_ROLE

    night, nina = Group.objects.create(name="Night shift"), person("nina")
    nina.groups.add(night)
    add_group(night, loans, Role.SUPPORT)
    monkeypatch.setitem(RIGHTS_OF_ROLE, Role.SUPPORT, frozenset({Right.VIEW, Right.APPROVE}))
    ensure_roles(loans)
    assert Access.of(fresh(nina)).may(Right.APPROVE, loans.pk)


def test_it_is_told_who_may_do_what_and_why(loans, django_assert_max_num_queries):
    # given
    night = Group.objects.create(name="Night shift")
    add_group(night, loans, Role.OPERATOR)
    for name in ("nina", "noel"):
        person(name).groups.add(night)
    people = [
        person("olga", Role.ORG_ADMIN),
        person("ada", Role.WORKSPACE_ADMIN, loans),
        person("root", is_superuser=True),
    ]
    person("gone", Role.OPERATOR, loans, is_active=False)
    # when
    told = {holder.user.username: holder.rights for holder in holders(loans)}
    # then: it says exactly what holds
    assert told.keys() == {"nina", "noel", *(each.username for each in people)}
    for name, rights in told.items():
        access = Access.of(get_user_model().objects.get(username=name))
        assert {right for right in Right if access.may(right, loans.pk)} == set(rights)
    assert [str(source) for source in told["nina"][Right.MODIFY]] == ["group Night shift (Operator)"]
    assert [str(source) for source in told["olga"][Right.MODIFY]] == ["Org admin (all workspaces)"]
    assert [str(source) for source in told["ada"][Right.MANAGE]] == ["Workspace admin"]
    assert [str(source) for source in told["root"][Right.MANAGE]] == ["Superuser"]


def test_the_page_tells_it_to_who_manages_or_audits(loans):
    auditor, operator = person("aud", Role.AUDITOR, loans), person("omar", Role.OPERATOR, loans)
    page = client_of(auditor).get(f"{PAGE}{loans.pk}/rights/").content.decode()
    assert "omar" in page
    assert "✓ Operator" in page
    assert client_of(operator).get(f"{PAGE}{loans.pk}/rights/").status_code == 403


def test_the_history_tells_what_was_before(loans):
    client = client_of(person("ada", Role.WORKSPACE_ADMIN, loans))
    client.post(f"{PAGE}{loans.pk}/", {"name": "Leasing", "audit_worker_traffic": "on"})
    found = client.get(f"{PAGE}{loans.pk}/history/").context["versions"]
    changes = {(each.kind, d.name, d.before, d.after) for each in found for d in each.differences if each.who == "ada"}
    assert ("Workspace", "name", "Loans", "Leasing") in changes
    assert ("Settings", "audit job workers", "no", "yes") in changes


def test_masking_is_configured_by_who_manages(loans):
    from operate.masking.models import MaskedVariable
    from tests.support.models import deploy, model
    from workflow.graph import Semantics

    definition = deploy(model("order", Semantics.CAMUNDA_7, "<startEvent id='s'/><userTask id='t'/>"), workspace=loans)
    client = client_of(person("ada", Role.WORKSPACE_ADMIN, loans))
    address = f"/operate/maskedvariable/of/{definition.key}/"
    client.post(address, {"pattern": "$.customer.iban", "note": "privacy"})
    assert MaskedVariable.objects.get().pattern == "customer.iban"
    assert "is there already" in client.post(address, {"pattern": "customer.iban"}).content.decode()
    assert "Expected names between the dots" in client.post(address, {"pattern": "a..b"}).content.decode()
    client.post(f"{address}remove/", {"pattern": "customer.iban"})
    assert not MaskedVariable.objects.exists()
    page = client.get(address)
    assert [version.event for version in page.context["versions"]] == ["removed", "added"]
