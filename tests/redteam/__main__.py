"""`make redteam`: plays every attack for every policy, and prints who got in. `--check` compares that with the page."""

from __future__ import annotations

import sys
from pathlib import Path

from redteam.attacks import ATTACKS
from redteam.house import ROOT, house

MODES = ("none", "reply", "match", "code")
PAGE = Path(ROOT) / "docs" / "security.md"


def table() -> str:
    """The table of the page, as it is found now."""
    lines = ["| attack | " + " | ".join(f"`{mode}`" for mode in MODES) + " |", "| --- " * 5 + "|"]
    with house() as at:
        for name, play in ATTACKS:
            cells = [play(at, at.app(mode)) for mode in MODES]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def main() -> int:
    """Returns 1 where the page says something else."""
    found = table()
    print(found)
    if "--check" in sys.argv and found not in PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} says something else", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
