"""How long a file and a function may be, what a file may be called, and that one of Rust says what it is for.

That one of Python does is ruff's (D100); how long a function of TypeScript may be is biome's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from . import rust_source
from .tree import File, Problem, Tree

# A file has one subject. Beyond this it has two, and nobody reads it in one go.
LONGEST_FILE = 600
# Below this a file only makes the reader jump: its content belongs to a neighbour.
SHORTEST_FILE = 25
# Two screens. Most functions fit one, which is 40 lines.
LONGEST_FUNCTION = 80

SOURCE = (".rs", ".py", ".ts", ".tsx", ".js", ".mjs", ".cjs", ".sh", ".html", ".css")
MODULES = (".rs", ".py", ".ts", ".tsx")

# Files whose name is given by a tool or a language, so that they may be as short as they like.
_ENTRY_POINTS = frozenset({"__init__", "__main__", "mod", "index", "lib", "main", "build", "conftest"})
# Names that say nothing about the content, and so collect everything.
_SAYS_NOTHING = frozenset({"util", "utils", "helper", "helpers", "common", "misc"})


def check(tree: Tree) -> Iterator[Problem]:
    for file in tree.files:
        yield from _check_name(file)
    for file in tree.with_suffix(*SOURCE):
        yield from _check_file_length(file)
    for file in tree.with_suffix(".rs"):
        yield from _check_rust(file)
    for file in tree.with_suffix(".py"):
        for node in ast.walk(ast.parse(file.text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _check_function(file, node.name, node.lineno, node.end_lineno or node.lineno)


def _check_name(file: File) -> Iterator[Problem]:
    for part in (*file.folders, file.stem):
        if _SAYS_NOTHING & set(re.split(r"[._-]", part.lower())):
            yield file.problem(1, f"the name {part!r} says nothing about its content: name the subject")
            return


def _check_file_length(file: File) -> Iterator[Problem]:
    length = len(file.lines)
    if _is_generated(file):
        return
    if length > LONGEST_FILE:
        yield file.problem(
            LONGEST_FILE, f"{length} lines; a file has at most {LONGEST_FILE}: split it by subject"
        )
    if length < SHORTEST_FILE and _is_module(file):
        yield file.problem(
            1, f"{length} lines; a module has at least {SHORTEST_FILE}: merge it with a neighbour"
        )


def _is_generated(file: File) -> bool:
    return file.name.endswith(".d.ts")


def _is_module(file: File) -> bool:
    """Whether somebody chose to make this file: no entry point, example, page of an app or configuration of a tool."""
    return (
        file.suffix in MODULES
        and file.stem not in _ENTRY_POINTS
        and not file.stem.endswith(".config")
        and not file.under("examples")
        and not file.under("tests/e2e/nextjs/fortress")
        and not file.under("tests/e2e/nextjs/followed")
    )


def _check_rust(file: File) -> Iterator[Problem]:
    if not file.text.startswith("//!"):
        yield file.problem(1, "starts with `//!` and what the file is for")
    code = rust_source.code_only(file.text)
    for function in rust_source.functions(code):
        first = file.line_at(function.start)
        yield from _check_function(file, function.name, first, file.line_at(function.end - 1))


def _check_function(file: File, name: str, first: int, last: int) -> Iterator[Problem]:
    length = last - first + 1
    if length > LONGEST_FUNCTION:
        yield file.problem(first, f"{name} has {length} lines; a function has at most {LONGEST_FUNCTION}")
