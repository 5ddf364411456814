"""What can be done to many process instances from their list, and how it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from operate.admin.selecting import Selected, count
from operate.batch.plans import Cancel, Delete, Plan, ResolveIncidents, Resume, Suspend
from operate.workspaces import Right
from workflow.models import ProcessInstance

ACTIVE = ProcessInstance.State.ACTIVE
TYPED_IF_DANGEROUS = 10
TYPED_ALWAYS = 1_000
"""Above these numbers it is confirmed by typing the number: one click is not enough for that much."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One operation on many."""

    phrase: str | Promise
    """What is done to what."""
    right: Right
    meant: Q
    unsuitable: str | Promise
    """Why others are left out."""
    what: str | Promise
    plan: Plan | None = None
    """Without one a wizard asks what exactly is to be done."""
    is_dangerous: bool = False

    def of(self, what: str) -> str:
        """What is done, in words."""
        return str(self.phrase) % {"what": what}


OFFERS = {
    "suspend": Offer(
        _("Suspend %(what)s"),
        Right.SUSPEND,
        Q(state=ACTIVE, suspended=False),
        _("ended or suspended already"),
        _("Nothing in them goes on until they are resumed: tasks and jobs wait."),
        Suspend(),
    ),
    "resume": Offer(
        _("Resume %(what)s"),
        Right.SUSPEND,
        Q(state=ACTIVE, suspended=True),
        _("not suspended"),
        _("Tasks and jobs in them can be completed again."),
        Resume(),
    ),
    "resolve": Offer(
        _("Retry incidents of %(what)s"),
        Right.RESOLVE_INCIDENT,
        Q(state=ACTIVE, open_incidents__gt=0),
        _("without an open incident"),
        _("What failed in them is tried again; jobs without retries get one."),
        ResolveIncidents(),
    ),
    "cancel": Offer(
        _("Cancel %(what)s"),
        Right.CANCEL,
        Q(state=ACTIVE),
        _("ended already"),
        _(
            "Everything that is active in them, and what they have called, is terminated. "
            "Undoing it starts new ones where they stood."
        ),
        Cancel(),
        is_dangerous=True,
    ),
    "delete": Offer(
        _("Delete %(what)s"),
        Right.DELETE_INSTANCE,
        ~Q(state=ACTIVE),
        _("still running"),
        _("Their history and variables are removed for good; audit events stay."),
        Delete(),
        is_dangerous=True,
    ),
    "move": Offer(
        _("Move %(what)s"),
        Right.MODIFY,
        Q(state=ACTIVE),
        _("ended already"),
        _("What is active at one element is terminated there, and goes on at another one."),
    ),
    "variables": Offer(
        _("Edit variables of %(what)s"),
        Right.EDIT_VARIABLES,
        Q(state=ACTIVE),
        _("ended already"),
        _("Global variables are set, merged or deleted in each of them."),
    ),
    "migrate": Offer(
        _("Migrate %(what)s"),
        Right.MIGRATE,
        Q(state=ACTIVE),
        _("ended already"),
        _("They go on with another version of their process."),
    ),
    "restart": Offer(
        _("Restart %(what)s"),
        Right.RESTART,
        ~Q(state=ACTIVE),
        _("still running"),
        _("A new process instance is started for each of them; the old ones stay as they are."),
    ),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of a selection an operation is for, and why not for the others."""

    selected: int
    possible: int
    unsuitable: int
    forbidden: int

    @classmethod
    def of(cls, request: HttpRequest, offer: Offer, selected: Selected) -> Counts:
        """Counted in the database, each up to a bound."""
        number = count(selected.rows)
        allowed = count(selected.suiting(request, offer.right, Q()))
        possible = count(selected.suiting(request, offer.right, offer.meant))
        return cls(number, possible, allowed - possible, number - allowed)


def needs_typing(offer: Offer, possible: int) -> bool:
    """Whether the number has to be typed to confirm: much, or something that cannot be undone."""
    return possible > (TYPED_IF_DANGEROUS if offer.is_dangerous else TYPED_ALWAYS)


__all__ = ["OFFERS", "Counts", "Offer", "needs_typing"]
