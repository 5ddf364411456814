"""Expressions of BPMN models: FEEL in Camunda 8 models, JUEL in Camunda 7 models. The lowest layer of workflow."""

from workflow.expressions.dialects import parse_camunda7, parse_feel, parse_zeebe
from workflow.expressions.expectations import expect_boolean, expect_list, expect_number, expect_string
from workflow.expressions.expression import Evaluation, Expression, ExpressionError, Language

__all__ = [
    "Evaluation",
    "Expression",
    "ExpressionError",
    "Language",
    "expect_boolean",
    "expect_list",
    "expect_number",
    "expect_string",
    "parse_camunda7",
    "parse_feel",
    "parse_zeebe",
]
