"""Waits and calls against servers that behave badly: blocking and by asyncio, with the same test bodies."""

from __future__ import annotations

import json
import socket
import threading
from datetime import datetime, timezone

import pytest
from conftest import DriverClass, Serve, in_thread
from scripted_server import (
    PHONE,
    TEST_TIMEOUT,
    Exchange,
    ScriptedServer,
    Step,
    code_of,
    cut_after_ready,
    keep_streams_back,
    keep_waiting,
    reject,
    session,
    verify,
)
from switchboard import Switchboard

from loggin import (
    AlreadyUsedError,
    AuthenticationError,
    ClosedError,
    ConnectionFailedError,
    CreatedToken,
    DeniedError,
    ExpiredError,
    InvalidInputError,
    LogginError,
    PhoneHiddenError,
    QuotaExceededError,
    ServerError,
    VerifyTimeoutError,
    __version__,
)


def as_html(exchange: Exchange) -> None:
    exchange.respond(200, "<h1>It works!</h1>", "text/html")


def as_json(exchange: Exchange) -> None:
    exchange.respond(200, "{}")


def as_internal_error(exchange: Exchange) -> None:
    exchange.respond_error(500, "internal")


def as_unavailable(exchange: Exchange) -> None:
    exchange.respond_error(503, "unavailable", Retry_After="0")


def as_redirect(exchange: Exchange) -> None:
    exchange.respond(307, "", Location="/elsewhere")


def with_hang_up(exchange: Exchange) -> None:
    del exchange


def with_endless_line(exchange: Exchange) -> None:
    exchange.start_stream()
    exchange.send("data: ")
    while True:
        exchange.send("x" * 65536)


def with_cut_event(exchange: Exchange) -> None:
    exchange.start_stream()
    exchange.send_event("ready", pending=1)
    exchange.send('event: verified\ndata: {"code": "')


def with_broken_data(exchange: Exchange) -> None:
    exchange.start_stream()
    exchange.send_event("ready", pending=1)
    exchange.send("event: verified\ndata: {]\n\n")


@pytest.mark.parametrize(
    "step",
    [
        as_html,
        as_json,
        as_internal_error,
        as_unavailable,
        as_redirect,
        with_hang_up,
        with_endless_line,
        with_cut_event,
        with_broken_data,
    ],
)
def test_a_wait_outlives_what_passes(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, step: Step
) -> None:
    server = serve(step, verify)
    assert open_driver(server.url).wait(login.token).phone == PHONE
    assert [exchange.path for exchange in server.exchanges] == ["/api/v1/tokens/events"] * 2


def test_behind_a_proxy_that_keeps_streams_back_a_wait_polls(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(keep_streams_back)
    assert open_driver(server.url).wait(login.token, timeout=TEST_TIMEOUT).phone == PHONE
    accepted = [exchange.headers["accept"] for exchange in server.exchanges]
    assert accepted == ["text/event-stream", "application/json"]


def test_streams_that_are_cut_right_after_ready_are_opened_with_pauses(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(cut_after_ready)
    with pytest.raises(VerifyTimeoutError):
        open_driver(server.url).wait(login.token, timeout=5)
    assert 4 <= len(server.exchanges) < 25


def test_a_session_has_everything_that_the_server_tells(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=0)
        exchange.send_event("verified", code=login.code, session=session(user_id="IN.42"))

    found = open_driver(serve(step).url).wait(login.token)
    assert (found.app_key, found.phone, found.user_id) == ("8XKPQ2WN", PHONE, "IN.42")
    assert found.verified_at == datetime(2026, 11, 22, 7, 30, 0, 250_000, timezone.utc)
    assert found.verified_at.tzinfo is timezone.utc


def test_a_wait_skips_what_it_does_not_know(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send(": a comment\n\nevent: verified\n\nid: 7\nfuture: field\n\n")
        exchange.send_event("ready", pending=1, since="yesterday")
        exchange.send_event("weather", forecast="sun")
        exchange.send_event("progress", code=login.code, status="message_received")
        exchange.send_event("verified", code=login.code, session=session(mood="good"), mood="good")

    server = serve(step)
    assert open_driver(server.url).wait(login.token).phone == PHONE
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("already_used", AlreadyUsedError),
        ("denied", DeniedError),
        ("expired", ExpiredError),
        ("phone_hidden", PhoneHiddenError),
        ("unauthorized", AuthenticationError),
        ("unknown_app", AuthenticationError),
        ("from_the_future", ServerError),
    ],
)
def test_a_rejected_login_raises(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, code: str, expected: type[LogginError]
) -> None:
    with pytest.raises(expected) as caught:
        open_driver(serve(reject(code)).url).wait(login.token)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_request", InvalidInputError),
        (401, "unauthorized", AuthenticationError),
        (404, "not_found", InvalidInputError),
        (429, "quota_exceeded", QuotaExceededError),
    ],
)
def test_a_refused_stream_ends_the_wait(
    open_driver: DriverClass,
    serve: Serve,
    login: CreatedToken,
    status: int,
    code: str,
    expected: type[LogginError],
) -> None:
    server = serve(lambda exchange: exchange.respond_error(status, code))
    with pytest.raises(expected) as caught:
        open_driver(server.url).wait(login.token)
    assert (caught.value.code, caught.value.status) == (code, status)
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    "token", ["", "lgn1_", "8XKPQ2WN", "lgn1_8XKPQ2WN_" + "U" * 32, "lgn1_8XKPQ2WN_" + "0" * 31, "\ud800"]
)
def test_a_malformed_token_is_refused_without_network(
    open_driver: DriverClass, serve: Serve, token: str
) -> None:
    server = serve(verify)
    driver = open_driver(server.url)
    for call in (driver.wait, driver.verify):
        with pytest.raises(InvalidInputError) as caught:
            call(token)
        assert caught.value.code == "invalid_token"
    assert server.exchanges == []


