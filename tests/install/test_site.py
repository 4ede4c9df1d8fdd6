"""The site of the documentation: where its links lead."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "packaging"))

from release import site

REPOSITORY = "https://code.example.org/loggin"


def led(folder: Path, text: str) -> str:
    """A page `docs/a.md` with this text, as the site has it. It knows one other page."""
    tree, source = folder / "tree", folder / "source"
    for path in ("docs/a.md", "docs/b.md", "docs/picture.svg", "examples/app.py"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text("")
    (tree / "docs/a.md").write_text(text)
    site._copy_page(tree, source, "docs/a.md", {"docs/a.md", "docs/b.md"}, REPOSITORY)
    return (source / "docs/a.md").read_text()


@pytest.mark.parametrize(
    "link", ["[b](b.md)", "[b](b.md#part)", "[a](#part)", "[x](https://example.com/x.md)"]
)
def test_a_link_to_a_page_stays(folder: Path, link: str) -> None:
    assert led(folder, link) == link


def test_a_link_to_another_file_leads_to_the_repository(folder: Path) -> None:
    shown = led(folder, "[app](../examples/app.py#L3)")
    assert shown == f"[app]({REPOSITORY}/blob/main/examples/app.py#L3)"


def test_a_picture_comes_along(folder: Path) -> None:
    assert led(folder, "![p](picture.svg)") == "![p](picture.svg)"
    assert (folder / "source/docs/picture.svg").exists()


def test_a_link_that_leads_nowhere_fails(folder: Path) -> None:
    with pytest.raises(SystemExit):
        led(folder, "[gone](gone.md)")


def test_code_is_shown_as_it_stands(folder: Path) -> None:
    code = "```md\n[gone](gone.md)\n```\n"
    assert led(folder, code) == code


def test_every_page_of_the_documentation_is_in_the_menu() -> None:
    chosen = {page for patterns in site.MENU.values() for page in site._matching(ROOT, patterns)}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")} <= chosen
