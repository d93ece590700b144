"""`manage.py grantroles`: give every role its permissions in the admin. Run it after `migrate`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.granting import grant_admin_permissions


class Command(BaseCommand):
    help = "Set the admin permissions of every role (after each migrate; idempotent)."

    def handle(self, *args: Any, **options: Any) -> None:
        for role, count in grant_admin_permissions().items():
            if options["verbosity"]:
                self.stdout.write(f"{role.value}: {count} permissions")
