"""A carrier that takes every request and remembers it: Twilio's REST in forty lines.

For tests of what *we* do; how a carrier behaves is tested against the real one.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs


class FakeCarrier:
    """Listens on a free port while used as a context manager.

    `asked` holds (path below the account, parameters) in order; `ended` the SIDs that are over
    (an update of one of them answers 21220, as Twilio does).
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ended: set[str] = set()
        self._count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def paths(self) -> list[str]:
        """What was asked for, without the parameters."""
        return [path for path, _ in self.asked]

    def __enter__(self) -> FakeCarrier:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _reply(self, path: str, params: dict[str, str]) -> tuple[int, dict[str, object]]:
        self.asked.append((path, params))
        sid = path.removeprefix("Calls/").removesuffix(".json")
        if sid in self.ended:
            return 400, {"code": 21220, "message": "Call is not in-progress", "status": 400}
        if path.startswith("Calls/"):
            return 200, {"sid": sid, "status": "in-progress"}
        self._count += 1
        made = f"CA{self._count:032x}"
        return 201, {"sid": made, "call_sid": made, "status": "queued"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        carrier = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                params = {name: values[-1] for name, values in parse_qs(body).items()}
                path = self.path.split("/Accounts/", 1)[1].split("/", 1)[1]
                status, content = carrier._reply(path, params)
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        return Handler
