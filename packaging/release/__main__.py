"""What releases are made with: `make version`, `make metadata`, `make dist`, and their check.

python -m release version 1.2.3
python -m release metadata
python -m release check
python -m release dist [--quick]
python -m release docs
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import metadata, versions

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="release", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version", help="write the version everywhere").add_argument("version")
    commands.add_parser("metadata", help="write release.toml into every manifest")
    commands.add_parser("check", help="whether every place says the same")
    dist = commands.add_parser("dist", help="build every package into dist/")
    dist.add_argument("--quick", action="store_true", help="of what `make build` built, for tests")
    commands.add_parser("docs", help="build the site of the documentation")
    arguments = parser.parse_args()
    match arguments.command:
        case "version":
            return _tell(versions.write(ROOT, arguments.version))
        case "metadata":
            return _tell(metadata.write(ROOT))
        case "check":
            return _check()
        case "docs":
            from .site import build as build_site  # noqa: PLC0415 (the same)

            return build_site(ROOT)
        case _:
            from .dist import build  # noqa: PLC0415 (needs the tools of a release, the others nothing)

            return build(ROOT, quick=arguments.quick)


def _tell(changed: list[str]) -> int:
    for path in changed:
        print(path)
    print(f"{len(changed)} files written")
    return 0


def _check() -> int:
    found = [*versions.problems(ROOT), *metadata.problems(ROOT)]
    for problem in found:
        print(problem)
    print(f"release: version {versions.current(ROOT)}, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
