"""Logins of an app that asks for a confirmation code, from the link to the session."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import TEST_TIMEOUT, Environment
from loggin import (
    AsyncLoggin,
    BlockedError,
    DeniedError,
    InvalidCodeError,
    InvalidInputError,
    Loggin,
    Session,
)


def test_a_person_types_the_code_that_whatsapp_showed(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--confirm", "code")
    client = Loggin(environment.url, secret_key=secret_key)
    login, phone = client.create_token(app_key), environment.add_phone()
    assert client.status(login.token) == "pending"
    tap = threading.Thread(target=environment.tap, args=(login.link, phone))
    tap.start()
    told = []
    for update in client.watch(login.token, timeout=TEST_TIMEOUT):
        told.append(update.status)
        if update.status == "awaiting_confirmation":
            assert client.status(login.token) == "awaiting_confirmation"
            with pytest.raises(InvalidCodeError) as caught:
                client.confirm(login.token, "no digits")
            assert caught.value.attempts_left == 5
            # Whoever has the token confirms, without the key.
            Loggin(environment.url).confirm(login.token, environment.of(phone).confirmation_code())
    tap.join()
    assert told == ["awaiting_confirmation", "verified"]
    assert update.session is not None
    assert update.session.phone == phone
    assert client.status(login.token) == "verified"
    assert client.verify_token(login.token) == update.session


def test_five_wrong_codes_end_the_login(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--confirm", "code")

    async def main() -> None:
        async with AsyncLoggin(environment.url, secret_key=secret_key) as client:
            login, phone = client.create_token(app_key), await asyncio.to_thread(environment.add_phone)
            updates = client.watch(login.token, timeout=TEST_TIMEOUT)
            first = asyncio.ensure_future(anext(updates))
            await asyncio.to_thread(environment.tap, login.link, phone)
            assert (await first).status == "awaiting_confirmation"
            digits = await asyncio.to_thread(environment.of(phone).confirmation_code)
            wrong = "000001" if digits == "000000" else "000000"
            for left in (4, 3, 2, 1):
                with pytest.raises(InvalidCodeError) as caught:
                    await client.confirm(login.token, wrong)
                assert caught.value.attempts_left == left
            with pytest.raises(BlockedError):
                await client.confirm(login.token, wrong)
            with pytest.raises(DeniedError):
                await anext(updates)
            with pytest.raises(DeniedError):
                await client.status(login.token)

    asyncio.run(main())


def until_connected(client: Loggin | AsyncLoggin) -> None:
    """The server has to know where a login began before its message comes."""
    deadline = time.monotonic() + TEST_TIMEOUT
    while not client.state().is_connected:
        assert time.monotonic() < deadline, "the wait does not connect"


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
def test_the_link_back_takes_the_place_of_the_digits(environment: Environment, kind: str) -> None:
    page = "https://shop.example/login"
    app_key, secret_key = environment.create_app(
        "--confirm", "code", "--allowed-origin", "https://shop.example"
    )
    client = Loggin(environment.url, secret_key=secret_key)
    login, phone = client.create_token(app_key), environment.add_phone()

    def go_back() -> None:
        """Taps Send, then the link in the answer: the page hands in what that brought."""
        environment.tap(login.link, phone)
        [link] = re.findall(r"^https://.*$", environment.code_on(phone), re.MULTILINE)
        before, brought = link.split("#loggin=")
        assert before == page
        other = client.create_token(app_key).token
        with pytest.raises(InvalidInputError) as caught:
            client.confirm(other, brought)
        assert caught.value.code == "invalid_request"
        client.confirm(login.token, brought)

    async def wait() -> Session:
        async with AsyncLoggin(environment.url, secret_key=secret_key) as waiting:
            updates = waiting.watch(login.token, timeout=TEST_TIMEOUT, return_to=page)
            first = asyncio.ensure_future(anext(updates))
            await asyncio.to_thread(until_connected, waiting)
            tap = asyncio.create_task(asyncio.to_thread(go_back))
            assert (await first).status == "awaiting_confirmation"
            *_, update = [update async for update in updates]
            await tap
            assert update.session is not None
            return update.session

    if kind == "asyncio":
        session = asyncio.run(wait())
    else:
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(client.wait_for_verify, login.token, timeout=TEST_TIMEOUT, return_to=page)
            until_connected(client)
            go_back()
            session = waiting.result()
    assert (session.phone, session.confirmation) == (phone, "code")


def test_a_login_that_asks_for_no_code_has_none_to_confirm(environment: Environment) -> None:
    client = Loggin(environment.url)
    with pytest.raises(InvalidInputError) as caught:
        client.confirm(client.create_token("8XKPQ2WN").token, "123456")
    assert caught.value.code == "invalid_request"


@pytest.mark.parametrize("asks", ["app", "wait"])
def test_a_person_chooses_the_digits_that_are_shown(environment: Environment, asks: str) -> None:
    app_key, secret_key = environment.create_app(*(["--confirm", "match"] if asks == "app" else []))
    client = Loggin(environment.url, secret_key=secret_key)
    login, phone = client.create_token(app_key), environment.add_phone()
    tap = threading.Thread(target=environment.tap, args=(login.link, phone))
    tap.start()
    told = []
    for update in client.watch(
        login.token, timeout=TEST_TIMEOUT, confirm="match" if asks == "wait" else None
    ):
        told.append(update.status)
        if update.match:
            environment.of(phone).choose(update.match)
    tap.join()
    assert told == ["awaiting_match", "verified"]
    assert update.session is not None
    assert (update.session.phone, update.session.confirmation) == (phone, "match")


def test_what_was_verified_with_less_is_confirmed_before_it_is_redeemed(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    client = Loggin(environment.url, secret_key=secret_key)
    login, phone = client.create_token(app_key), environment.add_phone()
    assert client.status(login.token) == "pending"
    environment.tap(login.link, phone)
    assert client.status(login.token) == "verified"
    assert client.verify_token(login.token, confirm="code") is None
    assert client.status(login.token) == "awaiting_confirmation"
    assert client.verify_token(login.token) is None
    client.confirm(login.token, environment.of(phone).confirmation_code())
    session = client.verify_token(login.token, confirm="code")
    assert session is not None
    assert session.confirmation == "code"


def test_what_is_no_confirmation_is_refused_at_once(environment: Environment) -> None:
    client = Loggin(environment.url)
    token = client.create_token("8XKPQ2WN").token
    with pytest.raises(InvalidInputError) as caught:
        client.wait_for_verify(token, confirm="passkey")  # type: ignore[arg-type]
    assert caught.value.code == "invalid_request"
