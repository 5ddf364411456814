"""The part of FEEL that runs in Python gives what the interpreter gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.expressions.feel.language import Interpreted, parse_feel
from workflow.expressions.feel.subset import OutsideSubset, compile_subset, whole

VARIABLES = {
    "i": 3,
    "neg": -4,
    "f": 2.5,
    "w": 5.0,
    "s": "abc",
    "t": True,
    "n": None,
    "o": {"id": 7, "e": {}, "nul": None, "l": [1]},
    "l": [{"id": 1}, {"x": 2}, None],
    "e": [],
}
OPERANDS = """
    0  1  -2  2.5  "abc"  "b"  true  false  null  i  neg  f  w  s  t  n  o  l  e  missing  count  o.id  o.nul.x
    o.missing  l.id  s.x  (i + 1)  -f  -n  not(t)  not(n)  [1, i]  {a: i}  {}  {a: i}.a
"""
OPERATORS = ["+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", "and", "or"]


def operands():
    return [operand.strip() for operand in OPERANDS.replace("\n", "  ").split("  ") if operand.strip()]


def in_python(expression):
    compiled = compile_subset(expression)
    assert compiled is not None, f"'{expression}' is not in the subset any more"
    warnings: list[str] = []
    return whole(compiled.run(VARIABLES, warnings)), warnings


def in_the_interpreter(expression):
    return Interpreted(expression, expression, compile_subset(expression).names)(VARIABLES)


def differences(expressions):
    """Return what Python computes itself and computes otherwise, and how much it computes itself."""
    found, compared = [], 0
    for expression in expressions:
        try:
            ours = in_python(expression)
        except OutsideSubset:
            continue
        theirs = in_the_interpreter(expression)
        compared += 1
        if repr(ours[0]) != repr(theirs[0]) or not same_warnings(expression, ours[1], theirs[1]):
            found.append((expression, ours, theirs))
    return found, compared


def same_warnings(expression, ours, theirs):
    """feelin looks into both branches of an `if`, and so may miss a variable in the one that is not taken."""
    ours, theirs = without_comparison(ours), without_comparison(theirs)
    if "if " in expression:
        return ours <= theirs and all(warning.startswith("[NO_VARIABLE_FOUND]") for warning in theirs - ours)
    return ours == theirs


def without_comparison(warnings):
    """feelin does not say that values of two types are never equal, and says once that a variable is missing."""
    return {warning for warning in warnings if not warning.startswith("[NOT_COMPARABLE]")}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_agree(operator):
    found, compared = differences(f"{left} {operator} {right}" for left in operands() for right in operands())

    assert found == []
    assert compared > 500


def test_precedence_agrees():
    found, compared = differences(
        f"{a} {one} {b} {two} {c}"
        for a, b, c in [("i", "f", "2"), ("t", "n", "false"), ("8", "neg", "i"), ("n", "i", "t")]
        for one in OPERATORS
        for two in OPERATORS
        if not {one, two} <= {"=", "!=", "<", "<=", ">", ">="}
    )

    assert found == []
    assert compared > 200


@pytest.mark.parametrize(
    "expression",
    [
        "if t then i else s",
        "if n then i else s",
        "if s then 1 else 2",
        "if i > 5 then [i] else {a: s}",
        "o.e.x.y",
        "l.id",
        "not(i > 2 and missing)",
        "[[], [n], {a: [w / 2]}]",
        "w / 2 * 2",
        "0.1 + 0.2",
        "1 / 3",
        "1000000 * 1000000",
        "((i))",
        'i=3 and s!="x"',
        "\n i\t+ 1 ",
    ],
)
def test_constructs_agree(expression):
    assert differences([expression]) == ([], 1)


def expressions():
    """Random expressions of the subset, three levels deep at most."""
    numbers = st.decimals(0, 10**6, places=3).map(str) | st.integers(0, 10**9).map(str)
    leaves = st.sampled_from([operand for operand in operands() if "{" not in operand]) | numbers

    def combined(inner):
        return (
            st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda parts: "({} {} {})".format(*parts))
            | st.tuples(inner, inner, inner).map(lambda parts: "(if {} then {} else {})".format(*parts))
            | inner.map(lambda operand: f"not({operand})")
            | inner.map(lambda operand: f"[{operand}]")
        )

    return st.recursive(leaves, combined, max_leaves=8)


@settings(max_examples=1000, derandomize=True, database=None, deadline=None)
@given(expressions())
def test_random_expressions_agree(expression):
    assert differences([expression])[0] == []


@settings(max_examples=1000, derandomize=True, database=None, deadline=None)
@given(st.floats(-1e9, 1e9), st.sampled_from("+-*/"), st.floats(-1e9, 1e9), st.sampled_from("+-*/"), st.decimals(0, 99))
def test_arithmetic_of_any_doubles_agrees(first, one, second, other, third):
    expression = f"a {one} b {other} {third:f}"
    variables = {"a": first, "b": second}

    compiled = compile_subset(expression)

    assert whole(compiled.run(variables, [])) == Interpreted(expression, expression, compiled.names)(variables).value


@settings(max_examples=500, derandomize=True, database=None, deadline=None)
@given(st.decimals(-10000, 10000, places=3), st.sampled_from("+-*"), st.decimals(-10000, 10000, places=3))
def test_decimals_are_counted_as_on_paper(first, operator, second):
    exact = {"+": first + second, "-": first - second, "*": first * second}[operator]

    assert parse_feel(f"a {operator} b").evaluate({"a": float(first), "b": float(second)}) == float(exact)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a b",
        "a == 1",
        "1 < x < 3",
        "= 1",
        "a +",
        "count(l)",
        "not a",
        "a[1]",
        "for",
        "order.for",
        "a in (1)",
        "a ** 2",
        "1e5",
        "5.",
        "1a",
        '"a\\n"',
        "a // comment",
        "{a: 1,}",
        "{a: i, b: a}",
        "[1,]",
        "ä",
        "`a b`",
        "(" * 30 + "1" + ")" * 30,
        "1" + " + 1" * 200,
    ],
)
def test_what_is_not_in_the_subset_is_left_to_the_interpreter(expression):
    assert compile_subset(expression) is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [("o = {id: 7}", False), ('"é" < "z"', False), ("l = l", True), ("f * 1" + "0" * 400, None)],
)
def test_values_that_leave_a_doubt_are_left_to_the_interpreter(expression, value):
    with pytest.raises(OutsideSubset):
        in_python(expression)

    assert parse_feel(expression).evaluate(VARIABLES) == value
