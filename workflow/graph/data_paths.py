"""What of a process's variables people search by: paths into them, and what is found there.

A path begins with the name of a variable of the process instance itself and goes on through the members of objects, as in
`customer.address.city`. Where it meets a list, it means every item of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

MAX_PATH_LENGTH = 255
MAX_LABEL_LENGTH = 100
FORBIDDEN = frozenset(":,=<>|\x00")
"""What search expressions are made of, and what no text in the database may hold."""


class DataType(StrEnum):
    """How the values at a path are compared."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    DATE = "DATE"
    BOOLEAN = "BOOLEAN"


@dataclass(frozen=True, slots=True)
class DataPath:
    """One path with its uses: instances are found by it, user tasks have what is there as a keyword, or both."""

    path: str
    type: DataType = DataType.TEXT
    is_searchable: bool = True
    is_keyword: bool = False
    label: str = ""

    @property
    def steps(self) -> tuple[str, ...]:
        """The variable's name, and the members that follow."""
        return tuple(self.path.split("."))

    @property
    def title(self) -> str:
        """What people read: the label, else the last member's name."""
        return self.label or self.steps[-1]


def why_no_path(path: str) -> str:
    """Why this cannot be a path; empty if it can."""
    if len(path) > MAX_PATH_LENGTH:
        return f"Expected a path of at most {MAX_PATH_LENGTH} characters, found {len(path)}."
    wrong = sorted(FORBIDDEN.intersection(path))
    if wrong:
        return f"Expected a path without {' '.join(map(repr, wrong))}, found '{path}'."
    if not all(step.strip() == step and step for step in path.split(".")):
        return f"Expected a variable and members separated by dots, as in 'customer.address.city', found '{path}'."
    return ""


def read_declared(searchable: str, keywords: str) -> Iterator[DataPath]:
    """The paths that a model declares, as in `customer.name: text: Customer, amount: number`; ValueError for the first wrong one.

    Keywords are declared without a type: `customer.name: Customer`.
    """
    found: dict[str, DataPath] = {}
    for path, name, label in _parts(searchable, 3):
        found[path] = DataPath(path, _type(path, name), label=label)
    for path, label, _rest in _parts(keywords, 2):
        known = found.get(path) or DataPath(path, is_searchable=False)
        found[path] = replace(known, is_keyword=True, label=known.label or label)
    for path, each in found.items():
        if problem := why_no_path(path):
            raise ValueError(problem)
        if len(each.label) > MAX_LABEL_LENGTH:
            raise ValueError(f"Expected a label of at most {MAX_LABEL_LENGTH} characters for '{path}'.")
        yield each


def _parts(text: str, count: int) -> Iterator[tuple[str, str, str]]:
    for part in text.split(","):
        first, second, third, *_rest = (*(each.strip() for each in part.split(":", count - 1)), "", "")
        if first or second:
            yield first, second, third


def _type(path: str, name: str) -> DataType:
    try:
        return DataType(name.upper() or "TEXT")
    except ValueError:
        known = ", ".join(each.value.lower() for each in DataType)
        raise ValueError(f"Expected the type of '{path}' to be one of {known}, found '{name}'.") from None
