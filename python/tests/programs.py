"""Programs that tests run in processes of their own: `python programs.py NAME URL`."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import multiprocessing
import os
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scripted_server import PHONE, TEST_TIMEOUT

from loggin import AsyncLoggin, ClosedError, Loggin, LogginError, VerifyTimeoutError, _native

APP_KEY = "8XKPQ2WN"
# How often a program is interrupted: the median says more than one. A call holds one of four threads.
INTERRUPTIONS = 3
# Waits of a program that exits among them.
WAITS = 100
# Processes of one program that exits at any moment.
EXITS = 10
# Children that are forked at the same time, and the tokens that each makes: one line of them is written at once.
CHILDREN = 3
TOKENS_OF_A_CHILD = 50


def interrupted_wait(url: str) -> None:
    client = Loggin(url)
    report_interruptions(lambda: client.wait_for_verify(client.create_token(APP_KEY).token))


def interrupted_verify(url: str) -> None:
    client = Loggin(url)
    report_interruptions(lambda: client.verify_token(client.create_token(APP_KEY).token))


def report_interruptions(call: Callable[[], object]) -> None:
    """Prints when each interruption took effect, on the clock that all processes share."""
    for _ in range(INTERRUPTIONS):
        with contextlib.suppress(KeyboardInterrupt):
            call()
        print(time.monotonic(), flush=True)


def end_of_the_main_thread(url: str) -> None:
    """Threads that nobody told to end: of the program's own, and of a pool."""
    client = Loggin(url)

    def wait() -> None:
        try:
            client.wait_for_verify(client.create_token(APP_KEY).token)
        except ClosedError:
            # Written at once, as another thread writes too.
            sys.stdout.write("closed\n")

    threading.Thread(target=wait).start()
    ThreadPoolExecutor().submit(wait)
    # Both waits are under way.
    sys.stdin.readline()


def greenlets(url: str) -> None:
    """A worker of greenlets: all calls, while another greenlet counts."""
    importlib.import_module("gevent.monkey").patch_all()
    gevent = importlib.import_module("gevent")

    ticks: list[float] = []

    def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            gevent.sleep(0.05)

    gevent.spawn(tick)
    client = Loggin(url, secret_key=f"lgsk_{APP_KEY}_{'7' * 32}", call_timeout=1)
    token = client.create_token(APP_KEY).token
    for call in (
        lambda: client.wait_for_verify(token, timeout=1),
        lambda: list(client.watch(token, timeout=1)),
        lambda: client.verify_token(token),
        lambda: client.confirm(token, "1"),
        lambda: client.status(token),
        lambda: client.otp.start(PHONE),
        lambda: client.otp.verify("s", "1"),
    ):
        before = len(ticks)
        try:
            call()
        except LogginError as error:
            print(type(error).__name__, len(ticks) - before > 5, flush=True)
    for waiting in (lambda: client.wait_for_verify(token), lambda: next(client.watch(token))):
        gone = gevent.spawn(waiting)
        gevent.sleep(0.1)
        gone.kill()
        print(gone.ready(), flush=True)


def green_threads(url: str) -> None:
    """A worker of eventlet: what would stop all its green threads is refused; its pool of threads may block."""
    warnings.simplefilter("ignore")
    eventlet = importlib.import_module("eventlet")
    tpool = importlib.import_module("eventlet.tpool")
    client = Loggin(url, secret_key=f"lgsk_{APP_KEY}_{'7' * 32}", call_timeout=TEST_TIMEOUT)
    token = client.create_token(APP_KEY).token
    # Nothing of eventlet's runs yet.
    sign_in(client)
    eventlet.monkey_patch()
    eventlet.spawn(print, "spawned", flush=True).wait()
    for call in (
        lambda: client.wait_for_verify(token),
        lambda: client.verify_token(token),
        lambda: client.denied_logins([]),
        lambda: client.otp.start(PHONE),
        lambda: client.otp.verify("s", "1"),
    ):
        print(code_of(call), flush=True)
    print(tpool.execute(client.wait_for_verify, token).phone, flush=True)


def code_of(call: Callable[[], object]) -> str:
    """The code of the error that a call comes to."""
    try:
        call()
    except LogginError as error:
        return error.code
    raise AssertionError("nothing was raised")


def sign_in(client: Loggin) -> None:
    assert client.wait_for_verify(client.create_token(APP_KEY).token, timeout=TEST_TIMEOUT).phone == PHONE


async def sign_in_async(client: AsyncLoggin) -> None:
    session = await client.wait_for_verify(client.create_token(APP_KEY).token, timeout=TEST_TIMEOUT)
    assert session.phone == PHONE


def in_child(work: Callable[[], None]) -> None:
    """Forks, has the child work, and expects it to end well."""
    assert reap(fork(work)) == 0


def fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def reap(child: int) -> int:
    """The exit code of a child, once it has ended."""
    _, ended = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(ended)


def fork_before_any_wait(url: str) -> None:
    client = Loggin(url)
    in_child(lambda: sign_in(client))
    sign_in(client)


