"""Signals, forks and the end of the interpreter, each in a process of its own."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import programs
import pytest
from conftest import Serve
from scripted_server import PATIENCE, Exchange, Step, code_of, keep_waiting, session, verify

PROGRAMS = Path(__file__).with_name("programs.py")
# Seconds until Ctrl-C takes effect.
CTRL_C = 0.1
# How often the end of the interpreter meets results on their way.
RACES = 10

Start = Callable[[str, str], "subprocess.Popen[str]"]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs, and ends them with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(name: str, url: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-W", "ignore::DeprecationWarning", str(PROGRAMS), name, url]
        started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def assert_ends_well(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=PATIENCE * 2)
    assert process.returncode == 0, errors
    assert "Fatal" not in errors


def hold(exchange: Exchange) -> None:
    """Answers nothing."""
    exchange.wait_until_hung_up()


@pytest.mark.parametrize(
    ("program", "step"),
    [(programs.interrupted_wait, keep_waiting), (programs.interrupted_verify, hold)],
    ids=["wait", "verify"],
)
def test_ctrl_c_takes_effect_at_once(
    start: Start, serve: Serve, program: Callable[[str], None], step: Step
) -> None:
    server = serve(step)
    process = start(program.__name__, server.url)
    assert process.stdout is not None
    delays = []
    for number in range(programs.INTERRUPTIONS):
        server.exchange(number)
        sent = monotonic()
        process.send_signal(signal.SIGINT)
        delays.append(float(process.stdout.readline()) - sent)
    assert statistics.median(delays) < CTRL_C
    assert_ends_well(process)


def test_ctrl_c_takes_the_token_from_its_stream(start: Start, serve: Serve) -> None:
    server = serve(keep_waiting)
    process = start(programs.interrupted_wait.__name__, server.url)
    for number in range(programs.INTERRUPTIONS):
        stream = server.exchange(number)
        process.send_signal(signal.SIGINT)
        assert stream.was_hung_up.wait(PATIENCE)


@needs_fork
@pytest.mark.parametrize(
    "program",
    [
        programs.fork_before_any_wait,
        programs.fork_after_waits,
        programs.fork_with_asyncio,
        programs.pools_of_processes,
        programs.wait_after_stopping,
    ],
    ids=lambda program: program.__name__,
)
def test_processes_sign_in(start: Start, serve: Serve, program: Callable[[str], None]) -> None:
    server = serve(verify)
    assert_ends_well(start(program.__name__, server.url))
    tokens = [token for exchange in server.exchanges for token in exchange.tokens]
    assert len(set(tokens)) == len(tokens)


@needs_fork
def test_a_fork_during_a_wait_leaves_both_going(start: Start, serve: Serve) -> None:
    child_is_here = threading.Event()

    def answer_later(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert child_is_here.wait(PATIENCE)
        exchange.send_event("verified", code=code_of(exchange.tokens[0]), session=session())

    def answer_child(exchange: Exchange) -> None:
        child_is_here.set()
        verify(exchange)

    server = serve(answer_later, answer_child)
    process = start(programs.fork_during_waits.__name__, server.url)
    parent = server.exchange(0)
    assert process.stdin is not None
    process.stdin.write("fork\n")
    process.stdin.flush()
    child = server.exchange(1)
    assert_ends_well(process)
    assert parent.tokens != child.tokens
    assert parent.headers["idempotency-key"] != child.headers["idempotency-key"]


@pytest.mark.parametrize(
    "program",
    [programs.exit_among_blocking_waits, programs.exit_among_async_waits],
    ids=lambda program: program.__name__,
)
def test_the_interpreter_exits_among_waits(
    start: Start, serve: Serve, program: Callable[[str], None]
) -> None:
    server = serve(keep_waiting)
    process = start(program.__name__, server.url)
    server.exchange(0)
    assert_ends_well(process)


def test_the_interpreter_exits_while_waits_settle(start: Start, serve: Serve) -> None:
    server = serve(verify)
    for _ in range(RACES):
        assert_ends_well(start(programs.exit_while_waits_settle.__name__, server.url))
