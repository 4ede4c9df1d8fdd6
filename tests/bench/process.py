"""A process that is measured from outside: what it takes, and the lines that are exchanged with it."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Nothing that is measured is silent for so long; a defect ends the run in place of hanging it.
SILENCE_SECONDS = 240.0


@dataclass(frozen=True)
class Usage:
    """What a process takes at one moment."""

    resident_bytes: int
    anonymous_bytes: int
    sockets: int
    threads: int
    cpu_seconds: float


class ProcessEndedError(Exception):
    """A process ended, or said nothing, where a response was due."""


class Process:
    """A process with lines in both directions."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.name = " ".join(Path(part).name for part in command)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def read_line(self) -> str:
        try:
            line = self._lines.get(timeout=SILENCE_SECONDS)
        except queue.Empty:
            raise ProcessEndedError(f"{self.name} says nothing") from None
        if line is None:
            raise ProcessEndedError(f"{self.name} ended with {self._process.wait()}")
        return line

    def expect(self, wanted: str) -> None:
        line = self.read_line()
        if line != wanted:
            raise ProcessEndedError(f"{self.name} said {line[:80]!r} in place of {wanted!r}")

    def ask(self, line: str) -> str:
        self.say(line)
        return self.read_line()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def usage(self) -> Usage:
        folder = Path("/proc", str(self._process.pid))
        status = dict(
            line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
        )
        return Usage(
            resident_bytes=int(status["VmRSS"].split()[0]) * 1024,
            anonymous_bytes=int(status["RssAnon"].split()[0]) * 1024,
            sockets=sum(_is_socket(link) for link in (folder / "fd").iterdir()),
            threads=int(status["Threads"]),
            cpu_seconds=self.cpu_seconds(),
        )

    def cpu_seconds(self) -> float:
        return cpu_seconds(self._process.pid)

    def cpu_seconds_of(self, thread: str) -> float:
        """What its threads of this name took."""
        threads = Path("/proc", str(self._process.pid), "task").iterdir()
        return sum(_cpu_seconds(found) for found in threads if (found / "comm").read_text().strip() == thread)

    def written_bytes(self) -> int:
        return written_bytes(self._process.pid)


def cpu_seconds(pid: int, with_ended: bool = False) -> float:
    """What a process took; also what its children did that have ended, where that is wanted."""
    return _cpu_seconds(Path("/proc", str(pid)), with_ended)


def _cpu_seconds(folder: Path, with_ended: bool = False) -> float:
    # The fields follow the program's name, which may hold anything but ends with the last parenthesis.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if with_ended else 13])) / TICKS_PER_SECOND


def written_bytes(pid: int) -> int:
    """What went to the disk, as far as it did not stay in memory."""
    lines = Path("/proc", str(pid), "io").read_text().splitlines()
    return int(dict(line.split(": ", 1) for line in lines)["write_bytes"])


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False
