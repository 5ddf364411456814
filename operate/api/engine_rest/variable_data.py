"""The content of variables that are bytes or files: fetched as it is, and uploaded in a form."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from email.message import Message
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import SetVariables
from operate.api.base import MAX_BODY_BYTES, check_text
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.errors import Refused
from operate.api.engine_rest.execution import OneExecution
from operate.api.engine_rest.process_instance import ProcessInstanceScope
from operate.api.engine_rest.scope_variables import ScopeView, scopes_around
from operate.api.engine_rest.task import OneTask
from operate.api.engine_rest.values import BYTES, FILE, read_file, read_value
from operate.api.engine_rest.variable_instance import variables_of_running_scopes, with_definition
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.values import TypedValue
from workflow.models import Variable

DATA, VALUE_TYPE, JAVA_TYPE = "data", "valueType", "type"
OCTETS = "application/octet-stream"
CONTENT = OpenApiResponse(OpenApiTypes.BINARY, "The content.")
UPLOAD = {
    "type": "object",
    "properties": {
        DATA: {"type": "string", "format": "binary", "description": "The content; a file has name and media type."},
        VALUE_TYPE: {"type": "string", "enum": [BYTES, FILE], "description": "Bytes if absent."},
        JAVA_TYPE: {"type": "string", "description": "Of an object, whose content is JSON."},
    },
    "required": [DATA],
}


def content_of(row: Variable) -> HttpResponse:
    """What is in a variable of bytes, or in a file with its name; Rejected for every other variable."""
    match row.type, row.value:
        case "Bytes", str(text):
            return HttpResponse(_decoded(row, text), content_type=OCTETS)
        case "File", {"filename": str(filename), "data": str(text)}:
            kind = row.value.get("mimetype") or OCTETS
            encoding = row.value.get("encoding")
            disposition = content_disposition_header(as_attachment=True, filename=filename) or ""
            answer = HttpResponse(_decoded(row, text), headers={"Content-Disposition": disposition})
            answer["Content-Type"] = f"{kind}; charset={encoding}" if encoding else kind
            return answer
    raise Rejected(f"Value of variable with id {row.key} is not a binary value.")


def _decoded(row: Variable, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Rejected(f"Value of variable with id {row.key} is not a binary value.") from None


class VariableData(ScopeView):
    """The content of one variable of a scope."""

    parser_classes = [MultiPartParser]
    bodies = {"POST": UPLOAD}
    body_type = "multipart/form-data"
    answers: dict[str, Any] = {"GET": CONTENT}

    def get(self, request: Request, id: str, name: str) -> HttpResponse:
        """The content of a variable of type Bytes or File."""
        rows = self.variables(self.scopes(id), name=name)
        if not rows:
            raise NotFound(f"{self.noun} variable with name {name} does not exist")
        return content_of(rows[0])

    def post(self, request: Request, id: str, name: str) -> Response:
        """Set the variable to what is uploaded: bytes, a file, or an object as JSON."""
        length = request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            raise Refused(f"Expected a form of at most {MAX_BODY_BYTES} bytes, found {length}.", status=413)
        value = self._uploaded(request, name)
        self.act(SetVariables).execute(self.scopes(id)[0], {name: value}, local=self.local)
        return Response(status=204)

    def _uploaded(self, request: Request, name: str) -> object:
        part = request.FILES.get(DATA)
        content = part.read() if part is not None else str(request.POST.get(DATA, "")).encode()
        if part is None and DATA not in request.POST:
            raise Rejected(
                f"Expected a form part with name '{DATA}' and the content of the variable, but there is none."
            )
        if JAVA_TYPE in request.POST:
            return read_value({"value": _text(content), "type": "Object"}, name)
        wanted = str(request.POST.get(VALUE_TYPE) or BYTES)
        kind = wanted[:1].upper() + wanted[1:].lower()
        encoded = base64.b64encode(content).decode()
        if kind == BYTES:
            return TypedValue(encoded, BYTES)
        if kind == FILE:
            return read_file(encoded, _file_facts(part), name)
        raise Rejected(f"Expected '{VALUE_TYPE}' to be '{BYTES}' or '{FILE}', found '{wanted[:80]}'.")


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Rejected("Expected JSON as the content of an object, found bytes that are no text.") from None


def _file_facts(part: UploadedFile | None) -> dict[str, str | None]:
    """The name, media type and encoding that a form part tells."""
    if part is None:
        raise Rejected(f"Expected the form part '{DATA}' of a file to have a file name, but it has none.")
    name = str(part.name or "")
    check_text(name, "the name of a file")
    told = Message()
    told["Content-Type"] = part.content_type or OCTETS
    charset: str | bytes | None = part.charset  # Django leaves it as it came
    encoding = (
        charset.decode("ascii", "replace") if isinstance(charset, bytes) else charset or told.get_content_charset()
    )
    return {"filename": name, "mimeType": told.get_content_type(), "encoding": encoding}


class ProcessInstanceVariableData(ProcessInstanceScope, VariableData):
    """The content of one global variable."""


class ExecutionLocalVariableData(OneExecution, VariableData):
    """The content of one variable of exactly this execution."""


class TaskVariableData(OneTask, VariableData):
    """The content of one variable that a task sees."""

    local = False

    def scopes(self, id: str) -> Sequence[int]:
        return scopes_around(self.task(id).element_instance_key)


class TaskLocalVariableData(OneTask, VariableData):
    """The content of one variable of exactly this task."""

    def scopes(self, id: str) -> Sequence[int]:
        return [self.task(id).element_instance_key]


class VariableInstanceData(EngineRestView):
    """The content of one variable of a running scope."""

    answers = {"GET": CONTENT}

    def get(self, request: Request, id: str) -> HttpResponse:
        rows = self.visible(variables_of_running_scopes())
        [row] = self.shown([self.one(rows, id, f"Variable instance with Id '{id}' does not exist.")])
        return content_of(row)


class HistoricVariableInstanceData(EngineRestView):
    """The content of one variable, with its last value."""

    answers = {"GET": CONTENT}

    def get(self, request: Request, id: str) -> HttpResponse:
        rows = self.visible(with_definition(Variable.objects.all()))
        [row] = self.shown([self.one(rows, id, f"Variable instance with id '{id}' does not exist")])
        return content_of(row)
