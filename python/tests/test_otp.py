"""One-time codes against a scripted server: blocking and by asyncio, with the same test bodies."""

from __future__ import annotations

import copy
import ipaddress
import json
import math
import pickle
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import DriverClass, Serve
from scripted_server import PHONE, Exchange, Step

from loggin import (
    AlreadyUsedError,
    AuthenticationError,
    BlockedError,
    ClosedError,
    ExpiredError,
    InvalidCodeError,
    InvalidInputError,
    LogginError,
    OtpResult,
    OtpSession,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)

KEY = "lgsk_8XKPQ2WN_" + "7" * 32
SESSION_ID = "3bbaaf0b-3c11-44a2-8a7e-4edc426c5fcd"
# Of another server that speaks the same API.
OTHER_KEY = "sk_live_abc123xyz789"
STARTED = {"session_id": SESSION_ID, "expires_in": 300, "sent_via_engine": True, "quota_remaining": 41}
WHEN = datetime(2026, 11, 22, 7, 30, 0, 250_000, timezone.utc)
VERIFIED = {"status": "verified", "phone": PHONE, "verified_at": "2026-11-22T07:30:00.250Z", "meta": None}


def with_json(body: object) -> Step:
    return lambda exchange: exchange.respond(200, json.dumps(body))


def refuse(status: int, code: str, **fields: Any) -> Step:
    return lambda exchange: exchange.respond_error(status, code, fields=fields)


def with_hang_up(exchange: Exchange) -> None:
    del exchange


def test_a_code_is_sent_and_verified(open_driver: DriverClass, serve: Serve) -> None:
    server = serve(with_json(STARTED), with_json(VERIFIED))
    driver = open_driver(server.url, secret_key=KEY)
    session = driver.otp_start("+919876543210")
    assert session == OtpSession(SESSION_ID, 300, sent_via_engine=True, quota_remaining=41)
    assert driver.otp_verify(session.session_id, "048392") == OtpResult("verified", PHONE, WHEN, None)
    asked = [(exchange.path, json.loads(exchange.body)) for exchange in server.exchanges]
    assert asked == [
        ("/api/v1/auth/start", {"phone": "+919876543210"}),
        ("/api/v1/auth/verify", {"session_id": SESSION_ID, "otp_code": "048392"}),
    ]
    assert {exchange.headers["authorization"] for exchange in server.exchanges} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "meta",
    [{"cart": 7}, [], "", 0, False, {"id": 2**70, "nested": [None, 0.1]}, "\U0001f600\ud800"],
    ids=repr,
)
def test_options_go_out_and_the_meta_comes_back(open_driver: DriverClass, serve: Serve, meta: Any) -> None:
    server = serve(with_json(STARTED), with_json({**VERIFIED, "meta": meta}))
    driver = open_driver(server.url, secret_key=KEY)
    driver.otp_start("98765 43210", country_code="IN", otp_length=4, meta=meta)
    body = json.loads(server.exchange(0).body)
    assert body == {"phone": "98765 43210", "country_code": "IN", "otp_length": 4, "meta": meta}
    assert driver.otp_verify(SESSION_ID, "0483").meta == meta


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (ipaddress.IPv4Address("203.0.113.7"), "203.0.113.7"),
        (ipaddress.IPv6Address("2001:db8::7"), "2001:db8::7"),
        # What a socket of IPv6 tells of somebody who came by IPv4.
        (ipaddress.IPv6Address("::ffff:203.0.113.7"), "203.0.113.7"),
    ],
    ids=repr,
)
def test_the_server_is_told_whose_address_asks(
    open_driver: DriverClass, serve: Serve, given: Any, told: str
) -> None:
    server = serve(with_json(STARTED))
    open_driver(server.url, secret_key=KEY).otp_start(PHONE, client_ip=given)
    assert json.loads(server.exchange(0).body) == {"phone": PHONE, "client_ip": told}


