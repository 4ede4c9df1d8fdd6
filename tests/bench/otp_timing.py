"""Whether the time of a call for a one-time code tells anything: `python -m bench.otp_timing` from tests/.

Phones that were sent codes before are compared with phones that never were, and right codes with wrong ones. An
attacker sees two times and guesses which is which: the share of right guesses is a half where nothing can be told.
"""

from __future__ import annotations

import argparse
import http.client
import http.server
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from . import report
from .otp import ours

# Of each kind. The share is known to within 1.8 per cent then, 95 times in 100.
CALLS = 2_000
# A share so near to a half is no use: an attacker would need hundreds of calls for one bit, and has ten tries.
NOTHING = 0.05
FIRST_PHONE = 919_700_000_000


class WhatsApp(http.server.BaseHTTPRequestHandler):
    """Takes every code and remembers it by number."""

    protocol_version = "HTTP/1.1"
    # Head and body go in two packets, the second of which would wait 40 ms for the first one's receipt.
    disable_nagle_algorithm = True
    codes: dict[str, str] = {}  # noqa: RUF012 - shared by all connections, as it should be

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        code = message["template"]["components"][0]["parameters"][0]["text"]
        self.codes[message["to"]] = code
        contact = {"input": message["to"], "wa_id": message["to"].removeprefix("+")}
        body = json.dumps({"contacts": [contact], "messages": [{"id": f"wamid.{message['to']}"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Not printed."""


class Caller:
    """An app's server with one connection."""

    def __init__(self, order: dict[str, object]) -> None:
        self._key = str(order["secret_key"])
        self._start = str(order["start_path"])
        url = urlsplit(str(order["url"]))
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port)

    def call(self, route: str, body: dict[str, Any]) -> tuple[int, float, dict[str, Any]]:
        """Status, seconds and response of one call."""
        headers = {"content-type": "application/json", "x-api-key": self._key}
        path = self._start.removesuffix("start") + route
        began = time.perf_counter()
        self._connection.request("POST", path, json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        return response.status, time.perf_counter() - began, json.loads(text)

    def start(self, phone: str) -> tuple[float, str]:
        """Seconds of a start, and its session."""
        status, seconds, response = self.call("start", {"phone": phone})
        assert status == 200, response
        return seconds, response["session_id"]

    def type(self, phone: str, session: str, is_right: bool) -> float:
        """Seconds of typing the code, or another."""
        code = WhatsApp.codes[phone]
        typed = code if is_right else ("1" if code[0] == "0" else "0") + code[1:]
        status, seconds, response = self.call("verify", {"session_id": session, "otp_code": typed})
        assert status == (200 if is_right else 422), response
        return seconds


@dataclass(frozen=True)
class Comparison:
    """Times of two kinds of calls."""

    subject: str
    ones: list[float]
    others: list[float]

    @property
    def share(self) -> float:
        """In how many of all pairs the one took longer."""
        ranked = sorted([(value, 1) for value in self.ones] + [(value, 0) for value in self.others])
        ranks = sum(rank for rank, (_, is_one) in enumerate(ranked, 1) if is_one)
        count = len(self.ones)
        return (ranks - count * (count + 1) / 2) / (count * len(self.others))

    @property
    def margin(self) -> float:
        """What chance alone makes of that, 95 times in 100."""
        ones, others = len(self.ones), len(self.others)
        return 1.96 * sqrt((ones + others + 1) / (12 * ones * others))

    def row(self) -> str:
        one, other = (median(times) * 1e6 for times in (self.ones, self.others))
        verdict = "nothing to tell" if abs(self.share - 0.5) <= NOTHING else "can be told"
        share = f"{self.share:.1%} ± {self.margin:.1%}"
        return f"| {self.subject} | {one:,.0f} | {other:,.0f} | {share} | {verdict} |"


def alternate(subject: str, count: int, call: Callable[[bool, int], float]) -> Comparison:
    """So many calls of each kind, in random order."""
    kinds = [True, False] * count
    random.Random(1).shuffle(kinds)  # noqa: S311 - an order, no secret
    times: dict[bool, list[float]] = {True: [], False: []}
    numbers = {kind: itertools.count() for kind in times}
    for kind in kinds:
        times[kind].append(call(kind, next(numbers[kind])))
    return Comparison(subject, times[True], times[False])


def compare(caller: Caller, count: int) -> list[Comparison]:
    fresh = (f"+{number}" for number in itertools.count(FIRST_PHONE))
    known = [next(fresh) for _ in range(count)]
    for phone in known:
        caller.type(phone, caller.start(phone)[1], is_right=True)

    def start(is_known: bool, number: int) -> float:
        return caller.start(known[number] if is_known else next(fresh))[0]

    def verify(is_right: bool, _number: int) -> float:
        phone = next(fresh)
        return caller.type(phone, caller.start(phone)[1], is_right)

    return [
        alternate("a phone that was sent codes before, one that never was", count, start),
        alternate("a right code, a wrong one", count, verify),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.otp_timing", description="Timing of one-time codes.")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls of each kind")
    arguments = parser.parse_args()
    whatsapp = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WhatsApp)
    threading.Thread(target=whatsapp.serve_forever, daemon=True).start()
    before = report.load()
    with (
        tempfile.TemporaryDirectory(prefix="loggin-bench-") as folder,
        ours(f"http://127.0.0.1:{whatsapp.server_port}", Path(folder)) as server,
    ):
        found = compare(Caller(server.order), arguments.calls)
    print(f"{report.machine()}; load {before:.0f} before and {report.load():.0f} after.\n")
    print("| the one, the other | the one, µs | the other, µs | the one took longer | |")
    print("| --- | --- | --- | --- | --- |")
    print("\n".join(comparison.row() for comparison in found))
    return 0 if all(abs(comparison.share - 0.5) <= NOTHING for comparison in found) else 1


if __name__ == "__main__":
    sys.exit(main())
