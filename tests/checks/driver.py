"""The client's driver: one module names the HTTP library, and no time of the system's clock decides anything.

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
# One module may be exchanged for another transport without the rest noticing.
TRANSPORT = "core/src/driver/transport"
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
