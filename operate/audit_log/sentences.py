"""An audit event of a process instance in one sentence: who did what, with elements and variables by their names.

No value stands in it, so whoever sees the process instance may read it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.models import AuditEvent, Channel, Event, Subject

NameOf = Callable[[str], str]
NAMED = 3
"""More names than these are counted."""
STARTED_AT = ("element_id", "target_element_id")
STARTS = frozenset({"StartBefore", "StartAfter", "StartTransition", "ActivateElement", "MoveElements"})

SAID: Mapping[tuple[str, str], Any] = {
    (Event.START, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s started the process instance"),
    (Event.CANCEL, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s canceled the process instance"),
    (Event.SUSPEND, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s suspended the process instance"),
    (Event.RESUME, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s resumed the process instance"),
    (Event.RESTART, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s restarted the process instance"),
    (Event.MIGRATE, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s migrated the process instance"),
    (Event.MODIFY, Subject.PROCESS_INSTANCE): gettext_lazy("%(who)s modified tokens"),
    (Event.UPDATE, Subject.PROCESS_VARIABLES): gettext_lazy("%(who)s changed variables"),
    (Event.DELETE, Subject.PROCESS_VARIABLES): gettext_lazy("%(who)s deleted variables"),
    (Event.COMPLETE, Subject.USER_TASK): gettext_lazy("%(who)s completed a user task"),
    (Event.ASSIGN, Subject.USER_TASK): gettext_lazy("%(who)s assigned a user task"),
    (Event.UPDATE, Subject.USER_TASK): gettext_lazy("%(who)s changed a user task"),
    (Event.RESOLVE, Subject.USER_TASK): gettext_lazy("%(who)s handed a user task back"),
    (Event.RESOLVE, Subject.INCIDENT): gettext_lazy("%(who)s resolved an incident"),
    (Event.COMPLETE, Subject.JOB): gettext_lazy("%(who)s completed a job"),
    (Event.FAIL, Subject.JOB): gettext_lazy("%(who)s reported that a job failed"),
    (Event.THROW_ERROR, Subject.JOB): gettext_lazy("%(who)s reported an error of a job"),
    (Event.EXECUTE, Subject.JOB): gettext_lazy("%(who)s ran a job"),
    (Event.UPDATE, Subject.JOB): gettext_lazy("%(who)s changed a job"),
    (Event.SUSPEND, Subject.JOB): gettext_lazy("%(who)s put a job on hold"),
    (Event.RESUME, Subject.JOB): gettext_lazy("%(who)s resumed a job"),
    (Event.CORRELATE, Subject.MESSAGE): gettext_lazy("%(who)s correlated a message"),
    (Event.CREATE, Subject.NOTE): gettext_lazy("%(who)s wrote a note"),
    (Event.UPDATE, Subject.NOTE): gettext_lazy("%(who)s changed a note"),
    (Event.DELETE, Subject.NOTE): gettext_lazy("%(who)s removed a note"),
}


def sentence(event: AuditEvent, body: Mapping[str, Any], name_of: NameOf, *, who: str = "") -> str:
    """What was done, by whom; `name_of` tells an element's name on the diagram, `body` may be empty where it is too long."""
    names = {"who": who or event.actor_name or _("The system")}
    if event.channel == Channel.BATCH:
        names["who"] = _("A batch of %(who)s") % names
    if event.subject == Subject.PROCESS_VARIABLES and (variables := _variables(body)):
        return _("%(who)s changed %(variables)s") % (names | {"variables": _enumerated(variables)})
    if (
        event.subject == Subject.PROCESS_INSTANCE
        and event.event == Event.MODIFY
        and (told := _moved(body, name_of, names))
    ):
        return told
    said = SAID.get((event.event, event.subject))
    if said is not None:
        return str(said) % names
    return _("%(who)s: %(event)s, %(subject)s") % (
        names | {"event": event.get_event_display(), "subject": event.get_subject_display()}
    )


def _variables(body: Mapping[str, Any]) -> list[str]:
    """The names of the variables that an event has changed."""
    found = body.get("variables")
    names: Iterable[Any] = ()
    if isinstance(found, list):
        names = [each.get("name") for each in found if isinstance(each, dict)]
    elif isinstance(found, dict):
        names = found
    return list(dict.fromkeys(str(name) for name in names or body.get("names") or () if name))


def _moved(body: Mapping[str, Any], name_of: NameOf, names: Mapping[str, str]) -> str:
    """From where to where tokens went; empty if that does not fit into a sentence."""
    if back := body.get("back_to"):
        return _("%(who)s went back to %(target)s") % {**names, "target": name_of(str(back))}
    plan = [each for each in body.get("plan") or () if isinstance(each, dict)]
    ended = _elements(body, "terminated")
    targets = list(dict.fromkeys(name_of(id) for id in (_target(each) for each in plan) if id))
    sources = list(dict.fromkeys(name_of(id) for each in plan for id in _sources(each, ended)))
    facts = {**names, "targets": _enumerated(targets), "sources": _enumerated(sources)}
    if targets and sources:
        number = sum(total for id, total in Counter(ended.values()).items() if name_of(id) in sources) or 1
        text = ngettext(
            "%(who)s moved %(number)d token from %(sources)s to %(targets)s",
            "%(who)s moved %(number)d tokens from %(sources)s to %(targets)s",
            number,
        )
        return text % (facts | {"number": number})
    if targets:
        return _("%(who)s added a token at %(targets)s") % facts
    if sources:
        return _("%(who)s took what was active at %(sources)s away") % facts
    return ""


def _target(instruction: Mapping[str, Any]) -> str:
    if instruction.get("instruction") not in STARTS:
        return ""
    return next((str(instruction[name]) for name in STARTED_AT if instruction.get(name)), "")


def _sources(instruction: Mapping[str, Any], ended: Mapping[str, str]) -> list[str]:
    kind = instruction.get("instruction")
    if kind in ("CancelAll", "TerminateAll"):
        return [str(instruction.get("element_id"))]
    if kind == "MoveElements" and instruction.get("source_element_id"):
        return [str(instruction["source_element_id"])]
    key = instruction.get("source_key" if kind == "MoveElements" else "key")
    return [ended[str(key)]] if key is not None and str(key) in ended else []


def _elements(body: Mapping[str, Any], name: str) -> dict[str, str]:
    """The listed element instances by their keys."""
    listed = (body.get(name) or {}).get("elements") or ()
    return {str(each["key"]): str(each["element_id"]) for each in listed if "element_id" in each}


def _enumerated(names: Sequence[str]) -> str:
    shown, more = list(names[:NAMED]), len(names) - NAMED
    if more > 0:
        shown.append(ngettext("%(number)d more", "%(number)d more", more) % {"number": more})
    if len(shown) < 2:
        return "".join(shown)
    return _("%(first)s and %(last)s") % {"first": ", ".join(shown[:-1]), "last": shown[-1]}


__all__ = ["sentence"]
