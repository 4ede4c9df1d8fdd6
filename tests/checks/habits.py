"""Habits that make tests lie and work pile up: sleeping, retrying, judging messages, notes for later.

What linters know is theirs: notes in Python (ruff's FIX), tests of TypeScript that are skipped or alone (biome).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import rust_source
from .tree import File, Problem, Tree

# A class around the first letter keeps these patterns from finding themselves.
_LATER = re.compile(r"\b(?:[T]ODO|[F]IXME|[X]XX|[H]ACK)\b|\b(?:[t]odo|[u]nimplemented)!\s*\(")
_LATER_FILES = (
    ".rs",
    ".ts",
    ".tsx",
    ".js",
    ".mjs",
    ".cjs",
    ".sh",
    ".toml",
    ".html",
    ".css",
    ".md",
)

_RUST_TEST_HABITS = (
    (re.compile(r"\bsleep(?:_until)?\s*\("), "a test sleeps: drive time, or wait for the event itself"),
    (re.compile(r"#\[ignore\]"), "a test is switched off without a reason"),
)
_PYTHON_TEST_HABITS = (
    (
        re.compile(r"\btime\.sleep\(|\basyncio\.sleep\((?!0\))|\bfrom time import .*\bsleep\b"),
        "a test sleeps: wait for the event itself",
    ),
    (re.compile(r"\bmark\.flaky\b|\breruns\b"), "a test is retried: a test that fails sometimes is a defect"),
    (
        re.compile(r"\bpytest\.raises\([^)]*\bmatch="),
        "a test judges a message: compare the type and the code",
    ),
    (re.compile(r"\bmark\.skip\("), "a test is switched off: fix it or take it out"),
)
_TYPESCRIPT_TEST_HABITS = (
    (
        re.compile(
            r"\bnode:timers/promises\b|\bPromise\b[^;\n]*\bsetTimeout\(|\bsetTimeout\(\s*(?:r|res|resolve)\b"
        ),
        "a test sleeps: use fake timers, or wait for the event itself",
    ),
    (re.compile(r"\bretry:\s*[1-9]"), "a test is retried: a test that fails sometimes is a defect"),
    (
        re.compile(r"\.(?:toThrow|toThrowError)\(\s*[\"'`/]"),
        "a test judges a message: compare the class and the code",
    ),
    (re.compile(r"\b(?:it|test|describe)\.todo\("), "a test is left for later"),
)


def check(tree: Tree) -> Iterator[Problem]:
    for file in tree.with_suffix(*_LATER_FILES):
        if file.under("tests/checks/tests"):
            continue
        for match in _LATER.finditer(file.text):
            yield file.problem(
                file.line_at(match.start()), f"{match.group()} leaves work for later: do it, or drop it"
            )
    for file in tree.files:
        yield from _check_tests(file)


def _check_tests(file: File) -> Iterator[Problem]:
    # These checks and their tests name the patterns they look for, and a benchmark is no test: it keeps a pace.
    if file.under("tests/bench", "tests/checks"):
        return
    if file.suffix == ".rs":
        code = rust_source.code_only(file.text)
        text = code if is_test(file) else rust_source.only_tests(code)
        yield from _matches(file, text, _RUST_TEST_HABITS)
    elif file.suffix == ".py" and is_test(file):
        yield from _matches(file, file.text, _PYTHON_TEST_HABITS)
    elif file.suffix in {".ts", ".tsx", ".js", ".mjs", ".cjs"} and is_test(file):
        yield from _matches(file, file.text, _TYPESCRIPT_TEST_HABITS)


def is_test(file: File) -> bool:
    """Whether the whole file is compiled or run for tests only."""
    return (
        "tests" in file.folders
        or file.name == "tests.rs"
        or file.name.startswith("test_")
        or ".test." in file.name
    )


def _matches(file: File, text: str, habits: tuple[tuple[re.Pattern[str], str], ...]) -> Iterator[Problem]:
    for pattern, message in habits:
        for match in pattern.finditer(text):
            yield file.problem(file.line_at(match.start()), message)
