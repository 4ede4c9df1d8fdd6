"""Runs the benchmarks, prints their tables as Markdown, and keeps everything in target/bench/results.json.

`python -m bench` from tests/; `--quick` for three minutes in place of fifteen. `make bench` builds what it needs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace

from . import clients, offline, publish, report
from .clients import Client
from .waits import Measurement, measure


@dataclass(frozen=True)
class Group:
    """Clients that wait for the same number of logins, in turns."""

    waits: int
    rounds: int
    wakes: int
    clients: tuple[Client, ...]


FAST = (
    clients.RUST,
    clients.RUST_TASKS,
    clients.REQWEST,
    clients.BARE,
    clients.ASYNCIO,
    clients.NODE,
    clients.EVENTSOURCE,
)
# Takes longer to open ten thousand connections than all others together.
SLOW = (clients.ASYNCIO, clients.HTTPX_SSE)
FULL = (
    Group(1_000, 3, 200, (*FAST, clients.HTTPX_SSE, clients.THREADS)),
    Group(10_000, 3, 200, FAST),
    Group(10_000, 1, 200, SLOW),
    Group(10_000, 3, 0, (clients.BARE_SHARED,)),
    Group(50_000, 1, 0, (clients.BARE_SHARED,)),
    Group(50_000, 1, 200, (clients.RUST, clients.RUST_TASKS, clients.ASYNCIO, clients.NODE)),
)
QUICK = (
    Group(1_000, 2, 100, (*FAST, clients.HTTPX_SSE, clients.THREADS)),
    Group(10_000, 1, 100, (clients.RUST, clients.ASYNCIO, clients.NODE)),
    Group(10_000, 1, 0, (clients.BARE_SHARED,)),
    Group(50_000, 1, 0, (clients.BARE_SHARED,)),
)
OFFLINE_ROUNDS = 15


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Benchmarks of the SDKs and their peers.")
    parser.add_argument("--quick", action="store_true", help="fewer waits and rounds")
    parser.add_argument("--only", help="only clients with this in their name, and nothing else")
    parser.add_argument("--waits", type=int, help="only groups of so many waits")
    parser.add_argument(
        "--again",
        action="store_true",
        help="put what is measured into the last results, with all that is offline",
    )
    arguments = parser.parse_args()
    began, load = time.monotonic(), report.load()
    groups = QUICK if arguments.quick else FULL
    chosen = [group for group in groups if arguments.waits in {None, group.waits}]
    measured = [found for group in chosen for found in _measure(group, arguments.only)]
    if arguments.again:
        results = _merged(report.load_results(publish.RESULTS), measured)
    elif arguments.only or arguments.waits:
        print(report.waits(measured))
        return 0
    else:
        results = report.Results(
            measurements=measured,
            offline=offline.measure(OFFLINE_ROUNDS),
            is_quick=arguments.quick,
            machine=report.machine(),
            load_before=load,
            load_after=report.load(),
            minutes=(time.monotonic() - began) / 60,
        )
    publish.RESULTS.write_text(json.dumps(asdict(results), indent=1) + "\n")
    print(report.markdown(results))
    return 0


def _merged(last: report.Results, measured: list[Measurement]) -> report.Results:
    """The last results with these in place of the same clients' at the same numbers of waits."""
    again = {(found.client, found.waits) for found in measured}
    kept = [found for found in last.measurements if (found.client, found.waits) not in again]
    return replace(
        last, load_after=report.load(), measurements=kept + measured, offline=offline.measure(OFFLINE_ROUNDS)
    )


def _measure(group: Group, only: str | None) -> list[Measurement]:
    """All rounds of a group. Each round begins with another client, so that none is always first."""
    chosen = [client for client in group.clients if only is None or only in client.name]
    found = []
    for number in range(group.rounds):
        shift = number % max(len(chosen), 1)
        for client in chosen[shift:] + chosen[:shift]:
            began = time.monotonic()
            found.append(measure(client, group.waits, group.wakes))
            seconds = time.monotonic() - began
            print(f"round {number + 1}: {group.waits} x {client.name}, {seconds:.0f} s", file=sys.stderr)
    return found


if __name__ == "__main__":
    sys.exit(main())
