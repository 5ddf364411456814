"""Methods of texts that take regular expressions: in the sandbox, which stops those that take for ever."""

from __future__ import annotations

from collections.abc import Callable

from workflow.expressions.feel.language import ask
from workflow.expressions.feel.sandbox import SandboxError
from workflow.expressions.juel.failure import Failure


def pattern_method(name: str) -> Callable[..., object]:
    """Return the method of this name, of a text and a pattern."""

    def method(text: str, *arguments: object) -> object:
        try:
            return ask(name, text, *[str(argument) for argument in arguments])
        except SandboxError as failure:
            raise Failure(f"Method {name} of string failed: {failure}") from None

    return method
