"""Files of refusals."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.domain.opt_out_file_state import OptOutFileState


class OptOutFile(models.Model):
    """Many refusals in one file: in force row by row, for nobody needs to sign a "no".

    `last_row` is how far it has been carried out: a worker that takes over goes on from there. The
    same file again is the same row here. `entries` are do-not-call entries, of `people` and of
    numbers, each once however often the file names them; `rows_repeated` named nobody new.
    """

    file_name = models.CharField(_("file"), max_length=200)
    path = models.CharField(max_length=300)
    sha256 = models.CharField(_("fingerprint"), max_length=64, unique=True)
    via = models.CharField(_("said via"), max_length=20)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in OptOutFileState],
        default=OptOutFileState.UPLOADED.value,
    )
    last_row = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_rejected = models.PositiveIntegerField(_("rejected rows"), default=0)
    rows_repeated = models.PositiveIntegerField(_("repeated rows"), default=0)
    entries = models.PositiveIntegerField(_("entries"), default=0)
    people = models.PositiveIntegerField(_("people"), default=0)
    error = models.TextField(_("error"), blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("imported by"), on_delete=models.PROTECT
    )
    created_at = models.DateTimeField(_("uploaded"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("file of refusals")
        verbose_name_plural = _("files of refusals")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in OptOutFileState]),
                name="opt_out_file_state_known",
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def numbers(self) -> int:
        """How many numbers are among the entries."""
        return self.entries - self.people


class OptOutRejection(models.Model):
    """A row that could not be carried out. What it held is in the file alone."""

    file = models.ForeignKey(OptOutFile, on_delete=models.CASCADE, related_name="rejected")
    row = models.PositiveIntegerField(_("row"))
    reason = models.CharField(_("reason"), max_length=40)

    class Meta:
        verbose_name = _("rejected refusal")
        verbose_name_plural = _("rejected refusals")
        ordering = ["row"]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"
