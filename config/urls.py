"""Addresses: the two API dialects, Fettle's own API, and the back office at the root."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from operate.language import set_language

urlpatterns = [
    path("engine-rest/", include("operate.api.engine_rest.urls")),
    path("v2/", include("operate.api.v2.urls")),
    path("api/", include("operate.api.urls")),
    path("language/", set_language, name="set_language"),
    path("", admin.site.urls),
]

handler500 = "operate.failures.server_error"
