"""Signals, forks and the end of the interpreter, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import signal
import statistics
import threading
from collections.abc import Callable
from time import monotonic

import programs
import pytest
from conftest import Serve, Start, assert_ends_well, go_on, in_thread, read_json
from scripted_server import PHONE, TEST_TIMEOUT, Exchange, Step, code_of, keep_waiting, session, verify
from switchboard import Switchboard

# Seconds until Ctrl-C takes effect.
CTRL_C = 0.1
# How often the end of the interpreter meets results on their way.
RACES = 10
# How often it comes at any moment at all.
EXITS = 100

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def hold(exchange: Exchange) -> None:
    """Does not respond."""
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
    process = start(program, server.url)
    assert process.stdout is not None
    delays = []
    for number in range(programs.INTERRUPTIONS):
        server.exchange(number)
        sent = monotonic()
        process.send_signal(signal.SIGINT)
        delays.append(float(process.stdout.readline()) - sent)
    assert statistics.median(delays) < CTRL_C
    assert_ends_well(process)


def test_a_program_ends_although_other_threads_wait(start: Start, serve: Serve) -> None:
    server = serve(keep_waiting)
    process = start(programs.end_of_the_main_thread, server.url)
    server.exchange(0)
    go_on(process)
    assert assert_ends_well(process).splitlines() == ["closed"] * 2


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_under_gevent_other_greenlets_run(start: Start, serve: Serve) -> None:
    process = start(programs.greenlets, serve(hold).url)
    assert assert_ends_well(process).splitlines() == [
        *["VerifyTimeoutError True"] * 2,
        *["ConnectionFailedError True"] * 5,
        *["True"] * 2,
    ]


@pytest.mark.skipif(importlib.util.find_spec("eventlet") is None, reason="eventlet is not installed")
def test_under_eventlet_a_call_that_would_stop_the_others_is_refused(start: Start, serve: Serve) -> None:
    process = start(programs.green_threads, serve(verify).url)
    assert assert_ends_well(process).splitlines() == [
        "spawned",
        *["invalid_config"] * 5,
        PHONE,
    ]


def test_ctrl_c_takes_the_token_from_its_stream(start: Start, serve: Serve) -> None:
    server = serve(keep_waiting)
    process = start(programs.interrupted_wait, server.url)
    for number in range(programs.INTERRUPTIONS):
        stream = server.exchange(number)
        process.send_signal(signal.SIGINT)
        assert stream.was_hung_up.wait(TEST_TIMEOUT)


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
    assert_ends_well(start(program, server.url))
    tokens = [token for exchange in server.exchanges for token in exchange.tokens]
    assert len(set(tokens)) == len(tokens)


@needs_fork
def test_a_fork_during_a_watch_leaves_it_to_the_parent(start: Start, serve: Serve) -> None:
    may_end = threading.Event()

    def step(exchange: Exchange) -> None:
        code = code_of(exchange.tokens[0])
        exchange.start_stream()
        exchange.send_event("progress", code=code, status="message_received")
        assert may_end.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code, session=session())

    process = start(programs.fork_during_watch, serve(step).url)
    assert read_json(process) == "closed"
    may_end.set()
    assert read_json(process) == "verified"
    assert_ends_well(process)


@needs_fork
def test_a_fork_during_a_wait_leaves_both_going(start: Start, serve: Serve) -> None:
    child_is_here = threading.Event()

    def respond_later(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert child_is_here.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code_of(exchange.tokens[0]), session=session())

    def respond_to_child(exchange: Exchange) -> None:
        child_is_here.set()
        verify(exchange)

    server = serve(respond_later, respond_to_child)
    process = start(programs.fork_during_waits, server.url)
    parent = server.exchange(0)
    go_on(process)
    child = server.exchange(1)
    assert_ends_well(process)
    assert parent.tokens != child.tokens
    assert parent.headers["idempotency-key"] != child.headers["idempotency-key"]


@needs_fork
def test_children_forked_among_waits_have_tokens_and_keys_of_their_own(start: Start, serve: Serve) -> None:
    switchboard = Switchboard()
    server = serve(switchboard)
    process = start(programs.fork_among_waits, server.url)
    of_parent = switchboard.wait_for(programs.WAITS)
    go_on(process)
    made = [token for _ in range(programs.CHILDREN) for token in read_json(process)]
    # All children wait at the same time as their parent.
    everybody = switchboard.wait_for(programs.WAITS + programs.CHILDREN)
    switchboard.verify(everybody - of_parent)
    last = switchboard.wait_for(programs.WAITS + 1) - of_parent
    switchboard.verify(of_parent | last)
    assert_ends_well(process)
    assert len(set(made)) == len(made) == programs.CHILDREN * programs.TOKENS_OF_A_CHILD
    assert not set(made) & (everybody | last)
    # Whoever waited on one key was one process.
    keys = {exchange.headers["idempotency-key"] for exchange in server.exchanges}
    assert len(keys) == 1 + programs.CHILDREN


@needs_fork
def test_pools_work_among_waits(start: Start, serve: Serve) -> None:
    pools_are_done = threading.Event()

    def respond_later(exchange: Exchange) -> None:
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        assert pools_are_done.wait(TEST_TIMEOUT)
        exchange.send_event("verified", code=code_of(exchange.tokens[0]), session=session())

    server = serve(respond_later, verify)
    process = start(programs.pools_among_waits, server.url)
    server.exchange(0)
    go_on(process)
    assert read_json(process) == "done"
    pools_are_done.set()
    assert_ends_well(process)


@pytest.mark.parametrize(
    "program",
    [programs.exit_among_blocking_waits, programs.exit_among_async_waits],
    ids=lambda program: program.__name__,
)
def test_the_interpreter_exits_among_waits(
    start: Start, serve: Serve, program: Callable[[str], None]
) -> None:
    server = serve(keep_waiting)
    process = start(program, server.url)
    server.exchange(0)
    assert_ends_well(process)


def test_the_interpreter_exits_while_waits_settle(start: Start, serve: Serve) -> None:
    server = serve(verify)
    for _ in range(RACES):
        assert_ends_well(start(programs.exit_while_waits_settle, server.url))


@needs_fork
def test_the_interpreter_exits_at_any_moment(start: Start, serve: Serve) -> None:
    server = serve(verify, keep_waiting, keep_waiting)

    def exit_some() -> None:
        for _ in range(EXITS // programs.EXITS // 2):
            assert_ends_well(start(programs.exit_at_any_moment, server.url))

    # How long they all take depends on the machine; each of them has its own timeout.
    for ending in [in_thread(exit_some) for _ in range(2)]:
        ending.result()
