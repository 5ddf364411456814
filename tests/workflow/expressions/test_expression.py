"""Expressions are values: equal by source and language, safe to share, and their errors survive a process border."""

import pickle

from workflow.expressions import ExpressionError, parse_camunda7, parse_feel, parse_zeebe


def test_expressions_are_equal_by_source_and_language():
    assert parse_zeebe("=a") == parse_zeebe("=a")
    assert hash(parse_zeebe("=a")) == hash(parse_zeebe("=a"))
    assert parse_zeebe("=a") != parse_zeebe("a")
    assert parse_zeebe("a") == parse_camunda7("a")
    assert parse_feel("a") != parse_camunda7("${a}")


def test_an_expression_shows_its_source():
    assert repr(parse_zeebe("=a + 1")) == "Expression(source='=a + 1', language=<Language.FEEL: 'feel'>)"


def test_an_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(ExpressionError("no such thing", "=a")))

    assert (str(error), error.expression) == ("no such thing", "=a")
