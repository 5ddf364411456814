"""The OpenAPI document of this dialect."""

from __future__ import annotations

from operate.api.documenting import Document
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.schema import PREFIX


class OpenApiDocument(Document, EngineRestView):
    """The OpenAPI document of this dialect."""

    prefix = PREFIX
    title = "Fettle: Camunda 7 REST API"
    about = "The part of Camunda 7's REST API that this release speaks, below `/engine-rest`."
