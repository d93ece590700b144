"""The append-only record and its seals."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """One thing that happened. Partitioned by `at`; inserted, never changed.

    `content_hash` is the SHA-256 of the entry's canonical JSON; `transaction` is PostgreSQL's
    transaction id, by which the sealer knows what can no longer appear behind it.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=120)
    payload = models.JSONField()
    content_hash = models.CharField(max_length=64)
    transaction = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "audit_entry"
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Seal(models.Model):
    """A batch of entries in its final order, chained to the batch before it.

    `root` is the SHA-256 over the batch's content hashes in order of id, `hash` the SHA-256 over
    `previous`, `root`, `below_transaction`, `first_id`, `last_id` and `count`, from version 2 on
    over `version` and `at` as well: it cannot be moved in time. A seal covers the transactions from
    the last seal's `below_transaction` up to, not including, its own.
    """

    previous = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    below_transaction = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.PositiveIntegerField()
    at = models.DateTimeField()
    version = models.PositiveSmallIntegerField(db_default=1)

    class Meta:
        # exporting: the seal that covers an entry
        indexes = [models.Index(fields=["below_transaction"], name="seal_by_transaction")]

    def __str__(self) -> str:
        return f"{self.first_id}-{self.last_id}"
