"""The carrier's control plane, as far as the sandbox page uses it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class ControlPlane:
    """Keeps what it is told: `clock`, `faults`, `assigned`; one call is in flight."""

    def __init__(self) -> None:
        self.clock: dict[str, Any] = {}
        self.faults: dict[str, Any] = {"dropped": 0}
        self.assigned: dict[str, Any] = {}
        plane = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(plane.read(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(plane.write(self.path, json.loads(body)))

            def _answer(self, content: Any) -> None:
                raw = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ControlPlane:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def read(self, path: str) -> Any:
        call = {
            "sid": "CA" + "1" * 32,
            "to": "+8613905710001",
            "from": "+865718888010",
            "status": "ringing",
            "direction": "outbound-api",
            "conference": None,
        }
        personas = {"personas": {"interested": {}, "busy": {}}, "assigned": self.assigned}
        answers = {
            "calls": {"calls": [call], "live": 1},
            "faults": self.faults,
            "personas": personas,
        }
        return answers[path.removeprefix("/_carrier/")]

    def write(self, path: str, body: dict[str, Any]) -> Any:
        kept: dict[str, dict[str, Any]] = {
            "clock": self.clock,
            "faults": self.faults,
            "personas/assign": self.assigned,
        }
        known = kept[path.removeprefix("/_carrier/")]
        known.update(body)
        for number in [key for key, value in known.items() if value == ""]:
            del known[number]
        return known
