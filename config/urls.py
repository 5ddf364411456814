"""Addresses: the two API dialects, Fettle's own API, and the back office at the root."""

from __future__ import annotations

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path(prefix, include(module))
    for prefix, module in (
        ("engine-rest/", "operate.api.engine_rest.urls"),
        ("v2/", "operate.api.v2.urls"),
        ("api/", "operate.api.urls"),
    )
    if find_spec("operate.api") and find_spec(module.rpartition(".")[0]) and find_spec(module)
]
urlpatterns.append(path("", admin.site.urls))
