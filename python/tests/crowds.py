"""Programs with thousands of waits, each in a process of its own: `python crowds.py NAME URL COUNT`.

A program says what it needs when the test has it go on: lines of JSON out, empty lines in.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripted_server import ALPHABET, PHONE, TEST_TIMEOUT

from loggin import AsyncLoggin, ClosedError, Loggin, Session

APP_KEY = "8XKPQ2WN"
# What a process may take for its waits, however many they are.
MOST_SOCKETS = 10
MOST_THREADS = 10
# Waits that begin in one turn of the event loop.
TURN = 1_000
# Stack of a thread that does nothing but wait.
SMALL_STACK = 128 << 10

Tasks = list["asyncio.Task[Session]"]


def sockets() -> int:
    """How many sockets this process has open."""
    return count_in("/proc/self/fd", lambda path: os.readlink(path).startswith("socket:"))


def threads() -> int:
    """How many threads of this process are of the library: they bear its name."""
    return count_in("/proc/self/task", lambda path: Path(path, "comm").read_text().startswith("loggin"))


def count_in(folder: str, test: Callable[[str], bool]) -> int:
    """How many of what stands in a folder of /proc are so; some of it may go away meanwhile."""

    def is_so(name: str) -> bool:
        try:
            return test(f"{folder}/{name}")
        except (FileNotFoundError, ProcessLookupError):
            return False

    return sum(map(is_so, os.listdir(folder)))


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Usage:
    """What the library takes, beyond what the process had before."""

    def __init__(self) -> None:
        self._sockets, self._resident = sockets(), resident()
        self._peak = (0, 0)

    def look(self) -> tuple[int, int]:
        """Sockets and threads of now."""
        now = (sockets() - self._sockets, threads())
        self._peak = (max(self._peak[0], now[0]), max(self._peak[1], now[1]))
        return now

    def say(self, count: int) -> None:
        """Tells what the waits take once the streams that were replaced are gone."""
        memory = (resident() - self._resident) // count
        given_up = time.monotonic() + TEST_TIMEOUT
        now = self.look()
        while (now[0] > MOST_SOCKETS or now[1] > MOST_THREADS) and time.monotonic() < given_up:
            os.sched_yield()
            now = self.look()
        say(sockets=now[0], threads=now[1], peak=self._peak, bytes_a_wait=memory)


def new_tokens(count: int) -> list[str]:
    """Made here, not by the library: that is judged elsewhere, and takes longer than to begin the waits."""
    return [f"lgn1_{APP_KEY}_{''.join(random.choices(ALPHABET, k=32))}" for _ in range(count)]  # noqa: S311


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def when_told() -> None:
    """Goes on when the test says so."""
    sys.stdin.readline()


async def begin(client: AsyncLoggin, count: int, usage: Usage) -> Tasks:
    """As many waits, which have all begun."""
    tasks: Tasks = []
    while len(tasks) < count:
        tokens = new_tokens(min(TURN, count - len(tasks)))
        tasks += [asyncio.create_task(client.wait_for_verify(token)) for token in tokens]
        await asyncio.sleep(0)
        usage.look()
    when_told()
    usage.say(count)
    return tasks


async def settle(url: str, count: int) -> None:
    """All of them sign in."""
    async with AsyncLoggin(url) as client:
        tasks = await begin(client, count, Usage())
        when_told()
        sessions = await asyncio.gather(*tasks)
    say(phones=sorted({session.phone for session in sessions}))


async def cancel(url: str, count: int) -> None:
    """All of them are cancelled, and the client is as good as new."""
    async with AsyncLoggin(url) as client:
        tasks = await begin(client, count, Usage())
        began = time.perf_counter()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        took = time.perf_counter() - began
        say(cancelled=sum(isinstance(end, asyncio.CancelledError) for end in ends), seconds=took)
        when_told()
        say(phone=(await client.wait_for_verify(client.create_token(APP_KEY).token)).phone)


async def close(url: str, count: int) -> None:
    """The client is closed."""
    client = AsyncLoggin(url)
    tasks = await begin(client, count, Usage())
    began = time.perf_counter()
    client.close()
    took = time.perf_counter() - began
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    say(closed=sum(isinstance(end, ClosedError) for end in ends), seconds=took)


def block(url: str, count: int) -> None:
    """As many threads, which all block in a wait of their own."""
    threading.stack_size(SMALL_STACK)
    usage = Usage()
    client = Loggin(url)
    phones: list[str] = []

    def wait(token: str) -> None:
        phones.append(client.wait_for_verify(token).phone)

    waiting = [threading.Thread(target=wait, args=(token,)) for token in new_tokens(count)]
    for thread in waiting:
        thread.start()
    when_told()
    usage.say(count)
    when_told()
    for thread in waiting:
        thread.join()
    assert phones == [PHONE] * count
    say(phones=sorted(set(phones)))


if __name__ == "__main__":
    program = globals()[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
    if program is not None:
        asyncio.run(program)
