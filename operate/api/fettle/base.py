"""What all views of Fettle's own API share: its errors, reading the body, and how OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Channel
from operate.actions import Action
from operate.api.base import AlwaysJSON, ApiView, SomeAction, key_of
from operate.api.fettle import errors
from operate.api.fettle.schema import TEXT, FettleSchema, Schema
from operate.approvals.gate import policy_on
from operate.plans.json_form import read
from workflow.engine.errors import NotFound

BREAK_GLASS = "break_glass"
POLICY: Mapping[str, Schema] = {
    "policy": {
        **TEXT,
        "description": "The policy that demands an approval: without one it is refused. Empty if none does.",
    }
}
T = TypeVar("T")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Do it without the approval that it needs; the approvers are told, with the reason."""

    reason: str


class FettleView(ApiView):
    """Base of all views of this API."""

    channel = Channel.API
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    tag: ClassVar[str]
    """What the OpenAPI document groups it with."""
    request_body: ClassVar[Schema] = {}
    answer: ClassVar[Schema] = {}
    request_bodies: ClassVar[Mapping[str, Schema]] = {}
    answers: ClassVar[Mapping[str, Schema]] = {}
    """By method, where they differ."""
    parameters: ClassVar[Mapping[str, str]] = {}
    """What a GET may say in its query, each with what it means."""
    schema: Any = FettleSchema()
    made: Sequence[Action[Any]] = ()
    """The actions of this request."""

    def get_exception_handler(self) -> Callable[..., Response]:
        return errors.handle

    def body(self) -> Any:
        """The body; an empty object where none was sent."""
        return {} if self.request.data in (None, "") else self.request.data

    def read(self, kind: type[T]) -> T:
        """The body as a dataclass; Malformed names all that is wrong with it."""
        return read(kind, self.body())

    def act(self, action: type[SomeAction], **options: Any) -> SomeAction:
        """The action for this request's user; with `break_glass` in the body, without the approval that it needs."""
        body = self.body() if self.request.method != "GET" else {}
        given = body.get(BREAK_GLASS) if isinstance(body, Mapping) else None
        if given is not None:
            options["break_glass"] = read(BreakGlass, given, BREAK_GLASS).reason
        made = super().act(action, **options)
        self.made = (*self.made, made)
        return made

    def policy(self, *, is_red: bool = False) -> dict[str, str]:
        """Of what was tried in this request the policy that demands an approval for it, by name."""
        found = (policy_on(each, lambda: is_red) for each in self.made)
        return {"policy": next((each.name for each in found if each is not None), "")}

    @staticmethod
    def key(text: str, what: str = "a process instance") -> int:
        """The key in a path; NotFound for what cannot be one."""
        found = key_of(text)
        if found is None:
            raise nothing_found(what, text)
        return found

    def row(self, rows: QuerySet[Row], key: str, what: str = "a process instance") -> Row:
        """The row with the key in a path; NotFound if there is none, or if the caller may not see it."""
        found = self.visible(rows).filter(pk=self.key(key, what)).first()
        if found is None:
            raise nothing_found(what, key)
        return found


def nothing_found(what: str, key: str) -> NotFound:
    """What is said of a key that does not exist, or that the caller may not see."""
    return NotFound(f"Expected to find {what} with key '{key[:40]}', but there is none.")


class NoSuchAddress(FettleView):
    """Everything that is not routed, as a problem document."""

    schema = None

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404
