"""Where only one type of value makes sense, the error says what came instead, in the words people search for."""

from decimal import Decimal

import pytest

from workflow.expressions import (
    ExpressionError,
    expect_boolean,
    expect_list,
    expect_number,
    expect_string,
    parse_camunda7,
    parse_zeebe,
)


@pytest.mark.parametrize(
    ("expect", "source", "value"),
    [
        (expect_boolean, "=x > 1", True),
        (expect_string, '="a"', "a"),
        (expect_string, "text", "text"),
        (expect_string, "3", "3"),
        (expect_number, "=x", 2),
        (expect_number, "=x / 4", 0.5),
        (expect_number, "=money", 2.5),
        (expect_number, "3", 3),
        (expect_number, " 1.5 ", 1.5),
        (expect_list, "=[x]", [2]),
    ],
)
def test_the_expected_type_is_returned(expect, source, value):
    assert expect(parse_zeebe(source), {"x": 2, "money": Decimal("2.5")}) == value


@pytest.mark.parametrize(
    ("expect", "source", "message"),
    [
        (expect_boolean, "=1", "Expected result of the expression '1' to be 'BOOLEAN', but was 'NUMBER'."),
        (expect_boolean, "yes", "Expected result of the expression 'yes' to be 'BOOLEAN', but was 'STRING'."),
        (expect_string, "=[1]", "Expected result of the expression '[1]' to be 'STRING', but was 'ARRAY'."),
        (expect_number, "={}", "Expected result of the expression '{}' to be 'NUMBER', but was 'OBJECT'."),
        (expect_number, "=true", "Expected result of the expression 'true' to be 'NUMBER', but was 'BOOLEAN'."),
        (expect_number, "many", "Expected result of the expression 'many' to be 'NUMBER', but was 'STRING'."),
        (expect_number, "NaN", "Expected result of the expression 'NaN' to be 'NUMBER', but was 'STRING'."),
        (expect_list, "=null", "Expected result of the expression 'null' to be 'ARRAY', but was 'NULL'."),
        (
            expect_boolean,
            "=x > 5",
            (
                "Expected result of the expression 'x > 5' to be 'BOOLEAN', but was 'NULL'. "
                "The evaluation reported the following warnings:\n"
                "[NO_VARIABLE_FOUND] No variable found with name 'x'"
            ),
        ),
        (
            expect_string,
            "=upper case(x)",
            (
                "Expected result of the expression 'upper case(x)' to be 'STRING', but was 'NULL'. "
                "The evaluation reported the following warnings:\n"
                "[NO_VARIABLE_FOUND] No variable found with name 'x'"
            ),
        ),
    ],
)
def test_any_other_type_is_an_error(expect, source, message):
    with pytest.raises(ExpressionError) as failure:
        expect(parse_zeebe(source), {})

    assert str(failure.value) == message
    assert failure.value.expression == source


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("${x}", "condition expression returns null: result is null"),
        ("${1}", "condition expression returns non-Boolean: result isn't an instance of java.lang.Boolean but NUMBER"),
    ],
)
def test_a_camunda_7_condition_fails_in_the_words_of_camunda_7(source, message):
    with pytest.raises(ExpressionError) as failure:
        expect_boolean(parse_camunda7(source), {"x": None})

    assert str(failure.value) == message


def test_a_camunda_7_condition_that_is_true():
    assert expect_boolean(parse_camunda7("${x == 1}"), {"x": 1}) is True
