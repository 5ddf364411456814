"""The demo's workspaces and the people who work in them. Each password equals the user name."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User

from operate.workspaces import Role, add_member
from workflow.models import Workspace

WORKSPACES = {
    "lending": ("Lending", "Loans, accounts and collateral of private customers."),
    "payments": ("Payments", "Card disputes and payment investigations."),
    "shop": ("Online Shop", "Orders, returns and supplier invoices."),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in, and the roles held in each workspace; `None` stands for the whole organisation."""

    username: str
    first_name: str
    last_name: str
    roles: tuple[tuple[str | None, Role], ...]
    teams: tuple[str, ...] = ()
    """Groups that the models name as candidates of user tasks."""


def everywhere(role: Role) -> tuple[tuple[str | None, Role], ...]:
    return tuple((slug, role) for slug in WORKSPACES)


PEOPLE = (
    Person("olivia", "Olivia", "Brandt", ((None, Role.ORG_ADMIN),)),
    Person("lena", "Lena", "Hartmann", (("lending", Role.WORKSPACE_ADMIN),)),
    Person("paul", "Paul", "Iversen", (("payments", Role.WORKSPACE_ADMIN),)),
    Person("stella", "Stella", "Marchetti", (("shop", Role.WORKSPACE_ADMIN),)),
    Person(
        "omar",
        "Omar",
        "Haddad",
        (("lending", Role.OPERATOR), ("payments", Role.OPERATOR)),
        ("loan-office", "kyc-desk", "dispute-team"),
    ),
    Person(
        "petra", "Petra", "Lindqvist", (("shop", Role.OPERATOR),), ("warehouse", "returns-desk", "customer-service")
    ),
    Person("sam", "Sam", "Okafor", everywhere(Role.SUPPORT)),
    Person("aud", "Audrey", "Weiss", everywhere(Role.AUDITOR)),
    Person("wendy", "Wendy", "Worker", everywhere(Role.WORKER)),
)
OPERATORS = {"lending": "omar", "payments": "omar", "shop": "petra"}
ADMINISTRATORS = {"lending": "lena", "payments": "paul", "shop": "stella"}
WORKER = "wendy"


def make_workspaces() -> dict[str, Workspace]:
    """The demo's workspaces by slug."""
    made = {}
    for slug, (name, description) in WORKSPACES.items():
        made[slug], _ = Workspace.objects.get_or_create(slug=slug, defaults={"name": name, "description": description})
    return made


def make_people(workspaces: dict[str, Workspace]) -> dict[str, User]:
    """The demo's users by name, each with its roles."""
    users = get_user_model()._default_manager
    made = {}
    for person in PEOPLE:
        user = users.filter(username=person.username).first()
        if user is None:
            user = users.create_user(
                person.username,
                f"{person.username}@example.com",
                person.username,
                first_name=person.first_name,
                last_name=person.last_name,
                is_staff=True,
            )
        for slug, role in person.roles:
            add_member(user, workspaces[slug] if slug else None, role)
        user.groups.add(*(Group.objects.get_or_create(name=team)[0] for team in person.teams))
        made[person.username] = user
    return made
