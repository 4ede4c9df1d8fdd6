"""What one sign-in costs in each mode, counted by the simulator, is what docs/whatsapp-setup.md says."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, TEST_TIMEOUT, Environment
from loggin import Loggin

PAGE = ROOT / "docs" / "whatsapp-setup.md"
MODES = ("none", "reply", "match", "code")
# Of numbers nobody else in these tests has: in the United States, and in Brazil.
MARKETS = {"US": itertools.count(12015550100), "BR": itertools.count(5511987654300)}


@pytest.fixture
def nothing_free(environment: Environment) -> Iterator[Environment]:
    """The simulator as it prices messages once the month's free ones are used up."""
    set_settings(environment, {"free_service_messages": 0})
    yield environment
    set_settings(environment, {})


def set_settings(environment: Environment, settings: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"{environment.simulator_url}/control/settings",
        json.dumps(settings).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=TEST_TIMEOUT):
        pass


def add_phone(environment: Environment, market: str, hidden: bool) -> str:
    number = str(next(MARKETS[market]))
    environment.control("phones", {"number": number, "name": "Asha", "hidden": hidden})
    return number


def sign_in(environment: Environment, mode: str, phone: str, hidden: bool) -> int:
    """One login from the tap to the session; how many messages it takes."""
    app_key, secret_key = environment.create_app("--confirm", mode)
    with Loggin(environment.url, secret_key=secret_key) as client:
        login = client.create_token(app_key)
        tap = threading.Thread(target=environment.tap, args=(login.link, phone))
        tap.start()
        for update in client.watch(login.token, timeout=TEST_TIMEOUT):
            if update.status == "message_received":
                # A button below the only message so far shares the person's own number.
                environment.of(phone).share_number()
            elif update.status == "awaiting_confirmation":
                client.confirm(login.token, environment.of(phone).confirmation_code())
            elif update.match:
                environment.of(phone).choose(update.match)
        tap.join()
        assert update.session is not None
        assert (update.session.phone, update.session.confirmation) == (phone, mode)
    return (mode != "none") + hidden


def send_code(environment: Environment, phone: str) -> int:
    client = Loggin(environment.url, secret_key=environment.secret_key)
    session = client.otp.start(f"+{phone}")
    [code] = environment.otp_codes(phone)
    assert client.otp.verify(session.session_id, code).status == "verified"
    return 1


def charged(environment: Environment, phone: str, messages: int) -> float:
    """What the messages to a phone cost, of which there are so many; waits for them."""
    seen, chat = 0, []
    while len(chat) < messages:
        path = f"phones/{phone}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
        new = environment.control(path)["messages"]
        assert new, "a message did not come"
        seen = max(message["seq"] for message in new)
        chat += [message for message in new if message["from"] == "business"]
    total: dict[str, Any] = environment.control(f"phones/{phone}")["charged"]
    assert (total["messages"], total["unpriced"]) == (messages, 0)
    assert sum(message["pricing"]["amount"] for message in chat) == pytest.approx(total["amount"])
    return float(total["amount"])


def row(name: str, messages: int, amounts: list[float]) -> str:
    cells = ["nothing" if amount == 0 else f"{amount:.4f}" for amount in amounts]
    return f"| {name} | {messages} | {' | '.join(cells)} |"


def test_what_a_sign_in_costs_is_what_the_page_says(nothing_free: Environment) -> None:
    environment = nothing_free
    played: list[tuple[str, list[str], int]] = []
    for hidden, mode in itertools.product((False, True), MODES):
        phones = [add_phone(environment, market, hidden) for market in MARKETS]
        counts = {sign_in(environment, mode, phone, hidden) for phone in phones}
        name = f"a login, `{mode}`" + (", with a hidden number" if hidden else "")
        played.append((name, phones, counts.pop()))
    phones = [add_phone(environment, market, False) for market in MARKETS]
    counts = {send_code(environment, phone) for phone in phones}
    played.append(("a one-time code", phones, counts.pop()))
    rows = [
        row(name, count, [charged(environment, phone, count) for phone in phones])
        for name, phones, count in played
    ]
    table = "\n".join(rows)
    assert table in PAGE.read_text(encoding="utf-8"), f"the page says something else than\n{table}"


def test_free_messages_make_logins_free_and_codes_not(environment: Environment) -> None:
    login, code = (add_phone(environment, "US", False) for _ in range(2))
    assert charged(environment, login, sign_in(environment, "code", login, False)) == 0
    assert charged(environment, code, send_code(environment, code)) > 0
