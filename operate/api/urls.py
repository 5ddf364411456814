"""Fettle's own API, below `/api/`: what neither dialect has."""

from django.urls import path

from operate.api.tokens import Index, TokenView

urlpatterns = [path("", Index.as_view()), path("token", TokenView.as_view())]
