"""The tables: medians over the rounds, ratios between ours and each peer, and the goals beside them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from . import clients, goals
from .offline import CreateToken, Offline, Size
from .waits import Measurement


@dataclass(frozen=True)
class Results:
    """Everything that one run measured."""

    measurements: list[Measurement]
    offline: Offline
    is_quick: bool
    machine: str
    load_before: float
    load_after: float
    minutes: float


def load_results(path: Path) -> Results:
    """What an earlier run kept."""
    kept = json.loads(path.read_text())
    return Results(
        **{
            **kept,
            "measurements": [Measurement(**found) for found in kept["measurements"]],
            "offline": Offline(
                create_token=[CreateToken(**found) for found in kept["offline"]["create_token"]],
                import_milliseconds=kept["offline"]["import_milliseconds"],
                sizes=[Size(**found) for found in kept["offline"]["sizes"]],
            ),
        }
    )


class Medians:
    """The medians of a client's rounds at one number of waits."""

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        self._rounds: dict[tuple[str, int], list[Measurement]] = {}
        for found in measurements:
            self._rounds.setdefault((found.client, found.waits), []).append(found)

    @property
    def keys(self) -> list[tuple[str, int]]:
        return sorted(self._rounds, key=lambda key: key[1])

    def rounds(self, client: str, waits: int) -> int:
        return len(self._rounds.get((client, waits), []))

    def server_growth(self, client: str) -> float | None:
        """Server bytes of each further wait, from the smallest number of waits to the largest.

        What the server takes once, such as the store's cache, is not in it."""
        points = [
            (waits, waits * (self.of(client, waits, "server_bytes") or 0))
            for name, waits in self.keys
            if name == client
        ]
        if len(points) < 2:
            return None
        (few, small), (many, large) = points[0], points[-1]
        return (large - small) / (many - few)

    def of(self, client: str, waits: int, name: str) -> float | None:
        values = [getattr(found, name) for found in self._rounds.get((client, waits), [])]
        known = [value for value in values if value is not None]
        return median(known) if known else None


def machine() -> str:
    """The machine, without its name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    date = datetime.now(timezone.utc).date()
    return f"{os.cpu_count()} cores ({model}), {platform.system()} {platform.machine()}, {date}"


def load() -> float:
    """How many processes wanted a processor in the last minute: others than ours blur every figure."""
    return os.getloadavg()[0]


def markdown(results: Results) -> str:
    medians = Medians(results.measurements)
    parts = [
        f"{results.machine}; load {results.load_before:.0f} before and {results.load_after:.0f} after; "
        f"measured in {results.minutes:.0f} minutes.",
        waits(results.measurements),
        "### Ours against each peer\n\n" + _ratios(medians),
        "### The server\n\n" + _server(medians),
        "### Offline\n\n" + _offline(results.offline),
        "### Goals\n\n" + goals.table(results, medians),
    ]
    return "\n\n".join(parts) + "\n"


def waits(measurements: list[Measurement]) -> str:
    """What waits take, and how fast they wake."""
    medians = Medians(measurements)
    return f"### Waits\n\n{_waits(medians)}\n\n### Wakes\n\n{_wakes(medians)}"


def _waits(medians: Medians) -> str:
    columns: list[tuple[str, Callable[[str, int], str]]] = [
        ("rounds", lambda client, count: str(medians.rounds(client, count))),
        ("bytes a wait", lambda client, count: _whole(medians.of(client, count, "client_bytes"))),
        ("sockets", lambda client, count: _whole(medians.of(client, count, "sockets"))),
        ("threads", lambda client, count: _whole(medians.of(client, count, "threads"))),
        ("registered in, s", lambda client, count: _decimal(medians.of(client, count, "register_seconds"))),
        ("CPU, s", lambda client, count: _decimal(medians.of(client, count, "cpu_seconds"))),
        ("CPU asleep", lambda client, count: _percent(medians.of(client, count, "idle_cpu"))),
        ("server CPU, s", lambda client, count: _decimal(medians.of(client, count, "server_cpu_seconds"))),
    ]
    header = ["waits", "client", *(name for name, _ in columns)]
    rows = [
        [f"{count:,}", client, *(show(client, count) for _, show in columns)]
        for client, count in medians.keys
    ]
    return table(header, rows)


def _wakes(medians: Medians) -> str:
    header = [
        "waits",
        "client",
        "client p50, µs",
        "client p99",
        "server p50",
        "server p99",
        "total p50",
        "total p99",
    ]
    fields = ("client_p50", "client_p99", "server_p50", "server_p99", "total_p50", "total_p99")
    rows = [
        [f"{count:,}", client, *(_whole(medians.of(client, count, name)) for name in fields)]
        for client, count in medians.keys
        if medians.of(client, count, "total_p50") is not None
    ]
    return table(header, rows)


def _ratios(medians: Medians) -> str:
    header = ["waits", "ours", "peer", "bytes", "CPU", "client p50", "client p99", "total p50"]
    fields = ("client_bytes", "cpu_seconds", "client_p50", "client_p99", "total_p50")
    rows = []
    for ours, peer in clients.PAIRS:
        for client, count in medians.keys:
            if client != ours.name or medians.of(peer.name, count, "client_bytes") is None:
                continue
            ratios = [
                goals.ratio(medians.of(client, count, name), medians.of(peer.name, count, name))
                for name in fields
            ]
            rows.append([f"{count:,}", client, peer.name, *(_decimal(found) for found in ratios)])
    return table(header, rows)


def _server(medians: Medians) -> str:
    rows = [
        [f"{count:,}", client, _whole(medians.of(client, count, "server_bytes"))]
        for client, count in medians.keys
        if client in {clients.BARE.name, clients.BARE_SHARED.name, clients.RUST.name}
    ]
    growth = [
        [client.name, _whole(medians.server_growth(client.name))]
        for client in (clients.BARE, clients.BARE_SHARED, clients.RUST)
    ]
    return "\n\n".join(
        (
            table(["waits", "client", "server bytes a wait"], rows),
            table(["client", "server bytes of each further wait"], growth),
        )
    )


def _offline(results: Offline) -> str:
    created = [
        [found.language, _whole(found.ours), _whole(found.peer), _decimal(found.peer / found.ours)]
        for found in results.create_token
    ]
    packages = [
        [found.package, f"{found.packed_bytes / 1e6:.2f}", f"{found.native_bytes / 1e6:.2f}"]
        for found in results.sizes
    ]
    return "\n\n".join(
        (
            table(["create_token", "ours, ns", "pure, ns", "times as fast"], created),
            f"`import loggin` takes {results.import_milliseconds:.0f} ms of processor time.",
            table(["package", "packed, MB", "native part, MB"], packages),
        )
    )


def _whole(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _decimal(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
