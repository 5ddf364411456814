"""Ids of rows: keys in the shape of UUIDs, which is what Camunda 7's ids are and what its clients take them for.

Key 4711 is `00000000-0000-0000-0000-000000004711`: its own decimal digits, for people to recognise. The key alone is understood
as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from operate.api import base

if TYPE_CHECKING:
    from workflow.models import ProcessDefinition

MAX_DEFINITION_ID = 255
_ID = re.compile(r"0{8}-0{4}-\d{4}-\d{4}-\d{12}", re.ASCII)


def id_of(key: int) -> str:
    """The id of the row with this key."""
    digits = f"{key:032}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_or_null(key: int | None) -> str | None:
    """The id, if there is a row."""
    return None if key is None else id_of(key)


def key_of(id: object) -> int | None:
    """The key that an id stands for; None if it cannot be one, so that nothing has it."""
    if isinstance(id, str) and _ID.fullmatch(id):
        id = id.replace("-", "").lstrip("0")
    return base.key_of(id)


def definition_id(definition: ProcessDefinition) -> str:
    """`order:3:4711`: process, version and key, for people to read; the key finds it."""
    text = f"{definition.process_id}:{definition.version}:{definition.key}"
    return text if len(text) <= MAX_DEFINITION_ID else id_of(definition.key)


def definition_key_of(id: str) -> int | None:
    """The key in a process definition's id; None if there is none in it."""
    return key_of(id.rpartition(":")[2])
