"""A text-to-speech service, played: it answers each text with a WAV of a length that fits it."""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RATE = 8000


def wav(seconds: float, *, tone: int = 0) -> bytes:
    """A sound of this length; another `tone` makes another file."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.to_bytes(2, "little") * int(seconds * RATE))
    return kept.getvalue()


def mp3(frames: int) -> bytes:
    """Silent frames of 64 kbit/s at 24 kHz, 24 ms each, after a tag."""
    head = bytes([0xFF, 0xF3, 0x84, 0xC4])
    return b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10) + (head + bytes(188)) * frames


class VoiceServer:
    """`asked` holds every request's body; the rest is how it answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.keys: list[str] = []
        self.audio: Callable[[str], bytes] = lambda text: wav(
            0.2 * len(text), tone=sum(map(ord, text)) % 30_000
        )
        self.delay_s = 0.0
        self.status = 200
        self.url = ""

    @property
    def texts(self) -> list[str]:
        return [asked["text"] for asked in self.asked]


@contextmanager
def voice_server() -> Iterator[VoiceServer]:
    """A server on a free port of this machine, until the end of the block."""
    state = VoiceServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(body)
            state.keys.append(self.headers.get("Authorization", ""))
            time.sleep(state.delay_s)
            reply = state.audio(body["text"])
            try:
                self.send_response(state.status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked has hung up meanwhile

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/speak"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
