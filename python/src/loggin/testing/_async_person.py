"""The same person for tests that are coroutines, under asyncio and trio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from loggin._event_loops import in_trio
from loggin.testing._chat import TIMEOUT, Chat, Message, Search

T = TypeVar("T")


class AsyncPerson:
    """A `Person` whose methods are awaited. `LocalServer.async_person()` adds one.

    Example:
        person = server.async_person()
        waiting = asyncio.create_task(client.wait_for_verify(login.token))
        await person.tap(login.link)
        assert (await waiting).phone == person.number
    """

    def __init__(self, chat: Chat) -> None:
        """Somebody whose phone is there already."""
        self._chat = chat

    def __repr__(self) -> str:
        """Says whose phone it is by its last two digits."""
        return f"AsyncPerson(number='…{self.number[-2:]}')"

    @property
    def number(self) -> str:
        """Digits without `+`, as `Session.phone` has them."""
        return self._chat.number

    async def tap(self, link: str) -> str:
        """Opens a login link, and taps Send; the text that was sent. The server has it when this returns."""
        return await _in_thread(lambda: self._chat.follow(link))

    async def send(self, text: str) -> str:
        """Writes to the business; the id of the message."""
        return await _in_thread(lambda: self._chat.act("messages", text=text))

    async def reply(self, text: str) -> str:
        """Answers what the business wrote last; the id of the message."""
        return await _in_thread(lambda: self._chat.reply(text))

    async def choose(self, title: str, *, timeout: float = TIMEOUT) -> None:
        """Taps the button with this title, once it is offered: the digits that `confirm = match` has shown."""
        offer = await _found(self._chat.choices(title, timeout))
        await _in_thread(lambda: self._chat.press(offer))

    async def deny(self, *, timeout: float = TIMEOUT) -> None:
        """Taps "Not me" below the message that `confirm = reply` sends, once it came."""
        offer = await _found(self._chat.denials(timeout))
        await _in_thread(lambda: self._chat.press(offer))

    async def share_number(self, *, timeout: float = TIMEOUT) -> None:
        """Shares the phone's number, once the business asks for it: what people do who hide it."""
        offer = await _found(self._chat.requests(timeout))
        await _in_thread(lambda: self._chat.press(offer))

    async def confirmation_code(self, *, timeout: float = TIMEOUT) -> str:
        """The six digits to type where the login began, which `confirm = code` sends; waits for them."""
        return await _found(self._chat.digits(timeout))

    async def otp_code(self, *, timeout: float = TIMEOUT) -> str:
        """The one-time code that came last; waits for one."""
        return await _found(self._chat.otp_codes(timeout))

    async def message(self, *, timeout: float = TIMEOUT) -> Message:
        """The message of the business that came last; waits for one."""
        return await _found(self._chat.messages(timeout))

    async def messages(self) -> list[Message]:
        """The chat so far, oldest first."""
        return await _in_thread(self._chat.read)


async def _found(search: Search[T]) -> T:
    while (found := await _in_thread(search.look)) is None:
        pass
    return found


async def _in_thread(call: Callable[[], T]) -> T:
    """A call that blocks, for a moment at most: whoever is cancelled leaves no thread behind for long."""
    if in_trio():
        import trio  # noqa: PLC0415 (only where it runs)

        return await trio.to_thread.run_sync(call)
    return await asyncio.to_thread(call)
