"""The Python packages: the source of `loggin` and its wheel, and the wheel `loggin-server` with two programs inside."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import notices
from .plan import GLIBC, SERVERS, Plan

_SERVER_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "loggin-server"
version = "{version}"
description = "The Loggin server, and a phone to try it with: sign in with WhatsApp, for any app"
readme = "README.md"
requires-python = ">=3.10"
license = "MIT OR Apache-2.0"
license-files = ["LICENSE-*", "THIRD-PARTY-LICENSES"]
{of_release}
[tool.hatch.build.targets.wheel]
bypass-selection = true

[tool.hatch.build.targets.wheel.shared-scripts]
{scripts}
[tool.hatch.build.targets.wheel.hooks.custom]
path = "tag.py"
"""
_TAG = """\
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Tag(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-{tag}"
"""


def build(plan: Plan) -> None:
    """Source, wheel, and the wheel of the server."""
    out = plan.folder("python")
    project = plan.root / "python"
    plan.run("maturin", "sdist", "--out", out, cwd=project)
    how: tuple[str, ...] = ("--profile", "dev", "--compatibility", "linux")
    if not plan.quick:
        how = ("--release", "--zig", "--target", plan.target, "--compatibility", f"manylinux_{_glibc()}")
    plan.run("maturin", "build", "--locked", *how, "--out", out, cwd=project)
    _server(plan, out)
    for wheel in sorted(out.glob("*.whl")):
        print(f"{wheel.name}: {_told(plan, wheel)}")


def _glibc() -> str:
    return GLIBC.replace(".", "_")


def _server(plan: Plan, out: Path) -> None:
    stage = plan.stage("python-server")
    machine = plan.target.split("-", maxsplit=1)[0]
    tag = f"linux_{machine}" if plan.quick else f"manylinux_{_glibc()}_{machine}"
    for program in SERVERS:
        shutil.copy(plan.built / program, stage / program)
    plan.copy_licences(stage)
    notices.write(plan, "loggin-server", stage)
    text = (plan.root / "python" / "pyproject.toml").read_text()
    authors = next(line for line in text.splitlines() if line.startswith("authors = "))
    urls = text[text.index("[project.urls]") : text.index("[tool.maturin]")]
    scripts = "".join(f'"{program}" = "{program}"\n' for program in SERVERS)
    shutil.copyfile(plan.root / "packaging/release/server-wheel.md", stage / "README.md")
    (stage / "tag.py").write_text(_TAG.format(tag=tag))
    (stage / "pyproject.toml").write_text(
        _SERVER_PROJECT.format(version=plan.version, of_release=f"{authors}\n\n{urls}", scripts=scripts)
    )
    plan.run("hatchling", "build", "--target", "wheel", "--directory", out, cwd=stage)


def _told(plan: Plan, wheel: Path) -> str:
    """What auditwheel says of the systems that a wheel runs on."""
    said = plan.run("auditwheel", "show", wheel)
    return next((line.strip() for line in said.splitlines() if "manylinux" in line or "linux_" in line), said)
