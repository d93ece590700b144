"""The addresses of rule packs, calendars, what-ifs and the kill switch."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import calendars, kill_switch, pack_editor, pack_rehearsal, packs, what_if

_VERSION = "compliance/packs/versions/<int:version_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/packs/", packs.packs, name="packs"),
    path("compliance/packs/new/", pack_editor.new, name="pack-new"),
    path(_VERSION, packs.version_page, name="pack-version"),
    path(f"{_VERSION}head/", pack_editor.head, name="pack-head"),
    path(f"{_VERSION}source/", pack_editor.source, name="pack-source"),
    path(f"{_VERSION}rules/<str:rule_id>/", pack_editor.rule, name="pack-rule"),
    path(f"{_VERSION}rehearse/", pack_rehearsal.rehearse, name="pack-rehearse"),
    path(f"{_VERSION}<slug:name>/", packs.step, name="pack-step"),
    path("compliance/calendars/", calendars.index, name="calendars"),
    path("compliance/calendars/preview/", calendars.preview, name="calendar-preview"),
    path("compliance/calendars/<int:year_id>/", calendars.year_page, name="calendar-year"),
    path("compliance/calendars/<int:year_id>/<slug:name>/", calendars.step, name="calendar-step"),
    path("compliance/what-if/", what_if.what_ifs, name="what-ifs"),
    path("compliance/what-if/<int:what_if_id>/", what_if.what_if, name="what-if"),
    path("compliance/what-if/<int:what_if_id>/state/", what_if.state, name="what-if-state"),
    path("compliance/switch/", kill_switch.switch, name="switch"),
    path("compliance/switch/throw/", kill_switch.throw, name="switch-throw"),
    path("compliance/switch/<int:switch_id>/release/", kill_switch.release, name="switch-release"),
]
