"""FEEL as Camunda 8 models use it: values, warnings, mistakes found at deployment, the names an expression reads."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workflow.expressions import Evaluation, ExpressionError, Language, parse_feel, parse_zeebe

VARIABLES = {
    "n": 3,
    "f": 2.5,
    "text": "abc",
    "yes": True,
    "nothing": None,
    "order": {"id": 7, "lines": [{"price": 10}, {"price": 20}], "empty": {}},
    "items": [1, 2, 3],
    "count": 3,
    "day": "2026-02-03",
    "__now__": lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # literals
        ("1", 1),
        ("-1.5", -1.5),
        (".5", 0.5),
        ('"a b"', "a b"),
        (r'"say \"hi\"\n"', 'say "hi"\n'),
        ("true", True),
        ("null", None),
        ("[1, [2], null]", [1, [2], None]),
        ('{a: 1, "b c": n}', {"a": 1, "b c": 3}),
        ("{a: n, b: a + 1}", {"a": 3, "b": 4}),
        # variables and paths
        ("n", 3),
        ("order.id", 7),
        ("order.lines.price", [10, 20]),
        ("order.lines[1].price", 10),
        ("order.lines[price > 10].price", [20]),
        ("items[-1]", 3),
        # arithmetic
        ("n + 1", 4),
        ("n - 1 - 1", 1),
        ("n * 2 + 1", 7),
        ("1 + n * 2", 7),
        ("(1 + n) * 2", 8),
        ("9 / 3", 3),
        ("n / 2", 1.5),
        ("n / 0", None),
        ("-n", -3),
        ("n - -1", 4),
        ("2 ** 3", 8),
        ('text + "d"', "abcd"),
        ("text + 1", None),
        ("yes + 1", None),
        ("nothing + 1", None),
        # comparison
        ("n > 2", True),
        ("n >= 3 and n <= 3", True),
        ("n != 3", False),
        ("n = 3.0", True),
        ('text = "abc"', True),
        ('text < "abd"', True),
        ('text = "ABC"', False),
        ("nothing = null", True),
        ("missing = null", True),
        ("missing != null", False),
        ("nothing > 5", None),
        ("text = 1", None),
        ('"10" > 5', None),
        ('contains("10", "1") and "10" > 5', None),
        ("order.empty = {}", True),
        ("items = [1, 2, 3]", True),
        ("n in [1..5]", True),
        ("n in (1, 2)", False),
        ("n between 1 and 3", True),
        # three-valued logic
        ("true and null", None),
        ("false and null", False),
        ("null and false", False),
        ("true or null", True),
        ("false or null", None),
        ("not(yes)", False),
        ("not(nothing)", None),
        ("n > 5 or yes", True),
        ("n = 1 or n = 2 and yes", False),
        ("5 and true", None),
        # control
        ('if n > 2 then "big" else "small"', "big"),
        ('if missing then "big" else "small"', "small"),
        ("for i in 1..5 return i", [1, 2, 3, 4, 5]),
        ("for i in items return i * n", [3, 6, 9]),
        ("some i in items satisfies i > 2", True),
        ("every i in items satisfies i > 2", False),
        # functions
        ("count(items)", 3),
        ("count(items) = count", True),
        ("sum(items) + count", 9),
        ("upper case(text)", "ABC"),
        ("substring(text, 2)", "bc"),
        ("string(n)", "3"),
        ('number("12.5")', 12.5),
        ("decimal(n / 7, 2)", 0.43),
        ("is defined(text)", True),
        ("is defined(missing)", False),
        ("get or else(nothing, 1)", 1),
        ("assert(n, n = 3)", 3),
        ('trim(" a ")', "a"),
        ('extract("a1b22", "[0-9]+")', ["1", "22"]),
        ('is blank(" ")', True),
        ("is empty(items)", False),
        ("partition(items, 2)", [[1, 2], [3]]),
        ("duplicate values([1, 2, 1, 1])", [1]),
        ("to json({a: n})", '{"a":3}'),
        (r'from json("{\"a\": [1]}").a[1]', 1),
        ("trim(1)", None),
        ("from json(text)", None),
        # functions that are other than the interpreter's
        ("median([10, 9, 2])", 9),
        ("median(1, 2, 3, 10)", 2.5),
        ("min(items)", 1),
        ('max("a", "b")', "b"),
        ('max([@"2026-01-01", @"2026-02-01"])', "2026-02-01"),
        ('max(1, "a")', None),
        ("min([])", None),
        ("list contains([{a: 1}], {a: 1})", True),
        ("list contains([null], null)", True),
        ('list contains([1], "1")', False),
        ('index of([@"2026-01-01", null], @"2026-01-01")', [1]),
        ('string join(["a", null, "b"], ", ")', "a, b"),
        ('string join(["a"], ", ", "<", ">")', "<a>"),
        ('context put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
        ('put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
        ("context merge([{a: 1}, {b: 2}])", {"a": 1, "b": 2}),
        ("put all({a: 1}, {b: 2})", {"a": 1, "b": 2}),
        ('get value({a: {b: 1}}, "a")', {"b": 1}),
        ('get value({a: {b: 1}}, ["a", "b"])', 1),
        ('get value({a: 1}, ["a", "b"])', None),
        ('last day of month(date("2028-02-03"))', "2028-02-29"),
        ("modulo(-12, 5)", 3),
        ("modulo(10.1, 4)", 2.1),
        ("modulo(1, 0)", None),
        # what is false or null passes a filter and is no condition
        ("[1, null, false][item = false]", [False]),
        ("[1, null, false][item = null]", [None]),
        ("[0, 1, 2][item < 2]", [0, 1]),
        ("items[item]", []),
        ('if "text" then 1 else 2', 2),
        ("if count(items) then 1 else 2", 2),
        ("some i in items satisfies i", False),
        # numbers as on paper
        ("0.1 + 0.2", 0.3),
        ("0.1 + 0.2 = 0.3", True),
        ("1000000.1 - 1000000", 0.1),
        ("100 * 1.1", 110),
        ("0.3 / 0.1", 3),
        ("1 / 3", 0.3333333333333333),
        ("1 / 3 * 3", 1),
        ("1.1 ** 2", 1.21),
        ("2 ** -1", 0.5),
        ("2 ** 0.5", 1.4142135623730951),
        ("1e3", 1000),
        ("sum([0.1, 0.2])", 0.3),
        ("sum([])", None),
        ("sum([1, null])", None),
        ("mean([0.1, 0.2])", 0.15),
        ("product([1.1, 1.1])", 1.21),
        ("string(abs(0.1) + 0.2)", "0.3"),
        ("decimal(2.675, 2)", 2.68),
        ("decimal(2.5, 0)", 2),
        ("decimal(-3.5, 0)", -4),
        ("decimal(1234.5, -2)", 1200),
        ("round half up(1.005, 2)", 1.01),
        ("round half up(-2.5, 0)", -3),
        ("round half down(2.5, 0)", 2),
        ("round half down(2.51, 0)", 3),
        ("round up(1.001, 2)", 1.01),
        ("round down(-1.009, 2)", -1),
        ("floor(1.55, 1)", 1.5),
        ("floor(-0.5)", -1),
        ("ceiling(-0.5)", 0),
        # temporal values
        ('duration("PT30M") * 3', "PT1H30M"),
        ('2 * @"P1M"', "P2M"),
        ('@"P1Y" / 4', "P3M"),
        ('@"P2D" / @"P1D"', 2),
        ('@"P1D" / 0', None),
        ('@"PT1S" + @"PT0.5S"', "PT1.5S"),
        ('now() + duration("PT1H")', "2026-01-02T04:04:05+00:00"),
        ('today() + @"P1D"', "2026-01-03"),
        ('@"2026-01-01T10:00:00@Europe/Berlin"', "2026-01-01T10:00:00@Europe/Berlin"),
        ('date("2026-01-31")', "2026-01-31"),
        ('date and time("2026-01-31T10:00:00Z")', "2026-01-31T10:00:00Z"),
        ('time("10:00:00")', "10:00:00"),
        ('duration("PT1H")', "PT1H"),
        ('@"P1Y2M"', "P1Y2M"),
        ('date("2026-01-31") + duration("P1M")', "2026-02-28"),
        ('[date("2026-01-31")]', ["2026-01-31"]),
        ("date(day).month", 2),
        ('date(day) > date("2026-01-01")', True),
        ("now()", "2026-01-02T03:04:05+00:00"),
        ("today()", "2026-01-02"),
        # what has no JSON is null
        ("function(a) a", None),
    ],
)
def test_value(expression, value):
    result = parse_feel(expression).evaluate(VARIABLES)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("expression", "warnings"),
    [
        ("missing", ["[NO_VARIABLE_FOUND] No variable found with name 'missing'"]),
        ("lower case(missing)", ["[NO_VARIABLE_FOUND] No variable found with name 'missing'"]),
        ("missing > 5", ["[NO_VARIABLE_FOUND] No variable found with name 'missing'"]),
        ("sum > 5", ["[NO_VARIABLE_FOUND] No variable found with name 'sum'"]),
        ("max(sum, 1)", ["[NO_VARIABLE_FOUND] No variable found with name 'sum'"]),
        (
            "order.x",
            ["[NO_CONTEXT_ENTRY_FOUND] No context entry found with key 'x'. Available keys: 'id', 'lines', 'empty'"],
        ),
        ("order.empty.x", ["[NO_CONTEXT_ENTRY_FOUND] No context entry found with key 'x'. The context is empty"]),
        ("nothing.x", ["[NO_CONTEXT_ENTRY_FOUND] No context entry found with key 'x'. The context is null"]),
        ("text.x", ["[NO_PROPERTY_FOUND] No property found with name 'x' of value '\"abc\"'"]),
        ("n + text", ["[INVALID_TYPE] Can't add '\"abc\"' to '3'"]),
        ("n > text", ["[NOT_COMPARABLE] Can't compare '3' with '\"abc\"'"]),
        ("abs(n) > text", ["[NOT_COMPARABLE] Can't compare '3' with '\"abc\"'"]),
        ("order.lines > items", ["[NOT_COMPARABLE] Can't compare '[{\"price\":10},{\"price\":20}]' with '[1,2,3]'"]),
        ("launch(n)", ["[NO_FUNCTION_FOUND] No function found with name 'launch'"]),
    ],
)
def test_a_null_result_comes_with_the_reason(expression, warnings):
    assert parse_feel(expression).evaluate_with_warnings(VARIABLES) == Evaluation(None, tuple(warnings))


def test_a_failed_assertion_is_an_error_with_its_cause():
    with pytest.raises(ExpressionError) as failure:
        parse_zeebe("=assert(missing, missing != null)").evaluate({})

    assert str(failure.value) == (
        "Assertion failure on evaluate the expression 'assert(missing, missing != null)': "
        "The condition is not fulfilled"
    )
    assert failure.value.expression == "=assert(missing, missing != null)"


def test_an_assertion_can_name_its_cause():
    with pytest.raises(ExpressionError, match=r"': there is no order$"):
        parse_feel('assert(order, order != null, "there is no order")').evaluate({})


def test_endless_recursion_is_an_error():
    with pytest.raises(
        ExpressionError, match=r"^Failed to evaluate expression '.*': Maximum call stack size exceeded$"
    ):
        parse_feel("{f: function(x) f(x + 1), y: f(1)}.y").evaluate({})


def test_the_time_is_told_by_the_caller_or_there_is_none():
    with pytest.raises(
        ExpressionError, match=r"Failed to evaluate expression 'now\(\)': function 'now' has no clock here"
    ):
        parse_feel("now()").evaluate({})


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "the expression is incomplete at position 1"),
        ("a +", "the arithmetic expression is incomplete at position 4"),
        ("a > ", "the comparison is incomplete at position 5"),
        ("if a then b", "the if expression is incomplete at position 12"),
        ("a[1", "the filter expression is incomplete at position 4"),
        ("1 1", "'1' was not expected in the expression at position 3"),
        ("x == 3", "'=' was not expected in the comparison at position 4"),
        ("= x", "'=' was not expected in the expression at position 1"),
        ("> 5", "'>' was not expected in the expression at position 1"),
        ("a && b", "'&' was not expected in the variable name at position 3"),
        ("x adn y", "'adn' was not expected after a name at position 3"),
        ("{a: 1,}", "'}' was not expected in the context at position 7"),
        ('"open', "'\"open' was not expected in the expression at position 1"),
    ],
)
def test_a_mistake_is_found_when_parsing(expression, reason):
    with pytest.raises(ExpressionError) as failure:
        parse_feel(expression)

    assert str(failure.value) == f"failed to parse expression '{expression}': {reason}"


def test_an_endless_text_is_refused():
    with pytest.raises(ExpressionError, match="it has 10001 characters, 10000 are allowed"):
        parse_feel("1" * 10_001)


def test_brackets_without_end_do_not_hang():
    with pytest.raises(ExpressionError, match="failed to parse expression"):
        parse_feel("(" * 9_999)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("1", set()),
        ("a.b.c + d", {"a", "d"}),
        ("upper case(t)", {"t"}),
        ("count(items) + count", {"items", "count"}),
        ("for x in xs return x + y", {"xs", "y"}),
        ("for x in xs, y in ys return partial", {"xs", "ys"}),
        ("some x in xs satisfies x > limit", {"xs", "limit"}),
        ("function(a, b) a + b + c", {"c"}),
        ("{a: b, c: a + d}", {"b", "d"}),
        ("{a: b, c: d}", {"b", "d"}),
        ("items[price > 5]", {"items", "price"}),
        ("x instance of number", {"x"}),
        ("`order total` + 1", {"order total"}),
        ("if a then [b] else -c", {"a", "b", "c"}),
        ("now() > __now__", set()),
    ],
)
def test_names(expression, names):
    assert parse_feel(expression).names == names


def test_only_the_names_are_asked_for():
    class Scope(dict[str, object]):
        def __iter__(self):
            raise AssertionError("all variables were asked for")

        items = values = keys = __iter__

    assert parse_feel("upper case(t)").evaluate(Scope(t="a", large="b")) == "A"
    assert parse_feel("t").evaluate(Scope(t="a", large="b")) == "a"


@pytest.mark.parametrize("expression", ["key", "{key: key}.key", "key * 1", "[key][1]"])
def test_whole_numbers_keep_their_type(expression):
    assert type(parse_feel(expression).evaluate({"key": 2251799813685249})) is int


@pytest.mark.parametrize("expression", ["key", "order.key", "[key]", "key + 1", "{a: key}"])
def test_numbers_of_more_than_53_bits_pass_unharmed_where_no_function_touches_them(expression):
    key = 2**53 + 1

    result = parse_feel(expression).evaluate({"key": key, "order": {"key": key}})

    assert result in (key, [key], key + 1, {"a": key})


@pytest.mark.parametrize("expression", ["amount > 1000", "abs(amount) > 1000"])
def test_decimals_count_as_numbers(expression):
    assert parse_feel(expression).evaluate({"amount": Decimal("1000.01")}) is True


def test_a_property_of_the_host_language_is_not_visible():
    assert parse_feel("upper case(x.constructor.name)").evaluate({"x": {}}) is None
    assert parse_feel("x.__proto__").evaluate({"x": {"__proto__": 1}}) == 1
    assert parse_feel("__now__").evaluate({"__now__": datetime.now}) is None


def test_an_equals_sign_marks_feel_in_a_camunda_8_model():
    expression = parse_zeebe("= n + 1")

    assert (expression.source, expression.language, expression.evaluate({"n": 1})) == ("= n + 1", Language.FEEL, 2)


def test_any_other_text_is_its_own_value():
    expression = parse_zeebe("n + 1")

    assert (expression.language, expression.names, expression.evaluate({"n": 1})) == (Language.STATIC, set(), "n + 1")
