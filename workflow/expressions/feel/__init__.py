"""FEEL: parsed and interpreted by feelin in V8."""

from workflow.expressions.feel.language import feel_expression, parse_feel

__all__ = ["feel_expression", "parse_feel"]
