"""Tasks of trio, and of anyio on either of its backends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
import trio
from conftest import Serve
from scripted_server import PHONE, Exchange, session
from switchboard import Switchboard

from loggin import (
    AsyncLoggin,
    ClosedError,
    ConnectionFailedError,
    LogginError,
    VerifyTimeoutError,
    _event_loops,
)

APP_KEY = "8XKPQ2WN"
SECRET_KEY = f"lgsk_{APP_KEY}_{'7' * 32}"
# Waits at the same time.
WAITS = 50

Program = Callable[[], Awaitable[None]]
Run = Callable[[Program], None]


def by_anyio_on_asyncio(program: Program) -> None:
    anyio.run(program, backend="asyncio")


def by_anyio_on_trio(program: Program) -> None:
    anyio.run(program, backend="trio")


def by_trio(program: Program) -> None:
    trio.run(program)


def as_guest_of_asyncio(program: Program) -> None:
    """A run of trio inside a loop of asyncio, in none of its tasks."""

    async def host() -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[Any] = loop.create_future()
        trio.lowlevel.start_guest_run(
            program, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=over.set_result
        )
        (await over).unwrap()

    asyncio.run(host())


@pytest.fixture(params=[by_anyio_on_asyncio, by_anyio_on_trio, by_trio, as_guest_of_asyncio])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture
def client(serve: Serve, switchboard: Switchboard) -> Iterator[AsyncLoggin]:
    with_one = AsyncLoggin(serve(switchboard).url)
    yield with_one
    with_one.close()


def new_token(client: AsyncLoggin) -> str:
    return client.create_token(APP_KEY).token


def test_people_sign_in(run: Run, client: AsyncLoggin, switchboard: Switchboard) -> None:
    phones: list[str] = []

    async def wait() -> None:
        phones.append((await client.wait_for_verify(new_token(client))).phone)

    async def program() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(WAITS):
                tasks.start_soon(wait)
            switchboard.verify(await anyio.to_thread.run_sync(switchboard.wait_for, WAITS))

    run(program)
    assert phones == [PHONE] * WAITS
    switchboard.wait_until_empty()


def test_cancelling_leaves_nothing(run: Run, client: AsyncLoggin, switchboard: Switchboard) -> None:
    async def wait() -> None:
        await client.wait_for_verify(new_token(client))

    async def program() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(WAITS):
                tasks.start_soon(wait)
            await anyio.to_thread.run_sync(switchboard.wait_for, WAITS)
            tasks.cancel_scope.cancel()
        with anyio.move_on_after(0.02) as scope:
            await wait()
        assert scope.cancelled_caught

    run(program)
    switchboard.wait_until_empty()


def test_a_wait_has_its_own_deadline_and_ends_with_its_client(
    run: Run, client: AsyncLoggin, switchboard: Switchboard
) -> None:
    async def close() -> None:
        await anyio.to_thread.run_sync(switchboard.wait_for, 1)
        client.close()

    async def program() -> None:
        with pytest.raises(VerifyTimeoutError):
            await client.wait_for_verify(new_token(client), timeout=0.02)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close)
            with pytest.raises(ClosedError):
                await client.wait_for_verify(new_token(client))

    run(program)


def respond(exchange: Exchange) -> None:
    """Whatever is asked, as a server does that knows the result."""
    responses = {
        "/api/v1/tokens/verify": {"status": "verified", **session()},
        "/api/v1/tokens/denied": {"denied": []},
        "/api/v1/auth/start": {
            "session_id": "one",
            "expires_in": 300,
            "sent_via_engine": True,
            "quota_remaining": None,
        },
        "/api/v1/auth/verify": {
            "status": "verified",
            "phone": PHONE,
            "verified_at": session()["verified_at"],
        },
    }
    exchange.respond(200, json.dumps(responses[exchange.path]))


def test_calls_have_their_results(run: Run, serve: Serve) -> None:
    async def program() -> None:
        async with AsyncLoggin(serve(respond).url, secret_key=SECRET_KEY) as client:
            token = new_token(client)
            verified = await client.verify_token(token)
            assert verified
            assert verified.phone == PHONE
            assert await client.denied_logins([client.login_id(token)]) == []
            started = await client.otp.start(PHONE)
            assert (await client.otp.verify(started.session_id, "123456")).phone == PHONE

    run(program)


def test_errors_are_raised_in_the_task(run: Run) -> None:
    async def program() -> None:
        async with AsyncLoggin("http://127.0.0.1:1", max_retries=0) as client:
            with pytest.raises(ConnectionFailedError):
                await client.verify_token(new_token(client))
            with pytest.raises(LogginError) as caught:
                await client.wait_for_verify("no token")
            assert caught.value.code == "invalid_token"

    run(program)


def test_a_run_that_is_over_is_told_nothing() -> None:
    async def program() -> Any:
        return _event_loops.running_loop()

    loop: Any = trio.run(program)
    loop.call_soon_threadsafe(pytest.fail, "nothing waits any more")


def test_without_a_loop_there_is_an_error_that_says_so(client: AsyncLoggin) -> None:
    waiting = client.wait_for_verify(new_token(client))
    with pytest.raises(RuntimeError):
        waiting.send(None)
