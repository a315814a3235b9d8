"""A third party's language model: an OpenAI-compatible server on loopback that answers, or fails, on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LanguageModelServer(ThreadingHTTPServer):
    """Answers `/v1/chat/completions` as an event stream.

    Args:
        says: The pieces of its next answers.
        fault: What it does instead: an HTTP status as text, `silence`, `half`, `garbage` or `page`.
        fault_once: The same, for the next two requests only: a client tries again after a failure.
        answers: In place of `says`, the pieces by the request.
        pause: Seconds between two pieces.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.says: list[str] = ["Hello."]
        self.answers: Callable[[dict[str, Any]], list[str]] | None = None
        self.fault = ""
        self.fault_once = ""
        self.pause = 0.0
        self.failed = 0
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def everything_received(self) -> str:
        """All that clients have sent, as text."""
        return json.dumps(self.requests, ensure_ascii=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: LanguageModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(json.loads(body))
        self.server.keys.append(self.headers.get("Authorization", ""))
        fault = self.server.fault
        if self.server.fault_once:
            self.server.failed += 1
            fault = self.server.fault_once
            if self.server.failed == 2:
                self.server.fault_once = ""
        if fault == "silence":
            self.server.released.wait(30)
        elif fault.isdigit():
            self._refuse(int(fault))
        elif fault == "page":
            self._send(200, "text/html", b"<html>Please sign in to the hotel's network</html>")
        else:
            self._stream(fault)

    def _refuse(self, status: int) -> None:
        key = self.headers.get("Authorization", "")
        error = {"error": {"message": f"refused {key}", "type": "error", "code": "refused"}}
        self._send(status, "application/json", json.dumps(error).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, fault: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = self.server.answers(self.server.requests[-1]) if self.server.answers else self.server.says
        for number, piece in enumerate(pieces):
            if number:
                self.server.released.wait(self.server.pause)
            if fault == "half" and number == 1:
                self.close_connection = True
                return
            self._event("{not json" if fault == "garbage" else _chunk({"role": "assistant", "content": piece}, None))
        self._event(_chunk({}, "stop"))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


def _chunk(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}
    )


@contextmanager
def language_model_server() -> Iterator[LanguageModelServer]:
    """Run a server in a thread; every waiting client is let go at the end."""
    server = LanguageModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
