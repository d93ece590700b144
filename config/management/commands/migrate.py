"""`manage.py migrate`, as the owner of the tables; the application's role gets its grants after."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections

from audit.database_roles import as_owner, grant


class Command(migrate.Command):
    """Django's own, between two changes of role (MIGRATION_DATABASE_URL; see config.settings)."""

    def handle(self, *args: Any, **options: Any) -> None:
        # the checks are about the role that the application works as
        if not options["skip_checks"]:
            self.check(databases=[options["database"]])
        connection = connections[options["database"]]
        with as_owner(connection, settings.MIGRATION_DATABASE):
            super().handle(*args, **{**options, "skip_checks": True})
            if not (options["check_unapplied"] or options["plan"]):
                grant(connection)
