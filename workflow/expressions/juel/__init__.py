"""JUEL, the expression language of Camunda 7: `${…}` and `#{…}`, whole or inside a text."""

from workflow.expressions.juel.language import parse_camunda7

__all__ = ["parse_camunda7"]
