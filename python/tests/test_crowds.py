"""Thousands of waits in one process: what they take, and that all of them end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crowds
import pytest
from conftest import Serve, Start, assert_ends_well, go_on, read_json
from scripted_server import PHONE
from switchboard import Switchboard

# While streams replace one another there are more sockets and threads for a moment; never one for each wait.
MOST_FOR_A_MOMENT = 20
# Threads that block in waits of their own: the waits are cheap, the threads are not.
MANY_THREADS = 1_000

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")


def assert_it_takes_little(process: subprocess.Popen[str]) -> None:
    usage = read_json(process)
    print(usage)
    assert 1 <= usage["sockets"] <= crowds.MOST_SOCKETS
    assert 1 <= usage["threads"] <= crowds.MOST_THREADS
    assert max(usage["peak"]) <= MOST_FOR_A_MOMENT


@pytest.mark.parametrize(
    ("program", "count"),
    [(crowds.settle, 10_000), (crowds.settle, 50_000), (crowds.block, MANY_THREADS)],
    ids=["asyncio-10000", "asyncio-50000", "threads"],
)
def test_many_waits_share_a_handful_of_sockets(
    start: Start, serve: Serve, program: Callable[[str, int], Any], count: int
) -> None:
    switchboard = Switchboard()
    process = start(program, serve(switchboard).url, str(count))
    tokens = switchboard.wait_for(count)
    go_on(process)
    assert_it_takes_little(process)
    go_on(process)
    switchboard.verify(tokens)
    assert read_json(process) == {"phones": [PHONE]}
    assert_ends_well(process)
    switchboard.wait_until_empty()


def test_of_many_cancelled_waits_nothing_is_left(start: Start, serve: Serve) -> None:
    switchboard = Switchboard()
    process = start(crowds.cancel, serve(switchboard).url, "10000")
    switchboard.wait_for(10_000)
    go_on(process)
    assert_it_takes_little(process)
    ended = read_json(process)
    print(ended)
    assert ended["cancelled"] == 10_000
    switchboard.wait_until_empty()
    go_on(process)
    switchboard.verify(switchboard.wait_for(1))
    assert read_json(process) == {"phone": PHONE}
    assert_ends_well(process)


def test_closing_ends_every_one_of_many_waits(start: Start, serve: Serve) -> None:
    switchboard = Switchboard()
    process = start(crowds.close, serve(switchboard).url, "50000")
    switchboard.wait_for(50_000)
    go_on(process)
    assert_it_takes_little(process)
    ended = read_json(process)
    print(ended)
    assert ended["closed"] == 50_000
    assert_ends_well(process)
    switchboard.wait_until_empty()
