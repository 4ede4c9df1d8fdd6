"""The pages tell what the code does: every error code and every setting stands in both, or in neither."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .tree import File, Problem, Tree

ERROR_LIST = "core/protocol/src/error.rs"
ERROR_PAGE = "docs/errors.md"
ADVICE_PAGE = "docs/troubleshooting.md"
CAUSE_LIST = "core/protocol/src/cause.rs"
CAUSE_PAGE = "docs/networks.md"
FINDING_LIST = "server/src/doctor/codes.rs"
FINDING_PAGE = "docs/operations.md"
# Where a setting must be explained: one page for those who run a server, one for those who use an SDK.
SETTING_PAGES = ("docs/deploy.md", "README.md")
# Stands for the codes of newer servers, which have their own names.
NO_CODE = "unrecognized"
# Where settings are read.
SETTING_SOURCES = ("core/src", "server/src")

_ROW = re.compile(r"\b(?:client_)?row\(\s*\"(?P<code>[a-z_]+)\"")
_PAGE_ROW = re.compile(r"^\| `(?P<code>[a-z_]+)` \|", re.MULTILINE)
_CAUSE = re.compile(r"Self::\w+(?:\(_\))? => \(\"(?P<code>[a-z_]+)\"")
# A row of the page may explain several, and `http` has a status behind it.
_CAUSE_ROW = re.compile(r"^\| (?P<names>`[a-z_]+(?:<status>)?`(?:, `[a-z_]+`)*) \|", re.MULTILINE)
_NAME = re.compile(r"`(?P<code>[a-z_]+?)(?:_<status>)?`")
_FINDING = re.compile(r"\b(?P<severity>problem|warning)\(\s*\"(?P<code>[a-z_]+)\"")
_FINDING_ROW = re.compile(r"^\| `(?P<code>[a-z_]+)` \| (?P<severity>problem|warning) \|", re.MULTILINE)
_SETTING = re.compile(r"\b(?:LOGGIN|WHATSAPP)_[A-Z][A-Z_]*[A-Z]\b")


def check(tree: Tree) -> Iterator[Problem]:
    files = {file.path: file for file in tree.files}
    if ERROR_LIST in files and ERROR_PAGE in files:
        yield from _check_errors(files[ERROR_LIST], files[ERROR_PAGE])
    if ERROR_LIST in files and ADVICE_PAGE in files:
        yield from _check_advice(files[ERROR_LIST], files[ADVICE_PAGE])
    if CAUSE_LIST in files and CAUSE_PAGE in files:
        yield from _check_causes(files[CAUSE_LIST], files[CAUSE_PAGE])
    if FINDING_LIST in files and FINDING_PAGE in files:
        yield from _check_findings(files[FINDING_LIST], files[FINDING_PAGE])
    yield from _check_settings(tree, [files[path] for path in SETTING_PAGES if path in files])


def _check_errors(source: File, page: File) -> Iterator[Problem]:
    known = {match["code"] for match in _ROW.finditer(source.text)} - {NO_CODE}
    explained = {match["code"]: page.line_at(match.start()) for match in _PAGE_ROW.finditer(page.text)}
    yield from _differences(known, explained, source, page, "error code")


def _check_advice(source: File, page: File) -> Iterator[Problem]:
    known = {match["code"] for match in _ROW.finditer(source.text)} - {NO_CODE}
    advised = {
        name["code"] for row in _CAUSE_ROW.finditer(page.text) for name in _NAME.finditer(row["names"])
    }
    for code in sorted(known - advised):
        yield page.problem(1, f"has no advice for the error code {code}")


def _check_causes(source: File, page: File) -> Iterator[Problem]:
    known = {match["code"] for match in _CAUSE.finditer(source.text)}
    explained = {
        name["code"]: page.line_at(row.start())
        for row in _CAUSE_ROW.finditer(page.text)
        for name in _NAME.finditer(row["names"])
    }
    yield from _differences(known, explained, source, page, "cause")


def _check_findings(source: File, page: File) -> Iterator[Problem]:
    known = {match["code"]: match["severity"] for match in _FINDING.finditer(source.text)}
    rows = list(_FINDING_ROW.finditer(page.text))
    explained = {row["code"]: page.line_at(row.start()) for row in rows}
    yield from _differences(set(known), explained, source, page, "finding of the doctor")
    for row in rows:
        if known.get(row["code"], row["severity"]) != row["severity"]:
            yield page.problem(explained[row["code"]], f"{row['code']} is no {row['severity']}")


def _differences(
    known: set[str], explained: dict[str, int], source: File, page: File, what: str
) -> Iterator[Problem]:
    for code in sorted(known - explained.keys()):
        yield page.problem(1, f"lacks the {what} {code}")
    for code in sorted(explained.keys() - known):
        yield page.problem(explained[code], f"{code} is no {what} of {source.path}")


def _check_settings(tree: Tree, pages: list[File]) -> Iterator[Problem]:
    sources = [file for file in tree.with_suffix(".rs") if file.under(*SETTING_SOURCES)]
    explained, read = _settings(pages), _settings(sources)
    for name in sorted(read.keys() - explained.keys()):
        file, line = read[name]
        yield file.problem(line, f"the setting {name} stands on no page")
    for name in sorted(explained.keys() - read.keys()):
        file, line = explained[name]
        yield file.problem(line, f"nothing reads the setting {name}")


def _settings(files: list[File]) -> dict[str, tuple[File, int]]:
    """Each setting that the files name, with the place where they name it first."""
    found: dict[str, tuple[File, int]] = {}
    for file in files:
        for match in _SETTING.finditer(file.text):
            found.setdefault(match.group(), (file, file.line_at(match.start())))
    return found
