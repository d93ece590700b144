"""The two append-only books: what happened (caps count it) and what was decided.

Both are partitioned by month on `at` (migration 0001), keyed (id, at), and referred to by id.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Contact(models.Model):
    """One contact with a customer, on any channel. Kinds: domain.facts.ContactKind."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=12)
    customer_id = models.BigIntegerField(null=True)
    number_id = models.BigIntegerField(null=True)
    household = models.CharField(max_length=40, default="")
    product_id = models.BigIntegerField(null=True)
    product_family = models.CharField(_("product family"), max_length=40, default="")
    campaign_id = models.BigIntegerField(null=True)
    branch_id = models.BigIntegerField(null=True)
    caller_id_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("caller"), max_length=8)
    purpose = models.CharField(_("purpose"), max_length=12)
    channel = models.CharField(_("channel"), max_length=12, default="voice")
    outcome = models.CharField(_("outcome"), max_length=30, default="")
    attempt_id = models.UUIDField(null=True)

    class Meta:
        managed = False
        db_table = "compliance_contact"
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%F %T}"


class Decision(models.Model):
    """One answer of the gate, allow or block, with the facts it was made from (it replays)."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("at"))
    verdict = models.CharField(_("verdict"), max_length=16)
    codes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=40), verbose_name=_("reasons")
    )
    customer_id = models.BigIntegerField(null=True)
    number_id = models.BigIntegerField(null=True)
    campaign_id = models.BigIntegerField(null=True)
    lead_id = models.BigIntegerField(null=True)
    attempt_id = models.UUIDField(null=True)
    purpose = models.CharField(_("purpose"), max_length=12)
    actor = models.CharField(_("caller"), max_length=8)
    earliest_next = models.DateTimeField(_("earliest next"), null=True)
    packs: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=80))
    intent = models.JSONField(_("intent"))
    facts = models.JSONField(_("facts"))
    decision = models.JSONField(_("decision"))
    inputs_hash = models.CharField(_("fingerprint of the inputs"), max_length=64)

    class Meta:
        managed = False
        db_table = "compliance_decision"
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")

    def __str__(self) -> str:
        return f"{self.verdict} {self.at:%F %T}"
