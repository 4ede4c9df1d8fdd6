"""Runs every check over the repository and prints what there is to fix: `python3 -m checks`."""

from __future__ import annotations

import sys
from pathlib import Path

from . import bindings, budgets, documented, driver, habits, links, modules, secrets, traces, tree_map
from .tree import Tree

CHECKS = (tree_map, budgets, habits, modules, driver, bindings, secrets, documented, links, traces)


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    tree = Tree.of_repository(root)
    problems = sorted({problem for check in CHECKS for problem in check.check(tree)})
    for problem in problems:
        print(problem)
    print(f"tree checks: {len(CHECKS)} checks, {len(tree.files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
