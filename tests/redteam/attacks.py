"""The attacks. Each is played once for a policy, and comes to a few words: who got in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from redteam.house import App, House, Login

# Links that somebody who does not give up sends to one person.
LINKS = 20

IN = "in"
OUT = "out"
TAKEN_BACK = "in, until “Not me”"
GUESSED = "1 of 3 guesses"
AS_ATTACKER = "as the attacker"
NO_LINK = "no link"


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


def link_back(house: House, login: Login, sender: str) -> str | None:
    """What the link brings that stands beside the digits in a chat; none where the policy sends no link."""
    house.send(sender, login.code)
    if login.app.mode != "code":
        if login.app.mode != "none":
            text = house.chat(sender, "match:" if login.app.mode == "match" else "not-me:")["text"]
            if "#loggin=" in text:
                raise AssertionError(
                    "a link back confirms what digits that are typed would, and nothing else"
                )
        return None
    found = re.search(r"^(\S+)#loggin=(\w+)$", house.chat(sender, "not-me:")["text"], re.MULTILINE)
    if found is None or found[1] != house.page:
        raise AssertionError("the message has a link to the page")
    return found[2]


@dataclass(frozen=True)
class LinkBack:
    """A login that began on the page of an app, whose message was sent, and what the link beside the digits brings."""

    login: Login
    sender: str
    brought: str


def on_link_back(attack: Callable[[House, LinkBack], str]) -> Callable[[House, App], str]:
    """An attack on a link back, where the policy sends one."""

    @wraps(attack)
    def played(house: House, app: App) -> str:
        login, sender = house.begin(app, house.page), house.phone()
        brought = link_back(house, login, sender)
        return NO_LINK if brought is None else attack(house, LinkBack(login, sender, brought))

    return played


@on_link_back
def opened_elsewhere(house: House, back: LinkBack) -> str:
    """The attacker forwards a link or relays a page, and the person opens the link back in their own browser."""
    # The person's browser has at most logins of its own, and hands in what it has.
    own = house.begin(back.login.app, house.page)
    house.send(back.sender, own.code)
    if house.type_code(own, back.brought).get("error") != "invalid_code":
        raise AssertionError("a browser that began another login is refused")
    return IN if is_in(house, back.login) or is_in(house, own) else OUT


@on_link_back
def stolen_link(house: House, back: LinkBack) -> str:
    """Somebody reads the link back in the chat, or has it sent to a page of their own."""
    thief = house.begin(back.login.app, house.page)
    house.send(house.phone(), thief.code)
    house.type_code(thief, back.brought)
    # A login whose page is the attacker's own, or could send on to it, has no link at all.
    for page in (
        "https://evil.example/",
        f"{house.page}?next=https://evil.example",
        f"{house.url}//evil.example",
    ):
        lured, other = house.begin(back.login.app, page), house.phone()
        house.send(other, lured.code)
        if "#loggin=" in house.chat(other, "not-me:")["text"]:
            return IN
    return IN if is_in(house, thief) or is_in(house, back.login) else OUT


@on_link_back
def robots(house: House, back: LinkBack) -> str:
    """WhatsApp's robot, and any other, fetches the link back for a preview."""
    if house.previews(back.sender) != [{"url": house.page, "status": 200}]:
        raise AssertionError("a robot fetches the page, and not what follows the #")
    return (
        IN if house.see(back.login)["status"] != "awaiting_confirmation" or is_in(house, back.login) else OUT
    )


@on_link_back
def handed_on(house: House, back: LinkBack) -> str:
    """The attacker talks the person into copying the link back to them, as they could the digits."""
    house.type_code(back.login, back.brought)
    return IN if is_in(house, back.login) else OUT


@on_link_back
def brought_to(house: House, back: LinkBack) -> str:
    """The attacker sends the message of the person's page, and has the person open the link that came of it."""
    house.type_code(back.login, back.brought)
    return AS_ATTACKER if is_in(house, back.login) else OUT


ATTACKS: tuple[tuple[str, Callable[[House, App], str]], ...] = (
    ("a forwarded link", forwarder),
    ("a page that relays in real time", relay),
    (f"fatigue: {LINKS} links", fatigue),
    ("a screenshot of the QR code", screenshot),
    ("a wrong chat", wrong_chat),
    ("replay", replay),
    ("a link back, opened in the person's browser", opened_elsewhere),
    ("a link back that is stolen", stolen_link),
    ("robots that preview a link back", robots),
    ("a link back that the person hands on", handed_on),
    ("a link back that the attacker hands the person", brought_to),
)
