"""The server: an archive with both programs, the package for Debian, and the crates, its own and those of the SDK."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from . import notices
from .plan import SERVERS, Plan

# In the order in which they are published: each needs those before it.
CRATES = ("loggin-protocol", "loggin", "loggin-server", "whatsapp-simulator")
_BESIDE = (
    "packaging/systemd/loggin.service",
    "packaging/debian/loggin.toml",
    "docs/deploy.md",
    "docs/operations.md",
)


def build(plan: Plan) -> None:
    """The archive, and where cargo-deb is installed the package."""
    out = plan.folder("server")
    name = f"loggin-server-{plan.version}-{plan.target}"
    stage = plan.stage("server") / name
    stage.mkdir()
    for program in SERVERS:
        shutil.copy(plan.built / program, stage / program)
    for path in _BESIDE:
        shutil.copy(plan.root / path, stage / Path(path).name)
    plan.copy_licences(stage)
    notices.write(plan, "loggin-server", stage)
    notices.write(plan, "whatsapp-simulator", plan.stage("simulator"))
    with tarfile.open(out / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(stage, arcname=name, filter=_of_nobody)
    how: tuple[str, ...] = ("--profile", "dev", "--fast") if plan.quick else ("--target", plan.target)
    plan.run(
        "cargo", "deb", "--package", "loggin-server", "--no-build", "--locked", *how, "--output", f"{out}/"
    )
    plan.missing.append(
        ("an image of the server", "packaging/container has its Containerfile; no engine runs here")
    )


def _of_nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def build_crates(plan: Plan) -> None:
    """Packs all at once, so that each finds the others although none is published."""
    chosen = [word for crate in CRATES for word in ("--package", crate)]
    plan.run("cargo", "package", "--locked", "--no-verify", "--allow-dirty", *chosen)
    out = plan.folder("crates")
    for crate in CRATES:
        name = f"{crate}-{plan.version}.crate"
        shutil.copyfile(plan.cargo_target / "package" / name, out / name)
