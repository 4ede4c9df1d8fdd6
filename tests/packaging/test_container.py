"""The image and the compose file: no image is built here, so what they name is looked up."""

from __future__ import annotations

import re

from conftest import PACKAGING, ROOT

CONTAINER = PACKAGING / "container"
FILES = [CONTAINER / name for name in ("Containerfile", "compose.yaml", "compose.postgresql.yaml")]


def directives(caddyfile: str) -> list[str]:
    lines = (line.strip() for line in caddyfile.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def test_they_say_that_they_are_not_built_here() -> None:
    assert all("not built here" in file.read_text() for file in FILES)


def test_each_setting_is_one_of_the_server() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    for file in FILES:
        settings = set(re.findall(r"\b(?:LOGGIN|WHATSAPP)_[A-Z_]+\b", file.read_text()))
        assert settings
        assert all(f"`{setting}`" in page for setting in settings), settings


def test_each_file_that_is_put_into_a_container_is_there() -> None:
    mounted = re.findall(r"^ +- (\.\.?/[^:]+):", (CONTAINER / "compose.yaml").read_text(), re.MULTILINE)
    assert len(mounted) == 3
    assert all((CONTAINER / path).is_file() for path in mounted)
    image = re.search(r"^FROM \S+/rust:(?P<version>[\d.]+)-", FILES[0].read_text(), re.MULTILINE)
    assert image is not None
    manifests = [(ROOT / folder / "Cargo.toml").read_text() for folder in (".", "server")]
    oldest = re.findall(r'^rust-version = "([\d.]+)"', "\n".join(manifests), re.MULTILINE)
    assert oldest
    assert all(numbers(image["version"]) >= numbers(version) for version in oldest)


def test_caddy_is_set_up_as_without_containers() -> None:
    alone = (PACKAGING / "caddy" / "Caddyfile").read_text().replace("127.0.0.1:8787", "loggin:8787")
    assert directives((CONTAINER / "Caddyfile").read_text()) == directives(alone)
