"""The control API of the simulated WhatsApp: what happens in its world, by HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

# Seconds that one call may take: longer than any that waits.
_CALL_TIMEOUT = 60.0

# The simulator is on this machine: what the environment says of proxies does not concern it.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LocalServerError(RuntimeError):
    """The server does not start, has ended, or a person cannot do what a test asks of them.

    `code` says which: `not_installed`, `not_ready`, `not_running`, `ended`, `not_reached`, `no_message` or `refused`.
    """

    def __init__(self, code: str, message: str) -> None:
        """The code, and what a developer reads."""
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[LocalServerError], tuple[str, str]]:
        """Copies and pickles, as pytest-xdist does."""
        return type(self), (self.code, str(self))


class Control:
    """Calls of the control API at this address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """What a call answers, or nothing where that has no body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/control/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with _DIRECTLY.open(request, timeout=_CALL_TIMEOUT) as response:
                answer = response.read()
        except urllib.error.HTTPError as error:
            with error:
                raise LocalServerError("refused", _complaint(path, error)) from None
        except OSError as error:
            raise LocalServerError(
                "not_reached", f"the simulated WhatsApp is not reached: {error}"
            ) from error
        return json.loads(answer) if answer else None


def _complaint(path: str, error: urllib.error.HTTPError) -> str:
    # Without the number of a phone, which is the middle of a path.
    what = path.partition("?")[0].split("/")[-1]
    try:
        message = json.loads(error.read())["message"]
    except (ValueError, KeyError, TypeError):
        message = error.reason
    return f"{what}: {message} ({error.code})"
