"""What the benchmarks are held to, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import clients

if TYPE_CHECKING:
    from .offline import Offline
    from .report import Medians, Results

# The number of waits at which the goals hold.
WAITS = 10_000


@dataclass(frozen=True)
class Goal:
    """A figure and its bound."""

    subject: str
    bound: float
    found: float | None
    unit: str
    is_lower_better: bool = True

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "not measured"
        reached = self.found <= self.bound if self.is_lower_better else self.found >= self.bound
        return "reached" if reached else "missed"


def table(results: Results, medians: Medians) -> str:
    return rows([*_waits(medians), *_server(medians), *_latency(medians), *_offline(results.offline)])


def rows(goals: Iterable[Goal]) -> str:
    """A table of goals."""
    lines = ["| goal | bound | measured | |", "| --- | --- | --- | --- |"]
    for goal in goals:
        sign = "≤" if goal.is_lower_better else "≥"
        found = "-" if goal.found is None else f"{goal.found:,.4g} {goal.unit}"
        lines.append(f"| {goal.subject} | {sign} {goal.bound:,g} {goal.unit} | {found} | {goal.verdict} |")
    return "\n".join(lines)


def ratio(ours: float | None, peer: float | None) -> float | None:
    return ours / peer if ours is not None and peer else None


def _waits(medians: Medians) -> list[Goal]:
    bounds = ((clients.RUST, 500.0), (clients.ASYNCIO, 3_072.0), (clients.NODE, 3_072.0))
    goals = [
        Goal(
            f"memory of a wait, {client.name}",
            bound,
            medians.of(client.name, WAITS, "client_bytes"),
            "B",
        )
        for client, bound in bounds
    ]
    sockets = [
        Goal(f"sockets, {client.name}", 10, medians.of(client.name, WAITS, "sockets"), "")
        for client, _ in bounds
    ]
    return goals + sockets


def _server(medians: Medians) -> list[Goal]:
    single = medians.server_growth(clients.BARE.name)
    shared = medians.server_growth(clients.BARE_SHARED.name)
    return [
        Goal("server memory of a stream with one token", 11_264, single, "B"),
        Goal("server memory of a token on a shared stream", 200, shared, "B"),
    ]


def _latency(medians: Medians) -> list[Goal]:
    bounds = ((clients.RUST_TASKS, clients.REQWEST, 1.5), (clients.NODE, clients.EVENTSOURCE, 1.0))
    goals = []
    for ours, peer, bound in (*bounds, (clients.ASYNCIO, clients.HTTPX_SSE, 1.0)):
        found = ratio(medians.of(ours.name, WAITS, "client_p50"), medians.of(peer.name, WAITS, "client_p50"))
        goals.append(
            Goal(f"event sent → waiter runs, p50, {ours.name} to {peer.name}", bound, found, "times")
        )
    return goals


def _offline(results: Offline) -> list[Goal]:
    bounds = {"Python": 3.0, "Node": 1.0}
    goals = [
        Goal(
            f"create_token against pure {found.language}",
            bounds[found.language],
            found.peer / found.ours,
            "times",
            is_lower_better=False,
        )
        for found in results.create_token
    ]
    return [*goals, Goal("import of loggin", 40, results.import_milliseconds, "ms")]
