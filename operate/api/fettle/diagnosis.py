"""Why a process instance stands where it does."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import ANYTHING, FLAG, OBJECT, OPTIONAL_TEXT, TEXT, WHOLE, Schema, all_of, array
from operate.diagnosis import Cause, Diagnosis, Help, Kind, why_stuck
from operate.plans.json_form import KEY_SCHEMA
from operate.plans.judgement import fix_json
from operate.workspaces import Right
from workflow.models import ProcessInstance

OPTIONAL_KEY = {**KEY_SCHEMA, "nullable": True}
HELP = all_of(
    name=TEXT,
    label=TEXT,
    right={**TEXT, "enum": [right.value for right in Right]},
    key=OPTIONAL_KEY,
    fix={**OBJECT, "nullable": True, "description": "Instructions of a modification, in 'add'."},
)
CAUSE: Schema = all_of(
    kind={**TEXT, "enum": [kind.value for kind in Kind]},
    element_id=TEXT,
    element_name=TEXT,
    element_instance_key=OPTIONAL_KEY,
    key={**OPTIONAL_KEY, "description": "Of the task, job, event subscription, incident or called process instance."},
    text=TEXT,
    since=OPTIONAL_TEXT,
    due_at=OPTIONAL_TEXT,
    is_failed={**FLAG, "description": "It does not go on by itself."},
    watches={**FLAG, "description": "It occurs beside what is waited for, as a boundary event does."},
    usual={
        **all_of(p50_seconds={"type": "number"}, p95_seconds={"type": "number"}, count=WHOLE),
        "nullable": True,
        "description": "How long this element took in the newest instances; null where that was too seldom.",
    },
    is_longer_than_usual=FLAG,
    near_misses=array(
        all_of(key=KEY_SCHEMA, name=TEXT, correlation_key=TEXT, why_not=TEXT, expires_at=TEXT),
    ),
    help=array(HELP),
    inside={**ANYTHING, "description": "Of a called process instance: the same as the whole answer, or null."},
)


class WhyStuck(FettleView):
    """Tell why a process instance stands where it does: for each token what it waits for, since when, and what helps.

    Called processes are looked into, so that the cause at the bottom is told too. Troubled causes come first.
    """

    tag = "Diagnosis"
    answer = all_of(
        process_instance_key=KEY_SCHEMA,
        process_id=TEXT,
        state=TEXT,
        suspended=FLAG,
        suspended_text=TEXT,
        is_longer_than_usual=FLAG,
        help=array(HELP),
        causes=array(CAUSE),
        left_out={**WHOLE, "description": "More element instances are open than are told of."},
    )

    def get(self, request: Request, key: str) -> Response:
        return Response(_diagnosis(why_stuck(self.row(ProcessInstance.objects.all(), key))))


def _diagnosis(found: Diagnosis) -> dict[str, Any]:
    return {
        "process_instance_key": str(found.process_instance_key),
        "process_id": found.process_id,
        "state": found.state,
        "suspended": found.suspended,
        "suspended_text": found.suspended_text,
        "is_longer_than_usual": found.is_longer_than_usual,
        "help": [_help(each) for each in found.help],
        "causes": [_cause(each) for each in found.causes],
        "left_out": found.left_out,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    usual = cause.usual
    return {
        "kind": cause.kind.value,
        "element_id": cause.element_id,
        "element_name": cause.element_name,
        "element_instance_key": _key(cause.element_instance_key),
        "key": _key(cause.key),
        "text": cause.text,
        "since": cause.since.isoformat() if cause.since is not None else None,
        "due_at": cause.due_at.isoformat() if cause.due_at is not None else None,
        "is_failed": cause.is_failed,
        "watches": cause.watches,
        "usual": usual
        and {"p50_seconds": usual.p50.total_seconds(), "p95_seconds": usual.p95.total_seconds(), "count": usual.count},
        "is_longer_than_usual": cause.is_longer_than_usual,
        "near_misses": [
            {
                "key": str(each.key),
                "name": each.name,
                "correlation_key": each.correlation_key,
                "why_not": each.why_not,
                "expires_at": each.expires_at.isoformat(),
            }
            for each in cause.near_misses
        ],
        "help": [_help(each) for each in cause.help],
        "inside": None if cause.inside is None else _diagnosis(cause.inside),
    }


def _help(help_: Help) -> dict[str, Any]:
    return {
        "name": help_.name,
        "label": help_.label,
        "right": help_.right.value,
        "key": _key(help_.key),
        "fix": None if help_.fix is None else fix_json(help_.fix),
    }


def _key(key: int | None) -> str | None:
    return None if key is None else str(key)
