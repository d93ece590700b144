"""The addresses of the screens."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("console.urls_inbox")),
    path("", include("console.urls_results")),
]
