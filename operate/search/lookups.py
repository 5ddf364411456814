"""Comparisons that Django does not have."""

from __future__ import annotations

from typing import Any

from django.db.models import JSONField, Lookup, TextField
from django.db.models.lookups import FieldGetDbPrepValueMixin
from django.db.models.sql.compiler import SQLCompiler

ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%"})


@TextField.register_lookup
class Ilike(Lookup):  # type: ignore[type-arg]
    """A text contains another one, whatever the case; `*` in it stands for anything. A trigram index serves it."""

    lookup_name = "ilike"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        left, parameters = self.process_lhs(compiler, connection)
        pattern = str(self.rhs).translate(ESCAPED)
        return f"{left} ILIKE %s", [*parameters, f"%{pattern}%"]


@JSONField.register_lookup
class Same(FieldGetDbPrepValueMixin, Lookup):  # type: ignore[misc, type-arg]
    """A JSON value equals another one. Its hash does so too, which is what the index on variables' names and values knows.

    None is JSON's null; no value at all is as good.
    """

    lookup_name = "same"
    can_use_none_as_rhs = True

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:
        left, left_parameters = self.process_lhs(compiler, connection)
        if self.rhs is None:
            null = f"jsonb_hash({left}) = jsonb_hash('null') AND {left} = 'null'"
            return f"({null} OR {left} IS NULL)", [*left_parameters] * 3
        right, right_parameters = self.process_rhs(compiler, connection)
        parameters = [*left_parameters, *right_parameters]
        return f"(jsonb_hash({left}) = jsonb_hash({right}) AND {left} = {right})", parameters * 2


__all__ = ["Ilike", "Same"]
