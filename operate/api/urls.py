"""Fettle's own API, below `/api/`: what neither dialect has."""

from django.urls import path

from operate.api.tokens import TokenView

urlpatterns = [path("token", TokenView.as_view())]
