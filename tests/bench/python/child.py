"""The conversation between the driver and a Python process that waits; rust/src/child.rs says how it goes."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from array import array
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """What to wait for."""

    urls: list[str]
    secret_key: str
    warm: str
    tokens: list[str]

    @classmethod
    def read(cls) -> Plan:
        plan = json.loads(next_line())
        return cls(plan["urls"], plan["secret_key"], plan["warm"], plan["tokens"])

    def events_url(self, connection: int) -> str:
        """Where the events of a token are asked for on one connection."""
        return f"{self.urls[connection % len(self.urls)]}/api/v1/tokens/events"


class Stamps:
    """When each wait woke, by its number: nanoseconds of the clock that all processes share."""

    def __init__(self, waits: int) -> None:
        self._moments = array("q", bytes(8 * waits))

    def mark(self, wait: int) -> None:
        self._moments[wait] = time.monotonic_ns()

    def marked(self) -> list[tuple[int, int]]:
        return [(wait, moment) for wait, moment in enumerate(self._moments) if moment]


def next_line() -> str:
    """What the driver says next."""
    return sys.stdin.readline().strip()


def say(line: str) -> None:
    """Tells the driver something."""
    print(line, flush=True)


def rest() -> None:
    """Collects what is garbage: the driver looks at what the waits need, not at when the collector ran."""
    gc.collect()


def leave() -> None:
    """Ends the process at once: ten thousand waits that are left need no farewell."""
    sys.stdout.flush()
    os._exit(0)
