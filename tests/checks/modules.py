"""The modules of a crate name each other in one direction: no circle between folders, nor between files of one.

A module here is a file or a folder of a folder. An arrow is a path that begins with `crate`, `super` or `self`, outside
tests. Rust permits circles; a reader has to know all of one at once.

The modules of the Python package import each other in one direction too, also for types alone. Of TypeScript biome says
so (noImportCycles).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from . import rust_source
from .habits import is_test
from .tree import File, Problem, Tree

CRATES = (
    "bindings/mobile/src",
    "bindings/node/src",
    "bindings/python/src",
    "core/protocol/src",
    "core/src",
    "server/simulator/src",
    "server/src",
)
PACKAGE = "python/src/loggin"

_START = re.compile(r"\b(?:crate|super|self)\s*::")
_NAME = re.compile(r"\s*(\w+)\s*(::)?")
_BRACE = re.compile(r"\s*\{")
_INNER = re.compile(r"\bmod\s+(\w+)\s*\{")

Module = tuple[str, ...]
# Which modules a module names, each with the place where it first does.
Arrows = dict[str, dict[str, tuple[File, int]]]


def check(tree: Tree) -> Iterator[Problem]:
    for crate in CRATES:
        files = [file for file in tree.with_suffix(".rs") if file.under(crate) and not is_test(file)]
        modules = {module_of(file, crate): file for file in files}
        folders = {module[:depth] for module in modules for depth in range(len(module))}
        paths = [(module, file, list(paths_of(file, module))) for module, file in modules.items()]
        for folder in sorted(folders):
            yield from _circles("::".join(("crate", *folder)), _arrows(folder, modules, paths))
    yield from _circles(PurePosixPath(PACKAGE).name, _imports(tree))


def _imports(tree: Tree) -> Arrows:
    """Which modules of the package each of them imports; `__init__`, which names them all, stands above them."""
    files = {file.stem: file for file in tree.with_suffix(".py") if file.under(PACKAGE)}
    arrows: Arrows = {}
    for name, file in files.items():
        for node in ast.walk(ast.parse(file.text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                within = node.module.removeprefix(PurePosixPath(PACKAGE).name).lstrip(".")
                for imported in [within] if within else [each.name for each in node.names]:
                    if imported in files.keys() - {name}:
                        arrows.setdefault(name, {}).setdefault(imported, (file, node.lineno))
    return arrows


def module_of(file: File, crate: str) -> Module:
    parts = PurePosixPath(file.path).relative_to(crate).with_suffix("").parts
    return parts[:-1] if parts[-1] in {"lib", "main", "mod"} else parts


def paths_of(file: File, module: Module) -> Iterator[tuple[Module, int]]:
    """Every path in the file's code that is not of tests, from the root of the crate, and where it stands."""
    code = rust_source.without_tests(rust_source.code_only(file.text))
    inner = [
        (match.start(), rust_source.closing(code, match.end() - 1), match[1])
        for match in _INNER.finditer(code)
    ]
    for match in _START.finditer(code):
        within = module + tuple(name for start, end, name in inner if start < match.start() < end)
        for path in _leaves(code, match.start()):
            yield _absolute(path, within), match.start()


def _leaves(code: str, position: int) -> Iterator[Module]:
    """The paths that begin here: several where one ends in braces."""
    names: list[str] = []
    while match := _NAME.match(code, position):
        names.append(match[1])
        position = match.end()
        if not match[2]:
            break
    if _BRACE.match(code, position) and names and match is None:
        for rest in _group(code, code.index("{", position)):
            yield (*names, *rest)
    else:
        yield tuple(names)


def _group(code: str, opening: int) -> Iterator[Module]:
    """The paths within the braces that open here."""
    end = rust_source.closing(code, opening) - 1
    position = opening + 1
    while position < end:
        yield from _leaves(code, position)
        while position < end and code[position] != ",":
            position = rust_source.closing(code, position) if code[position] == "{" else position + 1
        position += 1


def _absolute(path: Module, module: Module) -> Module:
    if path[0] == "crate":
        return path[1:]
    while path and path[0] in {"super", "self"}:
        if path[0] == "super":
            module = module[:-1]
        path = path[1:]
    return module + path


def _arrows(
    folder: Module, modules: dict[Module, File], paths: list[tuple[Module, File, list[tuple[Module, int]]]]
) -> Arrows:
    depth = len(folder)
    known = {module[depth] for module in modules if module[:depth] == folder and len(module) > depth}
    arrows: Arrows = {}
    for module, file, named in paths:
        if module[:depth] != folder or len(module) == depth:
            continue
        for path, offset in named:
            if path[:depth] == folder and len(path) > depth and path[depth] in known - {module[depth]}:
                arrows.setdefault(module[depth], {}).setdefault(path[depth], (file, file.line_at(offset)))
    return arrows


def _circles(above: str, arrows: Arrows) -> Iterator[Problem]:
    """One problem for each arrow by which its end leads back to its start."""
    for start, ends in sorted(arrows.items()):
        for end, (file, line) in sorted(ends.items()):
            if start in _reached(end, arrows):
                yield file.problem(
                    line, f"{start} and {end} of {above} name each other: put what both need below both"
                )


def _reached(start: str, arrows: Arrows) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting.extend(arrows.get(module, {}))
    return reached
