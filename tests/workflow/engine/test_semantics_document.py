"""`workflow/SEMANTICS.md` names a test for every difference between the two engines and every rule of repair: they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parents[1] / "workflow/SEMANTICS.md"


def rows(part: str) -> list[str]:
    """The rows of the tables in a part of the document, without what stands above the lines."""
    lines = part.splitlines()
    heads = {n for n, line in enumerate(lines) if line.startswith("| ---")}
    return [line for n, line in enumerate(lines) if line.startswith("| ") and not heads & {n, n + 1}]


DIFFERENCES, RULES = (rows(part) for part in DOCUMENT.read_text().split("## Rules of repair"))
EVERY_RULE = {f"C{n}" for n in range(1, 22)} | {f"D{n}" for n in range(1, 34)} | {f"E{n}" for n in range(1, 41)}


@cache
def functions(path: Path) -> frozenset[str]:
    """The tests of a module; those of a class by `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return frozenset(found)


def named(row: str, folder: Path) -> list[tuple[Path, str]]:
    """The tests of a row; `…` stands for the file of the one before."""
    found: list[tuple[Path, str]] = []
    for file, name in re.findall(r"`([\w/.…]+?)::([\w:]+)`", row):
        found.append((found[-1][0] if file == "…" else folder / file, name))
    return found


def missing(row: str, folder: Path) -> list[str]:
    return [name for path, name in named(row, folder) if not path.is_file() or name not in functions(path)]


def test_there_are_questions():
    assert len(DIFFERENCES) > 40


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.split("|")[1].strip())
def test_every_answer_names_tests_that_exist(row):
    assert len(row.strip("| ").split(" | ")) in (3, 4)  # one answer for both engines, or one for each
    assert row.split("|")[1].strip().endswith("?")
    assert named(row, TESTS)
    assert missing(row, TESTS) == []


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.split("|")[1].strip())
def test_every_rule_names_tests_that_exist(row):
    assert len(row.strip("| ").split(" | ")) == 3
    assert named(row, TESTS.parent)
    assert missing(row, TESTS.parent) == []


def test_no_rule_is_left_out():
    told = {rule for row in RULES for rule in row.split("|")[1].split()}
    assert told >= EVERY_RULE
