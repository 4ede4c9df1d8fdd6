"""The options of a client: in code, in the environment, and malformed."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from conftest import DriverClass, Serve
from scripted_server import PHONE, keep_waiting, verify

from loggin import ClosedError, CreatedToken, InvalidInputError, Loggin

KEY = "lgsk_8XKPQ2WN_" + "7" * 32


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": ""},
        {"base_url": "login.example"},
        {"base_url": "http://login.example"},
        {"base_url": "http://10.0.0.1"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "https://user:password@login.example"},
        {"base_url": "https://login.example/?a=b"},
        {"secret_key": ""},
        {"secret_key": "lgsk_8XKPQ2WN_"},
        {"secret_key": KEY + "0"},
        {"secret_key": KEY.replace("lgsk", "lgn1")},
        {"whatsapp_number": "0123456789"},
        {"whatsapp_number": "1234567"},
        {"whatsapp_number": "one"},
        {"timeout": -0.001},
        {"timeout": math.nan},
        {"timeout": -math.inf},
        {"call_timeout": -1},
        {"max_retries": -1},
        {"max_retries": 11},
        {"idempotency_key": ""},
        {"idempotency_key": "x" * 129},
        {"idempotency_key": "with space"},
    ],
    ids=str,
)
def test_a_malformed_option_is_refused(driver_class: DriverClass, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        driver_class(**options)
    assert caught.value.code == "invalid_config"
    for value in options.values():
        assert len(str(value)) < 4 or str(value) not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "https://login.example"},
        {"base_url": "http://localhost:1"},
        {"base_url": "http://[::1]:1"},
        {"base_url": "http://login.example", "allow_insecure_http": True},
        {"timeout": 0},
        {"timeout": 5},
        {"timeout": math.inf},
        {"timeout": 1e300},
        {"call_timeout": math.inf},
        {"max_retries": 0},
        {"max_retries": 10},
        {"idempotency_key": "x" * 128},
        {"secret_key": f" {KEY.lower()}\n"},
    ],
    ids=str,
)
def test_an_option_in_its_range_is_accepted(driver_class: DriverClass, options: dict[str, Any]) -> None:
    driver_class(**options).client.create_token("8XKPQ2WN")


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": "5"},
        {"timeout": timedelta(seconds=5)},
        {"max_retries": 1.5},
        {"base_url": 5},
        {"unknown": 1},
    ],
    ids=str,
)
def test_an_option_of_another_type_is_a_type_error(
    driver_class: DriverClass, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        driver_class(**options)


def test_only_the_base_url_is_positional() -> None:
    with pytest.raises(TypeError):
        Loggin("https://login.example", KEY)  # type: ignore[call-overload]


@pytest.mark.parametrize("timeout", [-1, math.nan, -(10**400)], ids=["negative", "nan", "huge"])
def test_a_malformed_deadline_is_refused(
    open_driver: DriverClass, login: CreatedToken, timeout: float
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_driver().wait(login.token, timeout)
    assert caught.value.code == "invalid_request"


def test_a_wait_without_end_is_possible(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    for timeout in (math.inf, 10**400):
        assert open_driver(serve(verify).url).wait(login.token, timeout).phone == PHONE


def test_options_come_from_the_environment(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(verify)
    monkeypatch.setenv("LOGGIN_BASE_URL", server.url)
    monkeypatch.setenv("LOGGIN_SECRET_KEY", KEY)
    monkeypatch.setenv("LOGGIN_WHATSAPP_NUMBER", "14155552671")
    driver = open_driver()
    assert driver.client.create_token("8XKPQ2WN").link.startswith("https://wa.me/14155552671?")
    driver.wait(login.token)
    assert server.exchange(0).headers["authorization"] == f"Bearer {KEY}"


def test_an_option_in_code_beats_the_environment(
    open_driver: DriverClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGGIN_BASE_URL", "no url at all")
    monkeypatch.setenv("LOGGIN_WHATSAPP_NUMBER", "")
    login = open_driver("https://login.example/below").client.create_token("8XKPQ2WN")
    assert login.link == f"https://login.example/below/l/{login.code}"


def test_a_malformed_environment_is_refused(
    driver_class: DriverClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGGIN_SECRET_KEY", "secret")
    with pytest.raises(InvalidInputError) as caught:
        driver_class()
    assert caught.value.code == "invalid_config"


def test_a_base_url_may_have_a_path(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(verify)
    open_driver(f"{server.url}/below/").wait(login.token)
    assert server.exchange(0).path == "/below/api/v1/tokens/events"


def test_a_context_closes_the_client(serve: Serve, login: CreatedToken) -> None:
    with Loggin(serve(keep_waiting).url) as client:
        pass
    with pytest.raises(ClosedError):
        client.wait_for_verify(login.token)
