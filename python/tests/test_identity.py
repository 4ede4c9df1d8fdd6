"""Who signed in, whatever becomes of their number; and people who hide it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DriverClass, Serve
from scripted_server import PHONE, SUBJECT, Exchange, session, verify, verify_as

from loggin import AsyncLoggin, CreatedToken, Loggin, PhoneHiddenError, ServerError

if TYPE_CHECKING:
    from typing_extensions import assert_type

    from loggin import LoginUpdate, Session

USER_ID = "IN.13491208655302741918"
NAMELESS: dict[str, Any] = {"phone": None, "user_id": USER_ID, "assurance": "changed"}


def hide(exchange: Exchange) -> None:
    """Whoever signed in hides the phone."""
    if exchange.path.endswith("/events"):
        verify_as(exchange, **NAMELESS)
    else:
        exchange.respond(200, json.dumps({"status": "verified", **session(**NAMELESS)}))


def asked(exchange: Exchange) -> str | None:
    """What a request says of the phone."""
    phone: str | None = json.loads(exchange.body).get("phone")
    return phone


def test_a_session_says_who_it_was_and_how_sure_that_is(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(lambda exchange: verify_as(exchange, user_id=USER_ID, assurance="device_bound"))
    told = open_driver(server.url).wait(login.token)
    assert (told.subject, told.user_id, told.phone) == (SUBJECT, USER_ID, PHONE)
    # The list is open.
    assert told.assurance == "device_bound"


def test_a_client_may_take_sessions_without_a_phone(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(hide)
    driver = open_driver(server.url, require_phone=False)
    [*_, update] = driver.watch(login.token)
    for told in (driver.wait(login.token), driver.verify(login.token), update.session):
        assert told is not None
        assert (told.user_id, told.subject) == (USER_ID, SUBJECT)
        assert told.assurance == "changed"
        assert "phone=None" in repr(told)
    assert {asked(exchange) for exchange in server.exchanges} == {"optional"}


def test_a_client_that_does_not_is_never_told_of_nobody(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(hide)
    driver = open_driver(server.url)
    calls: list[Callable[[], object]] = [
        lambda: driver.wait(login.token),
        lambda: driver.verify(login.token),
        lambda: list(driver.watch(login.token)),
    ]
    for call in calls:
        with pytest.raises(ServerError) as caught:
            call()
        assert caught.value.code == "invalid_response"
    assert {asked(exchange) for exchange in server.exchanges} == {None}


def test_a_call_says_otherwise_than_its_client(serve: Serve, login: CreatedToken) -> None:
    server = serve(hide)

    async def in_asyncio() -> None:
        async with AsyncLoggin(server.url) as client:
            assert (await client.wait_for_verify(login.token, require_phone=False)).phone is None
            told = await client.verify_token(login.token, require_phone=False)
            assert told is not None
            assert told.phone is None
            async for update in client.watch(login.token, require_phone=False):
                assert update.session is not None
                assert update.session.phone is None

    asyncio.run(in_asyncio())
    with Loggin(server.url) as client:
        assert client.wait_for_verify(login.token, require_phone=False).phone is None
        told = client.verify_token(login.token, require_phone=False)
        assert told is not None
        assert told.phone is None
        [update] = client.watch(login.token, require_phone=False)
        assert update.session is not None
        assert update.session.phone is None
    assert {asked(exchange) for exchange in server.exchanges} == {"optional"}
    with Loggin(server.url, require_phone=False) as lenient, pytest.raises(ServerError):
        lenient.verify_token(login.token, require_phone=True)
    assert asked(server.exchanges[-1]) is None


def test_a_login_that_is_refused_for_its_phone_is_not_spent(serve: Serve, login: CreatedToken) -> None:
    def step(exchange: Exchange) -> None:
        if asked(exchange) is None:
            exchange.respond_error(422, "phone_hidden")
        else:
            hide(exchange)

    server = serve(step)
    with Loggin(server.url) as client:
        with pytest.raises(PhoneHiddenError):
            client.verify_token(login.token)
        told = client.verify_token(login.token, require_phone=False)
    assert told is not None
    assert told.subject == SUBJECT
    first, second = server.exchanges
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("kind", [Loggin, AsyncLoggin])
def test_what_is_neither_true_nor_false_is_refused(kind: Callable[..., object]) -> None:
    with pytest.raises(TypeError):
        kind(require_phone="no")


def test_a_phone_that_is_there_is_told_to_whoever_needs_none(serve: Serve, login: CreatedToken) -> None:
    with Loggin(serve(verify).url, require_phone=False) as client:
        assert client.wait_for_verify(login.token).phone == PHONE


def check_types(need: bool) -> None:
    """Nobody calls it: mypy reads it."""
    strict, lenient, unsure = Loggin(), Loggin(require_phone=False), Loggin(require_phone=need)
    assert_type(strict, Loggin)
    assert_type(strict.wait_for_verify("").phone, str)
    assert_type(lenient.wait_for_verify("").phone, str | None)
    assert_type(unsure.wait_for_verify("").phone, str | None)
    assert_type(strict.verify_token(""), Session | None)
    assert_type(strict.verify_token("", require_phone=False), Session[str | None] | None)
    assert_type(lenient.verify_token("", require_phone=True), Session | None)
    for update in lenient.watch(""):
        assert_type(update, LoginUpdate[str | None])
    for other in strict.watch(""):
        assert_type(other.session, Session | None)


async def check_types_of_asyncio(need: bool) -> None:
    """Nobody calls it either."""
    strict, lenient = AsyncLoggin("", timeout=1), AsyncLoggin("", timeout=1, require_phone=False)
    assert_type((await strict.wait_for_verify("")).phone, str)
    assert_type((await lenient.wait_for_verify("")).phone, str | None)
    assert_type((await strict.wait_for_verify("", require_phone=need)).phone, str | None)
    assert_type(await lenient.verify_token(""), Session[str | None] | None)
    async for update in strict.watch("", require_phone=False):
        assert_type(update, LoginUpdate[str | None])
