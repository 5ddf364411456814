"""JSON between the pages and their islands: what was refused, and why, as a text to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from operate.forms.keys import key_of
from operate.workspaces import Forbidden
from workflow.engine.errors import BpmnError, Conflict, ElementFailure, EngineError, ModelProblems, NotFound, Rejected

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (EngineError, 400),
    (ElementFailure, 400),
    (BpmnError, 400),
)
REFUSALS = tuple(kind for kind, _status in STATUS)

View = Callable[..., JsonResponse]


def json_view(view: View) -> View:
    """Answer refusals as JSON with the right status."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> JsonResponse:
        try:
            return view(*args, **kwargs)
        except REFUSALS as refusal:
            return JsonResponse(refusal_of(refusal), status=status_of(refusal))

    return answered


def sent_back(request: HttpRequest, address: str) -> HttpResponse:
    """To a plain form a page, on which the messages stand; to a script that sent the form the messages alone."""
    if not request.headers.get("Accept", "").startswith("application/json"):
        return redirect(address)
    told = [{"kind": each.level_tag, "text": str(each)} for each in messages.get_messages(request)]
    return JsonResponse({"messages": told})


def status_of(refusal: Exception) -> int:
    """The HTTP status of a refusal."""
    return next(status for kind, status in STATUS if isinstance(refusal, kind))


def refusal_of(refusal: Exception) -> dict[str, Any]:
    """What a refusal says, and about what."""
    answer: dict[str, Any] = {"message": getattr(refusal, "message", "") or str(refusal)}
    if isinstance(refusal, Rejected) and refusal.instruction is not None:
        answer["instruction"] = refusal.instruction
    if isinstance(refusal, ModelProblems):
        answer["problems"] = [
            {"file": each.resource, "line": each.line, "element": each.element_id, "message": each.message}
            for each in refusal.problems
        ]
    return answer


def followed(text: str, label: str, url: str) -> SafeString:
    """What was done, with where to go from there."""
    return format_html('{} <a href="{}">{}</a>', text, url, label)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was sent; raises Rejected."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Rejected(_("Expected a JSON object, found something else: %(error)s.") % {"error": error}) from error
    if not isinstance(body, dict):
        raise Rejected(_("Expected a JSON object."))
    return body


def key_in(body: dict[str, Any], name: str) -> int:
    """A key in what was sent; keys travel as text, because JavaScript's numbers are too small for them."""
    key = key_of(str(body.get(name, "")))
    if key is None:
        raise Rejected(
            _("Expected '%(name)s' to be a number, found '%(found)s'.")
            % {"name": name, "found": str(body.get(name, ""))[:40]}
        )
    return key
