"""Somebody with a phone, who does what people do: taps Send, taps a button, reads a code."""

from __future__ import annotations

from typing import TypeVar

from loggin.testing._chat import TIMEOUT, Chat, Message, Search

T = TypeVar("T")


class Person:
    """A person and their phone, which `LocalServer.person()` adds.

    What waits for a message waits `timeout` seconds at most, and raises a `LocalServerError` where none comes.
    What was found once is not found again: the next call waits for the next message.

    Example:
        person = server.person()
        person.tap(login.link)
        client.confirm(login.token, person.confirmation_code())
    """

    def __init__(self, chat: Chat) -> None:
        """Somebody whose phone is there already."""
        self._chat = chat

    def __repr__(self) -> str:
        """Says whose phone it is by its last two digits."""
        return f"Person(number='…{self.number[-2:]}')"

    @property
    def number(self) -> str:
        """Digits without `+`, as `Session.phone` has them."""
        return self._chat.number

    def tap(self, link: str) -> str:
        """Opens a login link, and taps Send; the text that was sent. The server has it when this returns."""
        return self._chat.follow(link)

    def send(self, text: str) -> str:
        """Writes to the business; the id of the message."""
        return self._chat.act("messages", text=text)

    def reply(self, text: str) -> str:
        """Answers what the business wrote last; the id of the message."""
        return self._chat.reply(text)

    def choose(self, title: str, *, timeout: float = TIMEOUT) -> None:
        """Taps the button with this title, once it is offered: the digits that `confirm = match` has shown."""
        self._chat.press(_found(self._chat.choices(title, timeout)))

    def deny(self, *, timeout: float = TIMEOUT) -> None:
        """Taps "Not me" below the message that `confirm = reply` sends, once it came."""
        self._chat.press(_found(self._chat.denials(timeout)))

    def share_number(self, *, timeout: float = TIMEOUT) -> None:
        """Shares the phone's number, once the business asks for it: what people do who hide it."""
        self._chat.press(_found(self._chat.requests(timeout)))

    def confirmation_code(self, *, timeout: float = TIMEOUT) -> str:
        """The six digits to type where the login began, which `confirm = code` sends; waits for them."""
        return _found(self._chat.digits(timeout))

    def otp_code(self, *, timeout: float = TIMEOUT) -> str:
        """The one-time code that came last; waits for one."""
        return _found(self._chat.otp_codes(timeout))

    def message(self, *, timeout: float = TIMEOUT) -> Message:
        """The message of the business that came last; waits for one."""
        return _found(self._chat.messages(timeout))

    def messages(self) -> list[Message]:
        """The chat so far, oldest first."""
        return self._chat.read()


def _found(search: Search[T]) -> T:
    while (found := search.look()) is None:
        pass
    return found
