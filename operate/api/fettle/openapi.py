"""The OpenAPI document of Fettle's own API."""

from __future__ import annotations

from operate.api.documenting import Document
from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import PREFIX


class OpenApiDocument(Document, FettleView):
    """The OpenAPI document of this API."""

    prefix = PREFIX
    title = "Fettle: own API"
    about = "What neither Camunda API has, below `/api`: plans, what a command would do, and doing it."
