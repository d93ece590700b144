"""The upload of a table: CSV, XLSX or a plain list, known by its name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

SUFFIXES = (".csv", ".txt", ".xlsx")


class TableField(forms.FileField):
    """By its name a table; what it holds is looked at when it is read."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.FileInput(attrs={"accept": ",".join(SUFFIXES)})
        super().__init__(widget=widget, validators=[_is_table], **kwargs)


def _is_table(file: UploadedFile[Any]) -> None:
    if not (file.name or "").lower().endswith(SUFFIXES):
        raise forms.ValidationError(_("This is neither a CSV nor an XLSX file."))
