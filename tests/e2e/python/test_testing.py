"""`loggin.testing`, as the tests of an app use it."""

from __future__ import annotations

import asyncio
import copy
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
from conftest import SERVER, TEST_TIMEOUT
from loggin import AsyncLoggin, DeniedError, Loggin
from loggin.testing import App, LocalServer, LocalServerError

# What an app would have as a test of its own.
TESTS = """
import asyncio
import os
from loggin import AsyncLoggin, Loggin

def test_signing_in(loggin_environment, loggin_person):
    assert os.environ["LOGGIN_BASE_URL"] == loggin_environment["LOGGIN_BASE_URL"]
    client = Loggin()
    login = client.create_token(loggin_environment["LOGGIN_APP_KEY"])
    loggin_person.tap(login.link)
    assert client.wait_for_verify(login.token).phone == loggin_person.number

def test_a_coroutine(loggin_server, loggin_async_person):
    async def main():
        async with AsyncLoggin(loggin_server.url) as client:
            login = client.create_token(loggin_server.app_key)
            await loggin_async_person.tap(login.link)
            assert (await client.wait_for_verify(login.token)).phone == loggin_async_person.number
    asyncio.run(main())

def test_nothing_of_it_is_left(loggin_server):
    assert "LOGGIN_BASE_URL" not in os.environ
"""
# A test that is killed in the middle.
KILLED = """
import sys, time
from loggin.testing import LocalServer
server = LocalServer(program=sys.argv[1])
server.start()
print(server.url, server.simulator_url, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer(program=SERVER) as server:
        yield server


def without_settings(**variables: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LOGGIN_")}
    return {**own, **variables}


def is_listening(url: str) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) == 0


def test_somebody_signs_in_and_gets_a_code(server: LocalServer) -> None:
    client, person = Loggin(server.url, secret_key=server.secret_key), server.person(name="Asha")
    login = client.create_token(server.app_key)
    assert login.code in person.tap(login.link)
    assert client.wait_for_verify(login.token, timeout=TEST_TIMEOUT).phone == person.number
    session = client.otp.start(f"+{person.number}")
    assert client.otp.verify(session.session_id, person.otp_code()).phone == person.number


def test_people_have_numbers_of_their_own_which_are_not_printed(server: LocalServer) -> None:
    people = [server.person() for _ in range(3)]
    assert len({person.number for person in people}) == 3
    for thing in (*people, server.async_person(), server, App("8XKPQ2WN", "lgsk_secret")):
        assert "lgsk_" not in repr(thing)
        assert not any(person.number in repr(thing) for person in people)


@pytest.mark.parametrize("mode", ["code", "match", "reply"])
def test_a_login_is_confirmed_by_what_the_app_asks_for(server: LocalServer, mode: str) -> None:
    app = server.create_app("--confirm", mode)
    client, person = Loggin(server.url, secret_key=app.secret_key), server.person()
    login = client.create_token(app.app_key)
    tap = threading.Thread(target=person.tap, args=(login.link,))
    tap.start()
    for update in client.watch(login.token, timeout=TEST_TIMEOUT):
        if update.status == "awaiting_confirmation":
            client.confirm(login.token, person.confirmation_code())
        if update.match:
            person.choose(update.match)
    tap.join()
    assert update.session is not None
    assert (update.session.phone, update.session.confirmation) == (person.number, mode)
    if mode == "reply":
        person.deny()
        assert client.denied_logins([client.login_id(login.token)]) == [client.login_id(login.token)]


def test_the_wrong_button_denies(server: LocalServer) -> None:
    app = server.create_app("--confirm", "match")
    client, person = Loggin(server.url, secret_key=app.secret_key), server.person()
    login = client.create_token(app.app_key)
    tap = threading.Thread(target=person.tap, args=(login.link,))
    tap.start()
    updates = client.watch(login.token, timeout=TEST_TIMEOUT)
    shown = next(update.match for update in updates if update.match)
    person.choose(next(button.title for button in person.message().buttons if button.title != shown))
    with pytest.raises(DeniedError):
        next(updates)
    tap.join()


def test_a_hidden_number_is_shared(server: LocalServer) -> None:
    client, person = Loggin(server.url), server.person(username="asha.k", hidden=True)
    login = client.create_token(server.app_key)
    tap = threading.Thread(target=person.tap, args=(login.link,))
    tap.start()
    share = threading.Thread(target=person.share_number)
    share.start()
    assert client.wait_for_verify(login.token, timeout=TEST_TIMEOUT).phone == person.number
    tap.join()
    share.join()


def test_a_code_is_read_once_and_the_newest_first(server: LocalServer) -> None:
    client, person = Loggin(server.url, secret_key=server.secret_key), server.person()
    client.otp.start(f"+{person.number}")
    first = person.otp_code()
    assert [message.code for message in person.messages()] == [first]
    with pytest.raises(LocalServerError) as caught:
        person.otp_code(timeout=0)
    assert caught.value.code == "no_message"
    assert person.reply("who is this?") != person.send("hello")
    assert [message.sender for message in person.messages()] == ["business", "phone", "phone"]


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_coroutines_have_the_same(loop: str) -> None:
    async def main() -> None:
        async with LocalServer(program=SERVER) as server:
            app, person = server.create_app("--confirm", "code"), server.async_person()
            async with AsyncLoggin(server.url, secret_key=app.secret_key) as client:
                login = client.create_token(app.app_key)
                assert await client.status(login.token) == "pending"
                await person.tap(login.link)
                await client.confirm(login.token, await person.confirmation_code())
                session = await client.wait_for_verify(login.token, timeout=TEST_TIMEOUT)
                assert session.phone == person.number
                with pytest.raises(LocalServerError):
                    await person.choose("a button that nobody offers", timeout=0)
                assert len(await person.messages()) >= 2

    if loop == "trio":
        trio.run(main)
    else:
        asyncio.run(main())


def test_a_cancelled_test_stops_the_server() -> None:
    async def main() -> str:
        async with LocalServer(program=SERVER) as server:
            url.append(server.url)
            await server.async_person().message()
        raise AssertionError("nothing was sent")

    url: list[str] = []
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(main(), 0.5))
    assert not is_listening(url[0])


def fail_in(server: LocalServer, seen: list[str]) -> None:
    with server:
        seen += [server.url, str(server.data)]
        assert is_listening(server.url)
        raise ZeroDivisionError


def test_a_failing_test_leaves_nothing_behind() -> None:
    server, seen = LocalServer(program=SERVER), list[str]()
    with pytest.raises(ZeroDivisionError):
        fail_in(server, seen)
    assert not is_listening(seen[0])
    assert not Path(seen[1]).exists()
    with pytest.raises(LocalServerError) as caught:
        server.person()
    assert copy.copy(caught.value).code == "not_running"


def test_a_killed_test_takes_the_server_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as test:
        assert test.stdout is not None
        urls = test.stdout.readline().split()
        assert all(is_listening(url) for url in urls)
        test.send_signal(signal.SIGKILL)
        # The server has its output from somebody else; it ends when the connection to it does.
        wait_until_closed(urls)


def wait_until_closed(urls: list[str]) -> None:
    """Holds a connection to each, which ends with its process."""
    for url in urls:
        parts = urlsplit(url)
        try:
            with socket.create_connection((parts.hostname, parts.port), timeout=TEST_TIMEOUT) as connection:
                assert connection.recv(1) == b""
        except ConnectionError:
            continue


def test_a_server_that_ended_is_told() -> None:
    server = LocalServer(program=SERVER)
    server.start()
    process = server._process
    assert process is not None
    process.kill()
    process.wait()
    for call in (server.person, server.stop):
        with pytest.raises(LocalServerError) as caught:
            call()
        assert caught.value.code == "ended"
    server.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "loggin.db").write_text("no database")
    with pytest.raises(LocalServerError) as caught:
        LocalServer(program=SERVER, data=tmp_path).start()
    assert caught.value.code == "not_ready"
    # The server's own last lines, which only the message has.
    assert "database" in str(caught.value)


def test_without_the_program_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for named in ("", "/nowhere/loggin-server"):
        monkeypatch.setenv("LOGGIN_SERVER", named)
        with pytest.raises(LocalServerError) as caught:
            LocalServer().start()
        assert caught.value.code == "not_installed"


def test_pytest_has_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(TESTS)
    variables = without_settings(LOGGIN_SERVER=str(SERVER))
    command = [sys.executable, "-m", "pytest", "-p", "no:asyncio", "--strict-config", "-W", "error", "-q"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
