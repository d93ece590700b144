"""What was recorded of a call."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dialer.domain.recording_state import RecordingState
from dialer.models.call import Call


class Recording(models.Model):
    """One recording of a call; the sound lies under MEDIA_ROOT/recordings by its hash.

    `tries` counts how often it was fetched in vain, `tried_at` (real time) when last. `left_at`:
    since when the carrier no longer has it.
    """

    call = models.ForeignKey(
        Call, models.PROTECT, related_name="recordings", verbose_name=_("call")
    )
    sid = models.CharField(_("SID"), max_length=34, unique=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(state.value, _(state.value)) for state in RecordingState],
        default=RecordingState.ANNOUNCED.value,
    )
    seconds = models.PositiveIntegerField(_("seconds"), default=0)
    channels = models.PositiveSmallIntegerField(_("channels"), default=1)
    announced_at = models.DateTimeField(_("announced"))
    kept_at = models.DateTimeField(_("kept since"), null=True, blank=True)
    sha256 = models.CharField(_("content hash"), max_length=64, blank=True)
    size = models.PositiveIntegerField(_("bytes"), default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in RecordingState]),
                name="recording_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=RecordingState.KEPT.value) | ~models.Q(sha256=""),
                name="recording_kept_has_hash",
            ),
        ]
        indexes = [
            # what is still to be fetched; they are few
            models.Index(
                fields=["tried_at"],
                condition=models.Q(state=RecordingState.ANNOUNCED.value),
                name="recording_to_fetch",
            ),
            # those whose term may be over
            models.Index(
                fields=["announced_at"],
                condition=models.Q(state=RecordingState.KEPT.value),
                name="recording_kept_since",
            ),
            # one file may be two calls' (silence of the same length): erasing looks for others
            models.Index(fields=["sha256"], name="recording_by_hash"),
        ]

    def __str__(self) -> str:
        return self.sid
