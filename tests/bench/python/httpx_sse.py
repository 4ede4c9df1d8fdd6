"""What a developer writes without an SDK: httpx-sse, a task of asyncio and a connection for each login."""

from __future__ import annotations

import asyncio

import httpx
from httpx_sse import aconnect_sse

from .asyncio_child import converse
from .child import Plan

# Connections being opened at once: more of them overrun the server's queue of connections to accept.
OPENING = 64
# Longer than any measurement.
TIMEOUT = 900


async def main() -> None:
    plan = Plan.read()
    headers = {"Authorization": f"Bearer {plan.secret_key}", "Idempotency-Key": "benchmark"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    places = asyncio.Semaphore(OPENING)
    async with httpx.AsyncClient(headers=headers, timeout=TIMEOUT, limits=limits, trust_env=False) as client:

        async def wait(token: str, number: int) -> object:
            body = {"tokens": [token], "claim": True}
            await places.acquire()
            async with aconnect_sse(client, "POST", plan.events_url(number), json=body) as source:
                async for event in source.aiter_sse():
                    if event.event == "ready":
                        places.release()
                    elif event.event == "verified":
                        return event.json()["session"]
            raise EOFError

        await converse(plan, wait)


if __name__ == "__main__":
    asyncio.run(main())
