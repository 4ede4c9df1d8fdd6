"""Benchmark of the server: whole logins, alone and among pending ones, and events to held streams.

`python -m bench.server` from tests/; `--quick` for one short round of each, `--against PATH` to have another build of
the server measured in turns with this one, `--publish` to write the last full run into docs/benchmarks.md.
`make bench-server` builds what it needs.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from . import report
from .clients import BUILT
from .environment import PHONE_NUMBER_ID, RELEASE, free_address
from .process import Process
from .publish import write_between

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


WORKS = (
    Work("whole logins, observed and redeemed", {"do": "logins", "workers": 64, "claim": False}),
    Work("whole logins, claimed by the stream", {"do": "logins", "workers": 64, "claim": True}),
    Work("the same among 100,000 pending", {"do": "logins", "workers": 64, "claim": True}, pending=100_000),
    Work("events, 100 a second", {"do": "publish", "a_second": 100}, streams=STREAMS),
    Work("events, 500 a second", {"do": "publish", "a_second": 500}, streams=STREAMS),
)


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    server: str
    work: str
    count: int
    seconds: float
    p50: int
    p99: int
    worst: int | None
    cpu_seconds: float
    written_bytes: int
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


@contextmanager
def _served(binary: Path, folder: Path) -> Iterator[tuple[Process, dict[str, str]]]:
    """A server on an empty database, and what the load has to know of it."""
    address = free_address()
    target = {"phone_number_id": PHONE_NUMBER_ID, "app_secret": secrets.token_hex(16)}
    settings = {
        "LOGGIN_LISTEN": address,
        "LOGGIN_DATABASE_URL": f"sqlite:{folder / 'loggin.db'}",
        "LOGGIN_PUBLIC_URL": f"http://{address}",
        "LOGGIN_LOG": "error",
        "LOGGIN_METRICS_LISTEN": "127.0.0.1:0",
        "WHATSAPP_NUMBER": "15550001111",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_ACCESS_TOKEN": "unused",
        "WHATSAPP_APP_SECRET": target["app_secret"],
        "WHATSAPP_VERIFY_TOKEN": secrets.token_hex(16),
        "WHATSAPP_GRAPH_URL": "http://127.0.0.1:9",
    }
    command = [str(binary), "app", "create", "--name", "Benchmark", "--json"]
    made = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True, text=True)
    target.update({key: json.loads(made.stdout)[key] for key in ("app_key", "secret_key")})
    process = Process([str(binary), "serve"], settings)
    try:
        yield process, {**target, "url": process.read_line().rpartition(" ")[2]}
    finally:
        process.end()


def measure(server: str, binary: Path, work: Work, seconds: float) -> Round:
    """One server from its start to its end, under one kind of load."""
    load = Process([str(RELEASE / "loggin-bench"), "logins"])
    with (
        tempfile.TemporaryDirectory(prefix="loggin-bench-") as folder,
        _served(binary, Path(folder)) as (process, target),
    ):
        try:
            load.say(json.dumps(target))
            warm = {"do": "logins", "workers": 8, "claim": True, "seconds": WARM_SECONDS, "first": 0}
            load.ask(json.dumps(warm))
            memory = process.usage().anonymous_bytes
            waits = work.pending + work.streams
            if work.pending:
                hold = {"do": "hold", "logins": work.pending, "tokens_a_stream": TOKENS_A_STREAM}
                load.ask(json.dumps(hold))
            if work.streams:
                load.ask(json.dumps({"do": "open", "streams": work.streams}))
            memory = process.usage().anonymous_bytes - memory
            cpu, written = process.cpu_seconds(), process.written_bytes()
            # Other people: none of them has written before.
            order = {**work.order, "seconds": seconds, "first": 5_000_000}
            found = json.loads(load.ask(json.dumps(order)))
            return Round(
                server,
                work.name,
                found["count"],
                found["seconds"],
                found["time"]["p50"],
                found["time"]["p99"],
                found.get("worst"),
                process.cpu_seconds() - cpu,
                process.written_bytes() - written,
                memory / waits if waits else None,
            )
        finally:
            load.end()


def markdown(results: Results) -> str:
    """Medians over the rounds; with another build, the ratios of the medians."""
    header = ["load", "server", "rounds", "a second", "p50, ms", "p99", "worst"]
    header += ["server CPU each, µs", "written each, KB", "memory of a wait, B"]
    rows, ratios = [], []
    for work in dict.fromkeys(found.work for found in results.rounds):
        by_server = {
            server: [found for found in results.rounds if (found.server, found.work) == (server, work)]
            for server in dict.fromkeys(found.server for found in results.rounds)
        }
        for server, rounds in by_server.items():
            rows.append([work, server, str(len(rounds)), *_figures(rounds)])
        if len(by_server) == 2:
            ours, other = by_server[OURS], by_server[OTHER]
            ratios.append([work, *(f"{_median(ours, of) / _median(other, of):.2f}" for of in RATIOS)])
    parts = [report.table(header, rows)]
    if ratios:
        parts.append("This build to the other one:\n\n" + report.table(["load", *RATIOS], ratios))
    load = f"load {results.load_before:.0f} before and {results.load_after:.0f} after"
    return f"{results.machine}; {load}.\n\n" + "\n\n".join(parts) + "\n"


RATIOS: dict[str, Callable[[Round], float]] = {
    "a second": lambda found: found.rate,
    "p50": lambda found: found.p50,
    "p99": lambda found: found.p99,
    "CPU each": lambda found: found.cpu_seconds / found.count,
    "written each": lambda found: found.written_bytes / found.count,
}


def _median(rounds: list[Round], of: str) -> float:
    return median(RATIOS[of](found) for found in rounds)


def _figures(rounds: list[Round]) -> list[str]:
    worst = [found.worst for found in rounds if found.worst is not None]
    waits = [found.bytes_a_wait for found in rounds if found.bytes_a_wait is not None]
    return [
        f"{_median(rounds, 'a second'):,.0f}",
        f"{_median(rounds, 'p50') / 1e3:.2f}",
        f"{_median(rounds, 'p99') / 1e3:.2f}",
        f"{max(worst) / 1e3:.0f} ms" if worst else "-",
        f"{_median(rounds, 'CPU each') * 1e6:,.0f}",
        f"{_median(rounds, 'written each') / 1e3:.1f}",
        f"{median(waits):,.0f}" if waits else "-",
    ]


def _load() -> Results:
    kept = json.loads(RESULTS.read_text())
    return Results(**{**kept, "rounds": [Round(**found) for found in kept["rounds"]]})


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.server", description="Benchmark of the server.")
    parser.add_argument("--quick", action="store_true", help="one round of 3 seconds each")
    parser.add_argument("--against", type=Path, help="another build of the server, measured in turns")
    parser.add_argument("--only", default="", help="only loads with this in their name")
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
    before = report.load()
    count, seconds = (1, 3.0) if arguments.quick else (5, 6.0)
    rounds = []
    for number in range(count):
        for work in WORKS:
            # In turns, and each first in half of them.
            order = list(servers.items())[:: 1 if number % 2 == 0 else -1]
            for server, binary in order if arguments.only in work.name else ():
                rounds.append(measure(server, binary, work, seconds))
                print(f"round {number + 1}: {server}, {work.name}, {rounds[-1].rate:,.0f}/s", file=sys.stderr)
    results = Results(rounds, arguments.quick, report.machine(), before, report.load())
    print(markdown(results))
    if not arguments.only and not arguments.against:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(asdict(results), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
