"""`workflow/SEMANTICS.md` names a test for every difference between the two engines, and those tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parents[1] / "workflow/SEMANTICS.md"
ROWS = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")][2:]


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))


def named(row: str) -> list[tuple[Path, str]]:
    """The tests of a row; `…` stands for the file of the one before."""
    found: list[tuple[Path, str]] = []
    for file, name in re.findall(r"`([\w/.…]+)::(\w+)`", row):
        found.append((found[-1][0] if file == "…" else TESTS / file, name))
    return found


def test_there_are_questions():
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_answer_names_tests_that_exist(row):
    assert len(row.strip("| ").split(" | ")) == 4
    assert row.split("|")[1].strip().endswith("?")
    assert named(row)
    missing = [name for path, name in named(row) if not path.is_file() or name not in functions(path)]
    assert missing == []
