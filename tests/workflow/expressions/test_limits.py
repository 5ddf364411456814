"""No expression makes more than its share: what it makes is limited, what it passes on is not."""

import pytest

from workflow.expressions import ExpressionError, parse_camunda7, parse_feel
from workflow.expressions.limits import MAX_CHARACTERS

LARGE = "x" * 10_000_000


def failure_of(expression, variables):
    with pytest.raises(ExpressionError) as failure:
        expression.evaluate(variables)
    return str(failure.value)


@pytest.mark.parametrize(
    "loop", ["count(for i in 1..1000000 return i)", "count(for i in 1..2000, j in 1..2000 return i)"]
)
def test_a_loop_of_a_million_steps_is_an_error(loop):
    message = failure_of(parse_feel(loop), {})

    assert message.startswith(f"Failed to evaluate expression '{loop}': it ")
    assert "took longer than 1000 ms" in message or "needed more than 64 MB of memory" in message


@pytest.mark.parametrize("expression", ["large", "upper case(large)", "[large]", "{a: {b: large}}", 'large + "x"'])
def test_a_value_of_ten_megabytes_passes_through_feel(expression):
    assert LARGE.lower() in str(parse_feel(expression).evaluate({"large": LARGE})).lower()


def test_what_an_expression_passes_on_does_not_count():
    values = [LARGE, LARGE]

    assert parse_feel("values").evaluate({"values": values}) is values
    assert parse_feel("order.values").evaluate({"order": {"values": values}}) is values
    assert parse_camunda7("${order.values}").evaluate({"order": {"values": values}}) is values


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("large + large", f"a text of 20000000 characters would come about, {MAX_CHARACTERS} are allowed"),
        (
            "trim(small) + large + large",
            f"a text of 20000001 characters would come about, {MAX_CHARACTERS} are allowed",
        ),
        ("[large, large]", f"a value of more than {MAX_CHARACTERS} characters would come about"),
        ("{a: large, b: {c: large}}", f"a value of more than {MAX_CHARACTERS} characters would come about"),
        ("[numbers, numbers]", f"a value of more than {MAX_CHARACTERS} characters would come about"),
        ("for i in 1..200 return lower case(medium)", "characters would come about"),
    ],
)
def test_a_larger_value_is_an_error(expression, reason):
    variables = {"large": LARGE, "medium": "x" * 100_000, "small": "x", "numbers": [1] * 8_000_000}

    message = failure_of(parse_feel(expression), variables)

    assert message.startswith(f"Failed to evaluate expression '{expression}': ")
    assert reason in message


@pytest.mark.parametrize("expression", ["${large}", "${large.toUpperCase()}", "a ${large}", "${large.concat('x')}"])
def test_a_value_of_ten_megabytes_passes_through_juel(expression):
    assert LARGE.lower() in str(parse_camunda7(expression).evaluate({"large": LARGE})).lower()


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("${large}${large}", "a text of 20000000 characters would come about"),
        ("${large.concat(large)}", "a text of 20000000 characters would come about"),
        ("${large.replace('x', large)}", "a text of 100000000000000 characters would come about"),
        ("${large.replace('', 'xxx')}", "characters would come about"),
        ("${'x'.repeat(1000000000)}", "a text of 1000000000 characters would come about"),
        ("${large.replaceAll('x', 'xx')}", "Method replaceAll of string failed: it "),
        ("${many.containsAll(many)}", "10000 times 10000 comparisons, 1000000 are allowed"),
        ("${number * number * number * number * number}", "a number of more than 1000 digits would come about"),
    ],
)
def test_a_larger_text_or_number_is_an_error(expression, reason):
    message = failure_of(parse_camunda7(expression), {"large": LARGE, "number": 10**250, "many": [{}] * 10_000})

    assert message.startswith(f"Error while evaluating expression: {expression}. Cause: ")
    assert reason in message
