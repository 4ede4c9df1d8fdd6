"""Nothing in the tree comes from one machine: no registry of its own, no path of its own.

A lock file with a registry's address makes every other machine ask that registry.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .tree import File, Problem, Tree

# Where everybody's packages come from; to name one of these in prose is no trace of a machine.
_PUBLIC_REGISTRIES = frozenset({"registry.npmjs.org", "pypi.org", "crates.io", "index.crates.io"})
_CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
# Folders that stand on every machine, so that a path below them tells nothing.
_EVERYWHERE = frozenset({"/", "/tmp", "/home", "/opt", "/srv", "/usr", "/var", "/mnt"})  # noqa: S108 (only compared with)

_HOME = re.compile(r"(?<![\w.\-/])/(?:root|home/[a-z][\w-]*|Users/[A-Za-z][\w-]*)/")
_RESOLVED = re.compile(r"\"resolved\":\s*\"https?:")
_CARGO_SOURCE = re.compile(r"^source = \"(?P<source>[^\"]+)\"", re.MULTILINE)
_REGISTRY_SETTING = re.compile(r"^\s*(?:registry|index-url|extra-index-url|replace-with)\s*=", re.MULTILINE)
_SETTINGS = frozenset({".npmrc", "pip.conf", "config.toml", "requirements-dev.txt"})


def check(tree: Tree) -> Iterator[Problem]:
    own = [re.compile(re.escape(host)) for host in _registries_of_this_machine()]
    own += [re.compile(rf"(?<![\w.\-/]){re.escape(folder)}/") for folder in _folders_of_this_machine()]
    for file in tree.files:
        yield from _check_file(file)
        for pattern in own:
            for match in pattern.finditer(file.text):
                yield file.problem(file.line_at(match.start()), "names something that only this machine has")


def _check_file(file: File) -> Iterator[Problem]:
    # The tests of this check hold what it looks for.
    if not file.under("tests/checks/tests"):
        for match in _HOME.finditer(file.text):
            yield file.problem(file.line_at(match.start()), "names a home folder")
    if file.name == "package-lock.json":
        for match in _RESOLVED.finditer(file.text):
            yield file.problem(
                file.line_at(match.start()), "locks a registry's address: set omit-lockfile-registry-resolved"
            )
    if file.name == "Cargo.lock":
        for match in _CARGO_SOURCE.finditer(file.text):
            if match["source"] != _CRATES_IO:
                yield file.problem(file.line_at(match.start()), "locks a source other than crates.io")
    if file.name in _SETTINGS:
        for match in _REGISTRY_SETTING.finditer(file.text):
            yield file.problem(file.line_at(match.start()), "chooses a registry for everybody")


def _registries_of_this_machine() -> set[str]:
    """Hosts that the package managers here are set up to ask, where they are not the public ones."""
    commands = (["npm", "config", "get", "registry"], ["pip", "config", "get", "global.index-url"])
    addresses = [_output(command) for command in commands]
    hosts = {urlsplit(address.strip()).hostname for address in addresses}
    return {host for host in hosts if host} - _PUBLIC_REGISTRIES


def _output(command: list[str]) -> str:
    """What the command prints; nothing where it is not installed or not set up."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    except OSError:
        return ""


def _folders_of_this_machine() -> set[str]:
    root = Path(__file__).resolve().parents[2]
    return {str(folder) for folder in (root, root.parent, Path.home())} - _EVERYWHERE
