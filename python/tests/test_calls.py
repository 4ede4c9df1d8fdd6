"""Calls that hang: their time, and how they end before it."""

from __future__ import annotations

import asyncio
import time

import pytest
from conftest import DriverClass, Serve, in_thread
from scripted_server import TEST_TIMEOUT, Exchange

from loggin import AsyncLoggin, ClosedError, ConnectionFailedError, CreatedToken, Loggin, RateLimitError

# Far below the ten seconds that a call takes by default, and far above a test that goes well.
SOON = 5.0


def hang(exchange: Exchange) -> None:
    exchange.wait_until_hung_up()


def pending(exchange: Exchange) -> None:
    exchange.respond(200, '{"status": "pending"}')


@pytest.mark.parametrize(
    ("options", "timeout"),
    [({"call_timeout": 0.3}, None), ({}, 0.3), ({}, 0)],
    ids=["client", "call", "zero"],
)
def test_a_call_has_a_time_for_all_its_tries(
    open_driver: DriverClass,
    serve: Serve,
    login: CreatedToken,
    options: dict[str, float],
    timeout: float | None,
) -> None:
    driver = open_driver(serve(hang).url, **options)
    began = time.monotonic()
    with pytest.raises(ConnectionFailedError):
        driver.verify(login.token, timeout)
    with pytest.raises(ConnectionFailedError):
        in_thread(lambda: driver.verify(login.token, timeout)).result(TEST_TIMEOUT)
    assert time.monotonic() - began < SOON


def test_a_long_retry_after_is_raised(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(lambda exchange: exchange.respond_error(429, "rate_limited", fields={"retry_after": 6}))
    with pytest.raises(RateLimitError) as caught:
        open_driver(server.url).verify(login.token)
    assert caught.value.retry_after == 6
    assert len(server.exchanges) == 1


def test_closing_ends_a_call_of_another_thread(serve: Serve, login: CreatedToken) -> None:
    server = serve(hang)
    client = Loggin(server.url)
    call = in_thread(lambda: client.verify_token(login.token))
    exchange = server.exchange(0)
    began = time.monotonic()
    client.close()
    with pytest.raises(ClosedError):
        call.result(TEST_TIMEOUT)
    assert exchange.was_hung_up.wait(TEST_TIMEOUT)
    assert time.monotonic() - began < SOON


def test_a_task_that_is_cancelled_hangs_up(serve: Serve, login: CreatedToken) -> None:
    server = serve(hang)

    async def main() -> None:
        async with AsyncLoggin(server.url) as client:
            task = asyncio.create_task(client.verify_token(login.token))
            exchange = await asyncio.to_thread(server.exchange, 0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(exchange.was_hung_up.wait, SOON)

    asyncio.run(main())


def test_calls_that_hang_do_not_hold_up_another(serve: Serve, login: CreatedToken) -> None:
    server = serve(*[hang] * 16, pending)

    async def main() -> None:
        async with AsyncLoggin(server.url) as client:
            hanging = [asyncio.create_task(client.verify_token(login.token)) for _ in range(16)]
            await asyncio.to_thread(server.exchange, 15)
            assert await asyncio.wait_for(client.verify_token(login.token), SOON) is None
            for task in hanging:
                task.cancel()
            ends = await asyncio.gather(*hanging, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends)

    asyncio.run(main())
