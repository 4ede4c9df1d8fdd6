"""One login on this machine: starts a server with a simulated WhatsApp, runs `login.py`, and times the wake.

`make demo` runs it. With `--tap auto` it taps Send by itself, and fails where the login does not succeed in time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "target/debug/loggin-server"
LOGIN = Path(__file__).with_name("login.py")

# The ports that a person expects; others where these are taken.
SERVER_PORT = 8787
SIMULATOR_PORT = 8788
# Seconds for a server to be ready: it makes its database first, on a slow disk perhaps.
START_TIMEOUT = 30.0
# Seconds for the whole login when nobody has to tap.
AUTO_TIMEOUT = 30.0
# Seconds for it when a person has to find their way: what a login lives, and a little.
MANUAL_TIMEOUT = 310.0
# Seconds between two looks at a server that starts.
LOOK_AGAIN = 0.05
# Seconds for a program to end after it was asked to.
STOP_TIMEOUT = 10.0
# Seconds before the automatic tap: nobody is faster, and the connection stands by then, so that the wake is timed.
TAP_PAUSE = 0.5
# Milliseconds that the simulator holds a question for the tap.
WATCH_MS = 30_000
# How the example's line begins that it prints when it wakes.
WOKE = "Verified"


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tap", choices=["auto", "manual"], default="manual", help="who taps Send")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    try:
        with tempfile.TemporaryDirectory(prefix="loggin-demo-") as data:
            server, simulator = _free_address(SERVER_PORT), _free_address(SIMULATOR_PORT)
            with _server(server, simulator, data):
                return _login(f"http://{server}", f"http://{simulator}", automatic=arguments.tap == "auto")
    except DemoError as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _free_address(port: int) -> str:
    """The address with this port, or with one that the system picks where it is taken."""
    for candidate in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return f"127.0.0.1:{probe.getsockname()[1]}"
    raise DemoError("no port is free")


@contextmanager
def _server(server: str, simulator: str, data: str) -> Iterator[None]:
    """Runs the server and its simulator, in a group of their own so that both end with it."""
    command = [str(SERVER), "dev", "--listen", server, "--simulator-listen", simulator, "--data", data]
    log = Path(data, "server.log")
    if not SERVER.exists():
        raise DemoError(f"{SERVER} is not there: run `make build`")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_until_ready(process, f"http://{server}/readyz", log)
        yield
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"the server ended at once:\n{log.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(address, timeout=LOOK_AGAIN * 20):
                return
        except OSError:
            time.sleep(LOOK_AGAIN)
    raise DemoError(f"the server was not ready in {START_TIMEOUT:.0f} s:\n{log.read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for request in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, request)
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                continue
        return


def _login(base_url: str, simulator_url: str, *, automatic: bool) -> int:
    """Runs the example against the server, and tells how long the wake took."""
    environment = {**os.environ, "LOGGIN_BASE_URL": base_url, "PYTHONUNBUFFERED": "1"}
    environment.pop("LOGGIN_WHATSAPP_NUMBER", None)
    example = subprocess.Popen([sys.executable, LOGIN], stdout=subprocess.PIPE, text=True, env=environment)
    watchdog = threading.Timer(AUTO_TIMEOUT if automatic else MANUAL_TIMEOUT, example.terminate)
    watchdog.start()
    try:
        _follow(example, base_url, _Phone(simulator_url, automatic=automatic))
        status = example.wait(STOP_TIMEOUT)
    finally:
        watchdog.cancel()
        if example.poll() is None:
            example.kill()
    if status != 0:
        raise DemoError(
            "the login was not verified in time" if status < 0 else f"the example ended with {status}"
        )
    return 0


def _follow(example: subprocess.Popen[str], base_url: str, phone: _Phone) -> None:
    """Passes on what the example prints, hands its link to the phone, and stops the time when it wakes."""
    for line in example.stdout or ():
        now = time.perf_counter()
        print(line, end="", flush=True)
        link = next((word for word in line.split() if word.startswith(f"{base_url}/l/")), None)
        if link:
            phone.open(link)
        elif line.startswith(WOKE):
            print(f"From tap to wake: {(now - phone.tapped()) * 1000:.1f} ms")


class _Phone:
    """The simulated phone: its page for a person to tap on, or its control API to tap by itself."""

    def __init__(self, url: str, *, automatic: bool) -> None:
        self._url = url
        self._automatic = automatic
        self._tapped: float | None = None
        self._thread: threading.Thread | None = None

    def open(self, link: str) -> None:
        """Opens the login's link; the tap follows, or is watched for."""
        opened = self._call("open-link", {"link": link})
        if self._automatic:
            work: Callable[[], None] = partial(self._tap, opened["phone"], opened["text"])
        else:
            print(f"\nThe simulated phone: {self._url}{opened['page']}\n", flush=True)
            work = partial(self._watch, opened["phone"])
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def tapped(self) -> float:
        """When Send was tapped, on the clock of `time.perf_counter`."""
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT)
        if self._tapped is None:
            raise DemoError("the simulator does not know of the tap")
        return self._tapped

    def _tap(self, number: str, text: str) -> None:
        time.sleep(TAP_PAUSE)
        self._tapped = time.perf_counter()
        self._call(f"phones/{number}/messages", {"text": text})

    def _watch(self, number: str) -> None:
        """Waits for the message to stand in the chat, as it does at the tap and before WhatsApp reports it."""
        while not self._call(f"phones/{number}/messages?timeout_ms={WATCH_MS}")["messages"]:
            pass
        self._tapped = time.perf_counter()

    def _call(self, path: str, body: dict[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._url}/control/{path}", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=WATCH_MS / 1000 + STOP_TIMEOUT) as response:
            return json.load(response)


if __name__ == "__main__":
    sys.exit(main())
