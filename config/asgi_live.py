"""The ASGI application that pushes: `/live/` alone, async and without the ORM (uvicorn)."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from live.streaming import LiveApplication  # noqa: E402 (settings first)

application = LiveApplication()
