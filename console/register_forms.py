"""The forms of registers: a new one, and a file for one. Both say what being on the list means."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clock.reading import now as clock_now
from compliance import wording
from compliance.domain.registers import ImportMode, RegisterKind, RegisterTerms
from compliance.models import Product, Register
from console.table_fields import TableField

KINDS: dict[str, Any] = {
    RegisterKind.NO_CALL: gettext_lazy("Nobody on it is called"),
    RegisterKind.OWNERSHIP: gettext_lazy("Numbers that changed hands"),
}
MODES: dict[str, Any] = {
    ImportMode.REPLACE: gettext_lazy("The whole list as it now is"),
    ImportMode.ADD: gettext_lazy("Further entries"),
    ImportMode.RETIRE: gettext_lazy("Out of use"),
}
PURPOSES: dict[str, Any] = {
    "": gettext_lazy("every purpose"),
    "marketing": gettext_lazy("marketing alone"),
    "callback": gettext_lazy("callbacks alone"),
    "care": gettext_lazy("care calls alone"),
}


class _TermsForm(forms.Form):
    """What an entry means. The bounds are those of `RegisterTerms`."""

    max_age_days = forms.IntegerField(
        label=gettext_lazy("Days it stays fresh"),
        min_value=0,
        max_value=366,
        initial=31,
        help_text=gettext_lazy("Older than this, it stops all calls. A pack may set less."),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Which calls"), choices=list(PURPOSES.items()), required=False
    )
    product_family = forms.ChoiceField(label=gettext_lazy("Family of products"), required=False)
    entries_last_days = forms.IntegerField(
        label=gettext_lazy("Days an entry holds"),
        min_value=1,
        max_value=3660,
        required=False,
        widget=forms.NumberInput(attrs={"placeholder": gettext_lazy("for ever")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # the family in force stays a choice when no product is of it any more
        families = {*Product.objects.values_list("family", flat=True), self._family()} - {""}
        self.fields["product_family"].choices = [  # type: ignore[attr-defined]
            ("", _("every family")),
            *((one, wording.label(wording.FAMILIES, one)) for one in sorted(families)),
        ]

    def _family(self) -> str:
        return str(self.initial.get("product_family", ""))

    @property
    def terms(self) -> RegisterTerms:
        """The terms that were typed."""
        data = self.cleaned_data
        return RegisterTerms(
            max_age_days=data["max_age_days"],
            purpose=data["purpose"],
            product_family=data["product_family"],
            entries_last_days=data["entries_last_days"],
        )


class DefineForm(_TermsForm):
    """A new register."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "placeholder": gettext_lazy("For example: no-call list of the banking association")
            }
        ),
    )
    name = forms.RegexField(
        r"^[a-z][a-z0-9_]*$",
        label=gettext_lazy("Short name"),
        max_length=30,
        help_text=gettext_lazy("Packs and reasons name it so: small letters, digits, underscores."),
        error_messages={
            "invalid": gettext_lazy("Begin with a small letter; then letters, digits, underscores.")
        },
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "industry"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What it means"),
        choices=list(KINDS.items()),
        error_messages={
            "required": gettext_lazy("Please choose what kind of register it is."),
            "invalid_choice": gettext_lazy("Please choose what kind of register it is."),
        },
    )
    field_order = ["title", "name", "kind"]

    def clean_name(self) -> str:
        """A name that no register has."""
        name = str(self.cleaned_data["name"])
        if Register.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is a register of this name already."))
        return name


class UploadForm(_TermsForm):
    """A file of a register: what it is, when it was drawn, and what its entries mean."""

    mode = forms.ChoiceField(
        label=gettext_lazy("What is it?"),
        error_messages={
            "required": gettext_lazy("Please choose what the file is."),
            "invalid_choice": gettext_lazy("Please choose what the file is."),
        },
    )
    file = TableField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy(
            "CSV, XLSX or a plain list of numbers in any spelling. Columns: number, customer id, "
            "since, until."
        ),
    )
    drawn_at = forms.DateTimeField(
        label=gettext_lazy("When was the list drawn?"),
        help_text=gettext_lazy("Its age counts from then, not from today."),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        error_messages={
            "required": gettext_lazy("Please say when the list was drawn."),
            "invalid": gettext_lazy("Please say when the list was drawn: day and time."),
        },
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, register: Register, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "mode": ImportMode.REPLACE.value,
                "max_age_days": register.max_age_days,
                "purpose": register.purpose,
                "product_family": register.product_family,
                "entries_last_days": register.entries_last_days,
            },
        )
        super().__init__(*args, **kwargs)
        modes: Collection[str] = MODES if register.active else (ImportMode.REPLACE,)
        self.fields["mode"].choices = [(mode, MODES[mode]) for mode in modes]  # type: ignore[attr-defined]
        most = f"{localtime(clock_now()):%Y-%m-%dT%H:%M}"
        self.fields["drawn_at"].widget.attrs["max"] = most

    def clean_drawn_at(self) -> datetime:
        """Not in the future."""
        at: datetime = self.cleaned_data["drawn_at"]
        if at > clock_now():
            raise forms.ValidationError(_("The list cannot have been drawn in the future."))
        return at

    def clean(self) -> dict[str, Any]:
        """There must be a file, unless the register goes out of use."""
        data = self.cleaned_data
        needed = data.get("mode") not in (None, ImportMode.RETIRE)
        if needed and "file" not in self.errors and data.get("file") is None:
            self.add_error("file", _("Please choose a file."))
        return data
