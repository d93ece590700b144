"""What Django loads for ENGINE "database.postgresql"."""

from __future__ import annotations

import select
import time
from typing import Any

from django.db.backends.postgresql import base

#: Real seconds for which a connection that answered is taken to live.
TRUSTED_S = 5.0


class DatabaseWrapper(base.DatabaseWrapper):
    """What is planned once (database/prepared.py) is planned for whatever values come.

    Left alone, PostgreSQL plans a kept statement for its values five times more before it trusts a
    plan for all: the first calls of each connection waited a tenth of a second longer.

    Before each request Django sends `SELECT 1`, a twelfth of a webhook's time.

    A connection that answered a moment ago is not asked again, unless its socket has something to
    read: between two requests a server says nothing but that it goes.
    """

    health_check_done: bool
    _trusted_until = 0.0

    def init_connection_state(self) -> None:
        super().init_connection_state()
        with self.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
        if not self.get_autocommit():
            self.commit()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        made = super().get_new_connection(conn_params)
        self._trust()
        return made

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done and self._is_trusted():
            self.health_check_done = True
        super().close_if_health_check_failed()

    def is_usable(self) -> bool:
        usable = bool(super().is_usable())
        if usable:
            self._trust()
        return usable

    def _trust(self) -> None:
        self._trusted_until = time.monotonic() + TRUSTED_S

    def _is_trusted(self) -> bool:
        return time.monotonic() < self._trusted_until and not self._was_told_something()

    def _was_told_something(self) -> bool:
        ears = select.poll()
        ears.register(self.connection.fileno(), select.POLLIN)
        return bool(ears.poll(0))
