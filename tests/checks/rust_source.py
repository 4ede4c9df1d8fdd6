"""Just enough of Rust's grammar to find code, functions and tests without a compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Comments, strings and characters: the places where a word of code is not code. A lifetime is matched
# too, so that its quote does not open a character.
_NOT_CODE = re.compile(
    r"""
      (?P<line>//[^\n]*)
    | (?P<block>/\*)
    | (?P<raw>\b[bc]?r(?P<hashes>\#*)".*?"(?P=hashes))
    | (?P<string>\b[bc]?"(?:\\.|[^"\\])*"|"(?:\\.|[^"\\])*")
    | (?P<character>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])')
    | (?P<lifetime>'[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_FUNCTION = re.compile(r"\bfn\s+(\w+)")
_TEST_ITEM = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]")
_NOT_NEWLINE = re.compile(r"[^\n]")


@dataclass(frozen=True)
class Function:
    """A function with a body. `start` and `end` are offsets: of the word `fn`, and after the last brace."""

    name: str
    start: int
    body: int
    end: int


def code_only(text: str) -> str:
    """The text with comments, strings and characters blanked out, each line and offset where it was."""
    pieces: list[str] = []
    position = 0
    while match := _NOT_CODE.search(text, position):
        end = _block_end(text, match.end()) if match["block"] else match.end()
        pieces.append(text[position : match.start()])
        found = text[match.start() : end]
        pieces.append(found if match["lifetime"] else _NOT_NEWLINE.sub(" ", found))
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def _block_end(text: str, position: int) -> int:
    """Where the block comment ends whose opening stands just before `position`: they nest."""
    depth = 1
    while depth and (edge := _BLOCK_EDGE.search(text, position)):
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position if depth == 0 else len(text)


def closing(code: str, opening: int) -> int:
    """The offset after the bracket that closes the one at `opening`; the end where none does."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    left, right = code[opening], pairs[code[opening]]
    depth = 0
    for edge in re.finditer(rf"[{re.escape(left + right)}]", code[opening:]):
        depth += 1 if edge.group() == left else -1
        if depth == 0:
            return opening + edge.end()
    return len(code)


def functions(code: str) -> Iterator[Function]:
    """Every function of `code_only` text that has a body, also those inside others."""
    for match in _FUNCTION.finditer(code):
        body = _body_start(code, match.end())
        if body is not None:
            yield Function(match[1], match.start(), body, closing(code, body))


def _body_start(code: str, position: int) -> int | None:
    """The brace that opens a function's body, or None for a declaration that ends at a semicolon."""
    while edge := re.compile(r"[(\[{;]").search(code, position):
        if edge.group() == "{":
            return edge.start()
        if edge.group() == ";":
            return None
        position = closing(code, edge.start())
    return None


def test_ranges(code: str) -> list[tuple[int, int]]:
    """The offsets that hold what only tests compile: each item under `#[cfg(test)]`."""
    ranges = []
    for match in _TEST_ITEM.finditer(code):
        opening = re.compile(r"[{;]").search(code, match.end())
        if opening is None:
            continue
        end = closing(code, opening.start()) if opening.group() == "{" else opening.end()
        ranges.append((match.start(), end))
    return ranges


def without_tests(code: str) -> str:
    """`code_only` text with every `#[cfg(test)]` item blanked out as well."""
    for start, end in test_ranges(code):
        code = code[:start] + _NOT_NEWLINE.sub(" ", code[start:end]) + code[end:]
    return code


def only_tests(code: str) -> str:
    """`code_only` text with everything but the `#[cfg(test)]` items blanked out."""
    kept = [" "] * len(code)
    for start, end in test_ranges(code):
        kept[start:end] = code[start:end]
    return "".join("\n" if original == "\n" else copy for original, copy in zip(code, kept, strict=True))
