"""The same conversation for waits that are tasks of asyncio."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from .child import Plan, Stamps, leave, next_line, rest, say

Wait = Callable[[str, int, Stamps], Awaitable[None]]

# How often a report looks whether all have woken.
LOOK_SECONDS = 0.01


async def converse(plan: Plan, wait: Wait) -> None:
    """Converses until the driver has its report; `wait(token, number, stamps)` marks when the login ends."""
    say("warming")
    await wait(plan.warm, 0, Stamps(1))
    stamps = Stamps(len(plan.tokens))
    rest()
    say("warm")
    await _line()
    tasks = [asyncio.ensure_future(wait(token, number, stamps)) for number, token in enumerate(plan.tokens)]
    say("started")
    while (line := await _line()) == "rest":
        rest()
        say("rested")
    count = int(line.split()[1])
    while len(woken := stamps.marked()) < count:  # noqa: ASYNC110 (an event to wait for would slow the waits)
        await asyncio.sleep(LOOK_SECONDS)
    failed = [task.exception() for task in tasks if task.done() and task.exception()]
    if failed:
        sys.exit(f"{len(failed)} waits failed, the first with {failed[0]!r}")
    say(json.dumps({"woken": woken}))
    leave()


async def _line() -> str:
    return await asyncio.to_thread(next_line)
