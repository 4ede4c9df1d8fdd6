"""Starts the real server with its simulator on free ports, once, and acts as the people with the phones."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVER = Path(os.environ.get("LOGGIN_SERVER_BIN", ROOT / "target" / "debug" / "loggin-server"))
# Under which the secrets of webhooks are kept.
WEBHOOK_SECRET = "0123456789abcdef" * 2
# Seconds after which whatever is waited for counts as hanging.
TEST_TIMEOUT = 30.0


@dataclass
class Environment:
    """A server with its simulator."""

    url: str
    simulator: str
    # The secret key of the app that is ready.
    secret_key: str
    data: Path
    # When Send was last tapped, on the clock of `time.perf_counter`.
    tapped: float = 0.0
    # A phone for each login: one that sends too much is not listened to.
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(919_876_500_000))

    def add_phone(self) -> str:
        number = str(next(self._numbers))
        self.control("phones", {"number": number, "name": "Asha"})
        return number

    def tap(self, link: str, phone: str) -> str:
        """Opens a login link on the phone and taps Send; the text that was sent."""
        text: str = self.control("open-link", {"link": link, "phone": phone})["text"]
        self.tapped = time.perf_counter()
        sent = self.control(f"phones/{phone}/messages", {"text": text})
        assert sent["status"] == 200
        return text

    def otp_codes(self, phone: str) -> list[str]:
        """The one-time codes that the phone was sent, the first one first; waits for one."""
        chat = self.control(f"phones/{phone}/messages?timeout_ms={TEST_TIMEOUT * 1000:.0f}")["messages"]
        return [message["code"] for message in chat if "code" in message]

    def digits_on(self, phone: str) -> str:
        """The digits of a reply that asks for a confirmation code; waits for it."""
        return self.code_on(phone)[:6]

    def code_on(self, phone: str) -> str:
        """The text of a reply that begins with a confirmation code; waits for it."""
        seen = 0
        while True:
            path = f"phones/{phone}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
            messages = self.control(path)["messages"]
            assert messages, "no reply came"
            for message in messages:
                text: str = message.get("text") or ""
                if re.match(r"\d{6}\b", text):
                    return text
            seen = max(message["seq"] for message in messages)

    def choose(self, phone: str, digits: str) -> None:
        """Taps the button with these digits, once they are offered."""
        seen = 0
        while True:
            path = f"phones/{phone}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
            messages = self.control(path)["messages"]
            assert messages, "no reply came"
            for message in messages:
                for button in message.get("buttons", ()):
                    if button["title"] == digits:
                        tap = {"message_id": message["id"], "button_id": button["id"]}
                        assert self.control(f"phones/{phone}/tap", tap)["status"] == 200
                        return
            seen = max(message["seq"] for message in messages)

    def reply_not_me(self, phone: str) -> None:
        """Taps the only button of the latest reply; waits for the reply to come."""
        seen = 0
        while True:
            path = f"phones/{phone}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
            messages = self.control(path)["messages"]
            assert messages, "no reply came"
            if any(message.get("buttons") for message in messages):
                break
            seen = max(message["seq"] for message in messages)
        assert self.control(f"phones/{phone}/tap", {})["status"] == 200

    def create_app(self, *options: str) -> tuple[str, str]:
        """An app that the running server knows at once: its app key and secret key."""
        command = [str(SERVER), "app", "create", "--name", "Acme", "--json", *options]
        variables = {**os.environ, "LOGGIN_DATABASE_URL": f"sqlite:{self.data / 'loggin.db'}"}
        result = subprocess.run(
            command, env=variables, stdout=subprocess.PIPE, check=True, timeout=TEST_TIMEOUT
        )
        app = json.loads(result.stdout)
        return app["app_key"], app["secret_key"]

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.simulator}/control/{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=TEST_TIMEOUT * 2) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    data = tmp_path_factory.mktemp("data")
    command = [str(SERVER), "dev", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"]
    command += ["--data", str(data)]
    variables = {**os.environ, "LOGGIN_WEBHOOK_SECRET": WEBHOOK_SECRET}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            server = printed_after("loggin-server listening on ", process)
            simulator = printed_after("phone simulator on ", process)
            secret_key = printed_after("app 8XKPQ2WN, secret key ", process)
            yield Environment(server, simulator, secret_key, data)
        finally:
            process.terminate()
    assert process.returncode == 0


def printed_after(words: str, process: subprocess.Popen[str]) -> str:
    """The rest of the line that begins with these words."""
    for line in process.stdout or ():
        if line.startswith(words):
            return line.removeprefix(words).strip()
    raise AssertionError("the server ended before it was ready")
