"""`manage.py issuetoken NAME SCOPE…`: a token for one of the bank's systems, shown once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from api.clients import Scope, make


class Command(BaseCommand):
    help = "Make a token for one of the bank's systems. It is shown once and kept as a hash."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the system, in a word")
        parser.add_argument("scopes", nargs="+", choices=[scope.value for scope in Scope])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _client, token = make(options["name"], [Scope(name) for name in options["scopes"]])
        except IntegrityError as error:
            raise CommandError(f"{options['name']} has a token; end it first") from error
        self.stdout.write(token)
