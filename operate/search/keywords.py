"""User tasks found by the words of their keywords."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery
from django.db.models import BooleanField, F, Func, QuerySet

from operate.masking.masks import Masks
from operate.search.hiding import places_with_masked_keywords
from workflow.models import TaskKeywords

Rows = TypeVar("Rows", bound=QuerySet[Any])
MAX_WORDS = 20


class IsOneOf(Func):
    """Whether something is in an array that is made first: a planner that hopes to find the rows soon must not look at all."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def with_words(tasks: Rows, text: str, *, is_open: bool | None = None, masks: Masks | None = None) -> Rows:
    """Only the user tasks in whose keywords all these words occur, each as a whole or as the beginning of one.

    Tasks of processes of which `masks` hide a keyword are not found by any. Say whether only open ones are wanted.
    """
    query = words_query(text)
    if not query:
        return tasks
    found = TaskKeywords.objects.filter(words=SearchQuery(query, config="simple", search_type="raw"))
    if is_open is not None:
        found = found.filter(is_open=is_open)
    for workspace_id, process_id in places_with_masked_keywords(masks) if masks is not None else ():
        found = found.exclude(process_instance__workspace_id=workspace_id, process_instance__process_id=process_id)
    return tasks.filter(IsOneOf(F("pk"), ArraySubquery(found.values("user_task"))))


def words_query(text: str) -> str:
    """The query of a full-text search for the words of a text; quoting leaves nothing in them to be an operator."""
    words = text.replace("\x00", " ").split()[:MAX_WORDS]
    quoted = (word.replace("\\", "").replace("'", "''") for word in words)
    return " & ".join(f"'{word}':*" for word in quoted if any(letter.isalnum() for letter in word))


__all__ = ["with_words", "words_query"]
