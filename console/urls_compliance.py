"""The addresses of the compliance screens."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from console.views import approvals_inbox, compliance_hub, why

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/", compliance_hub.hub, name="compliance"),
    path("compliance/inbox/", approvals_inbox.inbox, name="approvals-inbox"),
    path("compliance/why/", why.search, name="why"),
    path("compliance/why/<int:customer_id>/", why.customer, name="why-customer"),
    path(
        "compliance/why/<int:customer_id>/decisions/<int:decision_id>/",
        why.decision,
        name="why-decision",
    ),
    path("", include("console.urls_cases")),
    path("", include("console.urls_packs")),
    path("", include("console.urls_registers")),
    path("", include("console.urls_evidence")),
]
