"""A language model's server, played: it speaks the OpenAI chat protocol, as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], Any]


class ModelServer:
    """`asked` holds every request's body; `answer` makes the content of each reply.

    `delay_s` and `status` play a slow and a broken server.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answer: Answer = lambda asked: {}
        self.delay_s = 0.0
        self.status = 200
        self.base_url = ""

    def says(self, label: str, span: str, *, confidence: float = 0.9, risk: float = 0.0) -> None:
        """Every question is answered so."""
        said = {"label": label, "confidence": confidence, "span": span, "opt_out_risk": risk}
        self.answer = lambda asked: said


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server on a free port of this machine, until the end of the block."""
    state = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(body)
            state.keys.append(self.headers.get("Authorization", ""))
            time.sleep(state.delay_s)
            content = state.answer(body)
            text = content if isinstance(content, str) else json.dumps(content)
            reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
            try:
                self.send_response(state.status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
            except BrokenPipeError:
                pass  # whoever asked has hung up meanwhile

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
