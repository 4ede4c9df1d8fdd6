"""A chat on a simulated phone, as the person sees it, and what is looked for in it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from loggin.testing._control import Control, LocalServerError

T = TypeVar("T")

# Seconds that one look waits for something new. A test that is interrupted ends with it.
_LOOK = 1.0

# Seconds that a message may take to come: as long as a slow machine needs.
TIMEOUT = 30.0

_DIGITS = re.compile(r"\d{6}\b")


@dataclass(frozen=True, slots=True)
class Button:
    """What can be tapped below a message."""

    id: str
    title: str
    kind: str
    """`reply`, `request_contact`, `copy_code` or `did_not_request_code`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    id: str
    seq: int
    """Counts up over all chats."""
    sender: Literal["business", "phone"]
    text: str = field(repr=False)
    code: str | None = field(repr=False)
    """The one-time code that it brings."""
    buttons: tuple[Button, ...]
    status: str
    """`pending`, `sent`, `delivered`, `read` or `failed`."""

    @property
    def digits(self) -> str | None:
        """The digits that confirm a login, where it begins with some."""
        found = _DIGITS.match(self.text)
        return found.group() if found and self.code is None else None


# A button below the message with this id.
Offer: TypeAlias = tuple[str, Button]


class Search(Generic[T]):
    """Waits for a message of the business in which something is found that was not found before."""

    def __init__(self, chat: Chat, what: str, find: Callable[[Message], T | None], timeout: float) -> None:
        self._chat = chat
        self._what = what
        self._find = find
        self._after = chat.found.get(what, 0)
        self._deadline = time.monotonic() + timeout

    def look(self) -> T | None:
        """What the newest such message has, after waiting a moment for one."""
        left = self._deadline - time.monotonic()
        messages = self._chat.read(self._after, max(0.0, min(left, _LOOK)))
        for message in reversed(messages):
            found = self._find(message) if message.sender == "business" else None
            if found is not None:
                self._chat.found[self._what] = message.seq
                return found
        if messages:
            self._after = messages[-1].seq
        elif left <= 0:
            raise LocalServerError("no_message", f"the business sent no message with {self._what}")
        return None


class Chat:
    """The chat of one phone with the business."""

    def __init__(self, control: Control, number: str) -> None:
        self._control = control
        self.number = number
        # The last message in which each kind of thing was found.
        self.found: dict[str, int] = {}

    def read(self, after: int = 0, timeout: float = 0) -> list[Message]:
        """The messages after that one, oldest first; waits for the first of them."""
        path = f"phones/{self.number}/messages?after={after}&timeout_ms={timeout * 1000:.0f}"
        return [_message(entry) for entry in self._control.call(path)["messages"]]

    def follow(self, link: str) -> str:
        """Opens a login link and sends the message that is written there; its text."""
        text: str = self._control.call("open-link", {"link": link, "phone": self.number})["text"]
        self.act("messages", text=text)
        return text

    def reply(self, text: str) -> str:
        """Answers what the business wrote last; the id of the message."""
        latest = [message.id for message in self.read() if message.sender == "business"]
        return self.act("messages", text=text, reply_to=latest[-1] if latest else None)

    def press(self, offer: Offer) -> None:
        """Taps a button."""
        message_id, button = offer
        self.act("tap", message_id=message_id, button_id=button.id)

    def act(self, what: str, **how: object) -> str:
        """Does something of which the server has heard when this returns; the id of the message."""
        receipt = self._control.call(f"phones/{self.number}/{what}", how)
        if receipt["status"] != 200:
            raise LocalServerError(
                "refused", f"the server did not take a message: its webhook said {receipt['status']}"
            )
        return str(receipt["message_id"])

    def messages(self, timeout: float) -> Search[Message]:
        """Any message."""
        return Search(self, "anything new", lambda message: message, timeout)

    def digits(self, timeout: float) -> Search[str]:
        """What confirms a login."""
        return Search(self, "digits that confirm", lambda message: message.digits, timeout)

    def otp_codes(self, timeout: float) -> Search[str]:
        """A one-time code."""
        return Search(self, "a one-time code", lambda message: message.code, timeout)

    def choices(self, title: str, timeout: float) -> Search[Offer]:
        """A button with this title, among others."""
        return self._buttons(f"the button {title!r}", lambda button, _: button.title == title, timeout)

    def denials(self, timeout: float) -> Search[Offer]:
        """The only button of a message, which says that it was somebody else."""
        return self._buttons(
            "one button to deny", lambda button, count: button.kind == "reply" and count == 1, timeout
        )

    def requests(self, timeout: float) -> Search[Offer]:
        """The button that shares the phone's number."""
        return self._buttons(
            "a request for the number", lambda button, _: button.kind == "request_contact", timeout
        )

    def _buttons(self, what: str, fits: Callable[[Button, int], bool], timeout: float) -> Search[Offer]:
        def find(message: Message) -> Offer | None:
            buttons = message.buttons
            return next(((message.id, button) for button in buttons if fits(button, len(buttons))), None)

        return Search(self, what, find, timeout)


def _message(entry: dict[str, Any]) -> Message:
    buttons = (Button(button["id"], button["title"], button["kind"]) for button in entry.get("buttons", ()))
    return Message(
        id=entry["id"],
        seq=entry["seq"],
        sender=entry["from"],
        text=entry["text"],
        code=entry.get("code"),
        buttons=tuple(buttons),
        status=entry["status"],
    )
