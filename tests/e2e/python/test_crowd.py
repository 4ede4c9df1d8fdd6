"""Ten thousand logins pending at the real server, and one login in two processes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request

import pytest
from conftest import TEST_TIMEOUT, Environment
from loggin import AlreadyUsedError, AsyncLoggin, Loggin

APP_KEY = "8XKPQ2WN"
WAITS = 10_000
# What all of them take at most.
MOST_SOCKETS = 10
# Waits for the login whose token is read, and says who signed in.
CLAIMER = """
import sys, loggin
client = loggin.Loggin(sys.argv[1], idempotency_key=sys.argv[2])
print(client.wait_for_verify(sys.stdin.readline()).phone)
"""


def sockets() -> int:
    links = (f"/proc/self/fd/{descriptor}" for descriptor in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links if os.path.lexists(link))


def test_one_of_ten_thousand_signs_in(environment: Environment) -> None:
    async def work() -> None:
        before = sockets()
        async with AsyncLoggin(environment.url) as client:
            logins = [client.create_token(APP_KEY) for _ in range(WAITS)]
            tasks = [asyncio.create_task(client.wait_for_verify(login.token)) for login in logins]
            await asyncio.sleep(0)
            # Whoever came first, in the middle and last is somewhere in those few streams.
            for place in (0, WAITS // 2, WAITS - 1):
                phone = await asyncio.to_thread(environment.add_phone)
                await asyncio.to_thread(environment.tap, logins[place].link, phone)
                assert (await asyncio.wait_for(tasks[place], TEST_TIMEOUT)).phone == phone
            assert 1 <= sockets() - before <= MOST_SOCKETS
            assert sum(task.done() for task in tasks) == 3
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # The client is as good as new, and so is the server.
            login, phone = client.create_token(APP_KEY), await asyncio.to_thread(environment.add_phone)
            waiting = asyncio.create_task(client.wait_for_verify(login.token))
            await asyncio.to_thread(environment.tap, login.link, phone)
            assert (await asyncio.wait_for(waiting, TEST_TIMEOUT)).phone == phone

    asyncio.run(work())


def observe(environment: Environment, token: str) -> list[str]:
    """The names of the events that a stream which claims nothing is told, to its end."""
    body = json.dumps({"tokens": [token], "claim": False}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{environment.url}/api/v1/tokens/events", body, headers)
    with urllib.request.urlopen(request, timeout=TEST_TIMEOUT) as stream:
        lines = [line.decode().strip() for line in stream]
    return [line.removeprefix("event:").strip() for line in lines if line.startswith("event:")]


def test_one_process_claims_and_another_observes(environment: Environment) -> None:
    login, phone = Loggin(environment.url).create_token(APP_KEY), environment.add_phone()
    command = [sys.executable, "-c", CLAIMER, environment.url, "the-claimer"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as claimer:
        environment.tap(login.link, phone)
        printed, _ = claimer.communicate(login.token + "\n", timeout=TEST_TIMEOUT)
    assert (printed.strip(), claimer.returncode) == (phone, 0)
    # An observer is told although somebody has claimed, and takes nothing from who has.
    assert observe(environment, login.token)[-1] == "verified"
    assert Loggin(environment.url, idempotency_key="the-claimer").wait_for_verify(login.token).phone == phone
    with pytest.raises(AlreadyUsedError):
        Loggin(environment.url).wait_for_verify(login.token)
