"""Why a step of a campaign or a list was refused: a code for machines, a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `field` names the campaign's field, "" when it is none of them."""

    code: str
    field: str
    text: str


class StepRefused(Exception):
    """The step cannot be taken now; `sentence` says why, in the language of whoever asked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


class NotReady(StepRefused):
    """The campaign's own definition does not hold; `problems` says what."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("not_ready", " ".join(problem.text for problem in problems))
        self.problems = tuple(problems)


class WrongState(StepRefused):
    """Somebody was faster, or the step does not follow from where things stand."""

    def __init__(self, state: str) -> None:
        super().__init__("wrong_state", _("This step is not possible in its present state."))
        self.state = state


class NotYourBranch(StepRefused):
    """Only the manager of the list's own branch decides about it."""

    def __init__(self) -> None:
        super().__init__("not_your_branch", _("Only this branch's own manager can decide here."))


class ReasonMissing(StepRefused):
    """Returning a list, and taking customers out, need a reason."""

    def __init__(self) -> None:
        super().__init__("reason_missing", _("Please give a reason."))


class ListChanged(StepRefused):
    """What would be signed is not what was shown."""

    def __init__(self) -> None:
        super().__init__(
            "list_changed", _("The list has changed since you opened it. Please look at it again.")
        )
