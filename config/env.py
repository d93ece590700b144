"""Reading settings from the environment: one small function a type."""

from __future__ import annotations

import os
from urllib.parse import parse_qs, unquote, urlsplit


def env_str(name: str, default: str = "") -> str:
    """The variable's text, stripped; `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on in any case.

    Raises ValueError for a text that is neither true nor false: a typing error must not switch
    a safety off.
    """
    raw = env_str(name).lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} must be true or false, not {raw!r}")


def env_int(name: str, default: int) -> int:
    """The variable as an integer; ValueError names the variable when it is not one."""
    raw = env_str(name)
    try:
        return int(raw) if raw else default
    except ValueError as error:
        raise ValueError(f"{name} must be a whole number, not {raw!r}") from error


def env_list(name: str) -> list[str]:
    """Comma-separated values without blanks."""
    return [part.strip() for part in env_str(name).split(",") if part.strip()]


def database_from_url(url: str) -> dict[str, object]:
    """Django's DATABASES entry for `postgresql://user:password@host:port/name?host=/socket/folder`.

    A `host` in the query wins over the one before the path: that is how a Unix socket is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql://")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or (parts.hostname or "")
    return {
        "ENGINE": "database.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": query.pop("port", None) or str(parts.port or ""),
        "OPTIONS": query,
    }
