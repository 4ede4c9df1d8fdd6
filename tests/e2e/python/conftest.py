"""Starts the real server with its simulator, once, by the helpers that apps have for their own tests."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from loggin.testing import LocalServer, Person

ROOT = Path(__file__).resolve().parents[3]
SERVER = Path(os.environ.get("LOGGIN_SERVER_BIN", ROOT / "target" / "debug" / "loggin-server"))
# Under which the secrets of webhooks are kept.
WEBHOOK_SECRET = "0123456789abcdef" * 2
# Seconds after which whatever is waited for counts as hanging.
TEST_TIMEOUT = 30.0


class Environment(LocalServer):
    """A server whose people are told apart by their numbers."""

    def __init__(self) -> None:
        super().__init__(program=SERVER, settings={"LOGGIN_WEBHOOK_SECRET": WEBHOOK_SECRET})
        # When Send was last tapped, on the clock of `time.perf_counter`.
        self.tapped = 0.0
        self._people: dict[str, Person] = {}

    def add_phone(self) -> str:
        """A phone for each login: one that sends too much is not listened to."""
        person = self.person(name="Asha")
        self._people[person.number] = person
        return person.number

    def of(self, phone: str) -> Person:
        """Whose phone it is."""
        if phone not in self._people:
            self._people[phone] = self.person(phone)
        return self._people[phone]

    def tap(self, link: str, phone: str) -> str:
        """Opens a login link on the phone and taps Send; the text that was sent."""
        text: str = self.control("open-link", {"link": link, "phone": phone})["text"]
        self.tapped = time.perf_counter()
        assert self.control(f"phones/{phone}/messages", {"text": text})["status"] == 200
        return text

    def otp_codes(self, phone: str) -> list[str]:
        """The one-time codes that the phone was sent, the first one first; waits for one."""
        self.of(phone).otp_code()
        return [message.code for message in self.of(phone).messages() if message.code]

    def code_on(self, phone: str) -> str:
        """The text of the reply that asks for a confirmation code, which begins with it; waits for it."""
        digits = self.of(phone).confirmation_code()
        return next(message.text for message in self.of(phone).messages() if message.digits == digits)


@pytest.fixture(scope="session")
def environment() -> Iterator[Environment]:
    with Environment() as environment:
        yield environment


def printed_after(words: str, process: subprocess.Popen[str]) -> str:
    """The rest of the line that begins with these words."""
    for line in process.stdout or ():
        if line.startswith(words):
            return line.removeprefix(words).strip()
    raise AssertionError("the server ended before it was ready")
