"""Streams that a test holds in its hand: it knows who is waited for, and says when they have signed in."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable

from scripted_server import TEST_TIMEOUT, Exchange, code_of, session


class Switchboard:
    """A step of a scripted server that serves every stream, for as long as the client keeps it open.

    Like a real server it tells a stream at once about the tokens that are verified already.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[int, tuple[Exchange, list[str]]] = {}
        self._verified: set[str] = set()

    def __call__(self, exchange: Exchange) -> None:
        tokens = exchange.tokens
        exchange.start_stream()
        exchange.send_event("ready", pending=len(tokens))
        with self._changed:
            self._held[id(exchange)] = (exchange, tokens)
            known = self._verified.intersection(tokens)
            self._changed.notify_all()
        try:
            _send_verified(exchange, known)
            exchange.wait_until_hung_up()
        finally:
            with self._changed:
                del self._held[id(exchange)]
                self._changed.notify_all()

    @property
    def carried(self) -> set[str]:
        """The tokens of all open streams that have not been verified."""
        with self._changed:
            return self._carried()

    def wait_for(self, count: int) -> set[str]:
        """The tokens that are waited for, once there are as many as that."""
        return self._wait(lambda: len(self._carried()) == count)

    def wait_until_empty(self) -> None:
        """Blocks until the client has ended every stream."""
        self._wait(lambda: not self._held)

    def verify(self, tokens: Iterable[str]) -> None:
        """Has these people sign in."""
        with self._changed:
            self._verified.update(tokens)
            held = list(self._held.values())
            self._changed.notify_all()
        for exchange, carried in held:
            # The client may have hung up: it has the result from another stream, or will ask again.
            with contextlib.suppress(OSError):
                _send_verified(exchange, self._verified.intersection(carried))

    def _carried(self) -> set[str]:
        return {token for _, tokens in self._held.values() for token in tokens} - self._verified

    def _wait(self, condition: Callable[[], bool]) -> set[str]:
        with self._changed:
            assert self._changed.wait_for(condition, TEST_TIMEOUT), "the client does not wait for them"
            return self._carried()


def _send_verified(exchange: Exchange, tokens: Iterable[str]) -> None:
    events = [json.dumps({"code": code_of(token), "session": session()}) for token in tokens]
    exchange.send("".join(f"event: verified\ndata: {data}\n\n" for data in events))
