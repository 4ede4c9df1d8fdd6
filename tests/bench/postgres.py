"""A PostgreSQL server in a folder of its own, as its package sets it up: what is committed is on the disk.

As root it runs as the user `postgres`, since it refuses to run as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .process import cpu_seconds, written_bytes

USER = "postgres"
PROGRAMS = ("initdb", "pg_ctl", "createdb")
# Where Debian has them, and others; the latest version first.
FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt/postgresql")


def programs() -> Path | None:
    """The folder of its programs; none where it is not installed."""
    found = [Path(folder) for folder in os.environ.get("PATH", "").split(":")]
    for folder in FOLDERS:
        versions = sorted(Path(folder).glob("*/bin"), reverse=True)
        found += [*versions, Path(folder, "bin")]
    return next((folder for folder in found if all((folder / name).is_file() for name in PROGRAMS)), None)


class Cluster:
    """A server that listens on a socket in its folder; it ends with the `with` block."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None, "PostgreSQL is installed"
        self._programs = folder
        self._folder = Path(tempfile.mkdtemp(prefix="loggin-bench-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, USER, USER)
        self._data = self._folder / "data"
        self._run("initdb", "-D", self._data, "-U", "loggin", "-A", "trust", "--no-locale", "-E", "UTF8")
        options = f"-k {self._folder} -c listen_addresses=''"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", options, "start")
        self._pid = int((self._data / "postmaster.pid").read_text().split()[0])
        self._databases = 0

    def database(self) -> str:
        """A new database, with nothing in it: its URL."""
        self._databases += 1
        name = f"bench_{self._databases}"
        self._run("createdb", "-U", "loggin", "-h", self._folder, name)
        return f"postgres:///{name}?host={self._folder}&user=loggin"

    def cpu_seconds(self) -> float:
        """Of all its processes, also of those that have ended."""
        return cpu_seconds(self._pid, with_ended=True) + sum(self.cpu_seconds_of_children())

    def cpu_seconds_of_children(self) -> list[float]:
        return self._of_children(cpu_seconds)

    def written_bytes(self) -> float:
        return written_bytes(self._pid) + sum(self._of_children(written_bytes))

    def _of_children(self, of: Callable[[int], float]) -> list[float]:
        found = []
        for pid in self._children():
            # Some come and go.
            with suppress(FileNotFoundError, ProcessLookupError):
                found.append(of(pid))
        return found

    def _children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()]

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", USER, "--", *command]
        subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, check=True)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "stop")
        shutil.rmtree(self._folder)
