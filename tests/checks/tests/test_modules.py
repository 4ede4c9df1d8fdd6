"""Circles between the modules of a crate are found, whatever form their paths have."""

from __future__ import annotations

import pytest

from .. import modules
from ..tree import Tree

CRATE = modules.CRATES[0]


def _found(files: dict[str, str]) -> list[tuple[str, int]]:
    tree = Tree.of_texts({f"{CRATE}/{path}": text for path, text in files.items()})
    return [(problem.path.removeprefix(f"{CRATE}/"), problem.line) for problem in modules.check(tree)]


@pytest.mark.parametrize(
    "path",
    [
        "use crate::b;",
        "use crate::b::Type;",
        "use crate::{\n    b::{self, Type},\n    c,\n};",
        "use crate::{c::{One, d::Two}, b};",
        "pub(crate) use super::b::Type;",
        "fn f() { crate::b::g() }",
        "mod inner { use super::super::b; }",
    ],
)
def test_two_files_that_name_each_other(path: str) -> None:
    assert [file for file, _ in _found({"a.rs": path, "b.rs": "use crate::a;", "c.rs": ""})] == [
        "a.rs",
        "b.rs",
    ]


def test_each_arrow_of_a_longer_circle_stands_on_its_line() -> None:
    files = {"a.rs": "\nuse crate::b;", "b/mod.rs": "use crate::c::Type;", "c.rs": "\n\nuse crate::a;"}
    assert _found(files) == [("a.rs", 2), ("b/mod.rs", 1), ("c.rs", 3)]


def test_a_folder_names_another_by_any_of_its_files() -> None:
    files = {"a/one.rs": "use crate::b::two;", "a/three.rs": "", "b/two.rs": "use crate::a::three;"}
    assert _found(files) == [("a/one.rs", 1), ("b/two.rs", 1)]


def test_files_of_one_folder() -> None:
    files = {"a/mod.rs": "", "a/one.rs": "use super::two;", "a/two.rs": "use crate::a::one::Type;"}
    assert _found(files) == [("a/one.rs", 1), ("a/two.rs", 1)]


@pytest.mark.parametrize(
    "files",
    [
        {"a.rs": "use crate::b;", "b.rs": ""},
        {"a.rs": "use crate::b;", "b.rs": "// use crate::a;"},
        {"a.rs": "use crate::b;", "b.rs": "#[cfg(test)]\nmod tests { use crate::a; }"},
        {"a.rs": "use crate::b;", "b.rs": "", "b/tests.rs": "use crate::a;"},
        {"a/mod.rs": "use self::one::Type;", "a/one.rs": "use super::Other;"},
        {"a.rs": "use crate::Type;", "lib.rs": "pub use a::Type;\nuse crate::a;"},
    ],
)
def test_what_is_no_circle(files: dict[str, str]) -> None:
    assert _found(files) == []


def test_files_of_the_package_that_import_each_other() -> None:
    files = {
        "__init__.py": "from loggin._a import a",
        "_a.py": "from loggin import _b",
        "_b.py": "\nfrom loggin._c import c",
    }
    assert _imports(files | {"_c.py": "from os import path"}) == []
    assert _imports(files | {"_c.py": "def f():\n    from loggin._a import a"}) == [
        ("_a.py", 1),
        ("_b.py", 2),
        ("_c.py", 2),
    ]


def _imports(files: dict[str, str]) -> list[tuple[str, int]]:
    tree = Tree.of_texts({f"{modules.PACKAGE}/{path}": text for path, text in files.items()})
    return [
        (problem.path.removeprefix(f"{modules.PACKAGE}/"), problem.line) for problem in modules.check(tree)
    ]
