"""Rule packs and their immutable versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.domain.pack import Layer
from compliance.domain.pack_state import PackState


class Pack(models.Model):
    """A named rule pack; `layer` is its place in the stack."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)
    layer = models.CharField(
        _("layer"), max_length=10, choices=[(layer.value, _(layer.name.title())) for layer in Layer]
    )

    class Meta:
        verbose_name = _("rule pack")
        verbose_name_plural = _("rule packs")

    def __str__(self) -> str:
        return self.code


class PackVersion(models.Model):
    """One version: document and hash, effective in [effective_from, effective_to).

    From its submission on, the database itself refuses to change its content; it is never deleted.
    """

    pack = models.ForeignKey(
        Pack, verbose_name=_("rule pack"), on_delete=models.PROTECT, related_name="versions"
    )
    version = models.CharField(_("version"), max_length=20)
    document = models.JSONField(_("document"))
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in PackState],
        default=PackState.DRAFT.value,
    )
    effective_from = models.DateTimeField(_("in force from"))
    effective_to = models.DateTimeField(_("in force until"), null=True, blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("made by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pack_versions_made",
    )
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pack_versions_signed",
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("rule pack version")
        verbose_name_plural = _("rule pack versions")
        constraints = [
            models.UniqueConstraint(fields=["pack", "version"], name="pack_version_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in PackState]),
                name="pack_version_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(checker__isnull=True) | ~models.Q(checker=models.F("maker")),
                name="pack_version_maker_is_not_checker",
            ),
            models.CheckConstraint(
                condition=models.Q(effective_to__isnull=True)
                | models.Q(effective_to__gt=models.F("effective_from")),
                name="pack_version_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack.code}@{self.version}"
