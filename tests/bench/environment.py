"""One measurement's own server, with an app in an empty database, the relays before it, and WhatsApp's part."""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from ports import free_port

from .process import Process

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
PHONE_NUMBER_ID = "106540352242922"
# A relay has two sockets for each connection, and a process may hold 20,000 files here.
CONNECTIONS_A_RELAY = 5_000
# Pause after each message, so that each finds everything asleep.
GAP_MS = 4
# A login that waits for the person; its number in server/src/store/rows.rs is the first.
PENDING_STATE = 0


def free_address() -> str:
    """An address that nobody listens on."""
    return f"127.0.0.1:{free_port()}"


class Environment:
    """The server and what stands around it; all of it ends with the `with` block."""

    def __init__(self, connections: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loggin-bench-")
        self._database = Path(self._folder.name, "bench.db")
        self._app_secret = secrets.token_hex(16)
        self._posted = 0
        self._settings = self._environment()
        app = self._create_app()
        self.app_key: str = app["app_key"]
        self.secret_key: str = app["secret_key"]
        self.server = Process([str(RELEASE / "loggin-server"), "serve"], self._settings)
        self.url = self.server.read_line().rpartition(" ")[2]
        bench = str(RELEASE / "loggin-bench")
        address = self.url.removeprefix("http://")
        relays = -(-connections // CONNECTIONS_A_RELAY)
        self._relays = [Process([bench, "relay", address]) for _ in range(relays)]
        self.relay_urls = [f"http://{relay.read_line()}" for relay in self._relays]
        self._poster = Process([bench, "post", self.url])

    def _environment(self) -> dict[str, str]:
        listen = free_address()
        return {
            "LOGGIN_LISTEN": listen,
            "LOGGIN_DATABASE_URL": f"sqlite:{self._database}",
            "LOGGIN_PUBLIC_URL": f"http://{listen}",
            "LOGGIN_LOG": "warn",
            "LOGGIN_METRICS_LISTEN": "127.0.0.1:0",
            "WHATSAPP_NUMBER": "15550001111",
            "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
            "WHATSAPP_ACCESS_TOKEN": "unused",
            "WHATSAPP_APP_SECRET": self._app_secret,
            "WHATSAPP_VERIFY_TOKEN": secrets.token_hex(16),
            "WHATSAPP_GRAPH_URL": "http://127.0.0.1:9",
        }

    def _create_app(self) -> dict[str, str]:
        command = [str(RELEASE / "loggin-server"), "app", "create", "--name", "Benchmark", "--json"]
        done = subprocess.run(command, env=self._settings, stdout=subprocess.PIPE, check=True, text=True)
        app: dict[str, str] = json.loads(done.stdout)
        return app

    def pending(self) -> int:
        """How many logins the server has stored as waited for."""
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True) as database:
            query = "SELECT count(*) FROM logins WHERE state = ?"
            count: int = database.execute(query, (PENDING_STATE,)).fetchone()[0]
        return count

    def post(self, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Sends a message for each code; when each post began and got its response, by code."""
        order = {
            "app_secret": self._app_secret,
            "phone_number_id": PHONE_NUMBER_ID,
            "codes": codes,
            "timestamp": int(time.time()),
            "first": self._posted,
            "gap_ms": GAP_MS,
        }
        self._posted += len(codes)
        posted = json.loads(self._poster.ask(json.dumps(order)))["posted"]
        return {code: (began, got) for code, began, got in posted}

    def sent(self) -> dict[str, int]:
        """When `verified` went to the client, by code, since the last call."""
        moments: dict[str, int] = {}
        for relay in self._relays:
            moments.update(json.loads(relay.ask("sent"))["sent"])
        return moments

    def __enter__(self) -> Environment:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in (self._poster, *self._relays, self.server):
            process.end()
        self._folder.cleanup()
