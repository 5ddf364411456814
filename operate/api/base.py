"""What the API dialects share: who calls, on which channel, what the caller may see, and JSON that can be stored."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar, NoReturn, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.models import Channel
from operate.actions import Action
from operate.api import security_schemes  # noqa: F401  (registers them)
from operate.masking.masks import Masks
from operate.workspaces import Access, Right, visible_to
from workflow.models import Variable

KEY_LIMIT = 2**63
MAX_BODY_BYTES: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
MAX_JSON_DEPTH = 200

SomeAction = TypeVar("SomeAction", bound=Action[Any])
Rows = TypeVar("Rows", bound=QuerySet[Any])


class BodyTooLarge(APIException):
    """The body is larger than any command may be."""

    status_code = 413
    default_code = "body_too_large"


class StorableJSONParser(JSONParser):
    """JSON that the database can keep: no NaN, no infinity, no NUL character, no half surrogates, not endlessly deep.

    Each of them is refused with a ParseError that says where it stands.
    """

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        content = read_body(stream)
        try:
            text = codecs.decode(content, (parser_context or {}).get("encoding") or "utf-8")
            value = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(f"Expected JSON at most {MAX_JSON_DEPTH} levels deep, found more.") from None
        except (ValueError, LookupError) as error:
            raise ParseError(f"Expected a JSON body, found something else: {error}.") from None
        check_storable(value)
        return value


def read_body(stream: IO[bytes]) -> bytes:
    """The whole body, or BodyTooLarge before all of it is in memory."""
    content = stream.read(MAX_BODY_BYTES + 1)
    if len(content) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"Expected a body of at most {MAX_BODY_BYTES} bytes, found more.")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def check_storable(value: object, path: str = "the body") -> None:
    """Raise ParseError for what PostgreSQL cannot store in text or JSON, naming the place."""
    waiting: list[tuple[object, str, int]] = [(value, path, 0)]
    while waiting:
        found, where, depth = waiting.pop()
        if depth > MAX_JSON_DEPTH:
            raise ParseError(f"Expected JSON at most {MAX_JSON_DEPTH} levels deep, found more at {where[:200]}.")
        match found:
            case str():
                check_text(found, where)
            case float() if not math.isfinite(found):
                raise ParseError(f"Expected a finite number at {where[:200]}, found one beyond all limits.")
            case dict():
                for name, inner in found.items():
                    check_text(name, where)
                    waiting.append((inner, f"{where}.{name}" if depth < 20 else where, depth + 1))
            case list():
                waiting += [
                    (inner, f"{where}[{i}]" if depth < 20 else where, depth + 1) for i, inner in enumerate(found)
                ]


def check_text(text: str, where: str) -> None:
    """Raise ParseError for characters that PostgreSQL cannot store."""
    if "\x00" in text:
        raise ParseError(f"Expected text without NUL characters in {where[:200]}, found one.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ParseError(f"Expected Unicode text in {where[:200]}, found half of a surrogate pair.") from None


def key_of(text: object) -> int | None:
    """The key that an id in a path, query or body stands for; None if it cannot be one, so that nothing has it."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20:
        key = int(text)
        return key if 0 < key < KEY_LIMIT else None
    return None


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type


class ApiView(APIView):
    """Base of both dialects' views: reads what the user may see, and writes through actions alone."""

    channel: ClassVar[Channel]
    parser_classes = [StorableJSONParser]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in English, whatever language the caller's browser prefers: programs read it."""
        with translation.override("en"):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        for name, value in kwargs.items():
            check_text(str(value), f"'{name}' in the path")
        for name, values in request.query_params.lists():
            check_text(name, "the name of a query parameter")
            for value in values:
                check_text(value, f"query parameter '{name}'")

    @property
    def access(self) -> Access:
        """What the caller may do."""
        return Access.of(self.request.user)

    def act(self, action: type[SomeAction], **options: Any) -> SomeAction:
        """The action for this request's user, on this dialect's channel."""
        return action.of(self.request, self.channel, **options)

    def shown(self, variables: Iterable[Variable]) -> list[Variable]:
        """The variables with what is masked for the caller hidden."""
        return Masks.of(self.request.user).variables(variables)

    def visible(self, rows: Rows, right: Right = Right.VIEW) -> Rows:
        """Only the rows in workspaces where the caller holds the right."""
        return visible_to(rows, self.request.user, right)
