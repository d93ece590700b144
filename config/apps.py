"""The app that carries the system checks; the last one to get ready."""

from __future__ import annotations

import gc

from django.apps import AppConfig
from django.core import checks

from config.checks import check_production_is_safe


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        checks.register(check_production_is_safe)
        # modules, models and rules live as long as the process: nobody need look through them for
        # rubbish again and again (a twentieth of a decision's time)
        gc.collect()
        gc.freeze()
