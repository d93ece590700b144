"""The addresses of the results screens."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import results

urlpatterns: list[URLPattern | URLResolver] = [
    path("results/", results.results, name="results"),
    path("results/<int:campaign_id>/", results.campaign_results, name="campaign-results"),
]
