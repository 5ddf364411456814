"""What went wrong, in Camunda 7's error body: `{"type", "message", "code"}`.

Where that engine itself answers 500 because a command does not fit the state of what it names, this dialect answers 400:
nothing is wrong with the server.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions, status
from rest_framework.response import Response

from operate.api.base import MAX_BODY_BYTES
from operate.api.engine_rest.migration_report import instance_report, plan_report
from operate.workspaces import Forbidden
from workflow.engine.errors import (
    BpmnError,
    Conflict,
    ElementFailure,
    ModelProblems,
    NotFound,
    Problem,
    Rejected,
)
from workflow.migration import InstanceRefused, PlanRefused

INVALID = "InvalidRequestException"
ENGINE = "ProcessEngineException"
PARSE = "ParseException"
NO_CODE = 0

logger = logging.getLogger(__name__)


class Refused(Exception):
    """A refusal whose type and status Camunda 7's API fixes."""

    def __init__(self, message: str, *, type: str = INVALID, status: int = status.HTTP_400_BAD_REQUEST) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.status = status


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; what is not foreseen is logged and told as a defect."""
    answer = _answer(error, context)
    if answer is None:
        logger.exception("%s failed", getattr(context.get("request"), "path", "A request"), exc_info=error)
        answer = body(ENGINE, f"The server failed: {type(error).__name__}. It is in the log."), 500
    content, code = answer
    return Response(content, status=code, headers=_headers(error))


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def body(kind: str, message: str, **more: Any) -> dict[str, Any]:
    """The error body."""
    return {"type": kind, "message": message, "code": NO_CODE if kind == ENGINE else None, **more}


Answer = tuple[dict[str, Any], int]


def _answer(error: Exception, context: Mapping[str, Any]) -> Answer | None:
    if isinstance(error, Forbidden):
        return _forbidden(error, context), 403
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _of_engine(error) or _of_request(error)


def _of_engine(error: Exception) -> Answer | None:
    match error:
        case Refused():
            return body(error.type, error.message), error.status
        case ModelProblems():
            message = f"ENGINE-09005 Could not parse BPMN process. Errors: {error.message}"
            return body(PARSE, message, details=problem_details(error.problems)), 400
        case PlanRefused():
            report: Any = plan_report(error.reports)
            return body("MigrationPlanValidationException", error.message, validationReport=report), 400
        case InstanceRefused():
            report = instance_report(error)
            return body("MigratingProcessInstanceValidationException", error.message, validationReport=report), 400
        case NotFound():
            return body(INVALID, error.message), 404
        case Rejected():
            return body(INVALID, error.message), 400
        case Conflict() | ElementFailure() | BpmnError():
            return body(ENGINE, error.message), 400
    return None


def _of_request(error: Exception) -> Answer | None:
    match error:
        case DataError() | psycopg.DataError():
            return body(INVALID, f"A value is too long, too large or not storable: {_first_line(error)}"), 400
        case Http404():
            return body("NotFoundException", "HTTP 404 Not Found"), 404
        case RequestDataTooBig():
            return body(INVALID, f"Expected a body of at most {MAX_BODY_BYTES} bytes, found more."), 413
        case TooManyFilesSent():
            return body(INVALID, f"Expected at most {settings.DATA_UPLOAD_MAX_NUMBER_FILES} files, found more."), 400
        case MultiPartParserError() | SuspiciousOperation():
            return body(INVALID, f"The request cannot be read: {error}"), 400
    return None


def _of_framework(error: exceptions.APIException) -> Answer:
    match error:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            kind = "AuthenticationException"
        case exceptions.PermissionDenied():
            kind = "AuthorizationException"
        case exceptions.NotFound():
            kind = "NotFoundException"
        case exceptions.MethodNotAllowed():
            return body("NotAllowedException", f"HTTP 405 Method Not Allowed: {error.detail}"), 405
        case exceptions.UnsupportedMediaType():
            return body("NotSupportedException", f"HTTP 415 Unsupported Media Type: {error.detail}"), 415
        case exceptions.ValidationError():
            return body(INVALID, "; ".join(told(error.detail))), 400
        case _:
            kind = INVALID
    return body(kind, "; ".join(told(error.detail))), error.status_code


def told(detail: Any, path: str = "") -> list[str]:
    """The texts of a framework's error detail, each with the place that it is about."""
    if isinstance(detail, Mapping):
        return [text for name, inner in detail.items() for text in told(inner, _below(path, name))]
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        nested = any(isinstance(inner, Mapping) for inner in detail)
        return [text for i, inner in enumerate(detail) for text in told(inner, _below(path, i) if nested else path)]
    return [f"'{path}': {detail}" if path else str(detail)]


def _below(path: str, name: object) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _forbidden(error: Forbidden, context: Mapping[str, Any]) -> dict[str, Any]:
    request = context.get("request")
    missing = {"permissionName": str(error.right), "resourceName": "Workspace", "resourceId": error.workspace or None}
    user = getattr(request, "user", None)
    return body(
        "AuthorizationException",
        error.message,
        userId=user.get_username() if user else None,
        **missing,
        missingAuthorizations=[missing],
    )


def problem_details(problems: Sequence[Problem]) -> dict[str, Any]:
    """Problems by the file that they are in."""
    found: dict[str, Any] = {}
    for problem in problems:
        report = found.setdefault(problem.resource, {"errors": [], "warnings": []})
        report["errors"].append(
            {
                "message": problem.message,
                "line": problem.line,
                "column": 0,
                "mainElementId": problem.element_id or None,
                "elementIds": [problem.element_id] if problem.element_id else [],
            }
        )
    return found


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
