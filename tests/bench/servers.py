"""The servers of one measurement, each on a port of its own, on one empty database, and what they take."""

from __future__ import annotations

import json
import secrets
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .environment import PHONE_NUMBER_ID, free_address
from .postgres import Cluster
from .process import Process

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
# The name of the thread that writes.
SQLITE_WRITER = "loggin-sqlite"
COMMITS = "loggin_store_commit_changes_count"


@dataclass(frozen=True)
class Setup:
    """Where logins are kept, and how many servers share it."""

    store: str
    nodes: int = 1

    def __str__(self) -> str:
        return self.store if self.nodes == 1 else f"{self.store}, {self.nodes} servers"


@dataclass(frozen=True)
class Used:
    """What the servers and their database took up to a moment, or between two."""

    cpu_seconds: float
    database_cpu_seconds: float
    written_bytes: float
    commits: int

    def __sub__(self, before: Used) -> Used:
        return Used(
            self.cpu_seconds - before.cpu_seconds,
            self.database_cpu_seconds - before.database_cpu_seconds,
            self.written_bytes - before.written_bytes,
            self.commits - before.commits,
        )


@dataclass(frozen=True)
class Servers:
    """Servers that run, and what a load has to know of them."""

    processes: list[Process]
    metrics: list[str]
    cluster: Cluster | None
    target: dict[str, object]
    # The environment that commands on the same database need.
    settings: dict[str, str]

    def anonymous_bytes(self) -> int:
        return sum(process.usage().anonymous_bytes for process in self.processes)

    def resident_bytes(self) -> int:
        return sum(process.usage().resident_bytes for process in self.processes)

    def writing_cpu_seconds(self) -> float:
        """What those took who write, of whom one has the lock at a time: with PostgreSQL one process for each server,
        which are those that took most."""
        if self.cluster:
            return sum(sorted(self.cluster.cpu_seconds_of_children())[-len(self.processes) :])
        return sum(process.cpu_seconds_of(SQLITE_WRITER) for process in self.processes)

    def usage(self) -> Used:
        cluster = self.cluster
        written = sum(process.written_bytes() for process in self.processes)
        return Used(
            sum(process.cpu_seconds() for process in self.processes),
            cluster.cpu_seconds() if cluster else 0.0,
            written + (cluster.written_bytes() if cluster else 0),
            sum(map(_commits, self.metrics)),
        )


def _commits(address: str) -> int:
    with urllib.request.urlopen(f"http://{address}/metrics") as response:
        lines = response.read().decode().splitlines()
    counts = [line.rpartition(" ")[2] for line in lines if line.startswith(COMMITS)]
    return sum(int(float(count)) for count in counts)


@contextmanager
def served(binary: Path, setup: Setup, more: dict[str, str] | None = None) -> Iterator[Servers]:
    """Servers of this build on an empty database, with `more` settings; all of it ends with the `with` block."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="loggin-bench-"))
        cluster = stack.enter_context(Cluster()) if setup.store == POSTGRESQL else None
        database = cluster.database() if cluster else f"sqlite:{Path(folder, 'loggin.db')}"
        settings = {**_settings(database), **(more or {})}
        app = create_app(binary, settings)
        processes, metrics, urls = [], [], []
        for _ in range(setup.nodes):
            address, metrics_address = free_address(), free_address()
            own = {
                "LOGGIN_LISTEN": address,
                "LOGGIN_METRICS_LISTEN": metrics_address,
                "LOGGIN_PUBLIC_URL": f"http://{address}",
            }
            process = Process([str(binary), "serve"], {**settings, **own})
            stack.callback(process.end)
            processes.append(process)
            metrics.append(metrics_address)
            urls.append(process.read_line().rpartition(" ")[2])
        whatsapp = {"phone_number_id": PHONE_NUMBER_ID, "app_secret": settings["WHATSAPP_APP_SECRET"]}
        keys = {key: app[key] for key in ("app_key", "secret_key")}
        yield Servers(processes, metrics, cluster, {**whatsapp, **keys, "urls": urls}, settings)


def _settings(database: str) -> dict[str, str]:
    return {
        "LOGGIN_DATABASE_URL": database,
        "LOGGIN_LOG": "error",
        "WHATSAPP_NUMBER": "15550001111",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_ACCESS_TOKEN": "unused",
        "WHATSAPP_APP_SECRET": secrets.token_hex(16),
        "WHATSAPP_VERIFY_TOKEN": secrets.token_hex(16),
        "WHATSAPP_GRAPH_URL": "http://127.0.0.1:9",
    }


def create_app(binary: Path, settings: dict[str, str]) -> dict[str, str]:
    command = [str(binary), "app", "create", "--name", "Benchmark", "--json"]
    made = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True, text=True)
    app: dict[str, str] = json.loads(made.stdout)
    return app
