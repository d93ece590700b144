"""Whether this process lives, and whether it can work."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from console.views.calendars import country_in_force, missing_years


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: no database, no Redis."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready for work: 200 when the database, its migrations and Redis are in order, else 503."""
    database = _database_answers()
    parts = {
        "database": database,
        "migrations": database and _migrations_are_applied(),
        "redis": _redis_answers(),
    }
    ready = all(parts.values())
    told = {"ready": ready, **parts, "calendar_years_missing": _years_missing() if ready else []}
    return JsonResponse(told, status=200 if ready else 503)


def _years_missing() -> list[int]:
    """Years whose calendar ought to be loaded: nothing to stop for, but to tell."""
    try:
        return missing_years(country_in_force())
    except DatabaseError:
        return []


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _migrations_are_applied() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return False


def _redis_answers() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
