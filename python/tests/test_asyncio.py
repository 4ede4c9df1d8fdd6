"""What is particular to asyncio: cancelling, several loops, closed loops, and how often a loop is woken."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from conftest import Serve, in_thread
from scripted_server import (
    PHONE,
    TEST_TIMEOUT,
    Exchange,
    ScriptedServer,
    code_of,
    keep_waiting,
    session,
    verify,
)

from loggin import AsyncLoggin, ClosedError, CreatedToken, Session


@pytest_asyncio.fixture
async def open_client() -> AsyncIterator[Callable[[str], AsyncLoggin]]:
    clients: list[AsyncLoggin] = []

    def open_one(url: str) -> AsyncLoggin:
        clients.append(AsyncLoggin(url))
        return clients[-1]

    yield open_one
    for client in clients:
        await client.aclose()


async def exchange_of(server: ScriptedServer, number: int) -> Exchange:
    return await asyncio.to_thread(server.exchange, number)


async def test_cancelling_takes_the_token_from_its_stream(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    server = serve(keep_waiting)
    task = asyncio.create_task(open_client(server.url).wait_for_verify(login.token))
    stream = await exchange_of(server, 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(stream.was_hung_up.wait, TEST_TIMEOUT)
    assert len(server.exchanges) == 1


async def test_a_deadline_of_asyncio_cancels(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    server = serve(keep_waiting)
    task = asyncio.create_task(open_client(server.url).wait_for_verify(login.token))
    stream = await exchange_of(server, 0)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(task, 0.01)
    assert await asyncio.to_thread(stream.was_hung_up.wait, TEST_TIMEOUT)


async def test_cancelling_one_of_two_leaves_the_other(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    cancelled = threading.Event()

    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert cancelled.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=login.code, session=session())

    server = serve(step)
    client = open_client(server.url)
    first, second = (asyncio.create_task(client.wait_for_verify(login.token)) for _ in range(2))
    await exchange_of(server, 0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    cancelled.set()
    assert (await second).phone == PHONE


async def test_a_cancelled_verify_is_let_go_of(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    may_respond = threading.Event()

    def step(exchange: Exchange) -> None:
        assert may_respond.wait(TEST_TIMEOUT)
        exchange.respond(200, '{"status": "pending"}')

    server = serve(step)
    client = open_client(server.url)
    task = asyncio.create_task(client.verify_token(login.token))
    await exchange_of(server, 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_respond.set()
    assert await client.verify_token(login.token) is None


async def test_a_closed_coroutine_ends_its_wait(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    server = serve(keep_waiting)
    waiting = open_client(server.url).wait_for_verify(login.token)
    waiting.send(None)
    stream = await exchange_of(server, 0)
    waiting.close()
    assert await asyncio.to_thread(stream.was_hung_up.wait, TEST_TIMEOUT)


async def test_a_context_closes(serve: Serve, login: CreatedToken) -> None:
    server = serve(keep_waiting)
    async with AsyncLoggin(server.url) as client:
        task = asyncio.create_task(client.wait_for_verify(login.token))
        await exchange_of(server, 0)
    with pytest.raises(ClosedError):
        await task


async def test_many_waits_settle(serve: Serve, open_client: Callable[[str], AsyncLoggin]) -> None:
    client = open_client(serve(verify).url)
    tokens = [client.create_token("8XKPQ2WN").token for _ in range(500)]
    sessions = await asyncio.gather(*(client.wait_for_verify(token) for token in tokens))
    assert {each.phone for each in sessions} == {PHONE}


def begin_many(client: AsyncLoggin) -> list[asyncio.Task[Session]]:
    tokens = [client.create_token("8XKPQ2WN").token for _ in range(200)]
    return [asyncio.create_task(client.wait_for_verify(token)) for token in tokens]


def refuse_readers(*_: Any) -> None:
    raise NotImplementedError


async def assert_all_closed(tasks: list[asyncio.Task[Session]]) -> None:
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, ClosedError) for result in results)


async def test_what_settles_together_wakes_the_loop_once(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    add_reader, wakes = loop.add_reader, []

    def watch(descriptor: int, callback: Callable[..., None], *arguments: Any) -> None:
        def count() -> None:
            wakes.append(descriptor)
            callback(*arguments)

        add_reader(descriptor, count)

    monkeypatch.setattr(loop, "add_reader", watch)
    client = open_client(serve(keep_waiting).url)
    tasks = begin_many(client)
    await asyncio.sleep(0)
    client.close()
    await assert_all_closed(tasks)
    assert len(wakes) == 1


async def test_what_settles_together_wakes_a_loop_without_readers_once(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    wake, all_settled, wakes = loop.call_soon_threadsafe, threading.Event(), []

    def count(*arguments: Any) -> asyncio.Handle:
        wakes.append(arguments)
        # The notifier stands here with what it has found so far; the rest gathers behind it.
        assert all_settled.wait(TEST_TIMEOUT)
        return wake(*arguments)

    monkeypatch.setattr(loop, "add_reader", refuse_readers)
    client = open_client(serve(keep_waiting).url)
    tasks = begin_many(client)
    await asyncio.sleep(0)
    monkeypatch.setattr(loop, "call_soon_threadsafe", count)
    client.close()
    all_settled.set()
    await assert_all_closed(tasks)
    assert 1 <= len(wakes) <= 2


def test_loops_in_several_threads_share_a_client(serve: Serve) -> None:
    with_one = AsyncLoggin(serve(verify).url)

    async def wait_for_some() -> list[Session]:
        tokens = [with_one.create_token("8XKPQ2WN").token for _ in range(20)]
        return list(await asyncio.gather(*(with_one.wait_for_verify(token) for token in tokens)))

    threads = [in_thread(lambda: asyncio.run(wait_for_some())) for _ in range(5)]
    phones = [each.phone for thread in threads for each in thread.result(TEST_TIMEOUT)]
    assert phones == [PHONE] * 100
    with_one.close()


def test_a_loop_that_was_closed_is_survived(serve: Serve, login: CreatedToken) -> None:
    may_settle = threading.Event()

    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert may_settle.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code_of(exchange.tokens[0]), session=session())

    server = serve(step)
    client = AsyncLoggin(server.url)
    loop = asyncio.new_event_loop()
    waiting = client.wait_for_verify(login.token)
    task = loop.create_task(waiting)
    loop.run_until_complete(asyncio.sleep(0))
    server.exchange(0)
    loop.close()
    may_settle.set()
    # The same thread of the client settles this one after it.
    assert asyncio.run(client.wait_for_verify(login.token)).phone == PHONE
    waiting.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    client.close()


async def test_a_failing_loop_is_reported_and_survived(
    serve: Serve,
    open_client: Callable[[str], AsyncLoggin],
    login: CreatedToken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports: list[Any] = []
    reported = asyncio.Event()
    loop = asyncio.get_running_loop()
    wake = loop.call_soon_threadsafe

    def fail(*arguments: Any) -> asyncio.Handle:
        monkeypatch.setattr(loop, "call_soon_threadsafe", wake)
        raise OSError(arguments)

    def report(unraisable: Any) -> None:
        reports.append(unraisable.exc_type)
        wake(reported.set)

    monkeypatch.setattr("sys.unraisablehook", report)
    monkeypatch.setattr(loop, "add_reader", refuse_readers)
    client = open_client(serve(verify).url)
    monkeypatch.setattr(loop, "call_soon_threadsafe", fail)
    lost = asyncio.create_task(client.wait_for_verify(login.token))
    await asyncio.wait_for(reported.wait(), TEST_TIMEOUT)
    assert reports == [OSError]
    assert (await client.wait_for_verify(login.token)).phone == PHONE
    lost.cancel()


async def test_nothing_is_kept_of_a_wait_that_ended(
    serve: Serve, open_client: Callable[[str], AsyncLoggin], login: CreatedToken
) -> None:
    client = open_client(serve(verify).url)
    task = asyncio.create_task(client.wait_for_verify(login.token))
    ended = weakref.ref(task)
    await task
    # Another round through the loop: what was held of the first wait is gone.
    await client.wait_for_verify(login.token)
    del task
    gc.collect()
    assert ended() is None
