"""The core is pure outside `driver/`: no clock, thread, socket, file, environment or randomness of its own.

Clippy's `disallowed-methods` holds for a whole crate and cannot tell one folder from another, hence this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import rust_source
from .habits import is_test
from .tree import Problem, Tree

CORE = "core/src"
DRIVER = "core/src/driver"
# The parts that do I/O, and the facade that reads the environment and hands random bits in.
IMPURE = ("core/src/driver", "core/src/client.rs", "core/src/client")
# One module may be exchanged for another transport without the rest noticing.
TRANSPORT = "core/src/driver/transport"

_IMPURITIES = (
    (re.compile(r"\b(?:Instant|SystemTime)\s*::\s*now\b"), "reads a clock: take `now` as an argument"),
    (re.compile(r"\bthread\s*::\s*(?:spawn|sleep|Builder|scope|park)"), "starts or blocks a thread"),
    (re.compile(r"\bthread_local!"), "keeps state outside its values"),
    (re.compile(r"\b(?:TcpStream|TcpListener|UdpSocket|UnixStream|ToSocketAddrs)\b"), "opens a socket"),
    (re.compile(r"\bstd\s*::\s*fs\b|\bfs\s*::\s*\w"), "touches the file system"),
    (
        re.compile(r"\bstd\s*::\s*env\b|\benv\s*::\s*\w"),
        "reads the environment: take the value as an argument",
    ),
    (re.compile(r"\bstd\s*::\s*process\b|\bprocess\s*::\s*\w"), "touches the process"),
    (re.compile(r"\bstd(?:in|out|err)\s*\("), "uses the standard streams"),
    (re.compile(r"\brand\s*::"), "makes random bits: take them as an argument"),
    (re.compile(r"\blibc\s*::"), "calls the operating system"),
    (re.compile(r"\bunsafe\b(?!_code)"), "is unsafe"),
    (
        re.compile(r"\bstatic\s+(?:mut\s+)?\w+\s*:\s*[^=;]*\b(?:Mutex|RwLock|Atomic\w+|OnceLock)\b"),
        "keeps global state",
    ),
)
_UREQ = re.compile(r"\bureq\b")
# People and NTP set the system's clock, so nothing may last until a time of it. `Retry-After` may name one, and the
# transport turns it into a duration that is bounded.
# What has only happened is stamped with it, for people to read.
STAMPS = "core/src/driver/reach.rs"
_SYSTEM_CLOCK = re.compile(r"\bSystemTime\b|\bUNIX_EPOCH\b")


def check(tree: Tree) -> Iterator[Problem]:
    for file in tree.with_suffix(".rs"):
        if not file.under(CORE) or is_test(file):
            continue
        code = rust_source.without_tests(rust_source.code_only(file.text))
        if not file.under(*IMPURE):
            for pattern, message in _IMPURITIES:
                for match in pattern.finditer(code):
                    line = file.line_at(match.start())
                    yield file.problem(line, f"the core outside driver/ {message}")
        is_transport = file.path == f"{TRANSPORT}.rs" or file.under(TRANSPORT)
        if not is_transport and file.path != STAMPS and file.under(DRIVER):
            for match in _SYSTEM_CLOCK.finditer(code):
                line = file.line_at(match.start())
                yield file.problem(
                    line, "the driver keeps its time by a clock that can be set: take an Instant"
                )
        if not is_transport:
            for match in _UREQ.finditer(code):
                yield file.problem(file.line_at(match.start()), f"only {TRANSPORT} names ureq")
