"""`make dist`: every package that this machine can make, with checksums, and a list of what it cannot."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

from . import java, npm, python, server
from .metadata import Release
from .plan import Plan

_CHECKSUMS = "SHA256SUMS"
_MISSING = "NOT-BUILT.md"
# For all packages: what needs another machine.
_ELSEWHERE = (
    ("Python wheels for other systems", "each is built on its own: see the list of @loggin/sdk"),
    ("wheels of free-threaded Python", "no such interpreter is installed"),
    ("anything for musl", "its Rust target comes from no package registry"),
    ("the Swift package", "its sources are generated from the library: bindings/mobile/generate"),
    ("the AAR for Android", "needs the NDK: bindings/mobile/kotlin/android/build-libraries"),
    ("the xcframework", "needs a Mac: bindings/mobile/swift/build-xcframework"),
    ("signatures for Maven Central", "made by whoever publishes, with their key"),
)


def build(root: Path, *, quick: bool) -> int:
    """Makes dist/ anew."""
    plan = Plan(root, quick)
    shutil.rmtree(plan.out, ignore_errors=True)
    plan.out.mkdir()
    plan.build_natives()
    for step in (
        python.build,
        npm.build,
        server.build,
        server.build_crates,
        java.build,
    ):
        started = time.monotonic()
        step(plan)
        print(f"{f'{step.__module__}.{step.__name__}'}: {time.monotonic() - started:.0f} s", flush=True)
    plan.missing += _ELSEWHERE
    placeholders = Release.read(root).placeholders()
    if placeholders:
        plan.missing.append(
            ("anything to publish", f"release.toml has placeholders: {', '.join(placeholders)}")
        )
    _close(plan)
    return 0


def _close(plan: Plan) -> None:
    files = sorted(path for path in plan.out.rglob("*") if path.is_file())
    lines = []
    for path in files:
        name = path.relative_to(plan.out).as_posix()
        lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n")
        print(f"{path.stat().st_size:>12,} {name}")
    (plan.out / _CHECKSUMS).write_text("".join(lines))
    missing = "".join(f"- {what}: {why}\n" for what, why in plan.missing)
    (plan.out / _MISSING).write_text(f"# Not built here\n\n{missing}")
    print(f"\nnot built here:\n{missing}", end="")
