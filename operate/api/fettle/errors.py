"""What went wrong, as a problem document (RFC 9457) with what helps to put it right: `problems`, `changes`, `right`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from operate.api.base import MAX_BODY_BYTES
from operate.approvals.approving import Differs
from operate.approvals.gate import ApprovalNeeded
from operate.plans.changes import changes_since
from operate.plans.json_form import Malformed, write
from operate.plans.judgement import warnings_json
from operate.variables.edits import TypesChange, VariablesChanged
from operate.variables.exact import Flawed
from operate.variables.telling import refusal_json
from operate.workspaces import Access, Forbidden
from workflow.engine.errors import BpmnError, Conflict, ElementFailure, NotFound, Outdated, Rejected
from workflow.services import NotEditable
from workflow.soundness import NotAccepted

PROBLEM = "application/problem+json"
Facts = tuple[int, str, dict[str, Any]]

logger = logging.getLogger(__name__)


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; what is not foreseen is logged and told as a defect."""
    request = context.get("request")
    facts = problem(error, request)
    if facts["status"] == HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.exception("%s failed", getattr(request, "path", "A request"), exc_info=error)
    body = {"type": "about:blank", **facts, "instance": getattr(request, "path", None)}
    headers = {"WWW-Authenticate": challenge} if (challenge := getattr(error, "auth_header", None)) else None
    return Response(body, status=facts["status"], headers=headers, content_type=PROBLEM)


def problem(error: Exception, request: Any) -> dict[str, Any]:
    """What is told of an error, wherever it is told."""
    status, detail, more = _refusal(error, request) or _malformed(error)
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


def _refusal(error: Exception, request: Any) -> Facts | None:
    """What the engine or the policies say of a command."""
    match error:
        case Malformed():
            return 400, error.message, {"problems": write(error.problems)}
        case NotFound():
            return 404, error.message, {}
        case Flawed():
            return 400, error.message, dict(refusal_json(error))
        case VariablesChanged() | TypesChange() | NotEditable():
            return 409, error.message, dict(refusal_json(error))
        case Rejected():
            return 400, error.message, {} if error.instruction is None else {"instruction": error.instruction}
        case Outdated():
            changes = changes_since(error.process_instance_key, error.expected, Access.of(request.user))
            return 409, error.message, {"revision": error.revision, "changes": write(changes)}
        case NotAccepted():
            return 409, error.message, {"warnings": warnings_json(error.warnings)}
        case Differs():
            more = {"differences": write(error.differences), "confirmation": error.confirmation}
            return 409, error.message, more
        case Conflict() | ElementFailure() | BpmnError():
            return 409, str(error), {}
        case ApprovalNeeded():
            policy = {"key": str(error.policy.id), "name": error.policy.name}
            return 403, error.message, {"right": str(error.right), "policy": policy}
        case Forbidden():
            return 403, error.message, {"right": str(error.right)}
    return None


def _malformed(error: Exception) -> Facts:
    """What is wrong with the request itself; anything else is a defect of the server."""
    match error:
        case OperationalError():
            return 503, f"The database cannot answer now, try again: {_first_line(error)}", {}
        case DataError() | psycopg.DataError():
            return 400, f"A value is too long, too large or not storable: {_first_line(error)}", {}
        case Http404():
            return 404, "There is nothing at this address.", {}
        case RequestDataTooBig():
            return 413, f"Expected a body of at most {MAX_BODY_BYTES} bytes, found more.", {}
        case SuspiciousOperation():
            return 400, f"The request cannot be read: {error}", {}
        case exceptions.APIException():
            return error.status_code, "; ".join(_told(error.detail)), {}
    return 500, f"The server failed: {type(error).__name__}. It is in the log.", {}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _told(detail: Any) -> list[str]:
    if isinstance(detail, Mapping):
        return [f"'{name}': {text}" for name, inner in detail.items() for text in _told(inner)]
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return [text for inner in detail for text in _told(inner)]
    return [str(detail)]
