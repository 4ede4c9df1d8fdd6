"""Waits of the Python SDK, each a task of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from loggin import AsyncLoggin, Session

from .asyncio_child import converse
from .child import Plan

# Longer than any measurement.
TIMEOUT_SECONDS = 900


async def main() -> None:
    plan = Plan.read()
    client = AsyncLoggin(plan.urls[0], secret_key=plan.secret_key)

    def wait(token: str, _number: int) -> Awaitable[Session]:
        return client.wait_for_verify(token, timeout=TIMEOUT_SECONDS)

    await converse(plan, wait)


if __name__ == "__main__":
    asyncio.run(main())
