"""Fixtures: servers that end with their test, and drivers of the same client, blocking and by asyncio."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

import pytest
from scripted_server import TEST_TIMEOUT, ScriptedServer, Step

from loggin import AsyncLoggin, CreatedToken, Loggin, LoginUpdate, OtpResult, OtpSession, Session

T = TypeVar("T")
Serve = Callable[..., ScriptedServer]
# Starts a program: a function of a module that runs it by its name, the server's address, more arguments.
Start = Callable[..., "subprocess.Popen[str]"]


class ClientDriver(Protocol):
    """A client, whichever, by blocking calls."""

    client: Loggin | AsyncLoggin

    def wait(self, token: str, timeout: float | None = None) -> Session: ...

    def verify(self, token: str, timeout: float | None = None) -> Session | None: ...

    def watch(self, token: str, timeout: float | None = None) -> Generator[LoginUpdate, None, None]: ...

    def confirm(self, token: str, code: str, timeout: float | None = None) -> None: ...

    def status(self, token: str, timeout: float | None = None) -> str: ...

    def denied(self, login_ids: Iterable[str]) -> list[str]: ...

    def otp_start(self, phone: str, **options: Any) -> OtpSession: ...

    def otp_verify(self, session_id: str, otp_code: str) -> OtpResult: ...


class BlockingDriver:
    def __init__(self, base_url: str | None = None, **options: Any) -> None:
        self.client: Loggin = Loggin(base_url, **options)

    def wait(self, token: str, timeout: float | None = None) -> Session:
        return self.client.wait_for_verify(token, timeout=timeout)

    def verify(self, token: str, timeout: float | None = None) -> Session | None:
        return self.client.verify_token(token, timeout=timeout)

    def watch(self, token: str, timeout: float | None = None) -> Generator[LoginUpdate, None, None]:
        return self.client.watch(token, timeout=timeout)

    def confirm(self, token: str, code: str, timeout: float | None = None) -> None:
        self.client.confirm(token, code, timeout=timeout)

    def status(self, token: str, timeout: float | None = None) -> str:
        return self.client.status(token, timeout=timeout)

    def denied(self, login_ids: Iterable[str]) -> list[str]:
        return self.client.denied_logins(login_ids)

    def otp_start(self, phone: str, **options: Any) -> OtpSession:
        return self.client.otp.start(phone, **options)

    def otp_verify(self, session_id: str, otp_code: str) -> OtpResult:
        return self.client.otp.verify(session_id, otp_code)


class AsyncDriver:
    """Each call runs an event loop of its own."""

    def __init__(self, base_url: str | None = None, **options: Any) -> None:
        self.client: AsyncLoggin = AsyncLoggin(base_url, **options)

    def wait(self, token: str, timeout: float | None = None) -> Session:
        return asyncio.run(self.client.wait_for_verify(token, timeout=timeout))

    def verify(self, token: str, timeout: float | None = None) -> Session | None:
        return asyncio.run(self.client.verify_token(token, timeout=timeout))

    def watch(self, token: str, timeout: float | None = None) -> Generator[LoginUpdate, None, None]:
        loop = asyncio.new_event_loop()
        updates = self.client.watch(token, timeout=timeout)
        try:
            while True:
                yield loop.run_until_complete(anext(updates))
        except StopAsyncIteration:
            return
        finally:
            loop.run_until_complete(updates.aclose())
            loop.close()

    def confirm(self, token: str, code: str, timeout: float | None = None) -> None:
        asyncio.run(self.client.confirm(token, code, timeout=timeout))

    def status(self, token: str, timeout: float | None = None) -> str:
        return asyncio.run(self.client.status(token, timeout=timeout))

    def denied(self, login_ids: Iterable[str]) -> list[str]:
        return asyncio.run(self.client.denied_logins(login_ids))

    def otp_start(self, phone: str, **options: Any) -> OtpSession:
        return asyncio.run(self.client.otp.start(phone, **options))

    def otp_verify(self, session_id: str, otp_code: str) -> OtpResult:
        return asyncio.run(self.client.otp.verify(session_id, otp_code))


DriverClass = Callable[..., ClientDriver]


@pytest.fixture(params=[BlockingDriver, AsyncDriver], ids=["blocking", "asyncio"])
def driver_class(request: pytest.FixtureRequest) -> DriverClass:
    """A test that asks for it runs once with each driver."""
    chosen: DriverClass = request.param
    return chosen


@pytest.fixture
def open_driver(driver_class: DriverClass) -> Iterator[DriverClass]:
    """Makes clients, and closes them with the test."""
    drivers: list[ClientDriver] = []

    def open_one(base_url: str | None = None, **options: Any) -> ClientDriver:
        drivers.append(driver_class(base_url, **options))
        return drivers[-1]

    yield open_one
    for driver in drivers:
        driver.client.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, and ends them with the test."""
    servers: list[ScriptedServer] = []

    def start(*steps: Step, port: int = 0, tls: ssl.SSLContext | None = None) -> ScriptedServer:
        servers.append(ScriptedServer(*steps, port=port, tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs, and ends them with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(program: Callable[..., Any], url: str, *arguments: str) -> subprocess.Popen[str]:
        file = sys.modules[program.__module__].__file__
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(file), program.__name__, url]
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen([*command, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def assert_ends_well(process: subprocess.Popen[str]) -> str:
    """Waits for the end of a program, which is to be a good one; what it printed since."""
    printed, errors = process.communicate(timeout=TEST_TIMEOUT * 2)
    assert process.returncode == 0, errors
    assert "Fatal" not in errors
    return printed


def go_on(process: subprocess.Popen[str]) -> None:
    """Tells a program that reads a line to go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def read_json(process: subprocess.Popen[str]) -> Any:
    """The next thing that a program says, in JSON."""
    assert process.stdout is not None
    line = in_thread(process.stdout.readline).result(TEST_TIMEOUT)
    assert line, "the program has ended"
    return json.loads(line)


@pytest.fixture
def login() -> CreatedToken:
    return Loggin().create_token("8XKPQ2WN")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGGIN_BASE_URL", "LOGGIN_APP_KEY", "LOGGIN_SECRET_KEY", "LOGGIN_WHATSAPP_NUMBER"):
        monkeypatch.delenv(name, raising=False)


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Runs a call that blocks on a thread of its own."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 (the one who asks for the result gets it)
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
