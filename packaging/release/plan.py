"""Where the packages of a release are made, of what, and what is left out."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import versions

# The oldest glibc that the toolchain itself supports.
GLIBC = "2.17"
SERVERS = ("loggin-server", "whatsapp-simulator")
BINDINGS = ("loggin-node", "loggin-python", "loggin-mobile")


@dataclass
class Plan:
    """One run of `make dist`: folders, the version, and what could not be made here."""

    root: Path
    quick: bool
    missing: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = versions.current(self.root)
        self.target = f"{platform.machine()}-unknown-linux-gnu"
        self.out = self.root / "dist"
        self.work = self.root / "target" / "dist"
        # What cargo builds for a release stands apart from what people build beside it.
        self.cargo_target = self.root / "target" if self.quick else self.work
        built = "debug" if self.quick else f"{self.target}/release"
        self.built = self.cargo_target / built

    @property
    def node_platform(self) -> str:
        """The platform as Node calls it."""
        return {"x86_64": "linux-x64", "aarch64": "linux-arm64"}[platform.machine()]

    def folder(self, name: str) -> Path:
        """A folder of dist/, which is there afterwards."""
        folder = self.out / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def stage(self, name: str) -> Path:
        """An empty folder in which something is put together."""
        folder = self.work / "stage" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def run(self, *command: str | Path, cwd: Path | None = None, **environment: str) -> str:
        """Runs a command of the tools of a release, or stops with what it said."""
        tools = f"{Path(sys.executable).parent}:{self.root / 'target/tools/bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.root,
            env={**os.environ, "CARGO_TARGET_DIR": str(self.cargo_target), "PATH": tools, **environment},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(str(word) for word in command)}\n{done.stdout}")
        return done.stdout

    def build_natives(self) -> None:
        """The servers in one call of cargo and the bindings in another: together, they would share features.

        Where all of the workspace was built together for tests, that is taken: most crates would be built once more.
        """
        if self.quick and os.environ.get("BINARIES") == "--workspace --bins":
            self.run("cargo", "build", "--locked", "--workspace", "--lib", "--bins")
            return
        for packages in (BINDINGS, SERVERS):
            chosen = [word for package in packages for word in ("--package", package)]
            if self.quick:
                self.run("cargo", "build", "--locked", *chosen)
            else:
                old = f"{self.target}.{GLIBC}"
                self.run("cargo-zigbuild", "zigbuild", "--locked", "--release", "--target", old, *chosen)

    def copy_licences(self, folder: Path) -> None:
        """Puts our own licences beside what is given away."""
        for name in ("LICENSE-MIT", "LICENSE-APACHE"):
            shutil.copyfile(self.root / name, folder / name)
