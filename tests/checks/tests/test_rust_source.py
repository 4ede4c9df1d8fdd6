"""The Rust scanner tells code from text, and finds where functions and tests begin and end."""

from __future__ import annotations

import pytest

from .. import rust_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a // fn b\nc", "a        \nc"),
        ("a /* x /* y */ z */ c", "a                   c"),
        ('f("fn \\" {", 1)', "f(         , 1)"),
        ('f(r#"a "quoted" {"#)', "f(                 )"),
        ("f('{', b'}', '\\'', '\\u{7d}')", "f(   ,     ,     ,         )"),
        ("fn a<'b>(c: &'b str)", "fn a<'b>(c: &'b str)"),
        ('let s = "one\ntwo";', "let s =     \n    ;"),
    ],
)
def test_only_code_is_left(text: str, expected: str) -> None:
    assert rust_source.code_only(text).rstrip() == expected.rstrip()


@pytest.mark.parametrize("text", ["/* open", 'let s = "open', "'", 'r#"open"', ""])
def test_unfinished_text_keeps_its_length(text: str) -> None:
    assert len(rust_source.code_only(text)) == len(text)


def test_a_function_ends_at_its_own_brace() -> None:
    code = rust_source.code_only("fn a(x: [u8; 2]) -> u8 { if x { 1 } else { 2 } }\nfn b();\nfn c() {}\n")
    found = [(each.name, code[each.start : each.end]) for each in rust_source.functions(code)]
    assert found == [("a", "fn a(x: [u8; 2]) -> u8 { if x { 1 } else { 2 } }"), ("c", "fn c() {}")]


def test_a_function_inside_another_is_found_too() -> None:
    code = "fn outer() { fn inner() {} }"
    assert [each.name for each in rust_source.functions(code)] == ["outer", "inner"]


def test_test_items_are_told_apart() -> None:
    code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n#[cfg(test)]\nuse c;\nfn d() {}\n"
    assert [each.name for each in rust_source.functions(rust_source.without_tests(code))] == ["a", "d"]
    assert [each.name for each in rust_source.functions(rust_source.only_tests(code))] == ["b"]
    assert len(rust_source.only_tests(code)) == len(code)
    assert "use c" in rust_source.only_tests(code)
