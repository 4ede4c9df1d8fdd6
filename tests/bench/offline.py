"""What needs no server: `create_token` against its pure equivalents, the import, and the sizes of the packages."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .clients import BENCH, BUILT, PYTHON, SDK
from .environment import ROOT


@dataclass(frozen=True)
class CreateToken:
    """Nanoseconds of processor time of one call, ours and the pure equivalent's."""

    language: str
    ours: float
    peer: float


@dataclass(frozen=True)
class Size:
    """How large a package is, as it is downloaded and as it is installed."""

    package: str
    packed_bytes: int
    native_bytes: int


@dataclass(frozen=True)
class Offline:
    """All of it."""

    create_token: list[CreateToken]
    import_milliseconds: float
    sizes: list[Size]


def measure(rounds: int) -> Offline:
    """Measures all of it."""
    return Offline(_create_token(rounds), _import_milliseconds(rounds), _sizes())


def _create_token(rounds: int) -> list[CreateToken]:
    commands = {
        "Python": [str(PYTHON), "-m", "bench.python.create_token", str(rounds)],
        "Node": ["node", str(BENCH / "node" / "create-token.mjs"), str(rounds)],
    }
    results = []
    for language, command in commands.items():
        times = json.loads(_output(command))
        results.append(CreateToken(language, median(times["ours"]), median(times["peer"])))
    return results


def _import_milliseconds(rounds: int) -> float:
    """Processor time that `import loggin` adds to the start of an interpreter: the median of the differences."""
    differences = []
    for _ in range(rounds):
        nothing, imported = (_milliseconds([str(PYTHON), "-c", code]) for code in ("pass", "import loggin"))
        differences.append(imported - nothing)
    return median(differences)


def _sizes() -> list[Size]:
    wheel = _only(BUILT / "wheels", "*.whl")
    native = _output([str(PYTHON), "-c", "import loggin._native as n; print(n.__file__)"]).strip()
    addon = _only(SDK.parent, "*.node")
    # With the package that it depends on.
    packed = _packed(BUILT / "node-sdk") + _packed(ROOT / "node" / "web")
    # The addon is published as a package of its own for each platform, and packed by gzip as all of them.
    packed_addon = len(gzip.compress(addon.read_bytes()))
    return [
        Size("Python wheel", wheel.stat().st_size, Path(native).stat().st_size),
        Size("npm package with one addon", packed + packed_addon, addon.stat().st_size),
    ]


def _packed(package: Path) -> int:
    """Bytes of the archive that npm makes of a package."""
    told = json.loads(_output(["npm", "pack", "--dry-run", "--json", "--ignore-scripts", str(package)]))
    entry = told[0] if isinstance(told, list) else next(iter(told.values()))
    size: int = entry["size"]
    return size


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def _milliseconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    ) * 1_000


def _output(command: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "LOGGIN_SDK": str(SDK)}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
