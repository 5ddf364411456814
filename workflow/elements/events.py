"""How the definitions of events are read, whichever event they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from workflow.elements.reading import (
    NOTHING,
    ElementReading,
    bpmn_name,
    text_of,
    vocabulary_name,
)
from workflow.engine.evaluation import TEXT_LIMIT
from workflow.expressions import Expression, Language
from workflow.graph import (
    CancelEvent,
    CompensationEvent,
    ConditionalEvent,
    ErrorEvent,
    EscalationEvent,
    Event,
    LinkEvent,
    MessageEvent,
    PassedVariable,
    SignalEvent,
    TerminateEvent,
    TimerEvent,
    TimerKind,
)

_SUFFIX: Final = "EventDefinition"
_THROWING: Final = frozenset({"intermediateThrowEvent", "endEvent"})
_FEEL: Final = ("feel", "https://www.omg.org/spec/FEEL/", "http://www.omg.org/spec/FEEL/")


def read_event(reading: ElementReading, kinds: tuple[str, ...], *, is_start: bool = False) -> Event | None:
    """The event that an element waits for or throws; None for a none event.

    `kinds` are those that fit the element; others are problems. `is_start` tells that no instance waits yet.
    """
    for reference in reading.children("eventDefinitionRef"):
        reading.problem(f"Expected the event definition inside the event, found a reference to '{text_of(reference)}'.")
    definition = reading.event_definition()
    if definition is None:
        return None
    kind = definition.tag.removesuffix(_SUFFIX)
    if kind not in kinds:
        expected = f"one of: {', '.join(kinds)}" if kinds else "none in an embedded sub-process"
        reading.problem(f"{_words(reading.tag)} cannot have '{definition.tag}'. Expected {expected}.")
        return None
    if kind == "message":
        message = definition.attribute("messageRef")
        is_thrown = reading.tag in _THROWING
        if is_thrown and message is None:
            return MessageEvent(NOTHING)  # whoever does the work of throwing it knows which one
        return read_message(reading, message, with_key=not (is_start or is_thrown))
    return _READERS[kind](reading, definition)


def _words(tag: str) -> str:
    article = "An " if tag[0] in "aeiou" else "A "
    return article + "".join(f" {character.lower()}" if character.isupper() else character for character in tag)


# ---- messages and signals


def read_message(reading: ElementReading, reference: str | None, *, with_key: bool = True) -> MessageEvent:
    """The message that an element refers to; in Zeebe semantics with the key that it is correlated by."""
    missing = MessageEvent(NOTHING)
    if reference is None:
        reading.problem("Must reference a message: expected 'messageRef', found none.")
        return missing
    message = reading.model.referred("message", reference)
    if message is None:
        reading.problem(f"Invalid 'messageRef': no message with id '{reference}' found.")
        return missing
    nameless = f"Expected message '{message.id}' to have a name, found none."
    name = reading.required(message.attribute("name"), f"the name of message '{message.id}'", nameless)
    if not reading.is_zeebe or not with_key:
        return MessageEvent(name)
    return MessageEvent(name, _correlation_key(reading, message))


def _correlation_key(reading: ElementReading, message: ElementReading) -> Expression:
    subscription = message.extension("subscription")
    key = subscription.get("correlationKey") if subscription is not None else None
    missing = (
        f"Expected message '{message.id}' to have a correlation key, found none. Must have exactly one 'zeebe:subscription' "
        "extension element with a 'correlationKey'."
    )
    correlation_key = reading.required(key or None, f"the correlation key of message '{message.id}'", missing)
    if correlation_key.language is Language.STATIC and correlation_key is not NOTHING:
        reading.problem(
            f"Expected the correlation key of message '{message.id}' to be an expression, found text: '{key}'."
        )
    return correlation_key


def _read_signal(reading: ElementReading, definition: ElementReading) -> Event | None:
    signal = _referred(reading, definition, "signal")
    if signal is None:
        return None
    missing = f"Expected signal '{signal.id}' to have a name, found none."
    name = reading.required(signal.attribute("name"), f"the name of signal '{signal.id}'", missing)
    return SignalEvent(
        name,
        tuple(read_passed_variables(definition, "in")),
        read_business_key(definition),
        is_delivered_later=definition.camunda("async") == "true",
    )


def _referred(reading: ElementReading, definition: ElementReading, kind: str) -> ElementReading | None:
    reference = definition.attribute(f"{kind}Ref")
    if reference is None:
        reading.problem(f"Must reference a {kind}: expected '{kind}Ref', found none.")
        return None
    found = reading.model.referred(kind, reference)
    if found is None:
        reading.problem(f"Invalid '{kind}Ref': no {kind} with id '{reference}' found.")
    return found


def read_business_key(reading: ElementReading) -> Expression | None:
    """What `camunda:in businessKey` hands on (Camunda 7)."""
    keys = [each.get("businessKey") for each in reading.extensions() if each.get("businessKey")]
    return reading.optional(keys[0] if keys else None, "the business key")


def read_passed_variables(reading: ElementReading, name: str) -> Iterator[PassedVariable]:
    """`camunda:in` or `camunda:out` (Camunda 7); the business key, which is no variable, is left out."""
    for extension in reading.extensions():
        if vocabulary_name(extension)[1] != name or extension.get("businessKey") is not None:
            continue
        local = extension.get("local") == "true"
        if extension.get("variables") == "all":
            yield PassedVariable(local=local)
            continue
        target, source, text = (extension.get(key) or None for key in ("target", "source", "sourceExpression"))
        if target is None or (source is None) == (text is None):
            reading.problem(
                f"Expected 'camunda:{name}' to have 'variables=\"all\"', or a 'target' and one of 'source' and "
                "'sourceExpression'."
            )
            continue
        reading.variable(target, f"the target of 'camunda:{name}'")
        yield PassedVariable(target, source, reading.optional(text, f"the source of '{target}'"), local)


# ---- timers and conditions


def _read_timer(reading: ElementReading, definition: ElementReading) -> Event | None:
    found = [(kind, text) for kind in TimerKind if (text := definition.text(kind.value))]
    if len(found) != 1:
        reading.problem(
            f"Expected a timer to have exactly one of {', '.join(kind.value for kind in TimerKind)}, found {len(found)}."
        )
        return None
    [(kind, text)] = found
    return TimerEvent(kind, reading.expression(text, f"the '{kind.value}'"))


def _read_condition(reading: ElementReading, definition: ElementReading) -> Event | None:
    element = definition.child("condition")
    text = text_of(element) if element is not None else None
    if element is None or text is None:
        reading.problem(
            "Conditional event must contain an expression for evaluation: expected a 'condition', found none."
        )
        return None
    if reading.is_zeebe:
        condition = reading.expression(text if text.startswith("=") else f"={text}", "the condition")
        listened = definition.extension("conditionalFilter")
        names = [] if listened is None else _names(listened.get("variableNames"))
        events = [] if listened is None else _names(listened.get("variableEvents"))
        return ConditionalEvent(condition, frozenset(names), frozenset(events))
    is_feel = (element.get("language") or "").lower().startswith(_FEEL)
    condition = reading.feel(text, "the condition") if is_feel else reading.expression(text, "the condition")
    events = _names(definition.camunda("variableEvents"))
    name = definition.camunda("variableName")
    return ConditionalEvent(condition, frozenset([name] if name else []), frozenset(events))


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


# ---- errors and escalations


def _read_error(reading: ElementReading, definition: ElementReading) -> Event | None:
    throws = reading.tag == "endEvent"
    reference = definition.attribute("errorRef")
    if reference is None:
        if throws:
            reading.problem("Must reference an error: expected 'errorRef', found none.")
        return ErrorEvent(None, None, *_error_variables(definition))
    error = reading.model.referred("error", reference)
    if error is None and reading.is_zeebe:
        reading.problem(f"Invalid 'errorRef': no error with id '{reference}' found.")
        return None
    code = error.attribute("errorCode") if error is not None else reference
    if code is None and not (reading.is_zeebe or throws):
        return ErrorEvent(None, None, *_error_variables(definition))
    if code is None:
        reading.problem(f"Expected error '{reference}' to have an 'errorCode', found none.")
        return None
    message = error.camunda("errorMessage") if error is not None else None
    return ErrorEvent(
        _code(reading, code, "the error code", throws),
        reading.optional(message, "the error message"),
        *_error_variables(definition),
    )


def _error_variables(definition: ElementReading) -> tuple[str | None, str | None]:
    names = ("errorCodeVariable", "errorMessageVariable")
    found = [definition.variable(definition.camunda(name), f"'camunda:{name}'") for name in names]
    return found[0], found[1]


def _code(reading: ElementReading, text: str, what: str, throws: bool) -> Expression:
    if len(text) > TEXT_LIMIT:
        reading.problem(f"Expected {what} to have at most {TEXT_LIMIT} characters, found {len(text)}.")
    code = reading.expression(text, what)
    if reading.is_zeebe and not throws and code.language is not Language.STATIC:
        reading.problem(f"Expected {what} of a catching event to be a plain text, found an expression: '{text}'.")
    return code


def _read_escalation(reading: ElementReading, definition: ElementReading) -> Event | None:
    throws = reading.tag in ("endEvent", "intermediateThrowEvent")
    variable = definition.variable(definition.camunda("escalationCodeVariable"), "'camunda:escalationCodeVariable'")
    reference = definition.attribute("escalationRef")
    if reference is None:
        if throws:
            reading.problem("Must reference an escalation: expected 'escalationRef', found none.")
        return EscalationEvent(None, variable)
    escalation = _referred(reading, definition, "escalation")
    if escalation is None:
        return None
    code = escalation.attribute("escalationCode")
    if code is None:
        if throws:
            reading.problem(f"Expected escalation '{escalation.id}' to have an 'escalationCode', found none.")
        return EscalationEvent(None, variable)
    return EscalationEvent(_code(reading, code, "the escalation code", throws), variable)


# ---- the others


def _read_compensation(reading: ElementReading, definition: ElementReading) -> Event | None:
    activity_id = definition.attribute("activityRef")
    if activity_id is not None:
        known = reading.model.root.iter("{*}*")
        if not any(each.get("id") == activity_id and bpmn_name(each) for each in known):
            reading.problem(f"Invalid 'activityRef': no activity with id '{activity_id}' found.")
    if definition.attribute("waitForCompletion") == "false":
        text = "'waitForCompletion=\"false\"' is not supported: an event goes on when its compensation is done."
        (reading.problem if reading.is_zeebe else reading.warning)(text)
    return CompensationEvent(activity_id)


def _read_link(reading: ElementReading, definition: ElementReading) -> Event | None:
    name = definition.attribute("name")
    if name is None:
        reading.problem("Expected the link event definition to have a name, found none.")
        return None
    return LinkEvent(name)


_READERS: Final[dict[str, Callable[[ElementReading, ElementReading], Event | None]]] = {
    "signal": _read_signal,
    "timer": _read_timer,
    "conditional": _read_condition,
    "error": _read_error,
    "escalation": _read_escalation,
    "compensate": _read_compensation,
    "cancel": lambda reading, definition: CancelEvent(),
    "terminate": lambda reading, definition: TerminateEvent(),
    "link": _read_link,
}
