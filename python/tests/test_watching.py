"""Logins on their way: their progress, confirmation codes, and the state for who does not wait."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from conftest import DriverClass, Serve, in_thread
from scripted_server import PHONE, TEST_TIMEOUT, Exchange, Step, code_of, reject, session

from loggin import (
    AsyncLoggin,
    AuthenticationError,
    BlockedError,
    ClosedError,
    ConnectionFailedError,
    CreatedToken,
    DeniedError,
    ExpiredError,
    InvalidCodeError,
    InvalidInputError,
    Loggin,
    LogginError,
    LoginUpdate,
    ServerError,
    VerifyTimeoutError,
)


class Steps:
    """A stream that tells each next status when it is asked to, and after the last who signed in."""

    def __init__(self, *statuses: str) -> None:
        self._statuses = statuses
        self._asked = threading.Semaphore(0)

    def __call__(self, exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        for status in self._statuses:
            assert self._asked.acquire(timeout=TEST_TIMEOUT)
            for token in exchange.tokens:
                exchange.send_event("progress", code=code_of(token), status=status)
        assert self._asked.acquire(timeout=TEST_TIMEOUT)
        for token in exchange.tokens:
            exchange.send_event("verified", code=code_of(token), session=session())
        exchange.wait_until_hung_up()

    def go(self) -> None:
        self._asked.release()


def one_step(exchange: Exchange) -> None:
    """A stream on which the message has arrived."""
    exchange.start_stream()
    exchange.send_event("ready", pending=1)
    exchange.send_event("progress", code=code_of(exchange.tokens[0]), status="message_received")
    exchange.wait_until_hung_up()


def test_each_step_is_told_those_of_a_newer_server_too(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    told = ["message_received", "awaiting_match", "awaiting_confirmation"]
    steps = Steps(*told)
    server = serve(steps)
    updates = open_driver(server.url).watch(login.token)
    for status in told:
        steps.go()
        assert next(updates) == LoginUpdate(status, None, None)
    steps.go()
    last = next(updates)
    assert last.status == "verified"
    assert last.session is not None
    assert last.session.phone == PHONE
    assert PHONE not in repr(last)
    assert list(updates) == []
    [exchange] = server.exchanges
    assert json.loads(exchange.body)["claim"] is True


def test_who_leaves_the_iteration_leaves_the_server(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(one_step)
    for update in open_driver(server.url).watch(login.token):
        assert update.status == "message_received"
        break
    assert server.exchange(0).was_hung_up.wait(TEST_TIMEOUT)
    assert len(server.exchanges) == 1


def test_nothing_begins_before_the_iteration(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(one_step)
    driver = open_driver(server.url)
    driver.watch(login.token).close()
    assert next(driver.watch(login.token)).status == "message_received"
    assert len(server.exchanges) == 1


def test_a_watch_ends_as_a_wait_does(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    driver = open_driver(serve(reject("denied")).url)
    cases: list[tuple[str, float | None, type[LogginError]]] = [
        (login.token, None, DeniedError),
        ("lgn1_", None, InvalidInputError),
        (driver.client.create_token("8XKPQ2WN").token, 0, VerifyTimeoutError),
        (login.token, -1, InvalidInputError),
    ]
    for token, timeout, error in cases:
        with pytest.raises(error):
            next(driver.watch(token, timeout))
    driver.client.close()
    with pytest.raises(ClosedError):
        next(driver.watch(driver.client.create_token("8XKPQ2WN").token))


def test_closing_ends_a_watch(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(one_step)
    driver = open_driver(server.url)
    watching = in_thread(lambda: list(driver.watch(login.token)))
    server.exchange(0)
    driver.client.close()
    with pytest.raises(ClosedError):
        watching.result(TEST_TIMEOUT)


async def test_async_for_is_left_by_break_and_by_cancelling(serve: Serve, login: CreatedToken) -> None:
    server = serve(one_step)
    async with AsyncLoggin(server.url) as client:
        async for update in client.watch(login.token):
            assert update.status == "message_received"
            break
        assert await asyncio.to_thread(server.exchange(0).was_hung_up.wait, TEST_TIMEOUT)

        async def watch_on() -> None:
            async for _ in client.watch(login.token):
                received.set()

        received = asyncio.Event()
        task = asyncio.create_task(watch_on())
        await received.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.exchange(1).was_hung_up.wait, TEST_TIMEOUT)


def test_a_code_is_handed_in_as_it_was_typed(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(lambda exchange: exchange.respond(200, '{"status": "verified"}'))
    driver = open_driver(server.url)
    driver.confirm(login.token, "\u0661\u0662\u0663 456")
    in_thread(lambda: driver.confirm(login.token, "123456")).result(TEST_TIMEOUT)
    first, second = server.exchanges
    assert first.path == second.path == "/api/v1/tokens/confirm"
    assert "authorization" not in first.headers
    assert json.loads(first.body) == {
        "token": login.token,
        "confirmation_code": "\u0661\u0662\u0663 456",
    }


@pytest.mark.parametrize(
    ("status", "code", "error", "attempts_left"),
    [
        (422, "invalid_code", InvalidCodeError, 3),
        (422, "blocked", BlockedError, None),
        (410, "expired", ExpiredError, None),
        (400, "invalid_request", InvalidInputError, None),
    ],
)
def test_what_the_server_says_of_a_code_is_raised(
    open_driver: DriverClass,
    serve: Serve,
    login: CreatedToken,
    status: int,
    code: str,
    error: type[LogginError],
    attempts_left: int | None,
) -> None:
    fields = {} if attempts_left is None else {"attempts_left": attempts_left}
    server = serve(lambda exchange: exchange.respond_error(status, code, fields=fields))
    with pytest.raises(error) as caught:
        open_driver(server.url).confirm(login.token, "123456")
    assert (caught.value.code, caught.value.attempts_left) == (code, attempts_left)
    assert len(server.exchanges) == 1


def test_what_cannot_be_asked_reaches_nobody(open_driver: DriverClass, login: CreatedToken) -> None:
    driver = open_driver("http://127.0.0.1:1", app_key="ABCDEFGH")
    for token, error in ((login.token, AuthenticationError), ("lgn1_", InvalidInputError)):
        calls: list[Callable[[], object]] = [
            lambda token=token: driver.confirm(token, "123456"),  # type: ignore[misc]
            lambda token=token: driver.status(token),  # type: ignore[misc]
        ]
        for call in calls:
            with pytest.raises(error):
                call()
    with pytest.raises(TypeError):
        driver.confirm(login.token, 123456)  # type: ignore[arg-type]


def test_these_calls_have_a_time_for_all_their_tries(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    driver = open_driver(serve(Exchange.wait_until_hung_up).url)
    for call in (lambda: driver.confirm(login.token, "1", 0.2), lambda: driver.status(login.token, 0.2)):
        with pytest.raises(ConnectionFailedError):
            call()
        with pytest.raises(ConnectionFailedError):
            in_thread(call).result(TEST_TIMEOUT)


def told(event: str, **data: object) -> Step:
    """The response of a poll: this event, behind the end of what is no token."""

    def step(exchange: Exchange) -> None:
        ends = {"event": "rejected", "data": {"token_index": 1, "error": "invalid_token"}}
        one = {"event": event, "data": {"code": code_of(exchange.tokens[0]), **data}}
        exchange.respond(200, json.dumps({"events": [ends, one]}))

    return step


def test_a_login_is_asked_about_without_redeeming(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(
        lambda exchange: exchange.respond(200, '{"events": []}'),
        told("progress", status="awaiting_match"),
        told("verified", session=session(phone=None)),
    )
    driver = open_driver(server.url)
    for status in ("pending", "awaiting_match"):
        assert driver.status(login.token) == status
    assert in_thread(lambda: driver.status(login.token)).result(TEST_TIMEOUT) == "verified"
    body = json.loads(server.exchanges[0].body)
    assert (body["tokens"][0], body["claim"]) == (login.token, False)


def test_a_login_that_has_ended_otherwise_is_raised(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(told("rejected", error="denied"), lambda exchange: exchange.respond(200, "{}"))
    driver = open_driver(server.url)
    with pytest.raises(DeniedError):
        driver.status(login.token)
    with pytest.raises(ServerError) as caught:
        driver.status(login.token)
    assert caught.value.code == "invalid_response"


def test_a_blocking_watch_may_confirm_between_two_updates(serve: Serve, login: CreatedToken) -> None:
    steps = Steps("awaiting_confirmation")

    def respond(exchange: Exchange) -> None:
        if exchange.path.endswith("/confirm"):
            exchange.respond(200, '{"status": "verified"}')
            steps.go()
        else:
            steps(exchange)

    steps.go()
    with Loggin(serve(respond).url) as client:
        for update in client.watch(login.token):
            if update.status == "awaiting_confirmation":
                client.confirm(login.token, "123456")
        assert update.session is not None
