"""The addresses of the evidence screens."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import abandonment, certificates, erasures, evidence

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/evidence/", evidence.index, name="evidence"),
    path("compliance/evidence/dossier/", evidence.call_dossier, name="evidence-dossier"),
    path("compliance/evidence/history/", evidence.history, name="evidence-history"),
    path("compliance/evidence/registers/<slug:name>/", evidence.register, name="evidence-register"),
    path("compliance/evidence/abandonment/", abandonment.report, name="evidence-abandonment"),
    path("compliance/evidence/campaigns/", certificates.index, name="certificates"),
    path(
        "compliance/evidence/campaigns/<int:campaign_id>/",
        certificates.one,
        name="certificate",
    ),
    path("compliance/evidence/erasures/", erasures.erasures, name="erasures"),
    path("compliance/evidence/erasures/<int:request_id>/", erasures.one, name="erasure"),
]
