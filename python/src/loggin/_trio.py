"""Tasks of trio, in the shape of the loops and futures of asyncio that the rest of the package has to do with."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")


class Future(Generic[T]):
    """What one task waits for. It is settled on the task's own thread."""

    def __init__(self) -> None:
        self._is_there = trio.Event()
        self._result: T | None = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        """Whether it is settled."""
        return self._is_there.is_set()

    def set_result(self, result: T) -> None:
        """Settles it, and wakes the task."""
        self._result = result
        self._is_there.set()

    def set_exception(self, error: BaseException) -> None:
        """The same with an error."""
        self._error = error
        self._is_there.set()

    def __await__(self) -> Generator[Any, Any, T]:
        """Waits, where the task may be cancelled."""
        yield from self._is_there.wait().__await__()
        if self._error:
            raise self._error
        return self._result  # type: ignore[return-value] # it is there


class Loop:
    """One run of trio, which may be told from other threads."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    @staticmethod
    def create_future() -> Future[Any]:
        """What a task waits for."""
        return Future()

    def call_soon_threadsafe(self, act: Callable[..., object], *arguments: object) -> None:
        """Has something done on the thread of the run. Once that is over nothing waits any more."""
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(act, *arguments)


# One for each run, so that what settles together wakes it once.
_LOOP: trio.lowlevel.RunVar[Loop] = trio.lowlevel.RunVar("loggin")


def running_loop() -> Loop:
    """The run of trio that the caller is a task of."""
    try:
        return _LOOP.get()
    except LookupError:
        loop = Loop()
        _LOOP.set(loop)
        return loop
