"""Views of lists, and of how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.queries import ListQuery, Selection


class Count(TypedDict):
    count: int


class Listing(EngineRestView):
    """Rows that the caller may see, narrowed by the parameters of the address."""

    query: ClassVar[ListQuery]

    def rows(self) -> QuerySet[Any]:
        """All rows that the list could have, joined with what showing them needs."""
        raise NotImplementedError

    def show(self, rows: Sequence[Any]) -> list[Any]:
        """The rows as the API tells them, with a number of queries that does not grow with them."""
        raise NotImplementedError

    def answer(self, selection: Selection) -> Any:
        return self.show(list(selection.page(self.rows())))

    def get(self, request: Request) -> Response:
        return Response(self.answer(self.query.from_address(request)))


class QueryListing(Listing):
    """A list that takes its parameters as a JSON body too."""

    def post(self, request: Request) -> Response:
        return Response(self.answer(self.query.from_body(request)))


class Counting:
    """The number of rows instead of the rows."""

    def answer(self: Any, selection: Selection) -> Count:
        return {"count": selection.count(self.rows())}


def count_of(listing: type[Listing]) -> type[Listing]:
    """The view that counts what a list would show."""
    name = f"{listing.__name__}Count"
    answers = dict.fromkeys(listing.answers, Count)
    members = {"answers": answers, "__module__": listing.__module__, "__doc__": "How many there are, on all pages."}
    return type(name, (Counting, listing), members)
