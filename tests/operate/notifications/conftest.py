"""A workspace with people in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from operate.notifications import delivering, telling
from operate.notifications.models import Kind, Notification, Way, Webhook
from operate.notifications.telling import notify
from operate.workspaces import Right, Role, add_group, add_member
from tests.operate.notifications.receiver import Receiver, receiving
from workflow.models import Workspace


@dataclass
class Team:
    """`anna` and `bert` administer the workspace (bert by a group), `omar` operates it, `zoe` belongs to another one."""

    loans: Workspace
    people: dict[str, Any] = field(default_factory=dict)

    def tell(self, kind: Kind = Kind.APPROVAL_REQUESTED, **options: Any) -> None:
        options = {"right": Right.APPROVE} | options if "users" not in options else options
        notify(
            kind, **{"workspace_id": self.loans.pk, "subject": "Please decide", "text": "Move", "url": "/x/"} | options
        )

    def told(self, way: Way = Way.PAGE) -> list[str]:
        """To whom something goes by this way."""
        rows = Notification.objects.filter(way=way).order_by("recipient__username")
        return list(rows.values_list("recipient__username", flat=True))


@pytest.fixture
def team(db: None) -> Team:
    loans = Workspace.objects.create(slug="loans", name="Loans")
    cards = Workspace.objects.create(slug="cards", name="Cards")
    made = Team(loans)
    users = get_user_model()._default_manager
    for name in ("anna", "bert", "omar", "zoe"):
        made.people[name] = users.create_user(name, f"{name}@example.com", name, is_staff=True)
    admins = Group.objects.create(name="admins")
    made.people["bert"].groups.add(admins)
    add_member(made.people["anna"], loans, Role.WORKSPACE_ADMIN)
    add_group(admins, loans, Role.WORKSPACE_ADMIN)
    add_member(made.people["omar"], loans, Role.OPERATOR)
    add_member(made.people["zoe"], cards, Role.WORKSPACE_ADMIN)
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def hook(team: Team, receiver: Receiver) -> Webhook:
    """A webhook of the workspace for everything."""
    return Webhook.objects.create(
        workspace=team.loans, url=receiver.url, secret="a very secret secret", kinds=Kind.values
    )


class Clock:
    """The time that the outbox goes by."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(telling, "clock", made)
    monkeypatch.setattr(delivering, "clock", made)
    return made
