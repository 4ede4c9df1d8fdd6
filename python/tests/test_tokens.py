"""Making logins: tokens, codes, links and QR codes, offline."""

from __future__ import annotations

import contextlib
import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import DriverClass
from hypothesis import given
from hypothesis import strategies as st
from scripted_server import ALPHABET, code_of

from loggin import CreatedToken, InvalidInputError, Loggin

TOKEN = re.compile(rf"lgn1_8XKPQ2WN_[{ALPHABET}]{{32}}")


def test_a_login_has_a_token_a_link_and_a_code(open_driver: DriverClass) -> None:
    login = open_driver().client.create_token("8XKPQ2WN")
    assert TOKEN.fullmatch(login.token)
    assert login.code == code_of(login.token)
    assert login.link == f"http://127.0.0.1:8787/l/{login.code}"


def test_no_two_logins_are_the_same() -> None:
    client = Loggin()
    logins = [client.create_token("8XKPQ2WN") for _ in range(1000)]
    assert len({login.token for login in logins}) == len({login.code for login in logins}) == 1000


@pytest.mark.parametrize("app_key", ["8xkpq2wn", " 8XKPQ2WN\n", "8XkPq2Wn"])
def test_an_app_key_is_made_canonical(open_driver: DriverClass, app_key: str) -> None:
    assert TOKEN.fullmatch(open_driver().client.create_token(app_key).token)


def test_letters_of_an_app_key_are_read_as_digits(open_driver: DriverClass) -> None:
    assert open_driver().client.create_token("OoIiLl00").token.startswith("lgn1_00111100_")


@pytest.mark.parametrize(
    "app_key", ["", "8XKPQ2W", "8XKPQ2WN0", "8XKPQ2WU", "8XKPQ-WN", "8XKPQ2Wé", "8XKPQ2W\udcff"]
)
def test_a_malformed_app_key_is_refused(open_driver: DriverClass, app_key: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_driver().client.create_token(app_key)
    assert caught.value.code == "invalid_app_key"


@pytest.mark.parametrize("app_key", [None, 12345678, b"8XKPQ2WN"])
def test_what_is_no_text_is_a_type_error(open_driver: DriverClass, app_key: object) -> None:
    with pytest.raises(TypeError):
        open_driver().client.create_token(app_key)  # type: ignore[arg-type]


@given(st.text(alphabet=ALPHABET, min_size=8, max_size=8))
def test_every_app_key_makes_logins(app_key: str) -> None:
    login = Loggin().create_token(app_key)
    assert login.token[5:13] == login.code[:8] == app_key
    assert login.code == code_of(login.token)


@given(st.text())
def test_no_app_key_breaks_the_native_half(app_key: str) -> None:
    with contextlib.suppress(InvalidInputError):
        assert len(Loggin().create_token(app_key).token) == 46


def test_a_number_leads_straight_to_whatsapp(open_driver: DriverClass) -> None:
    client = open_driver(whatsapp_number="+1 (415) 555-2671").client
    login = client.create_token("8XKPQ2WN", text="Sign in to Acme ± {code}")
    link = urlsplit(login.link)
    assert (link.scheme, link.netloc, link.path) == ("https", "wa.me", "/14155552671")
    assert parse_qs(link.query) == {"text": [f"Sign in to Acme ± {login.code}"]}
    assert "+" not in link.query


@pytest.mark.parametrize(
    "text", ["", "no code", "{code} {code}", "{code} +", "{code} 🎉", "x" * 200 + "{code}"]
)
def test_a_text_of_the_callers_own_has_rules(open_driver: DriverClass, text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_driver().client.create_token("8XKPQ2WN", text=text)
    assert caught.value.code == "invalid_request"


def test_a_qr_picture_is_an_image(login: CreatedToken) -> None:
    root = ET.fromstring(login.qr_svg())  # noqa: S314 (our own text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lines = login.qr_terminal().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) > len(lines) > 10


def test_a_link_that_no_qr_picture_holds_is_refused() -> None:
    login = CreatedToken(token="", link="x" * 10_000, code="")
    for draw in (login.qr_svg, login.qr_terminal):
        with pytest.raises(InvalidInputError) as caught:
            draw()
        assert caught.value.code == "invalid_request"


def test_a_login_in_place_of_its_token_is_told_from_it() -> None:
    client = Loggin()
    login = client.create_token("8XKPQ2WN")
    for slip in (login, None, 5, b"lgn1_"):
        with pytest.raises(TypeError) as caught:
            client.verify_token(slip)  # type: ignore[call-overload]
        assert ("`token`" in str(caught.value)) == (slip is login)
        assert login.token not in str(caught.value)
