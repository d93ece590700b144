from __future__ import annotations

from django.apps import AppConfig


class RobotConfig(AppConfig):
    name = "robot"
