"""The map of the tree in CONTRIBUTING.md: it shows what is there, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tree import File, Problem, Tree

MAP_FILE = "CONTRIBUTING.md"
MAP_HEADING = "## Map of the tree"
# Every folder this deep stands on the map; deeper ones may.
MAPPED_DEPTH = 2

_ENTRY = re.compile(r"(?P<indent> *)(?P<names>\S+(?: \S+)*)(?:  +\S.*)?")


@dataclass(frozen=True)
class Entry:
    """A file, or with a trailing slash a folder, that the map names on this line."""

    line: int
    path: str

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


def check(tree: Tree) -> Iterator[Problem]:
    readme = next((file for file in tree.files if file.path == MAP_FILE), None)
    if readme is None:
        yield Problem(MAP_FILE, 1, "is missing, and with it the map of the tree")
        return
    entries = list(entries_of(readme))
    if not entries:
        yield readme.problem(1, f"has no map: a ```text block under {MAP_HEADING!r}")
        return
    yield from _check_entries(readme, tree, entries)
    mapped = {entry.path for entry in entries}
    for path in sorted(_expected(tree) - mapped):
        yield readme.problem(entries[0].line, f"the map lacks {path}")


def _check_entries(readme: File, tree: Tree, entries: list[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        known = tree.folders if entry.is_folder else tree.paths - tree.folders
        if entry.path.removesuffix("/") not in known:
            yield readme.problem(entry.line, f"the map shows {entry.path}, which is not there")
        if entry.path in seen:
            yield readme.problem(entry.line, f"the map shows {entry.path} twice")
        seen.add(entry.path)


def _expected(tree: Tree) -> set[str]:
    folders = {f"{folder}/" for folder in tree.folders if folder.count("/") < MAPPED_DEPTH}
    return folders | {file.path for file in tree.files if not file.folders}


def entries_of(readme: File) -> Iterator[Entry]:
    """The entries of the map. Two spaces of indentation are one level; two or more spaces end the names."""
    parents: list[str] = []
    for number, line in _map_lines(readme):
        match = _ENTRY.fullmatch(line.rstrip())
        if match is None:
            continue
        depth = len(match["indent"]) // 2
        del parents[depth:]
        names = match["names"].split(" ")
        for name in names:
            yield Entry(number, "".join(parents) + name)
        if names[0].endswith("/"):
            parents.append(names[0])


def _map_lines(readme: File) -> Iterator[tuple[int, str]]:
    state = "before"
    for number, line in enumerate(readme.lines, start=1):
        if line == MAP_HEADING:
            state = "heading"
        elif state == "heading" and line.startswith("```"):
            state = "map"
        elif state == "map" and line.startswith("```"):
            return
        elif state == "map" and line.strip():
            yield number, line
