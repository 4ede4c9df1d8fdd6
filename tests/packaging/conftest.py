"""What the tests of packaging/ share: a server as an operator runs it, and a word on tests that cannot run here."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from loggin import CreatedToken, Loggin

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
SERVER = Path(os.environ.get("LOGGIN_SERVER_BIN", ROOT / "target" / "debug" / "loggin-server"))
# Seconds after which whatever is waited for counts as hanging.
TEST_TIMEOUT = 30.0
APP_SECRET = "0123456789abcdef" * 2
PHONE_NUMBER_ID = "200000000000002"
PHONE = "919876543210"

SETTINGS = {
    "LOGGIN_LISTEN": "127.0.0.1:0",
    "LOGGIN_METRICS_LISTEN": "127.0.0.1:0",
    "LOGGIN_PUBLIC_URL": "https://login.example.org",
    "LOGGIN_LOG_FORMAT": "json",
    # Not all of 127.0.0.0/8: 127.0.0.2 and its neighbours are clients here.
    "LOGGIN_TRUSTED_PROXIES": "127.0.0.1",
    "WHATSAPP_NUMBER": "15550001111",
    "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
    "WHATSAPP_ACCESS_TOKEN": "token",
    "WHATSAPP_APP_SECRET": APP_SECRET,
    "WHATSAPP_VERIFY_TOKEN": "0123456789abcdef",
    # Nothing listens there: what is to be sent is not.
    "WHATSAPP_GRAPH_URL": "http://127.0.0.1:9/v26.0",
}


@dataclass
class Operated:
    """A running server with one app, and what its log says of the start."""

    address: str
    metrics: str
    app_key: str
    secret_key: str
    _client: Loggin = field(
        default_factory=lambda: Loggin(base_url="http://127.0.0.1:9", whatsapp_number="15550001111")
    )

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    def token(self) -> CreatedToken:
        return self._client.create_token(self.app_key)


def webhook(text: str) -> bytes:
    """The body of a webhook with a message of this text, in ASCII as Meta writes it."""
    message = {
        "from": PHONE,
        "from_user_id": "IN.1000",
        "id": f"wamid.{os.urandom(8).hex()}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": PHONE_NUMBER_ID},
        "messages": [message],
    }
    changes = [{"field": "messages", "value": value}]
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
    ).encode()


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("server")
    environment = {**SETTINGS, "LOGGIN_DATABASE_URL": f"sqlite:{folder / 'loggin.db'}"}
    create = [str(SERVER), "app", "create", "--name", "Acme", "--json", "--require-secret-key", "false"]
    made = subprocess.run(create, env=environment, stdout=subprocess.PIPE, check=True, timeout=TEST_TIMEOUT)
    app: dict[str, Any] = json.loads(made.stdout)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([str(SERVER), "serve"], env=environment, **pipes) as process:  # type: ignore[call-overload]
        try:
            start = json.loads(process.stderr.readline())["fields"]
            assert process.stdout.readline().startswith("loggin-server listening on ")
            yield Operated(start["listen"], start["metrics"], app["app_key"], app["secret_key"])
        finally:
            process.terminate()
            process.stderr.read()
    assert process.returncode == 0


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which tests cannot run here, and why, in the form that CI looks for."""
    reasons = {
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")
    }
    for reason in sorted(reasons):
        terminalreporter.write_line(f"skipped: packaging: {reason}")
