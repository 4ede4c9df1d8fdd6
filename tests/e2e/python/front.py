"""What stands between the Internet and a server, as a test scripts it: a proxy that does to calls what proxies do.

It speaks TLS for any name. Clients reach it as their HTTPS proxy, so that they call real names, `https://login.example`
and Meta's own, on a machine that reaches none of them.
"""

from __future__ import annotations

import http.client
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import trustme

# Seconds after which whatever is waited for counts as hanging.
TEST_TIMEOUT = 30.0
# What one hop does not pass on to the next.
OF_ONE_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "upgrade"})
# The name of the server under test, to which the habits apply.
OURS = "login.example"
# The address that the proxy sees its clients at, of a range that is set aside for documentation.
CLIENT = "198.51.100.7"


@dataclass
class Habits:
    """How the proxy treats calls: by default as a good one does."""

    # Whom its certificate is of: `good`, `unknown` authority, or of another `name`.
    certificate: str = "good"
    # How it says whom it calls for: `append`, `overwrite`, `pass`, `drop`, `forwarded` or `name`.
    forwarded: str = "append"
    # Keeps a response back until it has ended.
    buffers: bool = False
    # Largest body that it takes.
    body_max: int = 4 << 20
    # What it answers itself, by the beginning of the path: a status and headers.
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    # What it says where it passes nothing on.
    page: bytes = b"<!doctype html><p>Hello.</p>"


class Front:
    """A proxy on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.habits = Habits()
        # The URL of the server behind each name; without one nothing is behind it.
        self.servers: dict[str, str] = {}
        self._authority, self._unknown = trustme.CA(), trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.ca_file))
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.front = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Front]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(TEST_TIMEOUT)

    def context(self, name: str) -> ssl.SSLContext:
        # The certificate that is not good is that of the server under test alone.
        key = (self.habits.certificate if name == OURS else "good", name)
        if key not in self._contexts:
            authority = self._unknown if key[0] == "unknown" else self._authority
            issued = authority.issue_cert("other.example" if key[0] == "name" else name)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issued.configure_cert(context)
            self._contexts[key] = context
        return self._contexts[key]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = TEST_TIMEOUT

    @property
    def front(self) -> Front:
        front: Front = self.server.front  # type: ignore[attr-defined]
        return front

    def do_CONNECT(self) -> None:
        name = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        try:
            tls = self.front.context(name).wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            self.close_connection = True
            return
        # From here on this connection is one to `name`, until it ends.
        self.connection = tls
        self.rfile = tls.makefile("rb", -1)
        self.wfile = _Writer(tls)  # type: ignore[assignment]
        self.name = name
        self.close_connection = False

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def _pass(self) -> None:
        habits = self.front.habits
        length = int(self.headers.get("Content-Length") or 0)
        if length > habits.body_max:
            # As nginx does: it does not read what it refuses.
            self._say(413, {"Connection": "close"})
            return
        body = self.rfile.read(length)
        is_ours = self.name == OURS
        for path, (status, headers) in habits.answers.items():
            if is_ours and self.path.startswith(path):
                self._say(status, headers)
                return
        server = self.front.servers.get(self.name)
        if server is None:
            self._say(502, {})
            return
        upstream = http.client.HTTPConnection(urlsplit(server).netloc, timeout=TEST_TIMEOUT)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for header, value in self._headers(urlsplit(server).netloc, is_ours):
                upstream.putheader(header, value)
            upstream.endheaders(body)
            self._relay(upstream, buffers=habits.buffers and is_ours)
        except OSError:
            self.close_connection = True
        finally:
            upstream.close()

    def _headers(self, host: str, is_ours: bool) -> Iterator[tuple[str, str]]:
        how = self.front.habits.forwarded if is_ours else "drop"
        yield "Host", host
        for header, value in self.headers.items():
            name = header.lower()
            is_told = name == "x-forwarded-for" and how != "pass"
            is_told |= name == "forwarded" and how in {"forwarded", "drop"}
            if not (is_told or name == "host" or name in OF_ONE_HOP):
                yield header, value
        claimed = self.headers.get("X-Forwarded-For")
        if how == "append":
            yield "X-Forwarded-For", f"{claimed}, {CLIENT}" if claimed else CLIENT
        elif how == "overwrite":
            yield "X-Forwarded-For", CLIENT
        elif how == "name":
            yield "X-Forwarded-For", f"{claimed}, unknown"
        elif how == "forwarded":
            yield "X-Forwarded-For", str(claimed)
            yield "Forwarded", f"{self.headers.get('Forwarded')}, for={CLIENT}"

    def _relay(self, upstream: http.client.HTTPConnection, buffers: bool) -> None:
        response = upstream.getresponse()
        whole = response.read() if buffers else b""
        self.send_response_only(response.status)
        for header, value in response.getheaders():
            if header.lower() not in OF_ONE_HOP | {"content-length"}:
                self.send_header(header, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(whole)
        while chunk := b"" if buffers else response.read1(65_536):
            self.wfile.write(chunk)

    def _say(self, status: int, headers: dict[str, str]) -> None:
        page = self.front.habits.page
        self.send_response_only(status)
        for header, value in {**headers, "Content-Length": str(len(page))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(page)
        self.close_connection = "Connection" in headers

    def finish(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Nothing is printed: the tests look at what comes of a call."""


class _Writer:
    """Writes to a TLS connection at once."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""
