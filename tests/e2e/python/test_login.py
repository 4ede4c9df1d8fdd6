"""Logins from the first call to the session, through the real server and simulator."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from conftest import TEST_TIMEOUT, Environment
from loggin import (
    AlreadyUsedError,
    AsyncLoggin,
    AuthenticationError,
    DeniedError,
    InvalidInputError,
    Loggin,
    Session,
)

APP_KEY = "8XKPQ2WN"


def assert_session(session: Session | None, phone: str, app_key: str = APP_KEY) -> None:
    assert session is not None
    assert (session.app_key, session.phone) == (app_key, phone)
    assert timedelta(0) <= datetime.now(timezone.utc) - session.verified_at < timedelta(seconds=TEST_TIMEOUT)


def test_the_snippet_of_the_readme_works(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGGIN_BASE_URL", environment.url)
    client = Loggin()
    result = client.create_token("8XKPQ2WN")
    phone = environment.add_phone()
    tap = threading.Thread(target=environment.tap, args=(result.link, phone))
    tap.start()
    session = client.wait_for_verify(result.token)
    woken = time.perf_counter()
    tap.join()
    print(f"from tap to wake: {(woken - environment.tapped) * 1000:.1f} ms")
    assert_session(session, phone)
    assert (session.phone, session.app_key) == (phone, "8XKPQ2WN")


def test_asyncio_signs_many_in(environment: Environment) -> None:
    async def sign_in(client: AsyncLoggin) -> None:
        phone, login = await asyncio.to_thread(environment.add_phone), client.create_token(APP_KEY)
        waiting = asyncio.create_task(client.wait_for_verify(login.token, timeout=TEST_TIMEOUT))
        await asyncio.to_thread(environment.tap, login.link, phone)
        assert_session(await waiting, phone)

    async def sign_many_in() -> None:
        async with AsyncLoggin(environment.url) as client:
            await asyncio.gather(*(sign_in(client) for _ in range(20)))

    asyncio.run(sign_many_in())


def test_a_server_redeems_what_a_browser_started(environment: Environment) -> None:
    browser, server = Loggin(environment.url), Loggin(environment.url)
    login, phone = browser.create_token(APP_KEY), environment.add_phone()
    assert server.verify_token(login.token) is None
    text = environment.tap(login.link, phone)
    assert login.code in text
    assert login.token not in text
    session = server.verify_token(login.token)
    assert_session(session, phone)
    assert server.verify_token(login.token) == session
    assert server.wait_for_verify(login.token) == session


def test_a_token_is_redeemed_by_one_client(environment: Environment) -> None:
    first, second, third = Loggin(environment.url), Loggin(environment.url), AsyncLoggin(environment.url)
    login = first.create_token(APP_KEY)
    environment.tap(login.link, environment.add_phone())
    first.wait_for_verify(login.token, timeout=TEST_TIMEOUT)
    for call in (second.verify_token, second.wait_for_verify):
        with pytest.raises(AlreadyUsedError):
            call(login.token)
    with pytest.raises(AlreadyUsedError):
        asyncio.run(third.wait_for_verify(login.token))


def test_clients_with_the_same_key_are_one_redeemer(environment: Environment) -> None:
    first, second = (Loggin(environment.url, idempotency_key="workers-of-acme") for _ in range(2))
    login = first.create_token(APP_KEY)
    environment.tap(login.link, environment.add_phone())
    assert first.wait_for_verify(login.token, timeout=TEST_TIMEOUT) == second.verify_token(login.token)


def test_a_login_to_one_app_is_none_to_another(environment: Environment) -> None:
    theirs, their_key = environment.create_app()
    login = Loggin(environment.url).create_token(theirs)
    environment.tap(login.link, environment.add_phone())
    for options in ({"app_key": APP_KEY}, {"secret_key": environment.secret_key}):
        ours, ours_async = Loggin(environment.url, **options), AsyncLoggin(environment.url, **options)
        for call in (
            ours.verify_token,
            ours.wait_for_verify,
            lambda token, client=ours_async: asyncio.run(client.verify_token(token)),
            lambda token, client=ours_async: asyncio.run(client.wait_for_verify(token)),
        ):
            with pytest.raises(AuthenticationError) as caught:
                call(login.token)
            assert caught.value.code == "unknown_app"
    session = Loggin(environment.url, secret_key=their_key).verify_token(login.token)
    assert session is not None
    assert session.app_key == theirs


def test_an_app_that_is_not_there_is_told(environment: Environment) -> None:
    client = Loggin(environment.url)
    login = client.create_token("00000000")
    for call in (client.wait_for_verify, client.verify_token):
        with pytest.raises(AuthenticationError) as caught:
            call(login.token)
        assert caught.value.code == "unknown_app"


def test_a_changed_token_redeems_nothing(environment: Environment) -> None:
    client = Loggin(environment.url)
    login, phone = client.create_token(APP_KEY), environment.add_phone()
    environment.tap(login.link, phone)
    last = "0" if login.token[-1] != "0" else "1"
    assert client.verify_token(login.token[:-1] + last) is None
    with pytest.raises(InvalidInputError):
        client.verify_token(login.token[:-1])
    assert_session(client.verify_token(login.token), phone)


def test_an_app_may_require_its_secret_key(environment: Environment) -> None:
    (app_key, secret_key), (_, other_key) = environment.create_app(), environment.create_app()
    server = Loggin(environment.url, secret_key=secret_key)
    login, phone = server.create_token(app_key), environment.add_phone()
    environment.tap(login.link, phone)
    unknown_callers = {
        "unauthorized": Loggin(environment.url),
        "unknown_app": Loggin(environment.url, secret_key=other_key),
    }
    for code, unknown in unknown_callers.items():
        for call in (unknown.wait_for_verify, unknown.verify_token):
            with pytest.raises(AuthenticationError) as caught:
                call(login.token)
            assert caught.value.code == code
    assert_session(server.wait_for_verify(login.token), phone, app_key)


def test_a_person_says_not_me(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--confirm", "reply")
    client = Loggin(environment.url, secret_key=secret_key)
    login = client.create_token(app_key)
    phone = environment.add_phone()
    # The message comes before anybody waits, so the person is not written to yet; the first question brings that about.
    environment.tap(login.link, phone)
    session = client.verify_token(login.token)
    assert session is not None
    assert session.phone == phone
    environment.of(phone).deny()
    with pytest.raises(DeniedError):
        client.wait_for_verify(login.token, timeout=TEST_TIMEOUT)
