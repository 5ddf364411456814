"""A comparison that Django does not have."""

from __future__ import annotations

from typing import Any

from django.db.models import Lookup, TextField
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


__all__ = ["Ilike"]
