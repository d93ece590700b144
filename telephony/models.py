"""Webhooks as they arrived, each stored once."""

from __future__ import annotations

from django.db import models


class ReceivedWebhook(models.Model):
    """One webhook of the carrier. `key` is made of the provider's own ids, so a repeat is known.

    `reply` keeps what was answered: a repeated fetch gets the same words.
    """

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    sid = models.CharField(max_length=34)
    sequence = models.IntegerField(null=True)
    params = models.JSONField()
    reply = models.TextField(blank=True)
    #: real time
    received_at = models.DateTimeField()

    class Meta:
        # pruning, and the dossier of one call
        indexes = [models.Index(fields=["sid"], name="webhook_by_sid")]
        # nobody looks for the beginnings of keys, and `unique` would bring an index for that
        constraints = [models.UniqueConstraint(fields=["key"], name="webhook_once")]

    def __str__(self) -> str:
        return self.key
