"""The addresses of the compliance screens."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import approvals_inbox, compliance_hub

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/", compliance_hub.hub, name="compliance"),
    path("compliance/inbox/", approvals_inbox.inbox, name="approvals-inbox"),
]
