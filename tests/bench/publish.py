"""Writes the tables of the last full run into docs/benchmarks.md: `python -m bench.publish` from tests/."""

from __future__ import annotations

import sys

from . import report
from .clients import BUILT
from .environment import ROOT

RESULTS = BUILT / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    results = report.load_results(RESULTS)
    if results.is_quick:
        print("the last run was a quick one: `make bench` measures all", file=sys.stderr)
        return 1
    return write_between("results", report.markdown(results))


def write_between(place: str, text: str) -> int:
    """Writes a text into the page where it has this place; 0 where it has."""
    first, last = f"<!-- begin {place} -->", f"<!-- end {place} -->"
    before, begin, rest = DOCUMENT.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        print(f"{DOCUMENT.name} has no place for the {place}", file=sys.stderr)
        return 1
    DOCUMENT.write_text(f"{before}{first}\n\n{text}\n{last}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
