"""Logins that are watched: what is told on the way, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loggin import _native
from loggin._event_loops import settle
from loggin._results import LoginUpdate, Session, UpdateFields

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def _nothing() -> None:
    pass


def update_of(fields: UpdateFields) -> LoginUpdate[Any]:
    """The update that the native half tells."""
    status, match, session = fields
    return LoginUpdate(status, match, None if session is None else Session(*session))


class Listener:
    """Hears what is new about a login: it is settled as a future is, as often as there is news.

    Steps that nobody took in between are told as one.
    """

    __slots__ = ("_end", "_error", "_news", "_wake")

    def __init__(self, wake: Callable[[], None] = _nothing) -> None:
        self._wake = wake
        self._news: LoginUpdate[Any] | None = None
        self._end: LoginUpdate[Any] | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Whether it hears nothing any more: that is for who listens to know."""
        return False

    def set_result(self, fields: UpdateFields) -> None:
        update = update_of(fields)
        if update.session is None:
            self._news = update
        else:
            self._end = update
        self._wake()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._wake()

    def take(self) -> LoginUpdate[Any] | None:
        """What is new, or `None`. Raises what the login ended with."""
        if self._news is not None:
            news, self._news = self._news, None
            return news
        if self._error is not None:
            raise self._error
        return self._end


def updates_green(
    begin: Callable[[_native.WakeupPipe, Listener], _native.Wait],
) -> Generator[LoginUpdate[Any], None, None]:
    """The updates of what is begun while other greenlets run, to the last."""
    # Imported late, as few programs need it, and patched by then.
    import select  # noqa: PLC0415

    pipe, listener = _native.WakeupPipe(), Listener()
    wait = begin(pipe, listener)
    try:
        while True:
            update = listener.take()
            if update is None:
                select.select([pipe.fileno()], [], [])
                settle(pipe.collect())
                continue
            yield update
            if update.session is not None:
                return
    finally:
        wait.cancel()
