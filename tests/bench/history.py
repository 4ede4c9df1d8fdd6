"""A million rows of the history, and what it takes to look at them.

`python -m bench.history` from tests/; `--store` for one of the stores, `--rows` for fewer. `make bench-history` builds
what it needs. Each figure of a command is of all of it, with the start of the program and its connection to the
database, which the first line has alone. Pages of the console are whole responses, on one connection.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import quantiles

from . import postgres, report
from .console import Console, whatsapp
from .environment import RELEASE
from .servers import POSTGRESQL, SQLITE, Servers, Setup, create_app, served

ROWS = 1_000_000
DAYS = 90
DAY_MS = 86_400_000
REPEATED = 40
APPS = 5
COUNTRIES = (
    "IN",
    "BR",
    "ID",
    "MX",
    "DE",
    "GB",
    "US",
    "NG",
    "ZA",
    "ES",
    "IT",
    "TR",
    "EG",
    "PK",
    "AR",
    "CO",
    "FR",
)
# Endings and how many in a thousand have them; their numbers stand in server/src/store/rows.rs.
LOGINS = {1: 800, 10: 140, 11: 5, 12: 20, 13: 20, 20: 10, 21: 1, 22: 2, 30: 2}
CODES = {2: 850, 40: 110, 41: 10, 42: 2, 50: 15, 51: 1, 52: 10, 53: 2}
COLUMNS = (
    "app_key, kind, ending, name, is_first, confirm, started_at, message_at, verified_at, ended_at, pace, country,"
    " phone_end, recipient"
)
# Steps of the scale in server/src/store/history.rs.
STEPS = 25

PAGE = ["logs", "--json", "--limit", "50"]
USAGE = ["usage", "--json"]
HEADER = ["store", "looked at", "p50, ms", "p95"]

Row = tuple[object, ...]


def rows(apps: list[str], count: int, now: int) -> Iterator[Row]:
    """Rows of the last days, the oldest first, the same in each run but for their moments."""
    chance = random.Random(1)  # noqa: S311
    for number in range(count):
        ended = now - (count - number) * DAYS * DAY_MS // count
        kind = 1 if chance.random() < 0.7 else 2
        ways = LOGINS if kind == 1 else CODES
        (ending,) = chance.choices(list(ways), list(ways.values()))
        pace = min(int(chance.expovariate(0.2)), STEPS - 1) if ending < 10 else None
        started = ended - chance.randrange(1_000, 60_000)
        verified = ended if pace is not None else None
        country = chance.choices(COUNTRIES, range(len(COUNTRIES), 0, -1))[0]
        person = chance.randbytes(32) if ending != 10 else None
        end = f"{chance.randrange(10_000):04}" if person else None
        app = apps[min(int(chance.expovariate(0.8)), len(apps) - 1)]
        yield (
            app, kind, ending, f"{number:032x}", 1, 0, started, started if person else None, verified, ended, pace,
            country if person else None, end, person,
        )  # fmt: skip


def fill_sqlite(path: Path, found: Iterator[Row]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        database.executemany(f"INSERT INTO history ({COLUMNS}) VALUES ({marks})", found)  # noqa: S608


def fill_postgresql(url: str, found: Iterator[Row]) -> None:
    folder = postgres.programs()
    assert folder is not None, "PostgreSQL is installed"
    command = [
        str(folder / "psql"),
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        url,
        "-c",
        f"COPY history ({COLUMNS}) FROM STDIN",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        for row in found:
            process.stdin.write("\t".join(map(_copied, row)) + "\n")
        process.stdin.close()
    subprocess.run([str(folder / "psql"), "-q", url, "-c", "VACUUM ANALYZE history"], check=True)
    assert process.returncode == 0, "the rows are there"


def _copied(value: object) -> str:
    if value is None:
        return r"\N"
    return rf"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def count_all(servers: Servers, count: int) -> float:
    """Waits until the server has counted the rows, which it does by itself: how long that took."""
    begun = time.monotonic()
    while _counted(servers) < count:
        time.sleep(0.5)
    return time.monotonic() - begun


def _counted(servers: Servers) -> int:
    question = "SELECT last FROM usage_counted"
    if servers.cluster is None:
        with closing(
            sqlite3.connect(servers.settings["LOGGIN_DATABASE_URL"].removeprefix("sqlite:"))
        ) as database:
            return int(database.execute(question).fetchone()[0])
    folder = postgres.programs()
    assert folder is not None, "PostgreSQL is installed"
    command = [str(folder / "psql"), "-qtA", servers.settings["LOGGIN_DATABASE_URL"], "-c", question]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def looks(app: str) -> dict[str, list[str]]:
    """What is looked at, by how people would say it."""
    return {
        "nothing: the command alone": ["logs", "--json", "--limit", "0"],
        "the latest 50": PAGE,
        "50 of a month ago": [*PAGE, "--until", "30d"],
        "50 of an app": [*PAGE, "--app", app],
        "50 of an app, of a month ago": [*PAGE, "--app", app, "--until", "30d"],
        "50 that were denied": [*PAGE, "--outcome", "denied"],
        "50 of an app that expired, from one country": [
            *PAGE,
            "--app",
            app,
            "--outcome",
            "expired",
            "--country",
            "DE",
        ],
        "50 whose number ends so": [*PAGE, "--phone", "3210"],
        "one number": [*PAGE, "--phone", "+919876543210"],
        "usage of 7 days, by the day": USAGE,
        "usage of 30 days, by the day": [*USAGE, "--since", "30d"],
        "usage of 90 days, by the month": [*USAGE, "--since", f"{DAYS}d", "--by", "month"],
        "usage of 90 days of an app, by the hour": [
            *USAGE,
            "--since",
            f"{DAYS}d",
            "--by",
            "hour",
            "--app",
            app,
        ],
    }


def _run(servers: Servers, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **servers.settings}
    command = [str(RELEASE / "loggin-server"), *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)


def pages(app: str) -> dict[str, str]:
    """The console's pages, by what is asked of them."""
    month_ago = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 30 * DAY_MS / 1e3))
    return {
        "page of apps": "/console/apps",
        "page of an app": f"/console/apps/{app}",
        "page of logs": "/console/logs",
        "page of logs, of a month ago": f"/console/logs?until={month_ago}",
        "page of logs of an app": f"/console/logs?app={app}",
        "page of logs of an app that expired, from one country": (
            f"/console/logs?app={app}&outcome=expired&country=DE"
        ),
        "page of logs whose number ends so": "/console/logs?phone=3210",
        "page of usage, 24 hours": "/console/usage?range=day",
        "page of usage, 30 days": "/console/usage",
        "page of usage, 30 days of an app, in Kathmandu": f"/console/usage?app={app}&zone=Asia/Kathmandu",
        "page of usage, 13 weeks": "/console/usage?range=quarter",
        "page of usage, 12 months": "/console/usage?range=year",
        "page of health": "/console/health",
        "page of the audit": "/console/audit",
    }


