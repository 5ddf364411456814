"""Column types that the engine's tables share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models


class KeyField(models.BigIntegerField):
    """The primary key of an engine row: a 63-bit number from the one key sequence, given by the unit of work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("primary_key", True)
        super().__init__(*args, **kwargs)


class KeyReference(models.ForeignKey):
    """A reference to another engine row, its column and attribute called `<name>_key`.

    There is no database constraint: rows are written by the unit of work alone, in bulk, and a check for each of them
    would cost more than writing it.
    """

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def get_attname(self) -> str:
        return f"{self.name}_key"


class NumericField(models.Field):
    """A decimal number with as many digits as it has."""

    def db_type(self, connection: Any) -> str:
        return "numeric"

    def get_internal_type(self) -> str:
        return "NumericField"

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else Decimal(value)
