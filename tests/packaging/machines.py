"""Machines of docs/deploy.md, as they are here: commands are run, and services are processes of the test."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from conftest import ROOT, SERVER, SETTINGS, TEST_TIMEOUT
from pages import Block
from ports import free_port
from postgresql import Cluster
from proxies import LOCAL

SIMULATOR = Path(os.environ.get("WHATSAPP_SIMULATOR_BIN", SERVER.with_name("whatsapp-simulator")))
# What the page leaves to whoever follows it.
FILLED_IN = "PASSWORD"

# Whoever is not root has PostgreSQL run as their own user.
_SUDO = """#!/bin/sh
[ "$1 $2" = "-u postgres" ] && shift 2
[ "$(id -u)" -ne 0 ] || exec runuser -u postgres -- "$@"
exec "$@"
"""


class Machine:
    """One machine with a server of its own, and the shell of whoever operates it."""

    def __init__(self, folder: Path, number: int, cluster: Cluster) -> None:
        self.number = number
        self.port, self.metrics_port = free_port(), free_port()
        self.folder = folder / f"machine-{number}"
        self._cluster = cluster
        for name in ("etc", "lib", "backups", "bin"):
            (self.folder / name).mkdir(parents=True)
        self.settings = self.folder / "etc" / "loggin.toml"
        sudo = self.folder / "bin" / "sudo"
        sudo.write_text(_SUDO)
        sudo.chmod(0o755)
        (self.folder / "bin" / "loggin-server").symlink_to(SERVER)
        self._process: subprocess.Popen[str] | None = None
        self.log = self.folder / "log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def here(self, text: str) -> str:
        """What the page says, with what is here in the place of what it names."""
        text = self._cluster.here(text)
        places = {
            "/etc/loggin/": f"{self.folder}/etc/",
            "/var/lib/loggin/": f"{self.folder}/lib/",
            "/var/backups/loggin/": f"{self.folder}/backups/",
            # In docs/operations.md the database is reached as the system's authorities allow.
            "@db.example/": f"@{LOCAL}:{self._cluster.port}/",
            "?sslmode=verify-full'": f"?sslmode=verify-full&sslrootcert={self.folder}/etc/db-ca.pem'",
            '"10.87.0.1"': '"127.0.0.1"',
        }
        for name, place in places.items():
            text = text.replace(name, place)
        # Commands for one server are shown once, and say its address.
        for port, own in (("8787", self.port), ("9787", self.metrics_port)):
            text = re.sub(rf"\b(?:10\.87\.0\.1\d|127\.0\.0\.1):{port}\b", f"127.0.0.1:{own}", text)
        return text

    def set(self, block: Block, password: str = "") -> None:
        """Brings the settings to what the page shows; the others stay."""
        lines = self.settings.read_text().splitlines()
        for line in self.here(block.text).replace(FILLED_IN, password).splitlines():
            name = line.split(" = ")[0]
            places = [at for at, known in enumerate(lines) if known.split(" = ")[0] == name]
            assert len(places) == 1, line
            lines[places[0]] = line
        self.settings.write_text("\n".join(lines) + "\n")

    def follow(self, block: Block) -> str:
        """Runs the commands of a block as an operator's shell does; what they print."""
        printed: list[str] = []
        waiting: list[str] = []
        for command in block.commands():
            words = command.split()
            if words[0] == "systemctl" or words[:2] == ["dpkg", "--install"]:
                printed.append(self._shell(waiting))
                # A package that is installed starts the service again: another test shows that.
                act, unit = words[1:3] if words[0] == "systemctl" else ("restart", "loggin")
                services: dict[str, Machine | Cluster] = {"loggin": self, "postgresql": self._cluster}
                service = services[unit]
                if act in ("stop", "restart"):
                    service.stop()
                if act in ("start", "restart"):
                    service.start()
            else:
                waiting.append(command)
        return "".join([*printed, self._shell(waiting)])

    def _shell(self, commands: list[str]) -> str:
        script = self.here("\n".join(commands))
        commands.clear()
        environment = self._cluster.environment()
        environment["PATH"] = f"{self.folder / 'bin'}:{environment['PATH']}"
        environment["HOME"] = environment["TMPDIR"] = str(self.folder)
        # Older programs look for the home in the list of users.
        environment["PGPASSFILE"] = str(self.folder / ".pgpass")
        done = subprocess.run(
            ["sh", "-euc", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=2 * TEST_TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Starts the service, and waits until it serves, as systemd does."""
        command = [str(SERVER), "serve", "--config", str(self.settings)]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, env={}, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("loggin-server listening on "), self.log.read_text()

    def stop(self) -> None:
        """Stops the service as systemd does, if it runs, and sees that it ends in order."""
        if self._process is None:
            return
        with self._process as process:
            process.terminate()
            process.wait(TEST_TIMEOUT)
        self._process = None
        assert process.returncode == 0, self.log.read_text()

    def kill(self) -> None:
        """Ends the service as a loss of power does, if it runs."""
        if self._process is not None:
            with self._process as process:
                process.kill()
            self._process = None

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=TEST_TIMEOUT) as response:
            status: int = response.status
            return status

    def calls(self, route: str) -> int:
        """How many calls of a route the server has responded to, as its metrics say."""
        metrics = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(metrics, timeout=TEST_TIMEOUT) as response:
            text = response.read().decode()
        counts = re.findall(
            rf'^loggin_http_request_duration_seconds_count{{[^}}]*route="{re.escape(route)}"[^}}]*}} (\d+)',
            text,
            re.MULTILINE,
        )
        return sum(map(int, counts))

    def app(self, *options: str) -> dict[str, Any]:
        """A new app of this machine's database."""
        create = f"loggin-server app create --name Acme --json {shlex.join(options)}"
        made: dict[str, Any] = json.loads(self._shell([f"{create} --config /etc/loggin/loggin.toml"]))
        return made


class Phones:
    """WhatsApp with all its phones, which posts its webhooks to an address that may change."""

    def __init__(self, webhook_url: str, authority: Path) -> None:
        environment = {**SETTINGS, "SSL_CERT_FILE": str(authority)}
        command = [
            str(SIMULATOR),
            "--listen",
            "127.0.0.1:0",
            "--webhook-url",
            webhook_url,
            "--exit-with-parent",
        ]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), line
        self.url = line.removeprefix("listening on ").strip()
        self._numbers = itertools.count(919_876_500_000)

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/control/{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=2 * TEST_TIMEOUT) as response:
            return json.load(response)

    def add(self) -> str:
        """A phone that nobody knows yet: its number."""
        number = str(next(self._numbers))
        self.control("phones", {"number": number, "name": "Asha"})
        return number

    def send(self, number: str, text: str) -> int | None:
        """Sends a message from a phone; what its webhook was answered at first."""
        status: int | None = self.control(f"phones/{number}/messages", {"text": text})["status"]
        return status

    def digits(self, number: str) -> str:
        """The digits in the first message to a phone that has some, whatever they are for; waits for it."""
        seen = 0
        while True:
            path = f"phones/{number}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
            messages = self.control(path)["messages"]
            assert messages, "no message came"
            for message in messages:
                code = message.get("code") or message.get("text") or ""
                if digits := re.match(r"\d{6}\b", code):
                    return digits.group()
            seen = max(message["seq"] for message in messages)

    def close(self) -> None:
        # It may be about to deliver again what was refused.
        with self._process as process:
            process.kill()