def fork_after_waits(url: str) -> None:
    client = Loggin(url)
    sign_in(client)
    in_child(lambda: in_child(lambda: sign_in(client)))
    in_child(lambda: sign_in(client))
    sign_in(client)


def fork_during_waits(url: str) -> None:
    """The server responds to the first wait once it has seen the child's, so both go on at the same time."""
    client = Loggin(url)
    ended: list[bool] = []

    def wait() -> None:
        sign_in(client)
        ended.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    sys.stdin.readline()
    in_child(lambda: sign_in(client))
    thread.join(TEST_TIMEOUT)
    assert ended == [True]


def fork_during_watch(url: str) -> None:
    """What a process watches, no child of it does."""
    client = Loggin(url)
    updates = client.watch(client.create_token(APP_KEY).token)
    next(updates)

    def watch_on() -> None:
        try:
            next(updates)
        except LogginError as error:
            os.write(1, f"{json.dumps(error.code)}\n".encode())

    in_child(watch_on)
    os.write(1, f"{json.dumps(next(updates).status)}\n".encode())


def fork_among_waits(url: str) -> None:
    """Children of an event loop in the middle of its waits; each says which tokens it made, and signs in."""
    client = AsyncLoggin(url)

    def work() -> None:
        made = [client.create_token(APP_KEY).token for _ in range(TOKENS_OF_A_CHILD)]
        os.write(1, f"{json.dumps(made)}\n".encode())
        asyncio.run(sign_in_async(client))

    async def sign_in_and_fork() -> None:
        waiting = [asyncio.create_task(sign_in_async(client)) for _ in range(WAITS)]
        await asyncio.sleep(0)
        sys.stdin.readline()
        children = [fork(work) for _ in range(CHILDREN)]
        assert [reap(child) for child in children] == [0] * CHILDREN
        await asyncio.gather(*waiting, sign_in_async(client))

    asyncio.run(sign_in_and_fork())


def fork_with_asyncio(url: str) -> None:
    client = AsyncLoggin(url)
    asyncio.run(sign_in_async(client))
    in_child(lambda: asyncio.run(sign_in_async(client)))
    asyncio.run(sign_in_async(client))


def work_in_pool(url: str) -> str:
    client = Loggin(url)
    return client.wait_for_verify(client.create_token(APP_KEY).token, timeout=TEST_TIMEOUT).phone


def pools_of_processes(url: str) -> None:
    sign_in(Loggin(url))
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(work_in_pool, [url] * 4) == [PHONE] * 4


def pools_among_waits(url: str) -> None:
    """The server responds to the first wait once the pools have done their work."""
    client = Loggin(url)
    waiting = threading.Thread(target=sign_in, args=(client,))
    waiting.start()
    sys.stdin.readline()
    for method in ("fork", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(work_in_pool, [url] * 4) == [PHONE] * 4
    print(json.dumps("done"), flush=True)
    waiting.join(TEST_TIMEOUT)
    assert not waiting.is_alive()


def exit_at_any_moment(url: str) -> None:
    """Some results have come, some come now, most never; threads block, a loop waits on another thread.

    It forks before it does anything, as that is faster than to start; each child comes to an end of its own.
    """
    for _ in range(EXITS - 1):
        child = os.fork()
        if child == 0:
            break
        assert reap(child) == 0
    blocking, client = Loggin(url), AsyncLoggin(url)
    threading.Thread(target=sign_in, args=(blocking,), daemon=True).start()

    async def sign_in_many() -> None:
        await asyncio.gather(*(sign_in_async(client) for _ in range(WAITS)))

    threading.Thread(target=lambda: asyncio.run(sign_in_many()), daemon=True).start()
    with contextlib.suppress(VerifyTimeoutError):
        blocking.wait_for_verify(blocking.create_token(APP_KEY).token, timeout=random.random() / 100)  # noqa: S311


def exit_among_blocking_waits(url: str) -> None:
    client = Loggin(url)
    for _ in range(4):
        threading.Thread(target=sign_in, args=(client,), daemon=True).start()
    sys.stdin.readline()


def exit_among_async_waits(url: str) -> None:
    client = AsyncLoggin(url)
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(sign_in_async(client)) for _ in range(WAITS)]
    loop.run_until_complete(asyncio.sleep(0))
    sys.stdin.readline()
    assert not any(task.done() for task in tasks)


def exit_while_waits_settle(url: str) -> None:
    """A loop on another thread is handed results while the interpreter goes away."""
    client = AsyncLoggin(url)
    first_is_here = threading.Event()

    async def sign_in_many() -> None:
        for done in asyncio.as_completed([sign_in_async(client) for _ in range(WAITS)]):
            await done
            first_is_here.set()

    threading.Thread(target=lambda: asyncio.run(sign_in_many()), daemon=True).start()
    assert first_is_here.wait(TEST_TIMEOUT)


def wait_after_stopping(url: str) -> None:
    """What ends the notifier at exit does not end a wait that somebody begins later."""
    client = AsyncLoggin(url)
    for _ in range(3):
        asyncio.run(sign_in_async(client))
        _native.stop_notifier()


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
