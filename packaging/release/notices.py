"""What is linked into a binary: its bill of materials in CycloneDX, and the licences of others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from .plan import Plan

# What crates call the files of their licences.
_LICENCE_FILES = ("LICEN[CS]E*", "COPYING*", "UNLICENSE*", "NOTICE*", "licen[cs]e*")
NOTICES = "THIRD-PARTY-LICENSES"


def write(plan: Plan, package: str, folder: Path) -> None:
    """The licences of others into this folder, and the bill of materials of a package into dist/sbom."""
    crates = _linked(plan, package)
    (folder / NOTICES).write_text(_notices(plan, crates))
    (plan.folder("sbom") / f"{package}-{plan.version}.cdx.json").write_text(_bill(plan, package, crates))


def _linked(plan: Plan, package: str) -> list[dict[str, Any]]:
    """The crates that are compiled into the package, as cargo describes them, without ours."""
    of = ("--package", package, "--target", plan.target, "--edges", "normal", "--prefix", "none")
    listed = plan.run("cargo", "tree", "--locked", *of, "--format", "{p}").splitlines()
    names = {tuple(line.split()[:2]) for line in listed if line}
    described = json.loads(_json(plan.run("cargo", "metadata", "--locked", "--format-version", "1")))
    crates = [crate for crate in described["packages"] if (crate["name"], f"v{crate['version']}") in names]
    return sorted((crate for crate in crates if crate["source"]), key=lambda crate: crate["name"])


def _json(output: str) -> str:
    return next(line for line in output.splitlines() if line.startswith("{"))


def _notices(plan: Plan, crates: list[dict[str, Any]]) -> str:
    """Each crate with its licence, and then each text once, with those whose it is."""
    listed = []
    owners: dict[str, list[str]] = {}
    for crate in crates:
        folder = Path(crate["manifest_path"]).parent
        texts = sorted(
            {path for pattern in _LICENCE_FILES for path in folder.glob(pattern) if path.is_file()}
        )
        licence = crate["license"] or ""
        if not texts:
            own = plan.root / "LICENSE-APACHE"
            texts = [own if "Apache-2.0" in licence else _standard(crate)]
        name = f"{crate['name']} {crate['version']}"
        listed.append(f"{name}: {licence} {crate['repository'] or ''}".rstrip())
        for path in texts:
            text = path.read_text(errors="replace").strip().replace("\r\n", "\n")
            owners.setdefault(text, []).append(name)
    head = "What others wrote and is compiled into this program, each under its own licence.\n\n"
    parts = [head + "\n".join(listed), *(f"{', '.join(names)}:\n\n{text}" for text, names in owners.items())]
    return f"\n\n{'-' * 80}\n\n".join(parts) + "\n"


def _standard(crate: dict[str, Any]) -> Path:
    """The file in which a crate without a licence file gives its terms: its readme."""
    folder = Path(crate["manifest_path"]).parent
    readme = folder / (crate["readme"] or "README.md")
    if readme.is_file():
        return readme
    raise SystemExit(f"{crate['name']}: neither the text of {crate['license']} nor a readme is in its crate")


def _bill(plan: Plan, package: str, crates: list[dict[str, Any]]) -> str:
    bill = Bom()
    bill.metadata.component = Component(
        name=package, version=plan.version, type=ComponentType.APPLICATION, bom_ref=package
    )
    components = []
    for crate in crates:
        url = PackageURL("cargo", name=crate["name"], version=crate["version"])
        component = Component(
            name=crate["name"],
            version=crate["version"],
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=url.to_string(),
            description=crate["description"],
        )
        components.append(component)
        bill.components.add(component)
    bill.register_dependency(bill.metadata.component, components)
    return str(JsonV1Dot6(bill).output_as_string(indent=2)) + "\n"
