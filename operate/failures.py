"""What people see when a page fails: a defect with its number in the log, or a database that does not answer."""

from __future__ import annotations

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from operate.actions.base import request_id_of

RETRY_AFTER_S = 15

logger = logging.getLogger("fettle")


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an exception that nobody has caught; it needs neither the database nor the session."""
    failure = sys.exc_info()[1]
    if isinstance(failure, (OperationalError, InterfaceError)):
        answer = HttpResponse(render_to_string("503.html"), status=503)
        answer["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    request_id = request_id_of(request)
    logger.error("Request '%s' has failed: %s %s", request_id, request.method, request.path)
    return HttpResponse(render_to_string("500.html", {"request_id": request_id}), status=500)
