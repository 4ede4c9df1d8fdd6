"""The commands and settings of a page of docs/, in the order in which somebody who follows it meets them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from conftest import ROOT

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?P<level>#+) (?P<title>.+)$", re.MULTILINE)
# A command goes to the end of its line, or to the end of what is given to it.
_COMMAND = re.compile(r"^(?:.*<<(?P<end>\w+)\n(?:.*\n)*?(?P=end)|.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str
    text: str

    def commands(self) -> list[str]:
        """Each with what is given to it, without remarks of the page."""
        lines = re.sub(r"\s+# .*$", "", self.text, flags=re.MULTILINE)
        return [match.group() for match in _COMMAND.finditer(lines)]


def section(page: str, title: str) -> list[Block]:
    """The blocks below a heading, up to the next one of its level or above it."""
    return [Block(match["language"], match["text"]) for match in _FENCE.finditer(_part(page, title))]


def codes(page: str, title: str) -> dict[str, list[str]]:
    """What stands as code in the second column of the tables below a heading, by what stands in the first."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", _part(page, title), re.MULTILINE)
    return {first: re.findall(r"`([^`]+)`", second) for first, second in rows}


def _part(page: str, title: str) -> str:
    text = (ROOT / "docs" / page).read_text()
    outside = re.sub(_FENCE, lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    headings = list(_HEADING.finditer(outside))
    start = next(heading for heading in headings if heading["title"] == title)
    ends = (
        heading.start()
        for heading in headings
        if heading.start() > start.start() and len(heading["level"]) <= len(start["level"])
    )
    return text[start.end() : next(ends, len(text))]
