"""Messages that arrive otherwise than usual: in other hands, without content, late, more than once, with a contact."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import TEST_TIMEOUT, Environment
from loggin import AlreadyUsedError, CreatedToken, DeniedError, Loggin, Session

# Seconds after which a message is too old to verify anything.
TOO_OLD = 301


class Person:
    """Somebody who signs in to an app with this policy, and their phone."""

    def __init__(self, environment: Environment, mode: str = "none", **phone: Any) -> None:
        self.environment = environment
        app_key, self.secret_key = environment.create_app("--confirm", mode)
        self.client = Loggin(environment.url, secret_key=self.secret_key)
        self.phone = environment.add_phone()
        if phone:
            environment.control("phones", {"number": self.phone, **phone})
        self.login: CreatedToken = self.client.create_token(app_key)
        assert self.status() == "pending"

    def status(self) -> str:
        return self.client.status(self.login.token)

    def does(self, what: str, **how: Any) -> str:
        """Something on the phone, of which the server has heard when this returns; the id of the message."""
        receipt = self.environment.control(f"phones/{self.phone}/{what}", how)
        assert receipt["status"] == 200
        return str(receipt["message_id"])

    def sends(self, **how: Any) -> str:
        """The message of the link."""
        opened = self.environment.control("open-link", {"link": self.login.link, "phone": self.phone})
        return self.does("messages", text=opened["text"], **how)

    def is_signed_in(self) -> Session:
        session = self.client.wait_for_verify(self.login.token, timeout=TEST_TIMEOUT)
        assert session.phone == self.phone
        return session

    def reads(self, messages: int) -> list[dict[str, Any]]:
        """The messages of the business, once there are so many."""
        seen, chat = 0, []
        while len(chat) < messages:
            path = f"phones/{self.phone}/messages?after={seen}&timeout_ms={TEST_TIMEOUT * 1000:.0f}"
            new = self.environment.control(path)["messages"]
            assert new, "a message did not come"
            seen = max(message["seq"] for message in new)
            chat += [message for message in new if message["from"] == "business"]
        return chat


@pytest.fixture
def coexistence(environment: Environment) -> Iterator[None]:
    """The number also runs in the WhatsApp Business app."""
    put(environment, {"coexistence": True})
    yield
    put(environment, {})


def put(environment: Environment, settings: dict[str, Any]) -> None:
    url, headers = f"{environment.simulator_url}/control/settings", {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(settings).encode(), headers, method="PUT")
    with urllib.request.urlopen(request, timeout=TEST_TIMEOUT):
        pass


@pytest.mark.parametrize("mode", ["none", "reply", "match"])
def test_a_login_works_while_the_agent_handles_the_chat(environment: Environment, mode: str) -> None:
    person = Person(environment, mode)
    person.does("messages", text="Hello")
    person.does("handler", handler="agent")
    person.sends()
    if mode == "match":
        environment.of(person.phone).choose(shown_digits(person))
    assert person.is_signed_in().confirmation == mode
    if mode != "none":
        person.reads(1)
    # A message of the business takes the chat over, and none leaves it where it was.
    handler = environment.control(f"phones/{person.phone}")["handler"]
    assert handler == ("agent" if mode == "none" else "business")


def shown_digits(person: Person) -> str:
    """The digits that the page shows."""
    updates = person.client.watch(person.login.token, timeout=TEST_TIMEOUT)
    return next(update.match for update in updates if update.match)


@pytest.mark.usefixtures("coexistence")
def test_a_first_message_without_content_signs_nobody_in_and_the_second_does(
    environment: Environment,
) -> None:
    person = Person(environment, "reply")
    person.sends()
    assert person.status() == "pending"
    person.sends()
    person.is_signed_in()
    # One reply, to the second.
    assert len(person.reads(1)) == 1


def test_a_message_that_comes_too_late_signs_nobody_in(environment: Environment) -> None:
    person = Person(environment)
    person.sends(age_seconds=TOO_OLD)
    assert person.status() == "pending"
    person.sends(age_seconds=TOO_OLD - 60)
    person.is_signed_in()


def test_a_message_that_comes_many_times_at_once_counts_once(environment: Environment) -> None:
    environment.control("faults", {"webhook": {"concerns": "messages", "duplicate": 9, "concurrent": True}})
    person = Person(environment, "code")
    message = person.sends()
    assert person.status() == "awaiting_confirmation"
    person.client.confirm(person.login.token, environment.of(person.phone).confirmation_code())
    session = person.is_signed_in()
    again = {"message_id": message, "times": 3, "concurrent": True}
    assert environment.control("redeliver", again)["status"] == 200
    assert person.client.verify_token(person.login.token) == session
    with pytest.raises(AlreadyUsedError):
        Loggin(environment.url, secret_key=person.secret_key).verify_token(person.login.token)
    assert len(person.reads(1)) == 1


def test_an_answer_that_comes_after_the_end_changes_nothing(environment: Environment) -> None:
    person = Person(environment, "match")
    person.sends()
    right = shown_digits(person)
    [message] = person.reads(1)
    titles = [button["title"] for button in message["buttons"]]
    wrong = next(title for title in titles if title != right)
    tap = {"message_id": message["id"]}
    first = person.does("tap", button_id=wrong, **tap)
    with pytest.raises(DeniedError):
        person.status()
    person.does("tap", button_id=right, **tap)
    assert environment.control("redeliver", {"message_id": first, "times": 2})["status"] == 200
    with pytest.raises(DeniedError):
        person.client.verify_token(person.login.token)


def test_a_contact_that_somebody_picked_is_nobodys_number(environment: Environment) -> None:
    person = Person(environment, username="asha.k", hidden=True)
    person.sends()
    assert person.status() == "message_received"
    assert [button["kind"] for message in person.reads(1) for button in message["buttons"]] == [
        "request_contact"
    ]
    # Somebody else's, and their own: the address book proves neither.
    for number in (environment.add_phone(), person.phone):
        person.does("contact", origin="other", number=number, name="Asha")
        assert person.status() == "message_received"
    person.does("contact", origin="contact_request", age_seconds=TOO_OLD)
    assert person.status() == "message_received"
    shared = person.does("contact", origin="contact_request")
    session = person.is_signed_in()
    environment.control("redeliver", {"message_id": shared, "times": 2, "concurrent": True})
    assert person.client.verify_token(person.login.token) == session
