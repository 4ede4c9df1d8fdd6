"""Bindings convert and delegate. What they would decide belongs in the core, where every language has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import rust_source
from .tree import File, Problem, Tree

BINDINGS = "bindings"
# Lines with code on them, the signature included: what one conversion, one call and one mapping need.
LONGEST_FUNCTION = 20
# A `?` or a call is no decision; a loop that a language's signals force on us, with its exit, is two.
MOST_DECISIONS = 3

_DECISION = re.compile(r"\b(?:if|match|while|for|loop|else\s+if)\b(?!\s*<)")
_PANIC = re.compile(r"\.\s*(?:unwrap|expect)\s*\(|\b(?:panic|unreachable)!\s*[(\[{]")


def check(tree: Tree) -> Iterator[Problem]:
    for file in tree.with_suffix(".rs"):
        if file.under(BINDINGS) and file.name != "build.rs":
            yield from _check_file(file)


def _check_file(file: File) -> Iterator[Problem]:
    code = rust_source.without_tests(rust_source.code_only(file.text))
    for match in _PANIC.finditer(code):
        yield file.problem(
            file.line_at(match.start()), "a binding never panics: the host language would die of it"
        )
    for function in rust_source.functions(code):
        line = file.line_at(function.start)
        text = code[function.start : function.end]
        length = sum(1 for each in text.split("\n") if each.strip())
        if length > LONGEST_FUNCTION:
            yield file.problem(
                line,
                f"{function.name} has {length} lines of code; at most {LONGEST_FUNCTION} in a binding",
            )
        decisions = len(_DECISION.findall(code[function.body : function.end]))
        if decisions > MOST_DECISIONS:
            yield file.problem(
                line,
                f"{function.name} decides {decisions} times; at most {MOST_DECISIONS} in a binding",
            )
