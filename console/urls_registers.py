"""The addresses of registers, do-not-call entries and refusals that come in a file."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import opt_out_files, registers, suppressions

_LIFT = "compliance/suppressions/requests/<int:request_id>/"
_OPT_OUTS = "compliance/opt-outs/<int:file_id>/"
_FILES = "compliance/registers/files/<int:import_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("compliance/registers/", registers.index, name="registers"),
    path("compliance/registers/new/", registers.define, name="register-define"),
    path("compliance/registers/<int:register_id>/", registers.register, name="register"),
    path("compliance/registers/<int:register_id>/files/", registers.upload, name="register-upload"),
    path(_FILES, registers.register_import, name="register-import"),
    path(f"{_FILES}rejected.csv", registers.rejected, name="register-rejected"),
    path(f"{_FILES}not-ours.csv", registers.strangers, name="register-strangers"),
    path(f"{_FILES}<slug:step>/", registers.step, name="register-step"),
    path("compliance/suppressions/", suppressions.search, name="suppressions"),
    path("compliance/suppressions/<int:entry_id>/", suppressions.entry, name="suppression"),
    path("compliance/opt-outs/", opt_out_files.index, name="opt-out-files"),
    path(_OPT_OUTS, opt_out_files.file, name="opt-out-file"),
    path(f"{_OPT_OUTS}rejected.csv", opt_out_files.rejected, name="opt-out-rejected"),
    path(f"{_OPT_OUTS}<slug:name>/", opt_out_files.step, name="opt-out-file-step"),
    path(_LIFT, suppressions.unsuppression, name="unsuppression"),
    path(f"{_LIFT}<slug:step>/", suppressions.step, name="unsuppression-step"),
]
