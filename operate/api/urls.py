"""Fettle's own API, below `/api/`: what neither dialect has."""

from django.urls import include, path, re_path

from operate.api.fettle.base import NoSuchAddress
from operate.api.tokens import Index, TokenView

urlpatterns = [
    path("", Index.as_view()),
    path("token", TokenView.as_view()),
    path("", include("operate.api.fettle.urls")),
    re_path("", NoSuchAddress.as_view()),
]
