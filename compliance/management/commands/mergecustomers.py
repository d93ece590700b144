"""`manage.py mergecustomers KEPT GONE --reason …`: two customers are one person."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from audiences.models import Customer
from clock.reading import now
from compliance.merging import MergeRefused, merge
from compliance.wording import MERGE_REFUSALS, label


class Command(BaseCommand):
    help = "Two customers are one person: keep the first. This cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kept", help="the bank's id of the customer that is kept")
        parser.add_argument("gone", help="the bank's id of the one given up")
        parser.add_argument("--reason", required=True, help="how the bank knows")
        parser.add_argument("--by", help="who says so: a user name")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = []
        for name in ("kept", "gone"):
            found = Customer.objects.filter(bank_id=options[name]).values_list("pk", flat=True)
            if not found:
                raise CommandError(f"no such customer: {options[name]}")
            ids.append(found[0])
        actor = None
        if options["by"]:
            actor = User.objects.filter(username=options["by"]).first()
            if actor is None:
                raise CommandError(f"no such user: {options['by']}")
        try:
            merge(
                kept_id=ids[0],
                gone_id=ids[1],
                reason=options["reason"][:200],
                actor_id=actor.pk if actor else None,
                at=now(),
            )
        except MergeRefused as refused:
            raise CommandError(label(MERGE_REFUSALS, refused.refusal)) from refused
        self.stdout.write(f"{options['gone']} is {options['kept']} from now on")
