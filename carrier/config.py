"""What the process is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Settings:
    """``cps`` calls a simulated second; ``max_calls`` live at once; times in seconds.

    Nothing of it changes while the process runs, except ``seed``, by ``Exchange.reseed``.
    """

    account_sid: str
    auth_token: str
    api_keys: dict[str, str] = field(default_factory=dict)
    seed: str = "1"
    cps: float = 1.0
    max_calls: int = 1000
    webhook_timeout: float = 15.0
    webhook_connect_timeout: float = 5.0
    sandbox: bool = False
    personas: Path | None = None
    journal: Path | None = None
    inbound_url: str = ""
    inbound_status_url: str = ""
    ring_backs: bool = False
    fetch_seconds: float = 0.2
    max_documents: int = 2000
