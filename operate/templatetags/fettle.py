"""What the pages write again and again: times, keys, states, and controls that say why they are off."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from operate.diagnosis import Usual
from operate.forms.json_values import JSON_INDENT
from operate.labels import constant

register = template.Library()


@register.simple_tag
def when(moment: datetime | None, empty: str = "–") -> str:
    """A time as one reads it, with the exact one as tooltip."""
    if moment is None:
        return empty
    local = timezone.localtime(moment)
    today = timezone.localdate()
    if local.date() == today:
        text = f"{local:%H:%M:%S}"
    elif local.date() == today - timedelta(days=1):
        text = _("yesterday %(time)s") % {"time": f"{local:%H:%M}"}
    elif local.year == today.year:
        text = date_format(local, _("j M H:i"))
    else:
        text = date_format(local, _("Y-m-d H:i"))
    exact = f"{local:%Y-%m-%d %H:%M:%S %Z}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, text)


@register.filter
def duration(row: Any) -> str:
    """How long something took, or has been going on; nothing for what has not begun."""
    if row.started_at is None:
        return "–"
    return _span((row.ended_at or timezone.now()) - row.started_at)


@register.filter
def until(moment: datetime | None) -> str:
    """How far off a time is, seen from now."""
    if moment is None:
        return _("as soon as possible")
    away = moment - timezone.now()
    return (
        _("in %(span)s") % {"span": _span(away)} if away > timedelta(0) else _("%(span)s ago") % {"span": _span(-away)}
    )


@register.filter
def usual(found: Usual) -> str:
    """How long an element takes when all goes well, as a tooltip."""
    return _(
        "Half of the last %(count)s took up to %(half)s, 95 of 100 up to %(most)s: "
        "those that were completed lately in this version."
    ) % {"count": found.count, "half": _span(found.p50), "most": _span(found.p95)}


@register.filter
def span(time: timedelta) -> str:
    """A length of time in its greatest unit."""
    return _span(time)


@register.filter(name="json")
def as_json(value: object) -> str:
    """JSON for an attribute, which the template escapes."""
    return json.dumps(value, ensure_ascii=False)


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


@register.simple_tag
def key(value: object) -> SafeString:
    """A key that can be copied with a click."""
    return format_html(
        '<button type="button" class="ft-key" data-copy="{0}" title="{1}">{0}'
        '<span class="material-symbols-outlined" aria-hidden="true">content_copy</span></button>',
        value,
        _("Copy %(value)s") % {"value": value},
    )


@register.simple_tag
def semantics(value: str) -> SafeString:
    """The badge that tells whose rules a process follows."""
    label = {"camunda7": "Camunda 7", "zeebe": "Camunda 8"}.get(value, value)
    return format_html(
        '<span class="ft-badge ft-badge-{}" title="{}">{}</span>',
        value,
        _("%(engine)s semantics") % {"engine": label},
        label,
    )


@register.simple_tag
def off(why: str) -> SafeString:
    """The attributes of a control that is not offered: it can be reached and read, and does nothing."""
    if not why:
        return SafeString("")
    return format_html(' aria-disabled="true" data-why="{0}" title="{0}"', why)


@register.filter
def pretty(value: object) -> str:
    """JSON, indented."""
    return json.dumps(value, ensure_ascii=False, indent=JSON_INDENT, default=str)


@register.filter
def indent(depth: int) -> int:
    """The left padding of a row of the history tree, in pixels."""
    return 8 + min(depth, 20) * 16


@register.filter
def choices_label(choice: str) -> str:
    """A constant as people read it."""
    return constant(choice)


@register.filter
def drawn(element_id: str) -> str:
    """The id of an element as on the diagram, where a multi-instance body and its iterations are one."""

    return element_id.partition("#")[0]


@register.filter
def get(mapping: dict[str, Any], name: str) -> Any:
    """One entry of a mapping, for names that only a variable knows."""
    return mapping.get(name, "")


@register.filter
def of(phrase: str | Promise, what: object) -> str:
    """A phrase such as 'Cancel %(what)s' of something."""
    return str(phrase) % {"what": what}


@register.filter
def pairs(text: str) -> list[list[str]]:
    """'a:A b:B' as pairs, for short lists of choices."""
    return [each.split(":", 1) for each in text.split()]
