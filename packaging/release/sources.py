"""What is given away as source: the crates, and what a Mac needs to finish the Swift package."""

from __future__ import annotations

import shutil
import tarfile

from .plan import Plan

# In the order in which they are published: each needs those before it.
CRATES = ("loggin-protocol", "loggin", "loggin-server", "whatsapp-simulator")


def build_crates(plan: Plan) -> None:
    """Packs all at once, so that each finds the others although none is published."""
    chosen = [word for crate in CRATES for word in ("--package", crate)]
    plan.run("cargo", "package", "--locked", "--no-verify", "--allow-dirty", *chosen)
    out = plan.folder("crates")
    for crate in CRATES:
        name = f"{crate}-{plan.version}.crate"
        shutil.copyfile(plan.cargo_target / "package" / name, out / name)


def build_swift(plan: Plan) -> None:
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
    plan.missing.append(
        ("the tests of the Swift package", "they need the xcframework or Swift: `make test-swift`")
    )
