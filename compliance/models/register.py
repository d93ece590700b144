"""Lists that others keep (no-call lists, reassigned numbers), their imports and their entries."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from audiences.domain.ownership import Ownership
from compliance.domain.registers import OPEN, ImportMode, RegisterImportState, RegisterKind


class Register(models.Model):
    """A list in use. Older than `max_age_days`, a no-call list stops all calls.

    The columns from `max_age_days` to `entries_last_days` are the terms of the import that was
    signed last; `imported_at` is the day on which its last whole list was drawn.
    """

    name = models.CharField(
        _("name"),
        max_length=30,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")],
    )
    title = models.CharField(_("title"), max_length=100, blank=True)
    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=[(k.value, _(k.name.title())) for k in RegisterKind],
        default=RegisterKind.NO_CALL.value,
    )
    max_age_days = models.PositiveSmallIntegerField(_("days it stays fresh"), default=31)
    channel = models.CharField(_("channel"), max_length=12, default="voice", blank=True)
    purpose = models.CharField(_("purpose"), max_length=12, blank=True)
    product_family = models.CharField(_("product family"), max_length=40, blank=True)
    entries_last_days = models.PositiveSmallIntegerField(
        _("days an entry holds"), null=True, blank=True
    )
    imported_at = models.DateTimeField(_("drawn"), null=True, blank=True)
    sha256 = models.CharField(_("fingerprint"), max_length=64, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[k.value for k in RegisterKind]),
                name="register_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.title or self.name


class RegisterImport(models.Model):
    """One file of a register, from its upload to the second signature and beyond.

    `last_row` is how far it has been read: a worker that takes over goes on from there.
    `settled_entry` likewise for the pass that ends calls under way (settled_at: it is done).
    """

    register = models.ForeignKey(
        Register, verbose_name=_("register"), on_delete=models.PROTECT, related_name="imports"
    )
    mode = models.CharField(
        _("what it is"), max_length=8, choices=[(m.value, _(m.name.title())) for m in ImportMode]
    )
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    path = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(_("fingerprint"), max_length=64, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    drawn_at = models.DateTimeField(_("drawn"))
    terms = models.JSONField(_("terms"), default=dict)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in RegisterImportState],
        default=RegisterImportState.UPLOADED.value,
    )
    last_row = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_rejected = models.PositiveIntegerField(_("rejected rows"), default=0)
    entries = models.PositiveIntegerField(_("entries"), default=0)
    #: compared with what was in force when it had been read, and with whom we know
    added = models.PositiveIntegerField(_("new entries"), default=0)
    gone = models.PositiveIntegerField(_("entries that fall away"), default=0)
    known_numbers = models.PositiveIntegerField(_("numbers of ours"), default=0)
    known_customers = models.PositiveIntegerField(_("customers of ours"), default=0)
    error = models.TextField(_("error"), blank=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("submitted by"),
        on_delete=models.PROTECT,
        related_name="register_imports",
    )
    created_at = models.DateTimeField(_("uploaded"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    in_force_at = models.DateTimeField(_("in force"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    settled_entry = models.BigIntegerField(default=0)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("register import")
        verbose_name_plural = _("register imports")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in RegisterImportState]),
                name="register_import_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(mode__in=[m.value for m in ImportMode]),
                name="register_import_mode_known",
            ),
            models.UniqueConstraint(
                fields=["register"],
                condition=models.Q(state__in=sorted(s.value for s in OPEN)),
                name="register_one_open_import",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.drawn_at:%F}"


class RegisterEntry(models.Model):
    """One key of an import: "+86…" (E.164) or "c:" and the bank's own customer id.

    Kept by key and not by our own rows: a register holds strangers, who must not be called either
    once their number comes to us. Ids without foreign keys: a million rows a file, checked by the
    statement that writes them. `since` is when the key came onto the register, over all lists; of
    a number's ownership, since when its owner has it (null = the file does not say).
    """

    batch_id = models.BigIntegerField()
    key = models.CharField(max_length=44, db_collation="C")
    since = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    answer = models.CharField(
        max_length=8, blank=True, choices=[(o.value, o.name) for o in Ownership]
    )

    class Meta:
        constraints = [
            # key first: the facts statement asks by key alone
            models.UniqueConstraint(fields=["key", "batch_id"], name="register_entry_once")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.key[:5]}…{self.key[-2:]}"


class RegisterRejection(models.Model):
    """A row in which something could not be read. What it held is in the file alone."""

    batch = models.ForeignKey(RegisterImport, on_delete=models.CASCADE, related_name="rejected")
    row = models.PositiveIntegerField(_("row"))
    reason = models.CharField(_("reason"), max_length=40)

    class Meta:
        verbose_name = _("rejected row of a register")
        verbose_name_plural = _("rejected rows of registers")
        ordering = ["row"]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"
