"""Writes the tables of the last full run into docs/benchmarks.md: `python -m bench.publish` from tests/."""

from __future__ import annotations

import sys

from . import report
from .clients import BUILT
from .world import ROOT

RESULTS = BUILT / "results.json"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- begin results -->", "<!-- end results -->"


def main() -> int:
    results = report.load_results(RESULTS)
    if results.is_quick:
        print("the last run was a quick one: `make bench` measures all", file=sys.stderr)
        return 1
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        print(f"{DOCUMENT.name} has no place for the results", file=sys.stderr)
        return 1
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{report.markdown(results)}\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
