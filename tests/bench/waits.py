"""One measurement: a fresh server, a fresh process that waits, and what both took."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median, quantiles

from .clients import Client
from .environment import Environment
from .process import Process
from .tokens import code_of, new_token

# How long everything must have been idle before memory is looked at, and how long that is waited for.
IDLE_SECONDS = 0.5
IDLE_TIMEOUT_SECONDS = 6.0
# Processor time that counts as idle in that time: ten thousand streams have 700 heartbeats a second.
IDLE_CPU_SECONDS = 0.03
# How long a process is watched while all of its waits sleep; its processor time is counted in hundredths of a second.
WATCH_SECONDS = 2.0
# How often the server's store is asked whether it knows all logins.
LOOK_SECONDS = 0.05
REGISTER_TIMEOUT_SECONDS = 240.0


@dataclass(frozen=True)
class Measurement:
    """What one client took for a number of waits.

    Bytes are for each wait, percentiles in microseconds, and idle processor time is a share of one processor."""

    client: str
    waits: int
    client_bytes: float
    server_bytes: float
    sockets: int
    threads: int
    register_seconds: float
    cpu_seconds: float
    idle_cpu: float
    server_cpu_seconds: float
    wakes: int
    server_p50: float | None
    server_p99: float | None
    client_p50: float | None
    client_p99: float | None
    total_p50: float | None
    total_p99: float | None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def measure(client: Client, waits: int, wakes: int) -> Measurement:
    """Waits for so many logins at once, and then has some of them verified one by one."""
    with Environment(waits if client.is_connection_each else 1) as environment:
        process = Process(client.command, client.environment)
        try:
            return _measure(client, waits, wakes, environment, process)
        finally:
            process.end()


def _measure(
    client: Client, waits: int, wakes: int, environment: Environment, process: Process
) -> Measurement:
    tokens = [new_token(environment.app_key) for _ in range(waits)]
    _warm_up(client, tokens, environment, process)
    _until_idle(process, environment.server)
    before, server_before = process.usage(), environment.server.usage()
    began = time.monotonic()
    process.say("go")
    process.expect("started")
    _until(lambda: environment.pending() >= waits)
    register_seconds = time.monotonic() - began
    _until_idle(process, environment.server)
    registered, server_registered = process.usage(), environment.server.usage()
    process.say("rest")
    process.expect("rested")
    _until_idle(process, environment.server)
    after, server_after = process.usage(), environment.server.usage()
    idle_cpu = _idle_cpu(process)
    shares = _wake(environment, process, tokens, wakes)
    return Measurement(
        client=client.name,
        waits=waits,
        client_bytes=(after.anonymous_bytes - before.anonymous_bytes) / waits,
        server_bytes=(server_after.anonymous_bytes - server_before.anonymous_bytes) / waits,
        sockets=after.sockets,
        threads=after.threads,
        register_seconds=register_seconds,
        cpu_seconds=registered.cpu_seconds - before.cpu_seconds,
        idle_cpu=idle_cpu,
        server_cpu_seconds=server_registered.cpu_seconds - server_before.cpu_seconds,
        wakes=len(shares),
        **_percentiles("server", [sent - began for began, sent, _ in shares]),
        **_percentiles("client", [woken - sent for _, sent, woken in shares]),
        **_percentiles("total", [woken - began for began, _, woken in shares]),
    )


def _warm_up(client: Client, tokens: list[str], environment: Environment, process: Process) -> None:
    warm = new_token(environment.app_key)
    plan = {
        "urls": environment.relay_urls,
        "secret_key": environment.secret_key,
        "warm": warm,
        "tokens": tokens,
        "tokens_a_connection": client.tokens_a_connection,
    }
    process.say(json.dumps(plan))
    process.expect("warming")
    _until(lambda: environment.pending() >= 1)
    environment.post([code_of(warm)])
    process.expect("warm")
    environment.sent()


def _wake(
    environment: Environment, process: Process, tokens: list[str], wakes: int
) -> list[tuple[int, int, int]]:
    """For each login that was verified: when its message was posted, its event sent, and its wait woken."""
    if not wakes:
        return []
    chosen = random.sample(range(len(tokens)), min(wakes, len(tokens)))
    codes = {number: code_of(tokens[number]) for number in chosen}
    posted = environment.post(list(codes.values()))
    woken = json.loads(process.ask(f"report {len(chosen)}"))["woken"]
    sent = environment.sent()
    return [(posted[codes[number]][0], sent[codes[number]], moment) for number, moment in woken]


def _percentiles(name: str, nanoseconds: list[int]) -> dict[str, float | None]:
    if len(nanoseconds) < 2:
        return {f"{name}_p50": None, f"{name}_p99": None}
    return {
        f"{name}_p50": median(nanoseconds) / 1_000,
        f"{name}_p99": quantiles(nanoseconds, n=100)[98] / 1_000,
    }


def _idle_cpu(process: Process) -> float:
    before = process.cpu_seconds()
    time.sleep(WATCH_SECONDS)
    return (process.cpu_seconds() - before) / WATCH_SECONDS


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REGISTER_TIMEOUT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not know all logins")
        time.sleep(LOOK_SECONDS)


def _until_idle(*processes: Process) -> None:
    deadline = time.monotonic() + IDLE_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        before = sum(process.cpu_seconds() for process in processes)
        time.sleep(IDLE_SECONDS)
        if sum(process.cpu_seconds() for process in processes) - before < IDLE_CPU_SECONDS:
            return