def measure(setup: Setup, count: int) -> list[list[str]]:
    binary = RELEASE / "loggin-server"
    with (
        whatsapp() as (graph, messages),
        served(binary, setup, {"WHATSAPP_GRAPH_URL": graph}) as servers,
    ):
        more = [create_app(RELEASE / "loggin-server", servers.settings) for _ in range(APPS - 1)]
        apps = [str(servers.target["app_key"]), *(app["app_key"] for app in more)]
        found = rows(apps, count, time.time_ns() // 1_000_000)
        url = servers.settings["LOGGIN_DATABASE_URL"]
        if servers.cluster is None:
            fill_sqlite(Path(url.removeprefix("sqlite:")), found)
        else:
            fill_postgresql(url, found)
        print(f"{setup}: {count:,} rows counted in {count_all(servers, count):.0f} s", file=sys.stderr)
        console = Console(binary, servers, messages)
        looked: dict[str, Callable[[], object]] = {
            **{name: partial(_run, servers, arguments) for name, arguments in looks(apps[1]).items()},
            **{name: partial(console.open, path) for name, path in pages(apps[1]).items()},
        }
        return [[str(setup), name, *_times(look)] for name, look in looked.items()]


def _times(look: Callable[[], object]) -> list[str]:
    times = []
    for _ in range(REPEATED):
        begun = time.monotonic()
        look()
        times.append((time.monotonic() - begun) * 1e3)
    parts = quantiles(times, n=20)
    return [f"{parts[9]:.0f}", f"{parts[18]:.0f}"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.history", description="Looks at a long history.")
    parser.add_argument("--store", default="", help="only this store: sqlite or postgresql")
    parser.add_argument("--rows", type=int, default=ROWS, help="how many there are")
    arguments = parser.parse_args()
    before, lines = report.load(), []
    for setup in (Setup(SQLITE), Setup(POSTGRESQL)):
        is_there = setup.store == SQLITE or postgres.programs() is not None
        if is_there and setup.store.lower().startswith(arguments.store.lower()):
            lines += measure(setup, arguments.rows)
    print(f"{report.machine()}; load {before:.0f} before and {report.load():.0f} after.\n")
    print(report.table(HEADER, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
