"""Event loops: the futures of asyncio that the native half settles, and the end of its thread."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any

from loggin import _native

if TYPE_CHECKING:
    import asyncio


def running_loop() -> asyncio.AbstractEventLoop:
    """The event loop that the caller runs on."""
    # Imported late: it takes most of the import of this package, and a blocking program does without it.
    import asyncio  # noqa: PLC0415

    return asyncio.get_running_loop()


def settle(outcomes: list[tuple[asyncio.Future[Any], object, BaseException | None]]) -> None:
    """Settles futures, on the loop that they belong to: called once for all that settled together."""
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


# The notifier's thread must not enter Python while the interpreter exits, and is not there in a forked child.
atexit.register(_native.stop_notifier)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.forget_notifier)
