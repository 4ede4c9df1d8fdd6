"""Growth of the server: what more and more pending logins take, and what a login among them does.

`python -m bench.growth` from tests/; `--store` for one of the stores, `--nodes` for several servers on PostgreSQL,
`--most` to end earlier. `make bench-growth` builds what it needs and prints what docs/scaling.md speaks of: one run, a
quarter of an hour on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from . import postgres, report
from .environment import RELEASE
from .process import Process
from .server import CLAIMED, TOKENS_A_STREAM, WARM_SECONDS
from .servers import POSTGRESQL, SQLITE, Servers, Setup, served

STEPS = (1_000, 10_000, 100_000, 500_000, 1_000_000)
# As many as one app may have, so that it has no room for another login: see server/src/limits.rs.
FULL = 1_000_000
LOGIN_SECONDS = 4.0
HEADER = ["store", "pending", "each registered, CPU µs", "written, KB", "memory, B", "resident in all, MB"]
HEADER += [
    "logins among them a second",
    "p50, ms",
    "p99",
    "server CPU each, µs",
    "database's",
    "of those who write",
]
HEADER += ["commits each", "written each, KB"]


class Growth:
    """One setup and its load."""

    def __init__(self, load: Process, servers: Servers) -> None:
        self._load, self._servers = load, servers
        self._load.say(json.dumps(servers.target))
        self._logins(8, WARM_SECONDS, 0)
        self._memory, self._pending = servers.anonymous_bytes(), 0

    def grow(self, to: int) -> list[str]:
        """Adds pending logins up to so many, and has people sign in among them: the figures of both."""
        before, more = self._servers.usage(), to - self._pending
        self._ask({"do": "hold", "logins": more, "tokens_a_stream": TOKENS_A_STREAM})
        used, self._pending = self._servers.usage() - before, to
        memory = (self._servers.anonymous_bytes() - self._memory) / to
        figures = [
            f"{to:,}",
            f"{(used.cpu_seconds + used.database_cpu_seconds) / more * 1e6:,.0f}",
            f"{used.written_bytes / more / 1e3:.1f}",
            f"{memory:,.0f}",
            f"{self._servers.resident_bytes() / 1e6:,.0f}",
        ]
        return figures + (self._among() if to < FULL else ["-"] * 8)

    def _among(self) -> list[str]:
        before, writing = self._servers.usage(), self._servers.writing_cpu_seconds()
        found = self._logins(64, LOGIN_SECONDS, self._pending * 10)
        used, writing = self._servers.usage() - before, self._servers.writing_cpu_seconds() - writing
        count = found["count"]
        return [
            f"{count / found['seconds']:,.0f}",
            f"{found['time']['p50'] / 1e3:.1f}",
            f"{found['time']['p99'] / 1e3:.1f}",
            f"{used.cpu_seconds / count * 1e6:,.0f}",
            f"{used.database_cpu_seconds / count * 1e6:,.0f}",
            f"{writing / count * 1e6:,.0f}",
            f"{used.commits / count:.2f}",
            f"{used.written_bytes / count / 1e3:.1f}",
        ]

    def _logins(self, workers: int, seconds: float, first: int) -> dict[str, Any]:
        return self._ask({**CLAIMED.order, "workers": workers, "seconds": seconds, "first": first})

    def _ask(self, order: dict[str, object]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._load.ask(json.dumps(order)))
        return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.growth", description="Growth of the server.")
    parser.add_argument("--store", default="", help="only this store: sqlite or postgresql")
    parser.add_argument("--nodes", type=int, default=1, help="servers on PostgreSQL")
    parser.add_argument("--most", type=int, default=STEPS[-1], help="pending logins to end with")
    arguments = parser.parse_args()
    before, lines = report.load(), []
    for setup in (Setup(SQLITE), Setup(POSTGRESQL, arguments.nodes)):
        is_there = setup.store == SQLITE or postgres.programs() is not None
        if not is_there or not setup.store.lower().startswith(arguments.store.lower()):
            continue
        load = Process([str(RELEASE / "loggin-bench"), "logins"])
        try:
            with served(RELEASE / "loggin-server", setup) as servers:
                growth = Growth(load, servers)
                for step in [step for step in STEPS if step <= arguments.most]:
                    lines.append([str(setup), *growth.grow(step)])
                    print(" ".join(lines[-1]), file=sys.stderr)
        finally:
            load.end()
    print(f"{report.machine()}; load {before:.0f} before and {report.load():.0f} after.\n")
    print(report.table(HEADER, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
