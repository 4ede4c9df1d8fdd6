"""The crates, as a Rust program has them, and the Debian package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomllib
from conftest import ROOT, Dev, Machine, only, started
from test_python import LOGIN, PYTHONS, installed

# Prints the link, and then who signed in.
PROGRAM = """
use loggin::{Error, Loggin};

fn main() -> Result<(), Error> {
    let client = Loggin::from_env()?;
    let login = client.create_token("8XKPQ2WN")?;
    println!("{}", login.link);
    println!("{}", client.wait_for_verify(login.token)?.phone.expose());
    Ok(())
}
"""
CRATES = ("loggin", "loggin-protocol")
# What is compiled for this test stays, so that it is compiled once.
TARGET = ROOT / "target" / "dist" / "install-rust"


def _unpacked(folder: Path, crate: str) -> Path:
    """A crate as `cargo` unpacks it."""
    archive = only("crates", f"{crate}-[0-9]*.crate")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".crate")


@pytest.mark.parametrize("crate", [*CRATES, "loggin-server", "whatsapp-simulator"])
def test_a_crate_says_what_its_page_shows(folder: Path, crate: str) -> None:
    unpacked = _unpacked(folder, crate)
    package = tomllib.loads((unpacked / "Cargo.toml").read_text())["package"]
    for field in ("description", "license", "homepage", "repository", "keywords", "categories"):
        assert package[field], field
    names = {path.name for path in unpacked.iterdir()}
    assert {package["readme"], "LICENSE-MIT", "LICENSE-APACHE"} <= names
    if crate in CRATES:
        assert package["metadata"]["docs"]["rs"] == {"all-features": True}
    # A link of a README that leads out of its crate leads nowhere.
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (unpacked / "README.md").read_text())
    assert [link for link in links if not (unpacked / link).exists()] == []


def test_a_program_signs_in(folder: Path, dev: Dev) -> None:
    unpacked = {crate: _unpacked(folder, crate) for crate in CRATES}
    version = unpacked["loggin"].name.removeprefix("loggin-")
    patches = "".join(f'{crate} = {{ path = "{path}" }}\n' for crate, path in unpacked.items())
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "app"\nedition = "2024"\n\n'
        f'[dependencies]\nloggin = "{version}"\n\n[patch.crates-io]\n{patches}'
    )
    (folder / "src").mkdir()
    (folder / "src" / "main.rs").write_text(PROGRAM)
    # The versions that the crates were tested with.
    shutil.copyfile(ROOT / "Cargo.lock", folder / "Cargo.lock")
    build = ["cargo", "build", "--quiet", "--target-dir", str(TARGET)]
    # Nobody looks into it with a debugger.
    variables = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
    done = subprocess.run(build, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    Machine(folder / "machine").signs_in(dev, TARGET / "debug" / "app")


@pytest.fixture
def debian(folder: Path) -> Iterator[Dev]:
    """The server of the package, with the simulator beside it, which the package does not have."""
    root = folder / "root"
    package = only("server", "*.deb")
    subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
    with tarfile.open(only("server", "*.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    shutil.copy(next(folder.glob("loggin-server-*/whatsapp-simulator")), root / "usr/bin")
    yield from started([root / "usr/bin/loggin-server"])


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg is missing")
def test_the_debian_package_serves(debian: Dev, tmp_path_factory: pytest.TempPathFactory) -> None:
    machine = installed(tmp_path_factory.mktemp("app"), PYTHONS[-1], "loggin")
    machine.signs_in(debian, "venv/bin/python", "-c", LOGIN)
