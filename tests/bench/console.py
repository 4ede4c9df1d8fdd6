"""The console of a server that is measured: somebody who signs in to it, and the pages that they open."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from .environment import PHONE_NUMBER_ID
from .servers import Servers
from .tokens import code_of, new_token

APP_KEY = "C0NS01E0"
PHONE = "15550002222"
# What is longer than this in coming does not come.
TIMEOUT = 30.0


@contextmanager
def whatsapp() -> Iterator[tuple[str, SimpleQueue[str]]]:
    """Meta's part: takes each message that is sent; where it listens, and the messages."""
    messages: SimpleQueue[str] = SimpleQueue()

    class Graph(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            messages.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            sent = json.dumps({"messages": [{"id": f"wamid.{secrets.token_hex(8)}"}]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Graph) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", messages
        finally:
            server.shutdown()


def _text_of(message: dict[str, Any]) -> str:
    """What a message says to a person: its ids have digits too. One with a button has its text at another place."""
    said = message.get("text") or message.get("interactive", {}).get("body", {})
    return str(said.get("body") or said.get("text", ""))


class Console:
    """An owner's browser."""

    def __init__(self, binary: Path, servers: Servers, messages: SimpleQueue[str]) -> None:
        command = [str(binary), "admin", "add", "ana", "--role", "owner", "--phone", f"+{PHONE}"]
        subprocess.run(command, env=servers.settings, stdout=subprocess.DEVNULL, check=True)
        urls: Any = servers.target["urls"]
        self._connection = HTTPConnection(urls[0].removeprefix("http://"), timeout=TIMEOUT)
        self._app_secret = str(servers.target["app_secret"])
        self._cookie = ""
        self._sign_in(messages)

    def _sign_in(self, messages: SimpleQueue[str]) -> None:
        token = new_token(APP_KEY)
        status, _ = self._post("/console/sign-in", {"token": token})
        assert status != 200, "nobody is signed in without a message"
        self._tap(code_of(token))
        digits = None
        while digits is None:
            digits = re.search(r"(?<!\d)\d{6}(?!\d)", _text_of(json.loads(messages.get(timeout=TIMEOUT))))
        self._post("/api/v1/tokens/confirm", {"token": token, "confirmation_code": digits.group()})
        status, body = self._post("/console/sign-in", {"token": token})
        assert status == 200, body

    def _tap(self, code: str) -> None:
        message = {
            "from": PHONE,
            "id": f"wamid.{secrets.token_hex(8)}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": f"Code: {code}"},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550001111", "phone_number_id": PHONE_NUMBER_ID},
            "messages": [message],
        }
        changes = [{"field": "messages", "value": value}]
        update = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
        body = json.dumps(update).encode()
        signature = hmac.new(self._app_secret.encode(), body, hashlib.sha256).hexdigest()
        status, text = self._exchange(
            "POST", "/webhooks/whatsapp", body, {"X-Hub-Signature-256": f"sha256={signature}"}
        )
        assert status == 200, text

    def _post(self, path: str, body: dict[str, str]) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        return self._exchange("POST", path, json.dumps(body).encode(), headers)

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request(method, path, body, {**headers, "Cookie": self._cookie})
        response = self._connection.getresponse()
        if cookie := response.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        said = response.read()
        # Between two pages there may be longer than a server keeps a connection.
        self._connection.close()
        return response.status, said

    def open(self, path: str) -> bytes:
        """A page, as it comes."""
        status, page = self._exchange("GET", path, b"", {})
        assert status == 200, f"{path}: {status}"
        return page
