"""Who is told, by which way, and that it is told with what it tells of."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from operate.notifications.models import Kind, Notice, Notification, NotificationPreference, Way, Webhook
from operate.workspaces import Right, Role, add_member
from operate.workspaces.holding import holding
from tests.operate.notifications.conftest import Team
from workflow.models import Workspace


def test_all_who_hold_the_right_are_told_once(team: Team) -> None:
    add_member(team.people["bert"], team.loans, Role.WORKSPACE_ADMIN)  # by a group and in person
    team.tell()
    assert team.told() == ["anna", "bert"]
    assert team.told(Way.MAIL) == ["anna", "bert"]


def test_who_has_done_it_needs_no_telling(team: Team) -> None:
    team.tell(actor=team.people["anna"])
    assert team.told() == ["bert"]


def test_who_is_named_is_told_even_as_the_actor(team: Team) -> None:
    team.tell(users=[team.people["omar"], team.people["omar"]], actor=team.people["omar"])
    assert team.told() == ["omar"]


def test_nobody_is_told_of_a_workspace_that_they_may_not_see(team: Team) -> None:
    team.tell(users=[team.people["zoe"], team.people["omar"]])
    assert team.told() == ["omar"]


def test_who_has_left_is_not_told(team: Team) -> None:
    get_user_model().objects.filter(username="anna").update(is_active=False)
    team.tell()
    assert team.told() == ["bert"]


def test_a_kind_can_be_declined_by_mail_and_is_still_in_the_bell(team: Team) -> None:
    NotificationPreference.objects.create(user=team.people["anna"], not_by_mail=[Kind.APPROVAL_REQUESTED])
    team.tell()
    team.tell(Kind.ALERT)
    assert team.told() == ["anna", "anna", "bert", "bert"]
    assert team.told(Way.MAIL) == ["anna", "bert", "bert"]


def test_who_has_no_address_gets_no_mail(team: Team) -> None:
    get_user_model().objects.filter(username="anna").update(email="")
    team.tell()
    assert team.told(Way.MAIL) == ["bert"]


def test_without_a_mail_server_nothing_waits_to_be_mailed(team: Team, settings: Any) -> None:
    settings.FETTLE_MAIL = False
    team.tell()
    assert team.told(Way.MAIL) == []
    assert team.told() == ["anna", "bert"]


def test_webhooks_of_the_workspace_get_the_kinds_that_they_want(team: Team) -> None:
    other = Workspace.objects.get(slug="cards")
    for workspace, url, kinds, is_on in (
        (team.loans, "https://a.example", [Kind.ALERT], True),
        (team.loans, "https://b.example", [Kind.APPROVED, Kind.REJECTED], True),
        (team.loans, "https://c.example", [Kind.ALERT], False),
        (other, "https://d.example", [Kind.ALERT], True),
    ):
        Webhook.objects.create(workspace=workspace, url=url, secret="s", kinds=kinds, is_on=is_on)
    team.tell(Kind.ALERT)
    assert list(Notification.objects.filter(way=Way.WEBHOOK).values_list("webhook__url", flat=True)) == [
        "https://a.example"
    ]


def test_what_is_undone_is_told_to_nobody(team: Team) -> None:
    with transaction.atomic():
        team.tell()
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_the_text_is_the_installations_language_whatever_the_actor_speaks(team: Team) -> None:
    with translation.override("de"):
        team.tell(subject=_("Log out"))
    assert Notice.objects.get().subject == "Log out"


def test_a_subject_is_one_line(team: Team) -> None:
    team.tell(subject="Please\r\nBcc: all@example.com")
    assert Notice.objects.get().subject == "Please Bcc: all@example.com"


def test_telling_many_costs_no_more_statements(team: Team, django_assert_num_queries: Any) -> None:
    for number in range(30):
        user = get_user_model().objects.create_user(f"more{number}", f"m{number}@example.com")
        add_member(user, team.loans, Role.WORKSPACE_ADMIN)
    with django_assert_num_queries(5):
        team.tell()
    assert len(team.told()) == 32


def test_who_holds_a_right_everywhere_holds_it_here(team: Team) -> None:
    org = get_user_model().objects.create_user("olivia")
    add_member(org, None, Role.ORG_ADMIN)
    root = get_user_model().objects.create_superuser("root")
    found = holding(Right.APPROVE, team.loans.pk)
    assert {org, root, team.people["anna"], team.people["bert"]} == set(found)
