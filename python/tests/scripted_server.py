"""A TCP server that responds to HTTP requests as a test tells it to, well or badly.

It plays no Loggin server: it knows no logins, and says what it was given.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# Seconds after which a test fails that waits for the client to do something.
TEST_TIMEOUT = 20.0

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PHONE = "919876543210"
SUBJECT = "lgsu_000G40R40M30E209185GR38E1W8124GK"


def code_of(token: str) -> str:
    """The code of a canonical token, by section 1 of the protocol."""
    digest = int.from_bytes(hashlib.sha256(f"loggin code v1\n{token}".encode()).digest(), "big")
    symbols = "".join(ALPHABET[digest >> shift & 31] for shift in range(251, 151, -5))
    return "-".join([token[5:13], *(symbols[at : at + 5] for at in range(0, 20, 5))])


def session(**changes: Any) -> dict[str, Any]:
    return {
        "app_key": "8XKPQ2WN",
        "phone": PHONE,
        "user_id": None,
        "subject": SUBJECT,
        "assurance": "normal",
        "verified_at": "2026-11-22T07:30:00.250Z",
        **changes,
    }


@dataclass
class Exchange:
    """One request, and the connection to respond it on."""

    connection: socket.socket
    path: str
    headers: dict[str, str]
    body: bytes
    was_hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def tokens(self) -> list[str]:
        tokens: list[str] = json.loads(self.body)["tokens"]
        return tokens

    def send(self, text: str) -> None:
        self.connection.sendall(text.encode())

    def respond(self, status: int, body: str, content_type: str = "application/json", **headers: str) -> None:
        lines = [
            f"HTTP/1.1 {status} Whatever",
            f"Content-Type: {content_type}",
            f"Content-Length: {len(body)}",
        ]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "Connection: close", "", body]))

    def respond_error(
        self, status: int, code: str, *, fields: dict[str, Any] | None = None, **headers: str
    ) -> None:
        self.respond(
            status, json.dumps({"error": code, "message": "As the test says.", **(fields or {})}), **headers
        )

    def start_stream(self) -> None:
        self.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")

    def send_event(self, name: str, **data: Any) -> None:
        self.send(f"event: {name}\ndata: {json.dumps(data)}\n\n")

    def wait_until_hung_up(self) -> None:
        """Blocks until the client has closed the connection."""
        while self._receive():
            pass
        self.was_hung_up.set()

    def hang_up(self) -> None:
        # The client may have been quicker.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> bytes:
        try:
            return self.connection.recv(4096)
        except OSError:
            return b""


Step = Callable[[Exchange], None]


def verify(exchange: Exchange) -> None:
    """A stream on which everybody has signed in."""
    verify_as(exchange)


def verify_as(exchange: Exchange, **changes: Any) -> None:
    """The same, where their sessions are other ones."""
    exchange.start_stream()
    exchange.send_event("ready", pending=0)
    for token in exchange.tokens:
        exchange.send_event("verified", code=code_of(token), session=session(**changes))


def keep_waiting(exchange: Exchange) -> None:
    """A stream on which nothing happens."""
    exchange.start_stream()
    exchange.send_event("ready", pending=len(exchange.tokens))
    exchange.wait_until_hung_up()


def keep_streams_back(exchange: Exchange) -> None:
    """A proxy that passes on nothing of a stream before its end; a long poll tells the first login."""
    if exchange.headers["accept"] == "text/event-stream":
        exchange.start_stream()
        exchange.wait_until_hung_up()
    else:
        data = {"code": code_of(exchange.tokens[0]), "session": session()}
        exchange.respond(200, json.dumps({"events": [{"event": "verified", "data": data}]}))


def cut_after_ready(exchange: Exchange) -> None:
    """A load balancer that ends each stream once it has begun."""
    exchange.start_stream()
    exchange.send_event("ready", pending=len(exchange.tokens))


def reject(error: str) -> Step:
    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=0)
        for token in exchange.tokens:
            exchange.send_event("rejected", code=code_of(token), error=error, message="As the test says.")

    return step


class ScriptedServer:
    """Takes a step for each request; the last one for all that follow. A connection ends with its step."""

    def __init__(self, *steps: Step, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._steps = steps
        self._tls = tls
        self._changed = threading.Condition()
        self._exchanges: list[Exchange] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests so far."""
        with self._changed:
            return list(self._exchanges)

    def exchange(self, number: int) -> Exchange:
        """The request with this number, from 0; waits for it."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._exchanges) > number, TEST_TIMEOUT), (
                "no such request came"
            )
            return self._exchanges[number]

    def close(self) -> None:
        """Goes away, with all connections, so that the next one is refused."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for exchange in self.exchanges:
            exchange.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self._tls:
            secure = _handshake(connection, self._tls)
            if secure is None:
                return
            connection = secure
        with connection:
            try:
                exchange = _read_request(connection)
            except OSError:
                return
            if exchange is None:
                return
            with self._changed:
                step = self._steps[min(len(self._exchanges), len(self._steps) - 1)]
                self._exchanges.append(exchange)
                self._changed.notify_all()
            try:
                step(exchange)
            except OSError:
                exchange.was_hung_up.set()


def _handshake(connection: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket | None:
    """Takes TLS up; where that fails the client is told why."""
    with connection.dup() as raw:
        secure = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secure.do_handshake()
        except OSError:
            # What is unread when a socket is closed takes back what was sent: the alert.
            with secure, contextlib.suppress(OSError):
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass
            return None
    return secure


def _read_request(connection: socket.socket) -> Exchange | None:
    """The request, where a whole one came."""
    stream = connection.makefile("rb")
    path = stream.readline().decode().split(" ")[1:2]
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    body = stream.read(length)
    # A program that exits may leave half a request behind.
    return Exchange(connection, path[0], headers, body) if path and len(body) == length else None
