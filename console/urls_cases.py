"""The addresses of complaints' cases, of what they teach, and of the pressure view."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import case, case_opening, case_steps, cases, pressure

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/cases/", cases.index, name="cases"),
    path("compliance/cases/new/", case_opening.new, name="case-new"),
    path("compliance/cases/<int:case_id>/", case.case, name="case"),
    path("compliance/cases/<int:case_id>/file.json", case.export, name="case-export"),
    path("compliance/cases/<int:case_id>/file/", case.statement, name="case-statement"),
    path(
        "compliance/cases/<int:case_id>/recordings/<int:recording_id>/",
        case.recording,
        name="case-recording",
    ),
    path("compliance/cases/<int:case_id>/answer/", case_steps.answer, name="case-answer"),
    path("compliance/cases/<int:case_id>/hold/", case_steps.hold, name="case-hold"),
    path("compliance/cases/<int:case_id>/steps/<slug:name>/", case_steps.step, name="case-step"),
    path("compliance/pressure/", pressure.pressure, name="pressure"),
    path("compliance/findings/", case.findings, name="findings"),
    path("compliance/findings/<int:case_id>/", case_steps.remedy, name="finding-remedy"),
]
