"""The one version of all packages: written everywhere, and missed nowhere. The same for what release.toml says."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from release import metadata, versions  # noqa: E402

OTHER = "9.8.7"
# What tells of versions that were.
HISTORY = {"CHANGELOG.md"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is tracked, which a test may change."""
    folder = tmp_path_factory.mktemp("tree")
    for path in versions.tracked(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, folder / path)
    shutil.copytree(ROOT / ".git", folder / ".git", ignore=shutil.ignore_patterns("objects", "logs"))
    (folder / ".git" / "objects").mkdir()
    return folder


def test_every_place_is_written_and_none_is_missed(tree: Path) -> None:
    old = versions.current(tree)
    before = {path: (tree / path).read_bytes() for path in versions.tracked(tree)}
    changed = versions.write(tree, OTHER)
    assert list(versions.problems(tree)) == []
    # Whoever names the old version still is somebody else's, or history.
    for path in versions.tracked(tree):
        if path in HISTORY or path.endswith((".lock", "-lock.json")) or path.startswith("tests/install/"):
            continue
        assert old.encode() not in (tree / path).read_bytes(), path
    assert set(changed) >= {"Cargo.toml", "Cargo.lock", "node/web/src/settings.ts", "node/package-lock.json"}
    for path in changed:
        written = (tree / path).read_bytes()
        (tree / path).write_bytes(before[path])
        assert list(versions.problems(tree)), f"{path} was forgotten, and nobody says so"
        (tree / path).write_bytes(written)
    # There and back changes nothing else.
    versions.write(tree, old)
    assert {path: (tree / path).read_bytes() for path in versions.tracked(tree)} == before


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3 ", "1.2.3\n", "1.2.3+x"])
def test_what_is_no_version_is_refused(tree: Path, version: str) -> None:
    with pytest.raises(versions.VersionError):
        versions.write(tree, version)


def test_manifests_say_what_the_release_says(tree: Path) -> None:
    assert list(metadata.problems(tree)) == []
    settings = tree / "release.toml"
    text = settings.read_text()
    settings.write_text(text.replace("code.loggin.example", "code.example.org"))
    try:
        changed = {path for path, old, new in metadata.filled(tree) if old != new}
    finally:
        settings.write_text(text)
    published = {path.relative_to(tree).as_posix() for path in metadata.published(tree)}
    assert changed == {"Cargo.toml", "python/pyproject.toml", "bindings/mobile/kotlin/pom.xml", *published}
