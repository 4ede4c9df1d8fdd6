"""The server with its simulator, called over HTTP as anybody can call it, and the people with the phones."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import secrets
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(os.environ.get("LOGGIN_SERVER_BIN", ROOT / "target" / "debug" / "loggin-server"))
# Seconds after which whatever is waited for counts as hanging.
TIMEOUT = 30.0
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(data: bytes, symbols: int) -> str:
    """The first symbols of these bytes in Crockford's base32."""
    # Some zeros behind them, so that the last symbol is whole.
    bits = int.from_bytes(data, "big") << 5
    width = len(data) * 8 + 5
    return "".join(SYMBOLS[bits >> (width - 5 * (place + 1)) & 31] for place in range(symbols))


@dataclass(frozen=True)
class App:
    """An app with this policy, and its secret key, which its server alone has."""

    mode: str
    app_key: str
    secret_key: str


@dataclass(frozen=True)
class Login:
    """A login as whoever began it has it. Who sees its link has the code alone."""

    app: App
    token: str
    code: str

    @property
    def login_id(self) -> str:
        """What the app's server asks by whether the person took it back."""
        return hashlib.sha256(f"loggin login id v1\n{self.code}".encode()).digest()[:16].hex()


@dataclass
class House:
    """A server, its simulator, and phones in it."""

    url: str
    simulator: str
    data: Path
    # Up to where each chat was read.
    _read: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(919_876_500_000))

    def app(self, mode: str) -> App:
        """A new app with this policy."""
        command = [str(SERVER), "app", "create", "--name", "Acme", "--json", "--confirm", mode]
        command += ["--allowed-origin", self.url]
        variables = {**os.environ, "LOGGIN_DATABASE_URL": f"sqlite:{self.data / 'loggin.db'}"}
        printed = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, timeout=TIMEOUT)
        app = json.loads(printed.stdout)
        return App(mode, app["app_key"], app["secret_key"])

    @property
    def page(self) -> str:
        """A page of the origin that apps list, for links back."""
        return f"{self.url}/healthz"

    def begin(self, app: App, page: str | None = None) -> Login:
        """Somebody begins a login: their page waits from now on, and may say where it is."""
        token = f"lgn1_{app.app_key}_{base32(secrets.token_bytes(20), 32)}"
        digest = hashlib.sha256(f"loggin code v1\n{token}".encode()).digest()
        symbols = base32(digest, 20)
        groups = (symbols[start : start + 5] for start in range(0, 20, 5))
        login = Login(app, token, "-".join([app.app_key, *groups]))
        self.see(login, page)
        return login

    def see(self, login: Login, page: str | None = None) -> dict[str, Any]:
        """What the page of a login is told now: its status, with digits, or its end."""
        body = {"tokens": [login.token, ""], **({"return_to": page} if page else {})}
        events = self.call("/api/v1/tokens/events", body, login.app)["events"]
        for event in events:
            if event["data"].get("code") == login.code:
                return {"status": event["event"], **event["data"]}
        return {"status": "pending"}

    def redeem(self, login: Login, redeemer: str = "server") -> dict[str, Any]:
        """What the app's server is told, which has the token of whoever began the login."""
        return self.call("/api/v1/tokens/verify", {"token": login.token}, login.app, redeemer)

    def previews(self, phone: str) -> list[dict[str, Any]]:
        """What WhatsApp's robot fetched of links in messages to a phone; waits for it."""
        found = self.control(f"phones/{phone}/previews?timeout_ms={TIMEOUT * 1000:.0f}")
        previews: list[dict[str, Any]] = found["previews"]
        return previews

    def type_code(self, login: Login, digits: str) -> dict[str, Any]:
        """Digits are typed where the login began."""
        return self.call(
            "/api/v1/tokens/confirm", {"token": login.token, "confirmation_code": digits}, login.app
        )

    def is_taken_back(self, login: Login) -> bool:
        """Whether the app's server is told to end what came of a login."""
        answer = self.call("/api/v1/tokens/denied", {"login_ids": [login.login_id]}, login.app)
        return bool(answer["denied"])

    def phone(self) -> str:
        """Somebody with WhatsApp."""
        number = str(next(self._numbers))
        self.control("phones", {"number": number, "name": "Asha"})
        return number

    def send(self, phone: str, code: str, **how: Any) -> str:
        """The person taps Send on the message of a link; the message's id."""
        sent = self.control(
            f"phones/{phone}/messages", {"text": f"Send this to sign in. Code: {code}", **how}
        )
        return str(sent["message_id"])

    def chat(self, phone: str, kind: str) -> dict[str, Any]:
        """The next message of the business with buttons of this kind; waits for it."""
        while True:
            seen = self._read.get(phone, 0)
            path = f"phones/{phone}/messages?after={seen}&timeout_ms={TIMEOUT * 1000:.0f}"
            messages = self.control(path)["messages"]
            found = [
                message
                for message in messages
                if any(button["id"].startswith(kind) for button in message.get("buttons", ()))
            ]
            if not messages:
                raise AssertionError(f"no message with {kind} came")
            self._read[phone] = max(message["seq"] for message in messages)
            if found:
                latest: dict[str, Any] = found[-1]
                return latest

    def tap(self, phone: str, message: dict[str, Any], title: str) -> None:
        """The person taps the button with this title."""
        button = next(button for button in message["buttons"] if button["title"] == title)
        self.control(f"phones/{phone}/tap", {"message_id": message["id"], "button_id": button["id"]})

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the simulator."""
        return self._post(f"{self.simulator}/control/{path}", body, {})

    def call(self, path: str, body: dict[str, Any], app: App, redeemer: str = "page") -> dict[str, Any]:
        """A call of the server, with the app's secret key: attackers use the app as it is."""
        headers = {
            "Authorization": f"Bearer {app.secret_key}",
            "Accept": "application/json",
            "Idempotency-Key": redeemer,
        }
        answer: dict[str, Any] = self._post(f"{self.url}{path}", body, headers)
        return answer

    def _post(self, url: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT * 2) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            return json.load(error)


@contextmanager
def house() -> Iterator[House]:
    """A server with its simulator, on free ports, until the end of the block."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(SERVER), "dev", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"]
        command += ["--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                url = _after("loggin-server listening on ", process)
                yield House(url, _after("phone simulator on ", process), Path(folder))
            finally:
                process.terminate()


def _after(words: str, process: subprocess.Popen[str]) -> str:
    """The rest of the line that begins with these words."""
    for line in process.stdout or ():
        if line.startswith(words):
            return line.removeprefix(words).strip()
    raise AssertionError("the server ended before it was ready")
