"""A carrier that misbehaves on demand: the failures that a well-behaved one cannot show.

Speaks as much of the protocol as the SDK needs to create, list, fetch and update calls. The real
carrier process is used for everything that goes well.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, Any]]


class StubCarrier:
    """Answers creations by `mode`: ok, busy (429), down (500), bad_number, hang, created_then_500.

    `created` holds every request it took, in order; `calls` what it would list; `peers` the
    connections that creations came by. Connections are kept only with `keep`.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.mode = "ok"
        self.created: list[dict[str, str]] = []
        self.updated: list[tuple[str, dict[str, str]]] = []
        self.calls: list[dict[str, Any]] = []
        #: the sound of recordings by SID, or the status that asking for one brings
        self.sounds: dict[str, bytes | int] = {}
        #: what it says of a sound's length, where that is not the truth
        self.claimed_length: int | None = None
        self.deleted: list[str] = []
        self.authorised: set[str] = set()
        self.peers: set[tuple[str, int]] = set()
        self.release = threading.Event()
        self.on_create: Callable[[dict[str, str]], None] = lambda _form: None
        self._server = _Server(("127.0.0.1", 0), _handler(self, keep=keep))
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop; connections are refused from now on."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def create(self, form: dict[str, str]) -> Reply:
        """One POST to Calls or Participants."""
        self.created.append(form)
        self.on_create(form)
        if self.mode == "busy":
            return _error(429, 20429)
        if self.mode == "down":
            return _error(500, 20500)
        if self.mode == "bad_number":
            return _error(400, 21211)
        if self.mode == "hang":
            self.release.wait(5)
            return _error(500, 20500)
        call = self.add(form["To"], form["From"])
        if self.mode == "created_then_500":
            return _error(500, 20500)
        return 201, {**call, "call_sid": call["sid"]}

    def add(
        self, to: str, from_: str, *, status: str = "queued", at: datetime | None = None
    ) -> dict[str, Any]:
        """A call that this carrier has."""
        created = format_datetime((at or datetime.now(UTC)).astimezone(UTC))
        call = {
            "sid": f"CA{len(self.calls) + 1:032x}",
            "to": to,
            "from": from_,
            "status": status,
            "duration": None,
            "date_created": created,
        }
        self.calls.append(call)
        return call

    def update(self, sid: str, form: dict[str, str]) -> Reply:
        """Cancel or hang up."""
        self.updated.append((sid, form))
        for call in self.calls:
            if call["sid"] == sid:
                if call["status"] in {"queued", "ringing"} and form.get("Status") == "canceled":
                    call["status"] = "canceled"
                elif form.get("Status") == "completed":
                    call["status"] = "completed"
                return 200, call
        return _error(404, 20404)

    def listing(self, query: dict[str, list[str]]) -> Reply:
        """The calls between two numbers."""
        found = [
            call
            for call in self.calls
            if call["to"] == query["To"][0] and call["from"] == query["From"][0]
        ]
        return 200, {"calls": found, "next_page_uri": None}

    def one(self, sid: str) -> Reply:
        """A call by its SID."""
        for call in self.calls:
            if call["sid"] == sid:
                return 200, call
        return _error(404, 20404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def _error(status: int, code: int) -> Reply:
    return status, {"code": code, "message": "no", "more_info": "", "status": status}


def _handler(carrier: StubCarrier, *, keep: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep else "HTTP/1.0"

        def do_POST(self) -> None:
            carrier.peers.add(self.client_address)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[-1] for name, values in parse_qs(body).items()}
            sid = _sid(self.path)
            self._answer(carrier.update(sid, form) if sid else carrier.create(form))

        def do_GET(self) -> None:
            if "/Recordings/" in self.path:
                self._sound(_recording(self.path))
                return
            sid = _sid(self.path)
            query = parse_qs(urlsplit(self.path).query)
            self._answer(carrier.one(sid) if sid else carrier.listing(query))

        def do_DELETE(self) -> None:
            carrier.deleted.append(_recording(self.path))
            self.send_response(204)
            self.end_headers()

        def _sound(self, sid: str) -> None:
            carrier.authorised.add(self.headers.get("Authorization", ""))
            sound = carrier.sounds.get(sid, 404)
            if isinstance(sound, int):
                self._answer(_error(sound, 20000 + sound))
                return
            length = carrier.claimed_length
            self.send_response(200)
            self.send_header("Content-Length", str(len(sound) if length is None else length))
            self.end_headers()
            self.wfile.write(sound)

        def _answer(self, reply: Reply) -> None:
            status, document = reply
            payload = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            try:
                self.wfile.write(payload)
            except OSError:
                return  # the client has gone: that is the point of "hang"

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    return Handler


def _recording(path: str) -> str:
    """The recording's SID in …/Recordings/RE….wav or .json."""
    return urlsplit(path).path.rsplit("/", 1)[-1].partition(".")[0]


def _sid(path: str) -> str:
    """The call's SID in …/Calls/CA….json; "" for a collection."""
    last = urlsplit(path).path.rsplit("/", 1)[-1].removesuffix(".json")
    return last if last.startswith("CA") else ""
