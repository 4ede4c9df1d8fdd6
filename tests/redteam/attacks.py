"""The attacks. Each is played once for a policy, and comes to a few words: who got in."""

from __future__ import annotations

import re
from collections.abc import Callable

from redteam.house import App, House, Login

# Links that somebody who does not give up sends to one person.
LINKS = 20

IN = "in"
OUT = "out"
TAKEN_BACK = "in, until “Not me”"
GUESSED = "1 of 3 guesses"
AS_ATTACKER = "as the attacker"


def is_in(house: House, login: Login) -> bool:
    """Whether whoever began this login is signed in; what the session says of its confirmation is the app's policy."""
    answer = house.redeem(login)
    if answer.get("status") != "verified":
        return False
    if answer["confirmation"] != login.app.mode:
        raise AssertionError(f"{login.app.mode} was asked for, and the session says {answer['confirmation']}")
    return True


def guess(house: House, phone: str, place: int) -> None:
    """The person taps a row of digits without seeing the page that shows the right ones."""
    message = house.chat(phone, "match:")
    house.tap(phone, message, message["buttons"][place]["title"])


def guesses(house: House, app: App, play: Callable[[int], Login]) -> str:
    """Plays an attack for each place that a right row can have, until it had each; how often it worked."""
    # Which row is right is chance: of the three rows of one message exactly one signs in.
    worked = {True: 0, False: 0}
    while not (worked[True] and worked[False]):
        worked[is_in(house, play(sum(worked.values()) % 3))] += 1
    return GUESSED if app.mode == "match" else IN


def forwarder(house: House, app: App) -> str:
    """An attacker forwards their own link, and the person taps Send, believing what was written beside it."""

    def play(place: int) -> Login:
        login, victim = house.begin(app), house.phone()
        house.send(victim, login.code)
        if app.mode == "match":
            guess(house, victim, place)
        return login

    if app.mode == "match":
        return guesses(house, app, play)
    login, victim = house.begin(app), house.phone()
    house.send(victim, login.code)
    return taken_back(house, login, victim)


def taken_back(house: House, login: Login, victim: str) -> str:
    """Whether the attacker is in, and what "Not me" of the person does to it."""
    if not is_in(house, login):
        return OUT
    if login.app.mode != "reply":
        return IN
    house.tap(victim, house.chat(victim, "not-me:"), "Not me")
    if not house.is_taken_back(login):
        raise AssertionError("the app is not told of the denial")
    return TAKEN_BACK


def relay(house: House, app: App) -> str:
    """The person signs in on a page of the attacker's, which passes everything on to the real one and back."""
    login, victim = house.begin(app), house.phone()
    house.send(victim, login.code)
    if app.mode == "match":
        message = house.chat(victim, "match:")
        # The attacker's page shows what the real one shows.
        house.tap(victim, message, house.see(login)["match"])
    elif app.mode == "code":
        text = house.chat(victim, "not-me:")["text"]
        # The person types the digits into the attacker's page.
        digits = re.match(r"\d{6}", text)
        house.type_code(login, digits.group() if digits else "")
    return taken_back(house, login, victim)


def fatigue(house: House, app: App) -> str:
    """The same person is sent twenty links, and taps Send on each of them."""
    victim, entered = house.phone(), 0
    for _ in range(LINKS):
        login = house.begin(app)
        house.send(victim, login.code)
        if app.mode == "match":
            message = house.chat(victim, "match:")
            rows = [button["title"] for button in message["buttons"]]
            right = house.see(login)["match"]
            if rows.count(right) != 1:
                raise AssertionError("of three rows one is right")
            house.tap(victim, message, next(row for row in rows if row != right))
            if house.redeem(login).get("error") != "denied":
                raise AssertionError("a wrong row ends the login")
        else:
            entered += is_in(house, login)
    if app.mode == "match":
        return f"{GUESSED}, each time"
    return f"{entered} of {LINKS}" if entered else OUT


def screenshot(house: House, app: App) -> str:
    """The attacker photographs the QR picture of the person's page, and sends its message from their own phone."""

    def play(place: int) -> Login:
        login, attacker = house.begin(app), house.phone()
        house.send(attacker, login.code)
        if app.mode == "match":
            guess(house, attacker, place)
        return login

    if app.mode == "match":
        return f"{guesses(house, app, play)}, {AS_ATTACKER}"
    # Of the person nobody learns anything: their page is signed in as somebody else.
    return AS_ATTACKER if is_in(house, play(0)) else OUT


def wrong_chat(house: House, app: App) -> str:
    """The message arrives by another way than from the person's own chat with this number."""
    others = (
        {"phone_number_id": "299999999999999"},
        {"group_id": "120363012345678901"},
        {"forwarding": "forwarded"},
    )
    for other in others:
        login = house.begin(app)
        house.send(house.phone(), login.code, **other)
        if house.see(login)["status"] != "pending" or is_in(house, login):
            return IN
    return OUT


def replay(house: House, app: App) -> str:
    """What was used once is used again: the message, its code, the token."""
    login, victim = house.begin(app), house.phone()
    message = house.send(victim, login.code)
    if app.mode == "match":
        house.tap(victim, house.chat(victim, "match:"), house.see(login)["match"])
    elif app.mode == "code":
        digits = re.match(r"\d{6}", house.chat(victim, "not-me:")["text"])
        house.type_code(login, digits.group() if digits else "")
    if not is_in(house, login):
        raise AssertionError("the login itself works")
    house.control("redeliver", {"message_id": message, "times": 3})
    house.send(house.phone(), login.code)
    stolen = house.redeem(login, "somebody else")
    old = house.begin(app)
    house.send(victim, old.code, age_seconds=301)
    if stolen.get("error") == "already_used" and house.see(old)["status"] == "pending":
        return OUT
    return IN


ATTACKS: tuple[tuple[str, Callable[[House, App], str]], ...] = (
    ("a forwarded link", forwarder),
    ("a page that relays in real time", relay),
    (f"fatigue: {LINKS} links", fatigue),
    ("a screenshot of the QR code", screenshot),
    ("a wrong chat", wrong_chat),
    ("replay", replay),
)
