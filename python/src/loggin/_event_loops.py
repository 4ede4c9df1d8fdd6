"""Event loops and threads: which loop settles a future, and which thread handles signals."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from loggin import _native
from loggin.errors import InvalidInputError, from_fields

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from loggin._results import Outcome


T = TypeVar("T")


def is_main_thread() -> bool:
    """Whether this is the thread that runs the handlers of signals."""
    return threading.current_thread() is threading.main_thread()


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that the caller runs on: asyncio's, or trio's in its shape.

    Raises:
        RuntimeError: There is none.
    """
    # Imported late: it takes most of the import of this package, and a blocking program does without it.
    import asyncio  # noqa: PLC0415

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    # Each may run the other: the one whose task it is has the say.
    if (loop is None or asyncio.current_task(loop) is None) and in_trio():
        from loggin import _trio  # noqa: PLC0415

        return _trio.running_loop()  # type: ignore[return-value] # it has what is used of one
    if loop is None:
        raise RuntimeError(
            "AsyncLoggin runs in tasks of asyncio and trio; elsewhere Loggin does, which blocks"
        )
    return loop


def in_trio() -> bool:
    """Whether the caller is a task of trio."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def is_green() -> bool:
    """Whether this program runs greenlets of gevent in place of threads: a call that blocks would stop all of them.

    Raises:
        InvalidInputError: `invalid_config` where they are green threads of eventlet.
    """
    # What `get_hub` of eventlet reads, which would make one. A thread of its pool has none, and may block.
    of_thread = getattr(sys.modules.get("eventlet.hubs"), "_threadlocal", None)
    if getattr(of_thread, "hub", None) is not None:
        raise InvalidInputError(
            "invalid_config",
            "This call would stop every green thread of eventlet: hand it to eventlet.tpool.execute, or use gevent.",
        )
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("select"))


def block_green(begin: Callable[[_native.WakeupPipe, asyncio.Future[T]], _native.Wait]) -> T:
    """Waits for what was begun while other greenlets run. Whatever ends the greenlet ends it too."""
    # Imported late, as few programs need them, and patched by then.
    import select  # noqa: PLC0415
    from concurrent.futures import Future  # noqa: PLC0415

    pipe = _native.WakeupPipe()
    # Settled as one of asyncio is, and on this thread alone.
    future: Any = Future()
    wait = begin(pipe, future)
    try:
        while not future.done():
            select.select([pipe.fileno()], [], [])
            settle(pipe.collect())
        result: T = future.result()
        return result
    finally:
        wait.cancel()


def wakeup_of(loop: asyncio.AbstractEventLoop) -> _native.WakeupPipe | asyncio.AbstractEventLoop:
    """How a loop is woken: by a socket that it reads, or by itself where it reads none, as on Windows."""
    reference = _wakeup_pipes.get(loop)
    pipe = reference() if reference else None
    if pipe:
        return pipe
    try:
        add_reader = loop.add_reader
        pipe = _native.WakeupPipe()
        add_reader(pipe.fileno(), _on_readable, pipe)
    except (AttributeError, NotImplementedError):
        return loop
    _wakeup_pipes[loop] = weakref.ref(pipe)
    return pipe


def _on_readable(pipe: _native.WakeupPipe) -> None:
    settle(pipe.collect())


def settle(outcomes: list[Outcome]) -> None:
    """Settles futures, on the loop that they belong to: called once for all that settled together."""
    for future, result, failure in outcomes:
        if future.done():
            continue
        if failure is None:
            future.set_result(result)
        else:
            future.set_exception(from_fields(*failure))


# The pipe of each loop. A loop keeps its own, so that nothing is left of either when the loop is closed.
_wakeup_pipes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[_native.WakeupPipe]] = (
    weakref.WeakKeyDictionary()
)


def _leave_parent() -> None:
    """In a forked child: a byte for one of the parent's loops may wake either process, and no thread is there."""
    _wakeup_pipes.clear()
    _native.forget_notifier()


# The notifier's thread must not enter Python while the interpreter exits.
atexit.register(_native.stop_notifier)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parent)
