"""Nothing secret shows by accident: in `repr`, `vars`, pretty printers, errors or the process's output."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import pprint
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest
from conftest import DriverClass, Serve
from fastapi.encoders import jsonable_encoder
from scripted_server import PHONE, SUBJECT, Exchange, reject, verify

from loggin import AsyncLoggin, CreatedToken, Loggin, LogginError, Session

KEY = "lgsk_8XKPQ2WN_" + "7" * 32
WHEN = datetime(2026, 11, 22, 7, 30, tzinfo=timezone.utc)


def shown(thing: object) -> str:
    """All that Python prints of a thing when nobody asked for its fields."""
    inside = getattr(thing, "__dict__", {})
    return " ".join([repr(thing), str(thing), f"{thing}", pprint.pformat(thing), repr(inside), repr([thing])])


def assert_hidden(text: str, *secrets: str) -> None:
    for secret in secrets:
        # Without its app key, which is public, and not even its first half.
        private = secret.partition("8XKPQ2WN")[2] or secret
        assert private[: len(private) // 2] not in text


def test_a_login_shows_its_app_alone(login: CreatedToken) -> None:
    assert repr(login) == "CreatedToken(app_key='8XKPQ2WN')"
    assert_hidden(shown(login), login.token, login.code, login.link)


def test_a_login_gives_its_secrets_to_no_serializer(login: CreatedToken) -> None:
    """Whoever returns it from a route by mistake is told so, and the page gets nothing."""
    serializers: list[Callable[[Any], object]] = [
        json.dumps,
        jsonable_encoder,
        dataclasses.asdict,
        vars,
        dict,
    ]
    for serialize in serializers:
        with pytest.raises((TypeError, ValueError)) as caught:
            serialize(login)
        assert_hidden(str(caught.value), login.token, login.code)


@pytest.mark.parametrize("take", [Loggin.wait_for_verify, Loggin.verify_token, Loggin.login_id])
def test_a_login_in_place_of_its_token_is_refused_without_showing_it(
    take: Callable[[Any, Any], object], login: CreatedToken
) -> None:
    with pytest.raises(TypeError) as caught:
        take(Loggin(), login)
    assert_hidden(str(caught.value), login.token, login.code, login.link)


@pytest.mark.parametrize("phone", [PHONE, "123456", "987654321012345"])
def test_a_session_shows_two_digits(phone: str) -> None:
    session = Session("8XKPQ2WN", phone, "IN.12345678", SUBJECT, "none", "changed", WHEN)
    assert f"phone='***{phone[-2:]}', subject='***{SUBJECT[-2:]}', assurance='changed'" in repr(session)
    for hidden in (phone[:-2], SUBJECT[5:-2], "IN.12345678"):
        assert hidden not in shown(session)


@pytest.mark.parametrize("kind", [Loggin, AsyncLoggin])
def test_a_client_shows_no_key(kind: type[Loggin | AsyncLoggin]) -> None:
    client = kind(secret_key=KEY, idempotency_key="my-own-idempotency-key")
    assert repr(client) == f"{kind.__name__}(base_url='http://127.0.0.1:8787/', app_key='8XKPQ2WN')"
    assert repr(kind("https://login.example")) == (
        f"{kind.__name__}(base_url='https://login.example/', app_key=None)"
    )
    assert_hidden(shown(client), KEY, "my-own-idempotency-key")
    assert_hidden(shown(vars(client)), KEY, "my-own-idempotency-key")
    for copier in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            copier(client)
        assert_hidden(str(caught.value), KEY)


def test_results_pickle_copy_and_compare(login: CreatedToken) -> None:
    session = Session("8XKPQ2WN", PHONE, None, SUBJECT, "none", "normal", WHEN)
    for result in (login, session):
        for twin in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):  # noqa: S301
            assert twin == result
            assert hash(twin) == hash(result)


def test_results_are_frozen(login: CreatedToken) -> None:
    with pytest.raises(AttributeError):
        login.token = ""  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        login.extra = ""  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        vars(login)


def test_a_login_prints_nothing_and_its_errors_show_nothing(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, capfd: pytest.CaptureFixture[str]
) -> None:
    driver = open_driver(serve(verify).url, secret_key=KEY)
    texts = [shown(driver.wait(login.token))]
    calls: list[Callable[[], object]] = [
        *(partial(driver.wait, malformed) for malformed in (login.token[:-1], KEY, login.code)),
        partial(open_driver(serve(reject("expired")).url, secret_key=KEY).wait, login.token),
        partial(open_driver(serve(as_internal_error).url, secret_key=KEY).verify, login.token),
    ]
    for call in calls:
        with pytest.raises(LogginError) as caught:
            call()
        texts.append(shown(caught.value))
    assert_hidden(" ".join(texts), KEY, login.token, login.code, PHONE)
    assert capfd.readouterr() == ("", "")


def as_internal_error(exchange: Exchange) -> None:
    exchange.respond_error(500, "internal")
