"""What the client logs goes to the logger `loggin`, which says nothing unless the program sets `logging` up."""

from __future__ import annotations

import atexit
import os
import sys

from loggin import _native


def listen() -> None:
    """Has the core log at the level of the logger. A program that never loads `logging` pays nothing."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    logger = logging.getLogger("loggin")
    if not logger.handlers:
        # Without any handler Python would write warnings to the standard error.
        logger.addHandler(logging.NullHandler())
    _native.listen(logger.getEffectiveLevel())


atexit.register(_native.stop_logs)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_native.forget_logs)
