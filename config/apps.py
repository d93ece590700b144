"""The app that carries the system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from config.checks import check_production_is_safe


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        checks.register(check_production_is_safe)