def test_a_wait_has_a_deadline_of_its_own(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(keep_waiting)
    for driver, timeout in ((open_driver(server.url), 0.05), (open_driver(server.url, timeout=0.05), None)):
        with pytest.raises(VerifyTimeoutError) as caught:
            driver.wait(login.token, timeout)
        assert caught.value.code == "timeout"
        assert isinstance(caught.value, TimeoutError)


def test_a_server_that_is_down_is_waited_for(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        driver = open_driver(f"http://127.0.0.1:{port}", max_retries=0)
        with pytest.raises(ConnectionFailedError) as caught:
            driver.verify(login.token)
        assert caught.value.retryable
        with pytest.raises(VerifyTimeoutError):
            driver.wait(login.token, 0.05)
        waiting = in_thread(lambda: driver.wait(login.token))
    serve(verify, port=port)
    assert waiting.result(TEST_TIMEOUT).phone == PHONE


def test_a_server_that_dies_and_comes_back_is_waited_for(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    first = ScriptedServer(keep_waiting)
    driver = open_driver(first.url)
    waiting = in_thread(lambda: driver.wait(login.token))
    assert first.exchange(0).tokens == [login.token]
    first.close()
    second = serve(verify, port=first.port)
    assert waiting.result(TEST_TIMEOUT).phone == PHONE
    assert second.exchange(0).tokens == [login.token]


def test_closing_ends_waits(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(keep_waiting)
    driver = open_driver(server.url)
    waiting = in_thread(lambda: driver.wait(login.token))
    stream = server.exchange(0)
    driver.client.close()
    with pytest.raises(ClosedError):
        waiting.result(TEST_TIMEOUT)
    assert stream.was_hung_up.wait(TEST_TIMEOUT)
    for call in (driver.wait, driver.verify):
        with pytest.raises(ClosedError):
            call(login.token)
    assert len(server.exchanges) == 1


def test_resuming_has_waits_connect_anew_at_once(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(keep_waiting, verify)
    driver = open_driver(server.url)
    waiting = in_thread(lambda: driver.wait(login.token))
    stream = server.exchange(0)
    driver.client.resume()
    assert waiting.result(TEST_TIMEOUT).phone == PHONE
    assert stream.was_hung_up.wait(TEST_TIMEOUT)
    assert server.exchange(1).tokens == [login.token]


def test_many_threads_share_a_client(open_driver: DriverClass, serve: Serve) -> None:
    server = serve(verify)
    driver = open_driver(server.url)
    tokens = [driver.client.create_token("8XKPQ2WN").token for _ in range(20)]
    waiting = [in_thread(lambda token=token: driver.wait(token)) for token in tokens]  # type: ignore[misc]
    assert {each.result(TEST_TIMEOUT).phone for each in waiting} == {PHONE}


def test_waits_on_one_token_get_one_result(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    switchboard = Switchboard()
    server = serve(switchboard)
    driver = open_driver(server.url)
    waiting = [in_thread(lambda: driver.wait(login.token)) for _ in range(5)]
    switchboard.verify(switchboard.wait_for(1))
    found = [each.result(TEST_TIMEOUT) for each in waiting]
    assert found == [found[0]] * 5
    # Nobody asks for it again: the client knows.
    asked = len(server.exchanges)
    assert driver.wait(login.token) == driver.wait(f" {login.token.lower()}\n") == found[0]
    assert len(server.exchanges) == asked


def test_a_wait_that_gave_up_is_begun_again(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    switchboard = Switchboard()
    driver = open_driver(serve(switchboard).url)
    with pytest.raises(VerifyTimeoutError):
        driver.wait(login.token, 0.05)
    switchboard.wait_until_empty()
    waiting = in_thread(lambda: driver.wait(login.token))
    switchboard.verify(switchboard.wait_for(1))
    assert waiting.result(TEST_TIMEOUT).phone == PHONE


def test_verify_redeems(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(
        lambda exchange: exchange.respond(200, json.dumps({"status": "pending"})),
        lambda exchange: exchange.respond(200, json.dumps({"status": "verified", **session()})),
    )
    driver = open_driver(server.url)
    assert driver.verify(login.token) is None
    found = driver.verify(login.token)
    assert found is not None
    assert found.phone == PHONE
    for exchange in server.exchanges:
        assert exchange.path == "/api/v1/tokens/verify"
        assert json.loads(exchange.body) == {"token": login.token}


def test_verify_is_repeated_as_often_as_set_up(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    for retries in (0, 1, 2):
        server = serve(as_unavailable)
        with pytest.raises(ServerError) as caught:
            open_driver(server.url, max_retries=retries).verify(login.token)
        assert (caught.value.code, caught.value.status) == ("unavailable", 503)
        assert caught.value.retryable
        assert len(server.exchanges) == 1 + retries
        keys = {exchange.headers["idempotency-key"] for exchange in server.exchanges}
        assert len(keys) == 1


def test_a_long_retry_after_is_the_callers(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(lambda exchange: exchange.respond_error(503, "unavailable", Retry_After="61"))
    with pytest.raises(ServerError) as caught:
        open_driver(server.url).verify(login.token)
    assert caught.value.retry_after == 61.0
    assert len(server.exchanges) == 1


@pytest.mark.parametrize("step", [as_html, as_json, as_redirect])
def test_verify_names_a_response_that_is_none(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, step: Step
) -> None:
    server = serve(step)
    with pytest.raises(ServerError) as caught:
        open_driver(server.url).verify(login.token)
    assert caught.value.code == "invalid_response"
    assert [exchange.path for exchange in server.exchanges] == ["/api/v1/tokens/verify"]


@pytest.mark.parametrize("moment", ["1960-01-01T00:00:00Z", "99999-01-01T00:00:00Z", "yesterday", ""])
def test_a_session_of_no_time_is_no_response(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, moment: str
) -> None:
    body = json.dumps({"status": "verified", **session(verified_at=moment)})
    with pytest.raises(ServerError) as caught:
        open_driver(serve(lambda exchange: exchange.respond(200, body)).url).verify(login.token)
    assert caught.value.code == "invalid_response"


def test_a_request_says_who_asks(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(verify)
    key = "lgsk_8XKPQ2WN_" + "7" * 32
    open_driver(server.url, secret_key=key, idempotency_key="mine").wait(login.token)
    exchange = server.exchange(0)
    assert exchange.headers["authorization"] == f"Bearer {key}"
    assert exchange.headers["idempotency-key"] == "mine"
    assert exchange.headers["user-agent"] == f"loggin-python/{__version__}"
    assert json.loads(exchange.body) == {
        "tokens": [login.token],
        "claim": True,
        "app_key": "8XKPQ2WN",
    }


def test_each_client_is_a_redeemer_of_its_own(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(verify)
    for _ in range(2):
        open_driver(server.url).wait(login.token)
    keys = [exchange.headers["idempotency-key"] for exchange in server.exchanges]
    assert len(set(keys)) == 2


def test_other_threads_run_while_one_waits(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    """The result is sent by a thread of this very interpreter, which a held lock would stop."""
    tapped = threading.Event()

    def step(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert tapped.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code_of(exchange.tokens[0]), session=session())

    server = serve(step)
    driver = open_driver(server.url)

    def tap() -> None:
        server.exchange(0)
        tapped.set()

    tapping = in_thread(tap)
    assert driver.wait(login.token, TEST_TIMEOUT).phone == PHONE
    tapping.result(TEST_TIMEOUT)
