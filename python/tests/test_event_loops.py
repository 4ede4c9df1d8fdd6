"""Event loops of every kind, in any number of threads: asyncio's own, uvloop's, and their ways to give up."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
import uvloop
from conftest import Serve, in_thread
from scripted_server import PHONE, TEST_TIMEOUT, Exchange, code_of, session, verify
from switchboard import Switchboard

from loggin import AsyncLoggin, ClosedError, Loggin, VerifyTimeoutError

APP_KEY = "8XKPQ2WN"
# Threads at the same time, of each kind, and waits in each.
THREADS = 16
WAITS = 50

T = TypeVar("T")
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def run(new_loop: NewLoop, work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, on a new loop, which ends with it."""
    loop = new_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class LoopWithoutReaders(asyncio.SelectorEventLoop):
    """A loop that watches no sockets, as the one of Windows, but for the one by which asyncio wakes it."""

    def add_reader(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


@pytest.fixture(
    params=[asyncio.new_event_loop, uvloop.new_event_loop, LoopWithoutReaders],
    ids=["asyncio", "uvloop", "without-readers"],
)
def new_loop(request: pytest.FixtureRequest) -> NewLoop:
    chosen: NewLoop = request.param
    return chosen


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture
def client(serve: Serve, switchboard: Switchboard) -> Iterator[AsyncLoggin]:
    with_one = AsyncLoggin(serve(switchboard).url)
    yield with_one
    with_one.close()


def begin(client: AsyncLoggin, count: int = 1) -> list[asyncio.Task[Any]]:
    tokens = [client.create_token(APP_KEY).token for _ in range(count)]
    return [asyncio.create_task(client.wait_for_verify(token)) for token in tokens]


def test_a_login_is_watched(new_loop: NewLoop, serve: Serve) -> None:
    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        code = code_of(exchange.tokens[0])
        exchange.send_event("progress", code=code, status="message_received")
        assert taken.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code, session=session())

    async def watch(client: AsyncLoggin) -> list[str]:
        told = []
        async for update in client.watch(client.create_token(APP_KEY).token):
            told.append(update.status)
            taken.set()
        return told

    taken = threading.Event()
    with_one = AsyncLoggin(serve(step).url)
    assert run(new_loop, watch(with_one)) == ["message_received", "verified"]
    with_one.close()


def test_people_sign_in(new_loop: NewLoop, client: AsyncLoggin, switchboard: Switchboard) -> None:
    async def work() -> None:
        tasks = begin(client, WAITS)
        switchboard.verify(await asyncio.to_thread(switchboard.wait_for, WAITS))
        assert {session.phone for session in await asyncio.gather(*tasks)} == {PHONE}

    run(new_loop, work())
    switchboard.wait_until_empty()


def test_cancelling_leaves_nothing(new_loop: NewLoop, client: AsyncLoggin, switchboard: Switchboard) -> None:
    async def work() -> None:
        cancelled, kept = begin(client, WAITS), begin(client)
        await asyncio.to_thread(switchboard.wait_for, WAITS + 1)
        for task in cancelled:
            task.cancel()
        ends = await asyncio.gather(*cancelled, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        switchboard.verify(await asyncio.to_thread(switchboard.wait_for, 1))
        assert (await kept[0]).phone == PHONE

    run(new_loop, work())
    switchboard.wait_until_empty()


def test_deadlines_of_the_loop_and_of_the_wait_differ(
    new_loop: NewLoop, client: AsyncLoggin, switchboard: Switchboard
) -> None:
    async def work() -> None:
        with pytest.raises(asyncio.TimeoutError) as by_the_loop:
            await asyncio.wait_for(begin(client)[0], 0.02)
        assert not isinstance(by_the_loop.value, VerifyTimeoutError)
        with pytest.raises(VerifyTimeoutError):
            await client.wait_for_verify(client.create_token(APP_KEY).token, timeout=0.02)
        if sys.version_info >= (3, 11):
            with pytest.raises(TimeoutError) as by_the_block:
                async with asyncio.timeout(0.02):
                    await client.wait_for_verify(client.create_token(APP_KEY).token)
            assert not isinstance(by_the_block.value, VerifyTimeoutError)

    run(new_loop, work())
    switchboard.wait_until_empty()


def test_closing_ends_the_waits(new_loop: NewLoop, client: AsyncLoggin, switchboard: Switchboard) -> None:
    async def work() -> None:
        tasks = begin(client, WAITS)
        await asyncio.to_thread(switchboard.wait_for, WAITS)
        client.close()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, ClosedError) for end in ends)

    run(new_loop, work())
    switchboard.wait_until_empty()


def test_the_first_of_two_wins_and_the_other_goes_on(
    new_loop: NewLoop, client: AsyncLoggin, switchboard: Switchboard
) -> None:
    async def work() -> None:
        (first,) = begin(client)
        token = await asyncio.to_thread(switchboard.wait_for, 1)
        (second,) = begin(client)
        await asyncio.to_thread(switchboard.wait_for, 2)
        switchboard.verify(token)
        done, pending = await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        assert (done, pending) == ({first}, {second})
        switchboard.verify(switchboard.carried)
        assert (await second).phone == PHONE

    run(new_loop, work())


def test_threads_and_loops_of_all_kinds_share_two_clients(serve: Serve, switchboard: Switchboard) -> None:
    url = serve(switchboard).url
    shared, blocking = AsyncLoggin(url), Loggin(url)

    async def wait_for_some() -> list[str]:
        return [session.phone for session in await asyncio.gather(*begin(shared, WAITS))]

    def wait_for_one() -> list[str]:
        return [blocking.wait_for_verify(blocking.create_token(APP_KEY).token).phone]

    threads = [in_thread(wait_for_one) for _ in range(THREADS)]
    for make_loop in (asyncio.new_event_loop, uvloop.new_event_loop):
        threads += [
            in_thread(lambda make_loop=make_loop: run(make_loop, wait_for_some()))  # type: ignore[misc]
            for _ in range(THREADS)
        ]
    waits = THREADS + 2 * THREADS * WAITS
    switchboard.verify(switchboard.wait_for(waits))
    phones = [phone for thread in threads for phone in thread.result(TEST_TIMEOUT)]
    assert phones == [PHONE] * waits
    switchboard.wait_until_empty()
    shared.close()
    blocking.close()


def test_clients_come_and_go_in_many_threads(serve: Serve, new_loop: NewLoop) -> None:
    url = serve(verify).url
    together = threading.Barrier(THREADS)

    async def sign_in() -> str:
        async with AsyncLoggin(url) as mine:
            phone: str = (await begin(mine)[0]).phone
            return phone

    def work() -> str:
        together.wait(TEST_TIMEOUT)
        return run(new_loop, sign_in())

    threads = [in_thread(work) for _ in range(THREADS)]
    assert [thread.result(TEST_TIMEOUT) for thread in threads] == [PHONE] * THREADS
