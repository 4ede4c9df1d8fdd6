"""Waits of the Python SDK, each a task of asyncio."""

from __future__ import annotations

import asyncio

from loggin import AsyncLoggin

from .asyncio_child import converse
from .child import Plan, Stamps

# Longer than any measurement.
TIMEOUT_SECONDS = 900


async def main() -> None:
    plan = Plan.read()
    client = AsyncLoggin(plan.urls[0], secret_key=plan.secret_key)

    async def wait(token: str, number: int, stamps: Stamps) -> None:
        await client.wait_for_verify(token, timeout=TIMEOUT_SECONDS)
        stamps.mark(number)

    await converse(plan, wait)


if __name__ == "__main__":
    asyncio.run(main())
