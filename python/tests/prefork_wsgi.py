"""A WSGI app that gunicorn loads before it forks: its client waits in the master and is used by every worker."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from scripted_server import TEST_TIMEOUT

from loggin import Loggin

APP_KEY = "8XKPQ2WN"

# The server's address stands in the environment, as in any deployment.
client = Loggin(timeout=TEST_TIMEOUT * 2)


def wait_in_master() -> None:
    """Says on the master's standard output who has signed in there."""
    session = client.wait_for_verify(client.create_token(APP_KEY).token)
    print(json.dumps({"pid": os.getpid(), "phone": session.phone}), flush=True)


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Signs somebody in, and says which worker did it."""
    session = client.wait_for_verify(client.create_token(APP_KEY).token)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "phone": session.phone}).encode()]


threading.Thread(target=wait_in_master, daemon=True).start()
