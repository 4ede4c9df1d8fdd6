"""Servers that fork their workers: gunicorn and Celery, as people run them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve, in_thread, read_json
from scripted_server import PHONE, TEST_TIMEOUT, ScriptedServer
from switchboard import Switchboard

TESTS = Path(__file__).parent
WORKERS = 3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str], descriptors: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A program that ends well when it is asked to."""
    # What the suite itself imports comes first: it may be a package of another build.
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(TESTS)]))
    known = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **environment}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, *command],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=known,
            pass_fds=descriptors,
            text=True,
        ) as process,
    ):
        try:
            yield process
            process.terminate()
            assert process.wait(TEST_TIMEOUT) == 0, log.read_text()
        finally:
            process.kill()


def ask(port: int) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TEST_TIMEOUT)
    connection.request("GET", "/")
    response: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return response


def assert_each_is_a_redeemer_of_its_own(server: ScriptedServer, processes: int) -> None:
    """A process of its own has tokens and a key of its own, however often it opened a stream."""
    tokens_of: dict[str, set[str]] = {}
    for exchange in server.exchanges:
        tokens_of.setdefault(exchange.headers["idempotency-key"], set()).update(exchange.tokens)
    assert len(tokens_of) == processes
    every_token = [token for tokens in tokens_of.values() for token in tokens]
    assert len(set(every_token)) == len(every_token)


def test_gunicorn_workers_sign_in(serve: Serve, tmp_path: Path) -> None:
    switchboard = Switchboard()
    server = serve(switchboard)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bind = ["--bind", f"fd://{listener.fileno()}"]
        command = [
            "-m",
            "gunicorn",
            "--preload",
            "--workers",
            str(WORKERS),
            *bind,
            "prefork_wsgi:application",
        ]
        log, inherited = tmp_path / "gunicorn.log", (listener.fileno(),)
        with running(command, log, {"LOGGIN_BASE_URL": server.url}, inherited) as master:
            port = listener.getsockname()[1]
            of_master = switchboard.wait_for(1)
            # A worker responses one request at a time, so all of them are at it.
            responses = [in_thread(lambda: ask(port)) for _ in range(WORKERS)]
            switchboard.verify(switchboard.wait_for(1 + WORKERS) - of_master)
            workers = [each.result(TEST_TIMEOUT) for each in responses]
            switchboard.verify(of_master)
            assert read_json(master) == {"pid": master.pid, "phone": PHONE}
            # One more, forked after the master's wait.
            master.send_signal(signal.SIGTTIN)
            responses = [in_thread(lambda: ask(port)) for _ in range(WORKERS + 1)]
            switchboard.verify(switchboard.wait_for(1 + WORKERS))
            workers += [each.result(TEST_TIMEOUT) for each in responses]
    assert {worker["phone"] for worker in workers} == {PHONE}
    pids = {worker["pid"] for worker in workers}
    assert len(pids) == WORKERS + 1
    assert master.pid not in pids
    assert_each_is_a_redeemer_of_its_own(server, 1 + len(pids))


def test_celery_workers_sign_in(serve: Serve, tmp_path: Path) -> None:
    switchboard = Switchboard()
    server = serve(switchboard)
    for folder in ("messages", "control", "results"):
        (tmp_path / folder).mkdir()
    pool = ["--pool", "prefork", "--concurrency", str(WORKERS)]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    command = ["-m", "celery", "--quiet", "--app", "prefork_celery", "worker", *pool, *quiet]
    environment = {"LOGGIN_BASE_URL": server.url, "CELERY_FOLDER": str(tmp_path)}
    with running(command, tmp_path / "celery.log", environment) as main:
        of_main = switchboard.wait_for(1)
        calls = ["prefork_celery.py", str(WORKERS)]
        with running([str(TESTS / calls[0]), calls[1]], tmp_path / "calls.log", environment) as caller:
            # A child does one task at a time, so all of them are at it.
            switchboard.verify(switchboard.wait_for(1 + WORKERS) - of_main)
            children = read_json(caller)
            assert caller.wait(TEST_TIMEOUT) == 0
        switchboard.verify(of_main)
        assert read_json(main) == {"pid": main.pid, "phone": PHONE}
    assert {child["phone"] for child in children} == {PHONE}
    pids = {child["pid"] for child in children}
    assert len(pids) == WORKERS
    assert main.pid not in pids
    assert_each_is_a_redeemer_of_its_own(server, 1 + WORKERS)
