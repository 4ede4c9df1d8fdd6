"""Every link in a Markdown file that leads into this repository leads to something: a file and a heading."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from .tree import File, Problem, Tree

_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)")
_IMAGE = re.compile(r"<(?:img|source)\b[^>]*\b(?:src|srcset)=\"(?P<target>[^\"]+)\"")
_HEADING = re.compile(r"#{1,6} +(?P<title>.+?) *#*")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def check(tree: Tree) -> Iterator[Problem]:
    pages = {file.path: file for file in tree.with_suffix(".md")}
    for page in pages.values():
        for line, target in _links(page):
            yield from _check_link(tree, pages, page, line, target)


def _check_link(tree: Tree, pages: dict[str, File], page: File, line: int, target: str) -> Iterator[Problem]:
    path, _, anchor = target.partition("#")
    goal = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path)) if path else page.path
    if goal not in tree.paths:
        yield page.problem(line, f"the link to {target} leads nowhere")
    elif anchor and goal in pages and anchor not in anchors(pages[goal]):
        yield page.problem(line, f"the link to {target} names no heading of that page")


def _links(page: File) -> Iterator[tuple[int, str]]:
    for number, line in _prose(page):
        for match in (*_LINK.finditer(line), *_IMAGE.finditer(line)):
            if not _ELSEWHERE.match(match["target"]):
                yield number, match["target"]


def _prose(page: File) -> Iterator[tuple[int, str]]:
    """The lines outside fenced code."""
    fenced = False
    for number, line in enumerate(page.lines, start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(page: File) -> set[str]:
    """The names by which a page's headings can be linked to, as Git hosts make them."""
    found: set[str] = set()
    for _, line in _prose(page):
        if match := _HEADING.fullmatch(line):
            words = re.sub(r"[^\w\- ]", "", match["title"].lower())
            found.add(words.replace(" ", "-"))
    return found
