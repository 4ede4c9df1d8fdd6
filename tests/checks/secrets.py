"""Secrets stay out of sight: the SDKs print and log nothing, and no log line shows a secret.

That Python prints and logs nothing is ruff's (T20, TID251), that TypeScript uses no console
is biome's (noConsole).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import rust_source
from .tree import File, Problem, Tree

# Code that runs inside other people's programs: its only voice is a result or an error.
SILENT = ("core/src", "core/protocol/src", "bindings", "node/sdk/src", "node/web/src", "node/react/src")
# A program that people start by itself speaks to them.
PROGRAMS = ("node/sdk/src/cli.ts",)
# Types that stand for a secret or for a person: they write `Debug` and `Display` by hand, redacted.
SECRET_TYPES = ("Token", "SecretKey", "Code", "PhoneNumber")

# The core speaks by the `log` facade, which is silent unless somebody listens, and by its name.
_RUST_VOICE = re.compile(
    r"\b(?:e?print(?:ln)?|dbg)!\s*[(\[{]|\b(?:info|warn|error|debug|trace)!\s*[(\[{](?!\s*target: )"
)
_JAVASCRIPT_VOICE = re.compile(r"\bprocess\.std(?:out|err)\b")
_LOG_MACRO = re.compile(
    r"\b(?:trace|debug|info|warn|error|event|span|trace_span|debug_span|info_span|panic|bail|anyhow)!\s*[(\[{]"
)
_EXPOSED = re.compile(r"\.\s*expose(?:_secret)?\s*\(")
_DERIVED = re.compile(
    r"#\[derive\((?P<traits>[^)]*)\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))?\s+)?struct\s+"
    rf"(?P<name>{'|'.join(SECRET_TYPES)})\b"
)


def check(tree: Tree) -> Iterator[Problem]:
    for file in tree.files:
        if file.suffix == ".rs":
            yield from _check_rust(file)
        elif file.path in PROGRAMS:
            continue
        elif file.under(*SILENT) and file.suffix in {".ts", ".tsx", ".js", ".mjs", ".cjs"}:
            yield from _check_voice(file, file.text, _JAVASCRIPT_VOICE)


def _check_rust(file: File) -> Iterator[Problem]:
    code = rust_source.without_tests(rust_source.code_only(file.text))
    if file.under(*SILENT):
        yield from _check_voice(file, code, _RUST_VOICE)
    for match in _LOG_MACRO.finditer(code):
        arguments = code[match.start() : rust_source.closing(code, match.end() - 1)]
        if _EXPOSED.search(arguments):
            yield file.problem(file.line_at(match.start()), "a log line or a panic shows a secret")
    for match in _DERIVED.finditer(code):
        if re.search(r"\bDebug\b", match["traits"]):
            yield file.problem(
                file.line_at(match.start()), f"{match['name']} derives Debug, which shows its secret"
            )


def _check_voice(file: File, text: str, voice: re.Pattern[str]) -> Iterator[Problem]:
    for match in voice.finditer(text):
        line = file.line_at(match.start() + len(match.group()) - len(match.group().lstrip()))
        yield file.problem(line, "an SDK prints and logs nothing: return a result or raise an error")
