"""User tasks found by the words of their keywords."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import BooleanField, F, Func, QuerySet, Value

from operate.masking.masks import Masks
from operate.search.hiding import places_with_masked_keywords
from workflow.models import TaskKeywords

Rows = TypeVar("Rows", bound=QuerySet[Any])
MAX_WORDS = 20


class Matches(Func):
    """Whether the words of a query are in some keywords; the index `task_keywords_words` has the same expression."""

    template = "(jsonb_to_tsvector('simple'::regconfig, %(expressions)s))"
    arg_joiner = """, '["string"]'::jsonb) @@ to_tsquery('simple', """
    output_field = BooleanField()


def with_words(tasks: Rows, text: str, *, masks: Masks | None = None) -> Rows:
    """Only the user tasks in whose keywords all these words occur, each as a whole or as the beginning of one.

    Tasks of processes of which `masks` hide a keyword are not found by any.
    """
    query = words_query(text)
    if not query:
        return tasks
    found = TaskKeywords.objects.filter(Matches(F("values"), Value(query)))
    for workspace_id, process_id in places_with_masked_keywords(masks) if masks is not None else ():
        found = found.exclude(process_instance__workspace_id=workspace_id, process_instance__process_id=process_id)
    return tasks.filter(pk__in=found.values("user_task"))


def words_query(text: str) -> str:
    """The query of a full-text search for the words of a text; quoting leaves nothing in them to be an operator."""
    words = text.replace("\x00", " ").split()[:MAX_WORDS]
    quoted = (word.replace("\\", "").replace("'", "''") for word in words)
    return " & ".join(f"'{word}':*" for word in quoted if any(letter.isalnum() for letter in word))


__all__ = ["with_words", "words_query"]
