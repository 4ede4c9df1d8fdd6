"""The npm packages: each workspace, and for the two that have a binary a package for this platform."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from . import metadata, notices
from .plan import SERVERS, Plan

# What a package for a platform says of itself as the package that needs it does.
_INHERITED = ("version", "license", "author", "homepage", "bugs", "repository", "engines", "publishConfig")


def build(plan: Plan) -> None:
    """Packs every package. `make build-node` has compiled their scripts."""
    out = plan.folder("npm")
    for manifest in metadata.published(plan.root):
        name = manifest.parent.name
        stage = plan.stage(f"npm/{name}")
        plan.run(
            "npm",
            "pack",
            "--silent",
            "--ignore-scripts",
            "--pack-destination",
            stage.parent,
            cwd=manifest.parent,
        )
        packed = stage.parent / f"loggin-{name}-{plan.version}.tgz"
        shutil.unpack_archive(packed, stage, filter="data")
        packed.unlink()
        package = stage / "package"
        plan.copy_licences(package)
        document = json.loads((package / "package.json").read_text())
        # Of the tree, and of no use in a package.
        for key in ("scripts", "devDependencies"):
            document.pop(key, None)
        if name == "server":
            _of_server(plan, package, document)
        if name == "sdk":
            _of_sdk(plan, package, document)
            continue
        _write(package, document)
        _pack(plan, package, out)


def _write(package: Path, document: dict[str, Any]) -> None:
    (package / "package.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _pack(plan: Plan, package: Path, out: Path) -> None:
    plan.run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", out, cwd=package)


def _of_server(plan: Plan, package: Path, document: dict[str, Any]) -> None:
    """The package with the programs, and that it is wanted where it fits."""
    name = f"@loggin/server-{plan.node_platform}"
    system, processor = plan.node_platform.split("-")
    own = {key: document[key] for key in _INHERITED}
    platform = package.parent / "platform"
    (platform / "bin").mkdir(parents=True)
    for program in SERVERS:
        shutil.copy(plan.built / program, platform / "bin" / program)
    plan.copy_licences(platform)
    notices.write(plan, "loggin-server", platform)
    described = f"The programs of @loggin/server for {plan.node_platform}"
    (platform / "README.md").write_text(
        f"# {name}\n\n{described}, which installs this package where it fits.\n"
    )
    limits: dict[str, Any] = {"os": [system], "cpu": [processor], "libc": ["glibc"]}
    # A program cannot be run out of an archive, in which Yarn keeps packages.
    limits["preferUnplugged"] = True
    _write(platform, {"name": name, "description": described, **own, **limits})
    _pack(plan, platform, plan.folder("npm"))
    document["optionalDependencies"] = {name: plan.version}


def _of_sdk(plan: Plan, package: Path, document: dict[str, Any]) -> None:
    """The addon, by napi's own flow; only platforms that were built are asked for."""
    out = plan.folder("npm")
    target = f"{plan.node_platform}-gnu"
    every = document["napi"]["targets"]
    document["napi"]["targets"] = [plan.target]
    plan.missing += [
        (f"@loggin/sdk for {each}", "built on such a system") for each in every if each != plan.target
    ]
    _write(package, document)
    artifacts = package / "artifacts"
    artifacts.mkdir()
    shutil.copyfile(plan.built / "libloggin_node.so", artifacts / f"loggin.{target}.node")
    napi = plan.root / "node" / "node_modules" / ".bin" / "napi"
    plan.run(napi, "create-npm-dirs", "--npm-dir", "npm", cwd=package)
    plan.run(napi, "artifacts", "--output-dir", "artifacts", "--npm-dir", "npm", cwd=package)
    publish = ("--skip-optional-publish", "--npm-dir", "npm", "--tag-style", "npm")
    plan.run(napi, "pre-publish", *publish, cwd=package, npm_config_dry_run="true")
    platform = package / "npm" / target
    plan.copy_licences(platform)
    notices.write(plan, "loggin-node", platform)
    own = json.loads((platform / "package.json").read_text())
    own["files"] = [*own["files"], "LICENSE-*", notices.NOTICES]
    _write(platform, own)
    _pack(plan, platform, out)
    finished = json.loads((package / "package.json").read_text())
    wanted = {f"@loggin/sdk-{target}": plan.version}
    if finished.get("optionalDependencies") != wanted:
        raise SystemExit(f"@loggin/sdk asks for {finished.get('optionalDependencies')}, not for {wanted}")
    finished.pop("napi")
    _write(package, finished)
    # napi leaves it beside the scripts; it is in the package for the platform.
    for folder in ("npm", "artifacts"):
        shutil.rmtree(package / folder)
    for addon in package.rglob("*.node"):
        addon.unlink()
    _pack(plan, package, out)
