"""Which process instances a command on many is for: a list of ids, queries, or all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from operate.api.engine_rest.bodies import OPTIONAL, AnyObject
from operate.api.engine_rest.history import process_instance as historic
from operate.api.engine_rest.ids import key_of
from operate.api.engine_rest.process_instance import QUERY
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance


def query(help_text: str) -> AnyObject:
    """A query inside of a command's body."""
    return AnyObject(**OPTIONAL, help_text=help_text)


def runtime_query() -> AnyObject:
    return query("As the body of POST /process-instance.")


def historic_query() -> AnyObject:
    return query("As the body of POST /history/process-instance.")


@dataclass(frozen=True, slots=True)
class Instances:
    """The process instances that a body names: the union of its list and its queries."""

    ids: Sequence[str] = ()
    condition: Q | None = None

    @classmethod
    def named_in(cls, given: Mapping[str, Any]) -> Instances:
        """Read `processInstanceIds`, `processInstanceQuery` and `historicProcessInstanceQuery`; one has to be there."""
        condition: Q | None = None
        if (found := given.get("processInstanceQuery")) is not None:
            condition = QUERY.condition(found) & Q(state=ProcessInstance.State.ACTIVE)
        if (found := given.get("historicProcessInstanceQuery")) is not None:
            ever = historic.QUERY.condition(found) & ~Q(pk__in=[])  # an empty condition would vanish in the union
            condition = ever if condition is None else condition | ever
        ids = given.get("processInstanceIds")
        if not ids and condition is None:
            raise Rejected("Process instance ids is empty: neither a list nor a query names any process instance.")
        return cls(ids or (), condition)

    @property
    def keys(self) -> list[int]:
        """The keys of the list; what cannot be an id has none."""
        return [key for id in self.ids if (key := key_of(id)) is not None]

    def found(self, visible: QuerySet[ProcessInstance], missing: str) -> list[int]:
        """The keys of all of them, each once; NotFound names the first of the list that is not there."""
        by_key = {key_of(id) or 0: id for id in self.ids}
        keys = set(visible.filter(pk__in=by_key).values_list("pk", flat=True)) if by_key else set()
        unknown = sorted(by_key[key] for key in by_key.keys() - keys)
        if unknown:
            raise NotFound(missing.format(unknown[0]))
        if self.condition is not None:
            keys |= set(visible.filter(self.condition).values_list("pk", flat=True))
        if not keys:
            raise Rejected("Process instance ids cannot be empty: the query finds none.")
        return sorted(keys)


__all__ = ["Instances", "historic_query", "query", "runtime_query"]
