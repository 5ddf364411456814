"""What went wrong, as a problem document (RFC 7807). A refused command names its rejection code."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError, OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from operate.api.base import MAX_BODY_BYTES
from operate.workspaces import Forbidden
from workflow.engine.errors import AlreadyExists, BpmnError, Conflict, ElementFailure, NotFound, Rejected

PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
RETRY = "RESOURCE_EXHAUSTED"
"""With this title, clients try again later."""

logger = logging.getLogger(__name__)


class InvalidArgument(Exception):
    """Something in the request is malformed; `detail` names what and where."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TooLarge(Exception):
    """The request is larger than any may be."""


class Unavailable(Exception):
    """The server cannot do its work at the moment."""


class TooLate(Exception):
    """The command was not answered within the time that the client has set."""


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """The answer to any exception of a view; what is not foreseen is logged and told as a defect."""
    request = context.get("request")
    status, title, detail = _facts(error, getattr(context.get("view"), "command", None))
    if status == 500:
        logger.exception("%s failed", getattr(request, "path", "A request"), exc_info=error)
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": getattr(request, "path", None),
    }
    headers = {"WWW-Authenticate": challenge} if (challenge := getattr(error, "auth_header", None)) else None
    return Response(body, status=status, headers=headers, content_type=PROBLEM)


def _facts(error: Exception, command: str | None) -> tuple[int, str, str]:
    return _refusal(error, command) or _malformed(error)


def _refusal(error: Exception, command: str | None) -> tuple[int, str, str] | None:
    """What the engine or the policies say of a command."""
    match error:
        case NotFound():
            return 404, "NOT_FOUND", _rejection(command, "NOT_FOUND", error.message)
        case Rejected():
            return 400, "INVALID_ARGUMENT", _rejection(command, "INVALID_ARGUMENT", error.message)
        case Conflict():
            code = "ALREADY_EXISTS" if isinstance(error, AlreadyExists) else "INVALID_STATE"
            return 409, code, _rejection(command, code, error.message)
        case ElementFailure() | BpmnError():
            return 409, "INVALID_STATE", _rejection(command, "INVALID_STATE", str(error))
        case Forbidden():
            return 403, "FORBIDDEN", _rejection(command, "FORBIDDEN", error.message)
    return None


def _malformed(error: Exception) -> tuple[int, str, str]:
    """What is wrong with the request itself; anything else is a defect of the server."""
    match error:
        case InvalidArgument():
            return 400, "INVALID_ARGUMENT", error.detail
        case TooLate():
            return 504, TITLES[504], str(error)
        case Unavailable():
            return 503, TITLES[503], str(error)
        case OperationalError():
            return 503, RETRY, f"The database cannot answer now, try again: {_first_line(error)}"
        case DataError() | psycopg.DataError():
            return 400, "INVALID_ARGUMENT", f"A value is too long, too large or not storable: {_first_line(error)}"
        case Http404():
            return 404, TITLES[404], "There is nothing at this address."
        case RequestDataTooBig():
            return 413, TITLES[413], f"Expected a body of at most {MAX_BODY_BYTES} bytes, found more."
        case TooLarge():
            return 413, TITLES[413], str(error)
        case TooManyFilesSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            return 400, "INVALID_ARGUMENT", f"Expected at most {most} files, found more."
        case MultiPartParserError() | SuspiciousOperation():
            return 400, "INVALID_ARGUMENT", f"The request cannot be read: {error}"
        case exceptions.APIException():
            detail = "; ".join(_told(error.detail))
            return error.status_code, TITLES.get(error.status_code, "Bad Request"), detail
    return 500, TITLES[500], f"The server failed: {type(error).__name__}. It is in the log."


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _rejection(command: str | None, code: str, reason: str) -> str:
    return f"Command '{command}' rejected with code '{code}': {reason}" if command else reason


def _told(detail: Any) -> list[str]:
    if isinstance(detail, Mapping):
        return [f"'{name}': {text}" for name, inner in detail.items() for text in _told(inner)]
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return [text for inner in detail for text in _told(inner)]
    return [str(detail)]
