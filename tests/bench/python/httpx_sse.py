"""What a developer writes without an SDK: httpx-sse, a task of asyncio and a connection for each login."""

from __future__ import annotations

import asyncio
import ssl

import httpx
from httpx_sse import aconnect_sse

from .asyncio_child import converse
from .child import Plan, Stamps

# Connections being opened at once: more of them overrun the server's queue of connections to accept.
OPENING = 64
# Connections of one `httpx.AsyncClient`. It looks at all of them whenever one begins or ends: a single client takes
# minutes for ten thousand, and a client for each takes more memory.
CONNECTIONS_A_CLIENT = 100
# Longer than any measurement.
TIMEOUT_SECONDS = 900


async def main() -> None:
    plan = Plan.read()
    headers = {"Authorization": f"Bearer {plan.secret_key}", "Idempotency-Key": "benchmark"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    context = ssl.create_default_context()
    clients = [
        httpx.AsyncClient(
            headers=headers, timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False, verify=context
        )
        for _ in range(0, len(plan.tokens), CONNECTIONS_A_CLIENT)
    ]
    places = asyncio.Semaphore(OPENING)

    async def wait(token: str, number: int, stamps: Stamps) -> None:
        client = clients[number % len(clients)]
        body = {"tokens": [token], "claim": True}
        await places.acquire()
        async with aconnect_sse(client, "POST", plan.events_url(number), json=body) as source:
            async for event in source.aiter_sse():
                if event.event == "ready":
                    places.release()
                elif event.event == "verified":
                    assert event.json()["session"]
                    stamps.mark(number)

    await converse(plan, wait)


if __name__ == "__main__":
    asyncio.run(main())
