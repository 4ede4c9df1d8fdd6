"""What packages say of where they come from: release.toml, written into every manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

# A reserved ending: an address under it is a placeholder.
_RESERVED = ".example"

# The text between these two, in a file, is a value of release.toml with something before and after it.
_TEXTS = (
    ("Cargo.toml", '\nhomepage = "', '"\n', "{homepage}"),
    ("Cargo.toml", '\nrepository = "', '"\n', "{repository}"),
    ("Cargo.toml", '\nauthors = ["', '"]\n', "{developers}"),
    ("server/Cargo.toml", '\nmaintainer = "', '"\n', "{developers}"),
    ("python/pyproject.toml", '\nauthors = [{ name = "', '" }]\n', "{developers}"),
    ("python/pyproject.toml", '\nHomepage = "', '"\n', "{homepage}"),
    ("python/pyproject.toml", '\nDocumentation = "', '"\n', "{documentation}"),
    ("python/pyproject.toml", '\nRepository = "', '"\n', "{repository}"),
    ("python/pyproject.toml", '\nIssues = "', '"\n', "{issues}"),
    ("python/pyproject.toml", '\nChangelog = "', '"\n', "{changelog}"),
    ("bindings/mobile/kotlin/pom.xml", "\n  <url>", "</url>\n", "{homepage}"),
    ("bindings/mobile/kotlin/pom.xml", "<developer><name>", "</name>", "{developers}"),
    ("bindings/mobile/kotlin/pom.xml", "\n    <url>", "</url>\n", "{repository}"),
    ("bindings/mobile/kotlin/pom.xml", "<connection>", "</connection>", "scm:git:{repository}.git"),
)


@dataclass(frozen=True)
class Release:
    """The fields of release.toml."""

    values: dict[str, str]

    @classmethod
    def read(cls, root: Path) -> Release:
        return cls(tomllib.loads((root / "release.toml").read_text()))

    def placeholders(self) -> list[str]:
        """The fields whose address is nobody's."""
        hosts = {field: re.sub(r"^https://([^/]+).*", r"\1", value) for field, value in self.values.items()}
        return [field for field, host in hosts.items() if host.endswith(_RESERVED)]

    def of_npm(self, folder: str) -> dict[str, Any]:
        """The fields of the package.json in this folder of the tree."""
        repository = f"git+{self.values['repository']}.git"
        return {
            "author": self.values["developers"],
            "homepage": self.values["homepage"],
            "bugs": {"url": self.values["issues"]},
            "repository": {"type": "git", "url": repository, "directory": folder},
        }


def filled(root: Path) -> Iterator[tuple[str, str, str]]:
    """Each manifest: its path, its text, and its text as release.toml has it."""
    release = Release.read(root)
    texts: dict[str, str] = {}
    for path, before, after, value in _TEXTS:
        text = texts.setdefault(path, (root / path).read_text())
        pattern = re.compile(f"({re.escape(before)}).*?({re.escape(after)})")
        found = pattern.search(text)
        if found is None:
            raise ValueError(f"{path}: no place for {value} after {before.strip()!r}")
        wanted = value.format_map(release.values)
        start, end = found.end(1), found.start(2)
        texts[path] = f"{text[:start]}{wanted}{text[end:]}"
    for path, text in texts.items():
        yield path, (root / path).read_text(), text
    for manifest in published(root):
        path = manifest.relative_to(root).as_posix()
        text = manifest.read_text()
        document = json.loads(text)
        ours = release.of_npm(manifest.parent.relative_to(root).as_posix())
        # After the licence, where people look for them.
        at = list(document).index("license") + 1
        rest = [(key, value) for key, value in document.items() if key not in ours]
        merged = dict([*rest[:at], *ours.items(), *rest[at:]])
        yield path, text, json.dumps(merged, indent=2, ensure_ascii=False) + "\n"


def published(root: Path) -> list[Path]:
    """The manifests of the npm packages that are given away."""
    manifests = sorted((root / "node").glob("*/package.json"))
    return [path for path in manifests if not json.loads(path.read_text()).get("private", False)]


def problems(root: Path) -> Iterator[str]:
    """Each manifest that says something else than release.toml."""
    for path, old, new in filled(root):
        if old != new:
            yield f"{path}: says something else than release.toml; `make metadata` writes it"


def write(root: Path) -> list[str]:
    """Writes release.toml into every manifest, and says which changed."""
    changed = [(path, new) for path, old, new in filled(root) if old != new]
    for path, text in changed:
        (root / path).write_text(text)
    return [path for path, _ in changed]
