"""The forms of one case, each a step. What is wrong is said at its field; what was typed stays."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from compliance import case_wording
from compliance.domain.case_state import Cause
from compliance.models import LegalHold

_REASON = gettext_lazy("Give a reason.")


class CaseForm(forms.Form):
    """`step` names it in the page and in the ids of its fields, for a page has several."""

    step: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{self.step}-%s")
        super().__init__(*args, **kwargs)


class AssignForm(CaseForm):
    """Who handles it."""

    step = "assign"
    handler = forms.TypedChoiceField(
        label=gettext_lazy("Handler"),
        coerce=int,
        error_messages={"required": gettext_lazy("Choose who handles it.")},
    )

    def __init__(
        self, *args: Any, handlers: Collection[User], barred: Collection[int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["handler"]
        field.choices = [("", _("Choose")), *_people(handlers)]  # type: ignore[attr-defined]
        wanted = str(self.data.get("handler", ""))
        field.error_messages["invalid_choice"] = (
            str(case_wording.REFUSALS["complained_of"])
            if wanted in {str(pk) for pk in barred}
            else _("This person cannot handle it: another branch's, or no longer here.")
        )


class ExtendForm(CaseForm):
    """Why the answer takes longer."""

    step = "extend"
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("First to 30 days, then to 60. Tell the complainant."),
        error_messages={"required": _REASON},
    )


class ReopenForm(CaseForm):
    """Why it goes on."""

    step = "reopen"
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500, error_messages={"required": _REASON}
    )


class AnswerForm(CaseForm):
    """What the complainant is told."""

    step = "answer"
    text = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=8000,
        widget=forms.Textarea,
        error_messages={"required": gettext_lazy("Write the answer.")},
    )


class CloseForm(CaseForm):
    """The cause, and whom it goes to."""

    step = "close"
    cause = forms.ChoiceField(
        label=gettext_lazy("Cause"),
        choices=[
            ("", gettext_lazy("Choose")),
            *((cause.value, case_wording.CAUSES[cause]) for cause in Cause),
        ],
        error_messages={
            "required": gettext_lazy("Choose the cause."),
            "invalid_choice": gettext_lazy("Choose the cause."),
        },
    )
    upheld = forms.ChoiceField(
        label=gettext_lazy("Was the complaint justified?"),
        choices=[("yes", gettext_lazy("justified")), ("no", gettext_lazy("not justified"))],
        error_messages={"required": gettext_lazy("Say whether it was justified.")},
    )
    owner = forms.TypedChoiceField(
        label=gettext_lazy("Goes to"), coerce=int, required=False, empty_value=None
    )
    note = forms.CharField(
        label=gettext_lazy("What they should know"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("No names, no numbers: the owner does not see who complained."),
    )

    def __init__(
        self, *args: Any, owners: Collection[User], barred: Collection[int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [  # type: ignore[attr-defined]
            ("", _("nobody")),
            *(
                (pk, f"{name} ({_('of this call')})" if pk in barred else name)
                for pk, name in _people(owners)
            ),
        ]


class HoldForm(CaseForm):
    """Why everything about the person is kept."""

    step = "hold"
    reason = forms.CharField(
        label=gettext_lazy("Reason of the hold"),
        max_length=200,
        error_messages={"required": _REASON},
    )


class ReleaseForm(CaseForm):
    """Which hold ends, and why."""

    step = "release"
    release = forms.ModelChoiceField(queryset=LegalHold.objects.none(), widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why released"), max_length=200, error_messages={"required": _REASON}
    )

    def __init__(self, *args: Any, case_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["release"].queryset = LegalHold.objects.filter(case_id=case_id)  # type: ignore[attr-defined]


class RemedyForm(CaseForm):
    """What the owner of a cause did about it."""

    step = "remedy"
    text = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say what was done.")},
    )


def _people(users: Collection[User]) -> list[tuple[int, str]]:
    return [(user.pk, user.get_full_name()) for user in users]
