"""Logins that their persons took back: how a login is named, and how the server is asked."""

from __future__ import annotations

import json

import pytest
from conftest import DriverClass, Serve
from scripted_server import Exchange

from loggin import AuthenticationError, InvalidInputError, Loggin, LogginError

TOKEN = "lgn1_8XKPQ2WN_" + "7" * 32
KEY = "lgsk_8XKPQ2WN_" + "7" * 32
ELSEWHERE = "https://127.0.0.1.example"


def test_a_login_has_a_name_which_its_token_tells() -> None:
    client = Loggin()
    assert client.login_id(f" {TOKEN.lower()} ") == client.login_id(TOKEN)
    assert len(bytes.fromhex(client.login_id(TOKEN))) == 16
    with pytest.raises(InvalidInputError) as caught:
        client.login_id("lgn1_")
    assert caught.value.code == "invalid_token"


def test_the_server_tells_which_of_them_were_denied(open_driver: DriverClass, serve: Serve) -> None:
    def respond(exchange: Exchange) -> None:
        asked = json.loads(exchange.body)["login_ids"]
        exchange.respond(200, json.dumps({"denied": asked[1:]}))

    server = serve(respond)
    driver = open_driver(server.url, secret_key=KEY)
    assert driver.denied(name for name in ("first", "second")) == ["second"]
    [exchange] = server.exchanges
    assert exchange.path == "/api/v1/tokens/denied"
    assert exchange.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("key", "names", "error", "code"),
    [
        (None, ["a name"], AuthenticationError, "unauthorized"),
        (KEY, ["a name"] * 101, InvalidInputError, "invalid_request"),
    ],
    ids=["no-key", "too-many"],
)
def test_what_cannot_be_asked_is_told_at_once(
    open_driver: DriverClass, key: str | None, names: list[str], error: type[LogginError], code: str
) -> None:
    driver = open_driver(ELSEWHERE, secret_key=key)
    with pytest.raises(error) as caught:
        driver.denied(names)
    assert caught.value.code == code
    assert driver.denied([]) == []


def test_one_text_is_no_list(open_driver: DriverClass) -> None:
    with pytest.raises(TypeError):
        open_driver(ELSEWHERE, secret_key=KEY).denied("a name")
