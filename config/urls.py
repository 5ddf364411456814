"""Addresses: the two API dialects, Fettle's own API, and the back office at the root."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("engine-rest/", include("operate.api.engine_rest.urls")),
    path("v2/", include("operate.api.v2.urls")),
    path("api/", include("operate.api.urls")),
    path("", admin.site.urls),
]
