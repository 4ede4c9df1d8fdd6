"""What a Mac needs to finish the Swift package: its manifest, its sources, and those generated from the library."""

from __future__ import annotations

import shutil
import tarfile

from .plan import Plan


def build(plan: Plan) -> None:
    """Packs the folder as an app's package manager wants it: with the manifest at its root."""
    name = f"loggin-swift-{plan.version}"
    source = plan.root / "bindings" / "mobile" / "swift"
    stage = plan.stage("swift") / name
    stage.mkdir()
    shutil.copy(source / "Package.swift", stage)
    ignored = shutil.ignore_patterns("LogginNative", "LogginNativeFFI")
    shutil.copytree(source / "Sources", stage / "Sources", ignore=ignored)
    generated = stage / "Sources" / "LogginNative"
    generate = plan.root / "bindings" / "mobile" / "generate"
    plan.run(generate, "swift", generated, CARGO_TARGET_DIR=str(plan.root / "target"))
    plan.copy_licences(stage)
    with tarfile.open(plan.folder("swift") / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(stage, arcname=name)
    plan.missing.append(("the tests of the Swift package", "they need the xcframework or Swift: `make test-swift`"))
