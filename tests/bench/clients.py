"""Who waits: the SDK in each language, what a developer would write without it, and bare sockets."""

from __future__ import annotations

from dataclasses import dataclass, field

from .environment import RELEASE, ROOT

BENCH = ROOT / "tests" / "bench"
BUILT = ROOT / "target" / "bench"
PYTHON = BUILT / "venv" / "bin" / "python"
SDK = BUILT / "node-sdk" / "dist" / "index.mjs"
# As many as one stream takes.
TOKENS_A_STREAM = 10_000


@dataclass(frozen=True)
class Client:
    """A program that waits, and how it is started."""

    name: str
    language: str
    command: list[str]
    is_ours: bool = False
    is_connection_each: bool = False
    tokens_a_connection: int = 1
    environment: dict[str, str] = field(default_factory=dict)


def _rust(role: str) -> list[str]:
    return [str(RELEASE / "loggin-bench"), role]


def _python(module: str) -> list[str]:
    return [str(PYTHON), "-m", f"bench.python.{module}"]


def _node(script: str) -> list[str]:
    return ["node", "--expose-gc", str(BENCH / "node" / script)]


_PYTHONPATH = {"PYTHONPATH": str(ROOT / "tests")}

RUST = Client("loggin, Rust callbacks", "Rust", _rust("callbacks"), is_ours=True)
RUST_TASKS = Client("loggin, Rust tokio tasks", "Rust", _rust("tasks"), is_ours=True)
REQWEST = Client("reqwest", "Rust", _rust("reqwest"), is_connection_each=True)
ASYNCIO = Client("loggin, asyncio", "Python", _python("ours_asyncio"), is_ours=True, environment=_PYTHONPATH)
THREADS = Client("loggin, threads", "Python", _python("ours_threads"), is_ours=True, environment=_PYTHONPATH)
HTTPX_SSE = Client(
    "httpx-sse", "Python", _python("httpx_sse"), is_connection_each=True, environment=_PYTHONPATH
)
NODE = Client("loggin, Node", "Node", _node("ours.mjs"), is_ours=True, environment={"LOGGIN_SDK": str(SDK)})
EVENTSOURCE = Client("eventsource", "Node", _node("eventsource.mjs"), is_connection_each=True)
BARE = Client("bare sockets", "Rust", _rust("bare"), is_connection_each=True)
BARE_SHARED = Client("one bare stream", "Rust", _rust("bare"), tokens_a_connection=TOKENS_A_STREAM)

# Ours, and what it is compared with.
PAIRS = (
    (RUST, REQWEST),
    (RUST_TASKS, REQWEST),
    (ASYNCIO, HTTPX_SSE),
    (NODE, EVENTSOURCE),
)
