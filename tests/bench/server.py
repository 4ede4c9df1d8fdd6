"""Benchmark of the server: whole logins, alone and among pending ones, and events to held streams.

`python -m bench.server` from tests/; `--quick` for one short round of each, `--against PATH` to have another build of
the server measured in turns with this one, `--publish` to write the last full run into docs/benchmarks.md.
`make bench-server` builds what it needs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from . import postgres, report
from .clients import BUILT
from .environment import RELEASE
from .goals import Goal, rows
from .process import Process
from .publish import write_between
from .servers import POSTGRESQL, SQLITE, Setup, served

RESULTS = BUILT / "server.json"
OURS, OTHER = "loggin-server", "the other build"
# Connections, caches and the store are warm after this; what is measured begins then.
WARM_SECONDS = 2.0
STREAMS = 10_000
TOKENS_A_STREAM = 10_000


@dataclass(frozen=True)
class Work:
    """One kind of load, and what waits beside it."""

    name: str
    order: dict[str, object]
    pending: int = 0
    streams: int = 0


def _among(pending: int) -> Work:
    order: dict[str, object] = {"do": "logins", "workers": 64, "claim": True}
    return Work(f"the same among {pending:,} pending", order, pending=pending)


OBSERVED = Work("whole logins, observed and redeemed", {"do": "logins", "workers": 64, "claim": False})
CLAIMED = Work("whole logins, claimed by the stream", {"do": "logins", "workers": 64, "claim": True})
AMONG = [_among(pending) for pending in (1_000, 10_000, 100_000)]
SLOW = Work("events, 100 a second", {"do": "publish", "a_second": 100}, streams=STREAMS)
FAST = Work("events, 500 a second", {"do": "publish", "a_second": 500}, streams=STREAMS)

WORKS = [OBSERVED, CLAIMED, *AMONG, SLOW, FAST]
ALONE = Setup(SQLITE)
LOADS = [
    *((ALONE, work) for work in WORKS),
    *((Setup(POSTGRESQL), work) for work in WORKS),
    *((Setup(POSTGRESQL, nodes), work) for nodes in (2, 4) for work in (OBSERVED, CLAIMED, FAST)),
]


@dataclass(frozen=True)
class Round:
    """What the servers of one build did in one round."""

    server: str
    setup: str
    work: str
    count: int
    seconds: float
    p50: int
    p99: int
    worst: int | None
    # Of all servers, and of the database where it is a process of its own.
    cpu_seconds: float
    database_cpu_seconds: float
    written_bytes: float
    commits: int
    # Of each stream that was opened, or of each login that was pending; none where there were neither.
    bytes_a_wait: float | None

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True)
class Results:
    """Everything that one run measured."""

    rounds: list[Round]
    is_quick: bool
    machine: str
    load_before: float
    load_after: float


def measure(server: str, binary: Path, setup: Setup, work: Work, seconds: float) -> Round:
    """Servers from their start to their end, under one kind of load."""
    load = Process([str(RELEASE / "loggin-bench"), "logins"])
    try:
        with served(binary, setup) as servers:
            load.say(json.dumps(servers.target))
            warm = {"do": "logins", "workers": 8, "claim": True, "seconds": WARM_SECONDS, "first": 0}
            load.ask(json.dumps(warm))
            memory = servers.anonymous_bytes()
            waits = work.pending + work.streams
            if work.pending:
                hold = {"do": "hold", "logins": work.pending, "tokens_a_stream": TOKENS_A_STREAM}
                load.ask(json.dumps(hold))
            if work.streams:
                load.ask(json.dumps({"do": "open", "streams": work.streams}))
            memory = servers.anonymous_bytes() - memory
            before = servers.usage()
            # Other people: none of them has written before.
            order = {**work.order, "seconds": seconds, "first": 5_000_000}
            found = json.loads(load.ask(json.dumps(order)))
            used = servers.usage() - before
            return Round(
                server,
                str(setup),
                work.name,
                found["count"],
                found["seconds"],
                found["time"]["p50"],
                found["time"]["p99"],
                found.get("worst"),
                used.cpu_seconds,
                used.database_cpu_seconds,
                used.written_bytes,
                used.commits,
                memory / waits if waits else None,
            )
    finally:
        load.end()


def markdown(results: Results) -> str:
    """Medians over the rounds; with another build the ratios of the medians, without one the goals."""
    header = ["load", "store", "server", "rounds", "a second", "p50, ms", "p99", "worst"]
    header += ["server CPU each, µs", "database's", "commits each", "written each, KB", "memory of a wait, B"]
    lines, ratios = [], []
    for setup, work in dict.fromkeys((found.setup, found.work) for found in results.rounds):
        by_server = {
            server: results_of(results.rounds, setup, work, server)
            for server in dict.fromkeys(found.server for found in results.rounds)
        }
        for server, rounds in by_server.items():
            lines.append([work, setup, server, str(len(rounds)), *_figures(rounds)])
        if len(by_server) == 2:
            ours, other = by_server[OURS], by_server[OTHER]
            ratios.append([work, setup, *(_ratio(_median(ours, of), _median(other, of)) for of in RATIOS)])
    if not ratios:
        header.remove("server")
        lines = [line[:2] + line[3:] for line in lines]
    parts = [report.table(header, lines)]
    if ratios:
        parts.append("This build to the other one:\n\n" + report.table(["load", "store", *RATIOS], ratios))
    else:
        parts.append(rows(goals(results.rounds)))
    load = f"load {results.load_before:.0f} before and {results.load_after:.0f} after"
    return f"{results.machine}; {load}.\n\n" + "\n\n".join(parts) + "\n"


def results_of(rounds: list[Round], setup: str, work: str, server: str = OURS) -> list[Round]:
    """The rounds of one load."""
    return [found for found in rounds if (found.server, found.setup, found.work) == (server, setup, work)]


def goals(rounds: list[Round]) -> list[Goal]:
    """What the server is held to, with two cores for it, its clients and its database together."""

    def of(work: Work, figure: Callable[[Round], float | None], setup: Setup = ALONE) -> float | None:
        values = [figure(found) for found in results_of(rounds, str(setup), work.name)]
        known = [value for value in values if value is not None]
        return median(known) if known else None

    def to(work: Work, other: Work) -> float | None:
        ours, theirs = of(work, lambda found: found.rate), of(other, lambda found: found.rate)
        return ours / theirs if ours and theirs else None

    many = AMONG[-1]
    return [
        Goal("whole logins, observed", 5_200, of(OBSERVED, lambda found: found.rate), "a second", False),
        Goal("whole logins, claimed", 6_600, of(CLAIMED, lambda found: found.rate), "a second", False),
        Goal("claimed among 100,000 pending, to alone", 0.9, to(many, CLAIMED), "times", False),
        Goal("p99 of those", 35, of(many, lambda found: found.p99 / 1e3), "ms"),
        Goal(
            "written of a login, observed",
            23.5,
            of(OBSERVED, lambda found: found.written_bytes / found.count / 1e3),
            "KB",
        ),
        Goal("event, 500 a second, p50", 0.45, of(FAST, lambda found: found.p50 / 1e3), "ms"),
        Goal("event, 500 a second, p99", 3, of(FAST, lambda found: found.p99 / 1e3), "ms"),
        Goal("memory of a stream with one token", 4_400, of(FAST, lambda found: found.bytes_a_wait), "B"),
        Goal("memory of a token on a shared stream", 200, of(many, lambda found: found.bytes_a_wait), "B"),
        Goal(
            "event at one server of a message at another, p99",
            20,
            of(FAST, lambda found: found.p99 / 1e3, Setup(POSTGRESQL, 2)),
            "ms",
        ),
    ]


RATIOS: dict[str, Callable[[Round], float]] = {
    "a second": lambda found: found.rate,
    "p50": lambda found: found.p50,
    "p99": lambda found: found.p99,
    "CPU each": lambda found: found.cpu_seconds / found.count,
    "database CPU each": lambda found: found.database_cpu_seconds / found.count,
    "commits each": lambda found: found.commits / found.count,
    "written each": lambda found: found.written_bytes / found.count,
}


def _ratio(ours: float, other: float) -> str:
    return f"{ours / other:.2f}" if other else "-"


def _median(rounds: list[Round], of: str) -> float:
    return median(RATIOS[of](found) for found in rounds)


def _figures(rounds: list[Round]) -> list[str]:
    worst = [found.worst for found in rounds if found.worst is not None]
    waits = [found.bytes_a_wait for found in rounds if found.bytes_a_wait is not None]
    database = _median(rounds, "database CPU each")
    return [
        f"{_median(rounds, 'a second'):,.0f}",
        f"{_median(rounds, 'p50') / 1e3:.2f}",
        f"{_median(rounds, 'p99') / 1e3:.2f}",
        f"{max(worst) / 1e3:.0f} ms" if worst else "-",
        f"{_median(rounds, 'CPU each') * 1e6:,.0f}",
        f"{database * 1e6:,.0f}" if database else "-",
        f"{_median(rounds, 'commits each'):.2f}",
        f"{_median(rounds, 'written each') / 1e3:.1f}",
        f"{median(waits):,.0f}" if waits else "-",
    ]


def _is_wanted(load: tuple[Setup, Work], arguments: argparse.Namespace) -> bool:
    setup, work = load
    if setup.store == POSTGRESQL and postgres.programs() is None:
        return False
    return arguments.only in work.name and setup.store.lower().startswith(arguments.store.lower())


def _load() -> Results:
    kept = json.loads(RESULTS.read_text())
    return Results(**{**kept, "rounds": [Round(**found) for found in kept["rounds"]]})


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.server", description="Benchmark of the server.")
    parser.add_argument("--quick", action="store_true", help="one round of 3 seconds each")
    parser.add_argument("--against", type=Path, help="another build of the server, measured in turns")
    parser.add_argument("--only", default="", help="only loads with this in their name")
    parser.add_argument("--store", default="", help="only loads of this store: sqlite or postgresql")
    parser.add_argument("--publish", action="store_true", help="write the last full run into the page")
    arguments = parser.parse_args()
    if arguments.publish:
        results = _load()
        if results.is_quick:
            print("the last run was a quick one: `make bench-server` measures all", file=sys.stderr)
            return 1
        return write_between("server results", markdown(results))
    servers = {OURS: RELEASE / "loggin-server"}
    if arguments.against:
        servers[OTHER] = arguments.against
    loads = [load for load in LOADS if _is_wanted(load, arguments)]
    before = report.load()
    count, seconds = (1, 3.0) if arguments.quick else (3, 6.0)
    rounds = []
    for number in range(count):
        for setup, work in loads:
            # In turns, and each first in half of them.
            for server, binary in list(servers.items())[:: 1 if number % 2 == 0 else -1]:
                rounds.append(measure(server, binary, setup, work, seconds))
                said = f"{server}, {setup}, {work.name}, {rounds[-1].rate:,.0f}/s"
                print(f"round {number + 1}: {said}", file=sys.stderr)
    results = Results(rounds, arguments.quick, report.machine(), before, report.load())
    print(markdown(results))
    if not (arguments.only or arguments.store or arguments.against):
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(asdict(results), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
