"""Ports for programs that are told theirs before they start."""

from __future__ import annotations

import random
import socket
from pathlib import Path

# Where Linux tells from which port on it picks ports by itself; by default from this one. Others begin later.
_PICKED_BY_THE_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")
_PICKED_FROM = 32_768
_LOWEST = 20_000

_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens, and that the system gives to nobody before the program has it.

    A port that the system picked and that was closed again is picked again, by whoever connects in between.
    """
    for port in random.sample(range(_LOWEST, _end()), 500):
        if port in _given:
            continue
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        _given.add(port)
        return port
    raise RuntimeError(f"no port from {_LOWEST} on is free")


def _end() -> int:
    try:
        return int(_PICKED_BY_THE_SYSTEM.read_text().split()[0])
    except OSError:
        return _PICKED_FROM
