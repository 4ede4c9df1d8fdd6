"""The map shows what is there, in any depth, and a missing or surplus entry is found."""

from __future__ import annotations

from .. import tree_map
from ..tree import Tree

_PAGE = """# Loggin

## Map of the tree

```text
CONTRIBUTING.md             what it is
core/                 the SDK
  src/                  its code
    driver/               what does I/O
```
"""
_FILES = {"core/src/driver/hub.rs": "", "core/src/lib.rs": ""}


def _map(names: str) -> str:
    return _PAGE.replace("CONTRIBUTING.md             what it is", names)


def _problems(page: str, files: dict[str, str]) -> list[str]:
    tree = Tree.of_texts({**_FILES, **files, "CONTRIBUTING.md": page})
    return [problem.message for problem in tree_map.check(tree)]


def test_a_true_map_passes() -> None:
    assert _problems(_PAGE, {}) == []


def test_several_names_share_a_line() -> None:
    assert _problems(_map("CONTRIBUTING.md Makefile    what it is"), {"Makefile": ""}) == []


def test_a_deep_folder_need_not_stand_on_the_map() -> None:
    assert _problems(_PAGE, {"core/src/waits/board.rs": ""}) == []


def test_a_folder_that_the_map_lacks_is_found() -> None:
    assert len(_problems(_PAGE, {"core/tests/a.rs": ""})) == 1


def test_a_top_level_file_that_the_map_lacks_is_found() -> None:
    assert len(_problems(_PAGE, {"Makefile": ""})) == 1


def test_an_entry_that_is_not_there_is_found() -> None:
    assert len(_problems(_map("CONTRIBUTING.md Makefile"), {})) == 1


def test_a_file_shown_as_a_folder_is_found() -> None:
    assert len(_problems(_map("CONTRIBUTING.md Makefile/"), {"Makefile": ""})) == 2


def test_an_entry_shown_twice_is_found() -> None:
    assert len(_problems(_map("CONTRIBUTING.md CONTRIBUTING.md"), {})) == 1


def test_a_page_without_a_map_is_found() -> None:
    assert len(_problems("# Loggin\n", {})) == 1


def test_a_missing_page_is_found() -> None:
    assert len(list(tree_map.check(Tree.of_texts({"Makefile": ""})))) == 1
