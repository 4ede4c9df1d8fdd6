"""Benchmark of one-time codes: pairs of start and verify a second, beside better-auth's phone-number plugin.

`python -m bench.otp` from tests/; `--quick` for one short round of each, `--publish` to write the last full run into
docs/benchmarks.md. `make bench-otp` builds what it needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from . import report
from .clients import BUILT
from .environment import PHONE_NUMBER_ID, RELEASE, free_address
from .goals import Goal
from .process import Process
from .publish import write_between

RESULTS = BUILT / "otp.json"
PEER = Path(__file__).parent / "node" / "better-auth.mjs"
OURS, THEIRS = "loggin", "better-auth"
CONNECTIONS = 16
# Connections, caches and compilers are warm after this; what is measured begins then.
WARM_SECONDS = 2.0
# The limits are on and wide: what is measured is that they are kept, not that they refuse.
CALLS_PER_MINUTE = 1_000_000_000
# Pairs a second against the peer, and milliseconds of the slowest pair in a hundred.
TIMES, PAIR_P99 = 13, 12


@dataclass(frozen=True)
class Latency:
    """Microseconds of one kind of call."""

    p50: int
    p99: int


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    server: str
    pairs: int
    seconds: float
    start: Latency
    verify: Latency
    pair: Latency
    server_cpu_seconds: float
    written_bytes: int

    @property
    def pairs_a_second(self) -> float:
        return self.pairs / self.seconds


@dataclass(frozen=True)
class Results:
    """Everything that one run measured."""

    rounds: list[Round]
    is_quick: bool
    machine: str
    load_before: float
    load_after: float


@dataclass(frozen=True)
class Server:
    """A server that runs, and how it is called."""

    process: Process
    order: dict[str, object]


@contextmanager
def ours(graph_url: str, folder: Path) -> Iterator[Server]:
    """Our server, as `serve` runs it: SQLite with `synchronous=FULL`, an app with limits and a quota."""
    address = free_address()
    settings = {
        "LOGGIN_LISTEN": address,
        "LOGGIN_DATABASE_URL": f"sqlite:{folder / 'loggin.db'}",
        "LOGGIN_PUBLIC_URL": f"http://{address}",
        "LOGGIN_LOG": "warn",
        "LOGGIN_METRICS_LISTEN": "127.0.0.1:0",
        "LOGGIN_OTP_SECRET": "0123456789abcdef" * 2,
        "WHATSAPP_NUMBER": "15550001111",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_ACCESS_TOKEN": "unused",
        "WHATSAPP_APP_SECRET": "0123456789abcdef" * 2,
        "WHATSAPP_VERIFY_TOKEN": "0123456789abcdef" * 2,
        "WHATSAPP_GRAPH_URL": f"{graph_url}/v26.0",
        "WHATSAPP_OTP_TEMPLATE": "verification_code",
    }
    command = [str(RELEASE / "loggin-server"), "app", "create", "--name", "Benchmark", "--json"]
    command += ["--calls-per-minute", str(CALLS_PER_MINUTE), "--monthly-quota", str(CALLS_PER_MINUTE)]
    made = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True, text=True)
    process = Process([str(RELEASE / "loggin-server"), "serve"], settings)
    try:
        url = process.read_line().rpartition(" ")[2]
        key = json.loads(made.stdout)["secret_key"]
        yield Server(
            process,
            {
                "url": url,
                "start_path": "/api/v1/auth/start",
                "verify_path": "/api/v1/auth/verify",
                "secret_key": key,
                "by_session": True,
            },
        )
    finally:
        process.end()


@contextmanager
def theirs(graph_url: str, folder: Path) -> Iterator[Server]:
    """better-auth in a Node process: SQLite with `synchronous=FULL`, its rate limiter on."""
    process = Process(["node", str(PEER), str(folder / "peer.db"), graph_url])
    try:
        url = process.read_line()
        yield Server(
            process,
            {
                "url": url,
                "start_path": "/api/auth/phone-number/send-otp",
                "verify_path": "/verify",
                "secret_key": "unused",
                "by_session": False,
            },
        )
    finally:
        process.end()


def measure(name: str, seconds: float) -> Round:
    """One server from its start to its end, under the load of all connections."""
    load = Process([str(RELEASE / "loggin-bench"), "pairs"])
    try:
        graph_url = load.read_line()
        server_of = ours if name == OURS else theirs
        with (
            tempfile.TemporaryDirectory(prefix="loggin-bench-") as folder,
            server_of(graph_url, Path(folder)) as server,
        ):
            order = {**server.order, "connections": CONNECTIONS}
            load.ask(json.dumps({**order, "seconds": WARM_SECONDS, "first": 0}))
            before, written = server.process.cpu_seconds(), server.process.written_bytes()
            # Other people: none of them is in a pause.
            found = json.loads(load.ask(json.dumps({**order, "seconds": seconds, "first": 5_000_000})))
            used = server.process.cpu_seconds() - before
            written = server.process.written_bytes() - written
    finally:
        load.end()
    latencies = {part: Latency(**found[part]) for part in ("start", "verify", "pair")}
    return Round(
        name,
        found["pairs"],
        found["seconds"],
        **latencies,
        server_cpu_seconds=used,
        written_bytes=written,
    )


def _load() -> Results:
    kept = json.loads(RESULTS.read_text())
    rounds = [
        Round(**{**found, **{part: Latency(**found[part]) for part in ("start", "verify", "pair")}})
        for found in kept["rounds"]
    ]
    return Results(**{**kept, "rounds": rounds})


def markdown(results: Results) -> str:
    """The tables: medians over the rounds, and the goals beside them."""
    by_server = {name: [found for found in results.rounds if found.server == name] for name in (OURS, THEIRS)}
    rate = {name: median(found.pairs_a_second for found in rounds) for name, rounds in by_server.items()}
    p99 = median(found.pair.p99 for found in by_server[OURS]) / 1e3
    lines = [
        "| server | rounds | pairs a second | start p50, ms | p99 | verify p50 | p99 | pair p50 | p99 "
        "| server CPU a pair, µs | written a pair, KB |",
        f"|{' --- |' * 11}",
    ]
    for name, rounds in by_server.items():
        times = [
            f"{median(getattr(getattr(found, part), at) for found in rounds) / 1e3:.2f}"
            for part in ("start", "verify", "pair")
            for at in ("p50", "p99")
        ]
        cpu = median(found.server_cpu_seconds / found.pairs for found in rounds) * 1e6
        written = median(found.written_bytes / found.pairs for found in rounds) / 1e3
        figures = [name, str(len(rounds)), f"{rate[name]:,.0f}", *times, f"{cpu:,.0f}", f"{written:.1f}"]
        lines.append(f"| {' | '.join(figures)} |")
    goals = [
        Goal("pairs a second, loggin to better-auth", TIMES, rate[OURS] / rate[THEIRS], "times", False),
        Goal("p99 of a pair, loggin", PAIR_P99, p99, "ms"),
    ]
    rows = ["| goal | bound | measured | |", "| --- | --- | --- | --- |"]
    for goal in goals:
        sign = "≤" if goal.is_lower_better else "≥"
        rows.append(
            f"| {goal.subject} | {sign} {goal.bound:g} {goal.unit} | {goal.found:.3g} {goal.unit} "
            f"| {goal.verdict} |"
        )
    load = f"load {results.load_before:.0f} before and {results.load_after:.0f} after"
    tables = ["\n".join(lines), "\n".join(rows)]
    return f"{results.machine}; {load}; {CONNECTIONS} connections.\n\n" + "\n\n".join(tables) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.otp", description="Benchmark of one-time codes.")
    parser.add_argument("--quick", action="store_true", help="one round of 3 seconds each")
    parser.add_argument("--publish", action="store_true", help="write the last full run into the page")
    arguments = parser.parse_args()
    if arguments.publish:
        results = _load()
        if results.is_quick:
            print("the last run was a quick one: `make bench-otp` measures all", file=sys.stderr)
            return 1
        return write_between("otp results", markdown(results))
    before = report.load()
    count, seconds = (1, 3.0) if arguments.quick else (5, 10.0)
    rounds = []
    for number in range(count):
        # In turns, and each first in half of them.
        for name in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
            rounds.append(measure(name, seconds))
            print(f"round {number + 1}: {name}, {rounds[-1].pairs_a_second:,.0f} pairs/s", file=sys.stderr)
    results = Results(rounds, arguments.quick, report.machine(), before, report.load())
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(asdict(results), indent=1) + "\n")
    print(markdown(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
