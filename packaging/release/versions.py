"""The one version of all packages: where it stands, whether every place agrees, and how it is changed.

Cargo.toml says it; every other place repeats it. `make version V=1.2.3` writes all of them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?")
_NUMBER = VERSION.pattern
# What a lock file or a manifest calls ours.
_OURS = "@loggin/"
_DEPENDENCIES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


class VersionError(ValueError):
    """What was given is no version."""


@dataclass(frozen=True)
class Spelling:
    """How a file spells the version: the group `version` of a pattern, which is found at least once."""

    paths: str
    pattern: re.Pattern[str]


def _spelling(paths: str, pattern: str) -> Spelling:
    return Spelling(paths, re.compile(pattern.replace("VERSION", f"(?P<version>{_NUMBER})"), re.MULTILINE))


SPELLINGS = (
    _spelling("Cargo.toml", r'^version = "VERSION"'),
    _spelling("Cargo.toml", r'^loggin(?:-protocol)? = \{ path = "[^"]+", version = "VERSION" \}'),
    _spelling("Cargo.lock", r'^name = "(?:loggin[\w-]*|whatsapp-simulator)"\nversion = "VERSION"'),
    _spelling("core/fuzz/Cargo.lock", r'^name = "loggin(?:-protocol)?"\nversion = "VERSION"'),
    _spelling(
        "bindings/mobile/kotlin/pom.xml", r"<artifactId>loggin</artifactId>\n  <version>VERSION</version>"
    ),
    _spelling("bindings/mobile/kotlin/android/build.gradle.kts", r'^version = "VERSION"'),
    _spelling("docs/first-login.md", r"<artifactId>loggin</artifactId>\n      <version>VERSION</version>"),
    _spelling("docs/mobile.md", r"dev\.loggin:loggin-android:VERSION"),
    _spelling("docs/openapi.json", r'^    "version": "VERSION"'),
    _spelling("docs/operations.md", r'^  "version": "VERSION",'),
    _spelling("node/web/src/settings.ts", r"^export const [A-Z]+ = 'VERSION';"),
    # The same, as `make generate` puts it in one file.
    _spelling("server/assets/loggin.js", r"(?<=var )[\w$]+=\"VERSION\""),
)


def tracked(root: Path, *patterns: str) -> list[str]:
    """The files of the tree that match, as git lists them."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listing.split("\0") if name and (root / name).is_file()})


def current(root: Path) -> str:
    """The version that Cargo.toml says."""
    found = SPELLINGS[0].pattern.search((root / "Cargo.toml").read_text())
    if found is None:
        raise ValueError("Cargo.toml: no version of the workspace")
    return found["version"]


def problems(root: Path) -> Iterator[str]:
    """Each place whose version is not the one of Cargo.toml, and each file that has lost its place."""
    version = current(root)
    for spelling in SPELLINGS:
        text = (root / spelling.paths).read_text()
        found = list(spelling.pattern.finditer(text))
        if not found:
            yield f"{spelling.paths}: no version where one is expected ({spelling.pattern.pattern!r})"
        for match in found:
            if match["version"] != version:
                line = text.count("\n", 0, match.start("version")) + 1
                yield f"{spelling.paths}:{line}: version {match['version']}, and Cargo.toml says {version}"
    for path in _npm_files(root):
        stale: list[str] = []
        _npm_versions(json.loads((root / path).read_text()), partial(_note, version=version, stale=stale))
        for old in stale:
            yield f"{path}: version {old}, and Cargo.toml says {version}"
    readme = (root / "README.md").read_text()
    if f"This is version {_short(version)}:" not in readme:
        yield f"README.md: the status does not say version {_short(version)}"


def _note(old: str, version: str, stale: list[str]) -> str:
    if old != version:
        stale.append(old)
    return old


def write(root: Path, version: str) -> list[str]:
    """Writes the version into every place, and says which files changed."""
    if VERSION.fullmatch(version) is None:
        raise VersionError(f"{version!r} is no version such as 1.2.3")
    before = {path: (root / path).read_text() for path in {spelling.paths for spelling in SPELLINGS}}
    after = dict(before)
    for spelling in SPELLINGS:
        after[spelling.paths] = spelling.pattern.sub(
            lambda match: _replaced(match, version), after[spelling.paths]
        )
    for path in _npm_files(root):
        before[path] = (root / path).read_text()
        after[path] = _as_json(_npm_versions(json.loads(before[path]), lambda _: version))
    before["README.md"] = (root / "README.md").read_text()
    after["README.md"] = re.sub(
        r"This is version \d+\.\d+:", f"This is version {_short(version)}:", before["README.md"]
    )
    changed = sorted(path for path, text in after.items() if text != before[path])
    for path in changed:
        (root / path).write_text(after[path])
    return changed


def _replaced(match: re.Match[str], version: str) -> str:
    start, end = match.span("version")
    whole = match.start()
    return f"{match[0][: start - whole]}{version}{match[0][end - whole :]}"


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _as_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _npm_files(root: Path) -> list[str]:
    return tracked(root, "*package.json", "*package-lock.json")


def _npm_versions(document: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Hands each version of ours in a package.json or package-lock.json to `change`, and sets what that returns."""
    for entry in [document, *document.get("packages", {}).values()]:
        if str(entry.get("name", "")).startswith(_OURS) and "version" in entry:
            entry["version"] = change(entry["version"])
        for kind in _DEPENDENCIES:
            for name, wanted in entry.get(kind, {}).items():
                if name.startswith(_OURS) and VERSION.fullmatch(wanted):
                    entry[kind][name] = change(wanted)
    return document
