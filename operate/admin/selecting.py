"""Which process instances something is to be done to: ticked ones, or all that a list's filters find, but for some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from operate.admin.process_instances import own_address
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.forms.keys import keys_of
from operate.workspaces import Right, visible_to
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

MAX_TICKED = 10_000
MAX_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Selected:
    """What was selected in the list, as it was sent, and the rows that it means."""

    keys: Sequence[int]
    everything: bool
    without: Sequence[int]
    back: str
    rows: QuerySet[ProcessInstance]
    filters: ProcessInstanceFilter

    @classmethod
    def of(cls, request: HttpRequest, sent: QueryDict) -> Self:
        """Read it from a form; `back` is the address of the list, whose filters `everything` means."""
        back = own_address(sent.get("back", ""))
        everything = bool(sent.get("everything"))
        keys = [*keys_of(sent.getlist("key")), *keys_of(sent.get("keys", "").split(","))]
        without = keys_of(sent.get("without", "").split(","))
        if len(keys) > MAX_TICKED or len(without) > MAX_TICKED:
            raise Rejected(
                _("Expected at most %(MAX_TICKED)s single process instances; select all matching instead.")
                % {"MAX_TICKED": MAX_TICKED}
            )
        filters = ProcessInstanceFilter(QueryDict(urlsplit(back).query), user=request.user)
        rows: Any = visible_to(ProcessInstance.objects.all(), request.user)
        if everything:
            rows = filters.narrow(rows).exclude(pk__in=without) if without else filters.narrow(rows)
        else:
            filters.is_valid()
            rows = rows.filter(pk__in=keys)
        return cls([] if everything else keys, everything, without if everything else [], back, rows, filters)

    @property
    def sent(self) -> dict[str, str]:
        """The fields of a form that mean the same selection."""
        fields = {"back": self.back}
        if self.everything:
            fields |= {"everything": "1", "without": ",".join(map(str, self.without))}
        else:
            fields["keys"] = ",".join(map(str, self.keys))
        return fields

    def suiting(self, request: HttpRequest, right: Right, meant: Q) -> QuerySet[ProcessInstance]:
        """Those that the user may do it to, and that it means something for."""
        return visible_to(self.rows, request.user, right).filter(meant)


def count(rows: QuerySet[ProcessInstance]) -> int:
    """How many, up to a number that nobody would look through."""
    return int(rows.order_by()[:MAX_COUNTED].count())


__all__ = ["MAX_COUNTED", "MAX_TICKED", "Selected", "count"]
