"""Customers, their numbers, and the files they came in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch
from audiences.domain.import_state import ImportState
from audiences.domain.ownership import Ownership


class Customer(models.Model):
    """A customer of the bank, known by the bank's own id.

    `household` is an opaque key shared by those who live together ("" = alone); caps count it.
    `time_zone` "" = not known: rules take every clock that is kept in the region.
    `sandbox` marks sample data: the gate refuses such a customer on any carrier but the sandbox's.
    `merged_into`: the record of the same person that is kept; this one is never called.
    """

    bank_id = models.CharField(_("customer id"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    gender = models.CharField(_("gender"), max_length=1, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    segment = models.CharField(_("segment"), max_length=20, default="retail")
    branch = models.ForeignKey(Branch, verbose_name=_("branch"), on_delete=models.PROTECT)
    region = models.CharField(_("region of residence"), max_length=6, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", blank=True)
    risk_tolerance = models.PositiveSmallIntegerField(_("risk tolerance"), null=True, blank=True)
    risk_assessed_on = models.DateField(_("risk assessed on"), null=True, blank=True)
    household = models.CharField(_("household"), max_length=40, blank=True)
    vulnerable = models.BooleanField(_("vulnerable"), default=False)
    deceased = models.BooleanField(_("deceased"), default=False)
    no_profiling = models.BooleanField(_("no profiling"), default=False)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    sandbox = models.BooleanField(_("sample data"), default=False)
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        on_delete=models.PROTECT,
    )
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    numbers: models.ManyToManyField[Number, CustomerNumber] = models.ManyToManyField(
        "Number", through="CustomerNumber", related_name="customers"
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(risk_tolerance__isnull=True)
                | models.Q(risk_tolerance__range=(1, 5)),
                name="customer_risk_tolerance_c1_c5",
            )
        ]
        indexes = [
            # screening: the customers of one branch
            models.Index(fields=["branch"], name="customer_by_branch"),
            # the facts statement: who shares a household
            models.Index(
                fields=["household"], condition=~models.Q(household=""), name="customer_household"
            ),
            # the facts statement: who was merged into a customer
            models.Index(
                fields=["merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="customer_merged",
            ),
        ]

    def __str__(self) -> str:
        return self.bank_id


class Number(models.Model):
    """A telephone number in E.164, shared by all who can be reached on it.

    `in_use_since`, `ownership`: what a register of reassigned numbers answered.
    """

    e164 = models.CharField(_("number"), max_length=16, unique=True)
    kind = models.CharField(_("kind"), max_length=20)
    region = models.CharField(_("region"), max_length=6, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", blank=True)
    valid = models.BooleanField(_("valid"), default=True)
    invalid_reason = models.CharField(_("why invalid"), max_length=40, blank=True)
    in_use_since = models.DateTimeField(_("its owner has it since"), null=True, blank=True)
    ownership = models.CharField(
        _("still the same person's"),
        max_length=8,
        blank=True,
        default="",
        db_default="",
        choices=[(o.value, _(o.name.title())) for o in Ownership if o],
    )
    ownership_asked_at = models.DateTimeField(_("asked"), null=True, blank=True)

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ownership__in=[o.value for o in Ownership]),
                name="number_ownership_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.e164[:-8]}****{self.e164[-4:]}"


class CustomerNumber(models.Model):
    """That a customer can be reached on a number; the lowest `priority` is tried first."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    number = models.ForeignKey(Number, on_delete=models.PROTECT)
    priority = models.PositiveSmallIntegerField(_("priority"), default=1)

    class Meta:
        verbose_name = _("customer's number")
        verbose_name_plural = _("customers' numbers")
        constraints = [
            models.UniqueConstraint(fields=["customer", "number"], name="customer_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}:{self.number_id}"


class ImportBatch(models.Model):
    """One customer file and what became of its rows."""

    file_name = models.CharField(_("file"), max_length=200)
    path = models.CharField(max_length=300)
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    size = models.BigIntegerField(_("bytes"), default=0)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(s.value, _(s.name.title())) for s in ImportState],
        default=ImportState.UPLOADED.value,
    )
    mapping = models.JSONField(_("columns"), default=dict, blank=True)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0)
    rows_created = models.PositiveIntegerField(_("new customers"), default=0)
    rows_updated = models.PositiveIntegerField(_("changed customers"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("unchanged customers"), default=0)
    rows_rejected = models.PositiveIntegerField(_("rejected rows"), default=0)
    error = models.TextField(_("error"), blank=True)
    sandbox = models.BooleanField(_("sample data"), default=False)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("imported by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    created_at = models.DateTimeField(_("uploaded"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[s.value for s in ImportState]),
                name="import_state_known",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class RejectedRow(models.Model):
    """A row that was not imported, and why."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rejected")
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=60, blank=True)
    reason = models.CharField(_("reason"), max_length=40)
    value = models.CharField(_("value"), max_length=120, blank=True)
    #: the row was imported without this number
    imported = models.BooleanField(_("imported without it"), default=False)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["row"]

    def __str__(self) -> str:
        return f"{self.row}: {self.reason}"


class BatchMember(models.Model):
    """That a file held a customer: the audience "this import" is these rows.

    Ids without foreign keys: a million rows a file, checked by the statement that writes them.
    """

    pk = models.CompositePrimaryKey("batch_id", "customer_id")
    batch_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.customer_id}"


class Segment(models.Model):
    """A saved filter over customers (a validated document, compiled to one query)."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    filter = models.JSONField(_("filter"), default=dict)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name