@pytest.mark.parametrize(
    "given",
    [
        "",
        "testclient",
        "203.0.113.7:50412",
        "[2001:db8::7]:50412",
        "fe80::1%eth0",
        # As objects they have a zone or a network too.
        ipaddress.IPv6Address("fe80::1%eth0"),
        ipaddress.IPv4Interface("203.0.113.7/24"),
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_no_address_is_not_sent(open_driver: DriverClass, serve: Serve, given: Any) -> None:
    server = serve(with_json(STARTED))
    driver = open_driver(server.url, secret_key=KEY)
    with pytest.raises(InvalidInputError) as caught:
        driver.otp_start(PHONE, client_ip=given)
    assert caught.value.code == "invalid_request"
    assert isinstance(caught.value, ValueError)
    assert not str(given) or str(given) not in f"{caught.value} {caught.value!r}"
    assert server.exchanges == []


def test_another_server_may_say_less_and_more(open_driver: DriverClass, serve: Serve) -> None:
    verified = {"status": "verified", "phone": f"+{PHONE}", "verified_at": "2026-11-22T07:30:00.25+00:00"}
    server = serve(
        with_json({"session_id": "sess_xxx", "expires_in": 300, "debug_code": None}),
        with_json({**verified, "message": "OK"}),
    )
    driver = open_driver(server.url, secret_key=OTHER_KEY)
    assert driver.otp_start(PHONE) == OtpSession("sess_xxx", 300, sent_via_engine=True, quota_remaining=None)
    assert driver.otp_verify("sess_xxx", "123456") == OtpResult("verified", PHONE, WHEN, None)
    assert server.exchange(0).headers["authorization"] == f"Bearer {OTHER_KEY}"


def test_a_lost_response_is_asked_for_again_as_the_same_call(open_driver: DriverClass, serve: Serve) -> None:
    start, verify = with_json(STARTED), with_json(VERIFIED)
    server = serve(with_hang_up, start, with_hang_up, start, with_hang_up, verify, with_hang_up, verify)
    driver = open_driver(server.url, secret_key=KEY, idempotency_key="workers-of-acme")
    for _ in range(2):
        driver.otp_start(PHONE)
    for _ in range(2):
        driver.otp_verify(SESSION_ID, "048392")
    sent = [(exchange.headers["idempotency-key"], exchange.body) for exchange in server.exchanges]
    assert len(sent) == 8
    assert sent[::2] == sent[1::2]
    assert len({key for key, _ in sent}) == 4


@pytest.mark.parametrize(
    ("status", "code", "fields", "kind"),
    [
        (401, "unauthorized", {}, AuthenticationError),
        (404, "session_not_found", {}, ExpiredError),
        (409, "already_used", {}, AlreadyUsedError),
        (422, "invalid_code", {"attempts_left": 4}, InvalidCodeError),
        (422, "max_attempts", {"attempts_left": 0}, BlockedError),
        (422, "blocked", {"retry_after": 3600}, BlockedError),
        (422, "expired", {}, ExpiredError),
        (422, "invalid_phone", {}, InvalidInputError),
        (429, "rate_limited", {"retry_after": 30}, RateLimitError),
        (429, "quota_exceeded", {}, QuotaExceededError),
        (502, "send_failed", {}, ServerError),
        (503, "unavailable", {"retry_after": 6}, ServerError),
    ],
)
def test_a_refusal_says_what_to_do(
    open_driver: DriverClass,
    serve: Serve,
    status: int,
    code: str,
    fields: dict[str, int],
    kind: type[LogginError],
) -> None:
    server = serve(refuse(status, code, **fields))
    driver = open_driver(server.url, secret_key=KEY)
    calls = (lambda: driver.otp_start(PHONE)), (lambda: driver.otp_verify(SESSION_ID, "000000"))
    for call in calls:
        with pytest.raises(kind) as caught:
            call()
        error = caught.value
        assert (type(error), error.code, error.status) == (kind, code, status)
        assert (error.attempts_left, error.retry_after) == (
            fields.get("attempts_left"),
            fields.get("retry_after"),
        )
    assert len(server.exchanges) == len(calls)


@pytest.mark.parametrize(
    "body", [{}, {**STARTED, "session_id": ""}, {**VERIFIED, "status": "pending"}], ids=str
)
def test_what_is_no_response_verifies_nobody(open_driver: DriverClass, serve: Serve, body: object) -> None:
    driver = open_driver(serve(with_json(body)).url, secret_key=KEY)
    for call in (lambda: driver.otp_start(PHONE)), (lambda: driver.otp_verify(SESSION_ID, "048392")):
        with pytest.raises(ServerError) as caught:
            call()
        assert caught.value.code == "invalid_response"


def test_what_can_only_fail_is_not_sent(open_driver: DriverClass, serve: Serve) -> None:
    server = serve(with_json(STARTED))
    driver, unknown = open_driver(server.url, secret_key=KEY), open_driver(server.url)
    refused: list[tuple[Any, type[LogginError], str]] = [
        (lambda: unknown.otp_start(PHONE), AuthenticationError, "unauthorized"),
        (lambda: unknown.otp_verify(SESSION_ID, "048392"), AuthenticationError, "unauthorized"),
        (lambda: driver.otp_start(""), InvalidInputError, "invalid_phone"),
        (lambda: driver.otp_start(PHONE, otp_length=-1), InvalidInputError, "invalid_request"),
        (lambda: driver.otp_start(PHONE, meta=math.nan), InvalidInputError, "invalid_request"),
        (lambda: driver.otp_verify("", "048392"), InvalidInputError, "invalid_request"),
        (lambda: driver.otp_verify(SESSION_ID, " "), InvalidCodeError, "invalid_code"),
    ]
    for call, kind, code in refused:
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.code == code
    driver.client.close()
    with pytest.raises(ClosedError):
        driver.otp_verify(SESSION_ID, "048392")
    assert server.exchanges == []


def test_another_type_is_a_type_error(open_driver: DriverClass) -> None:
    driver: Any = open_driver(secret_key=KEY)
    calls: list[Callable[[], object]] = [
        lambda: driver.otp_start(919876543210),
        lambda: driver.otp_start(PHONE, country_code=91),
        lambda: driver.otp_start(PHONE, otp_length="6"),
        lambda: driver.otp_start(PHONE, otp_length=6.0),
        lambda: driver.otp_start(PHONE, meta={1, 2}),
        lambda: driver.otp_start(PHONE, client_ip=3405803783),
        lambda: driver.otp_start(PHONE, client_ip=b"203.0.113.7"),
        lambda: driver.otp_start(PHONE, client_ip=("203.0.113.7", 50412)),
        lambda: driver.otp_start(PHONE, client_ip=ipaddress.ip_network("203.0.113.0/24")),
        lambda: driver.otp_verify(SESSION_ID, 48392),
        lambda: driver.otp_verify(None, "048392"),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("phone", [PHONE, "123456", "987654321012345"])
def test_a_result_shows_two_digits_and_no_meta(phone: str) -> None:
    result = OtpResult("verified", phone, WHEN, {"name": "Asha"})
    assert f"phone='***{phone[-2:]}'" in repr(result)
    assert phone[:-2] not in repr(result)
    assert "Asha" not in f"{result} {result!r} {[result]}"


def test_results_pickle_copy_and_compare() -> None:
    session = OtpSession(SESSION_ID, 300, sent_via_engine=True, quota_remaining=None)
    result = OtpResult("verified", PHONE, WHEN, {"cart": [7]})
    for value in (session, result):
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301
            assert twin == value
            assert hash(twin) == hash(value)
    assert result != OtpResult("verified", PHONE, WHEN, None)
