"""`RULES.md` names a test for every rule, every trap and every task of the click budget: they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.browser.clicks import BUDGET

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENT = (HERE / "RULES.md").read_text()
MODE = "test_modification_mode.py"


def rows(heading: str) -> list[str]:
    """The rows of the table below a heading."""
    part = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][2:]


RULES, POINTS = rows("Modifying an instance: the rules"), rows("Modifying an instance: panel by panel")
TRAPS, TASKS, PAGES = rows("Traps that others have fallen into"), rows("Click budget"), rows("All pages")


@cache
def functions(path: Path) -> frozenset[str]:
    """The tests of a module."""
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))


def named(row: str) -> list[tuple[Path, str]]:
    """The tests of a row, by module."""
    found = re.findall(r"`([\w/.]*)::(\w+)`", row)
    return [((ROOT if "/" in file else HERE) / (file or MODE), name) for file, name in found]


@pytest.mark.parametrize(
    "row", [*RULES, *POINTS, *TRAPS, *TASKS, *PAGES], ids=lambda row: row.split("|")[1].strip()[:40]
)
def test_every_row_names_tests_that_exist(row: str) -> None:
    tests = named(row)
    assert tests
    assert [name for path, name in tests if not path.is_file() or name not in functions(path)] == []


def test_no_rule_no_point_and_no_trap_is_left_out() -> None:
    rules = {each for row in RULES for each in re.findall(r"A\d+", row.split("|")[1])}
    assert rules == {f"A{number}" for number in range(1, 27)}
    assert {row.split()[1] for row in POINTS} == {f"4.{number}" for number in range(1, 13)}
    assert [int(row.split()[1]) for row in TRAPS] == list(range(1, 21))


def test_every_task_is_counted_with_its_budget() -> None:
    for task, row in zip(BUDGET, TASKS, strict=True):
        clicks, texts = BUDGET[task]
        assert row.split()[1] == str(task)
        assert row.split("|")[2].strip() == (f"{clicks} + {texts}" if texts else f"{clicks}")
        for path, name in named(row):
            source = path.read_text().split(f"def {name}(")[1].split("\ndef ")[0]
            assert f"needed_at_most({task})" in source, f"'{name}' does not count task {task}"
