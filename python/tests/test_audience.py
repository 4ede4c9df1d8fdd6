"""Whose tokens a client accepts: those of one app, not those of everybody who has an app at the same server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import DriverClass, Serve
from scripted_server import PHONE, verify

from loggin import AuthenticationError, InvalidInputError, Loggin

OURS = "8XKPQ2WN"
THEIRS = "ABCDEFGH"
KEY = f"lgsk_{OURS}_" + "7" * 32
# Nobody listens there, and nobody is asked.
ELSEWHERE = "https://127.0.0.1.example"


def token_of(app_key: str) -> str:
    return Loggin().create_token(app_key).token


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"app_key": OURS.lower()}, {}),
        ({}, {"LOGGIN_APP_KEY": f" {OURS} "}),
        ({"secret_key": KEY}, {}),
        ({}, {"LOGGIN_SECRET_KEY": KEY}),
        ({"secret_key": KEY}, {"LOGGIN_APP_KEY": THEIRS}),
        ({"app_key": OURS}, {"LOGGIN_APP_KEY": THEIRS}),
    ],
    ids=["option", "variable", "secret-key", "secret-key-variable", "secret-key-first", "option-first"],
)
def test_a_token_of_another_app_is_refused_without_asking(
    open_driver: DriverClass,
    options: dict[str, Any],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = token_of(THEIRS)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    driver = open_driver(ELSEWHERE, **options)
    for call in (driver.verify, driver.wait):
        with pytest.raises(AuthenticationError) as caught:
            call(theirs)
        assert (caught.value.code, caught.value.retryable) == ("unknown_app", False)


@pytest.mark.parametrize(
    "options", [{"app_key": "none"}, {"app_key": ""}, {"app_key": THEIRS, "secret_key": KEY}], ids=str
)
def test_what_is_no_app_key_or_not_that_of_the_secret_key_is_refused(
    driver_class: DriverClass, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        driver_class(**options)
    assert caught.value.code == "invalid_config"


def test_away_from_this_machine_a_client_without_an_app_accepts_its_own_tokens_only(
    open_driver: DriverClass,
) -> None:
    driver = open_driver(ELSEWHERE, max_retries=0)
    theirs = token_of(THEIRS)
    for call in (driver.verify, driver.wait):
        with pytest.raises(InvalidInputError) as refused:
            call(theirs)
        assert refused.value.code == "invalid_config"
    with pytest.raises(TimeoutError):
        driver.wait(driver.client.create_token(OURS).token, 0)


def test_on_this_machine_a_client_without_an_app_accepts_all_tokens(
    open_driver: DriverClass, serve: Serve
) -> None:
    assert open_driver(serve(verify).url).wait(token_of(OURS)).phone == PHONE


def test_the_server_is_told_which_app_is_asked_for(open_driver: DriverClass, serve: Serve) -> None:
    server = serve(verify)
    open_driver(server.url, app_key=OURS).wait(token_of(OURS))
    assert json.loads(server.exchange(0).body)["app_key"] == OURS
