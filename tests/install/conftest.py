"""What the install tests share: the server out of dist/, and a machine that has a package manager and no compiler."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from registry import Registry

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
PROGRAMS = Path(__file__).parent / "programs"
MANAGERS = Path(__file__).parent / "managers" / "node_modules"
PHONE = "919876543210"
# Seconds after which whatever is waited for counts as hanging.
TIMEOUT = 300


@dataclass(frozen=True)
class Dev:
    """A running `loggin-server dev`, and the phone beside it."""

    url: str
    phone: str

    def tap(self, link: str) -> None:
        """What a person does: opens the link, and taps Send."""
        text = self._control("open-link", {"link": link})["text"]
        self._control(f"phones/{PHONE}/messages", {"text": text})

    def _control(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            f"{self.phone}/control/{path}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return json.load(response)


class Machine:
    """Somebody else's: a folder of its own, and of all programs only those that are named."""

    def __init__(self, folder: Path, *programs: str | Path) -> None:
        self.folder = folder
        self.bin = folder / ".bin"
        self.bin.mkdir(parents=True)
        for program in ("env", "sh", *programs):
            found = shutil.which(str(program))
            assert found is not None, f"{program} is not installed"
            (self.bin / Path(program).name).symlink_to(found)
        self.environment = {"HOME": str(folder), "PATH": str(self.bin), "LANG": "C.UTF-8"}

    def run(self, *command: str | Path, fails: bool = False, **environment: str) -> str:
        """What the command says. It has to succeed, or with `fails` to fail."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def signs_in(self, dev: Dev, *command: str | Path, **environment: str) -> None:
        """The program prints a link, and once that is tapped whose phone it was."""
        with subprocess.Popen(
            [str(word) for word in command],
            cwd=self.folder,
            env={**self.environment, **environment, "LOGGIN_BASE_URL": dev.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            link = child.stdout.readline().strip()
            assert link.startswith("http"), link
            dev.tap(link)
            rest, _ = child.communicate(timeout=TIMEOUT)
            assert (rest.strip(), child.returncode) == (PHONE, 0)


def started(
    command: list[str | Path], environment: dict[str, str] | None = None, *, by_npx: bool = False
) -> Iterator[Dev]:
    """Runs `loggin-server dev` by this command until the generator is closed."""
    free = "127.0.0.1:0"
    words = [*(str(word) for word in command), "dev", "--listen", free, "--simulator-listen", free]
    with subprocess.Popen(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            assert child.stdout is not None
            lines = [child.stdout.readline().strip() for _ in range(2)]
            assert lines[0].startswith("loggin-server listening on "), lines
            yield Dev(*(line.split()[-1] for line in lines))
        finally:
            # As Ctrl-C in a terminal: everybody gets it. The output ends with the last of them.
            os.killpg(child.pid, signal.SIGINT)
            child.communicate(timeout=TIMEOUT)
    # npx makes an exit code of its own of the signal that it had as well.
    assert by_npx or child.returncode == 0


def only(folder: str, pattern: str) -> Path:
    """The one file of dist/ that is meant."""
    found = sorted((DIST / folder).glob(pattern))
    assert len(found) == 1, f"dist/{folder}/{pattern}: {found}; `make dist` makes it"
    return found[0]


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """The server of the archive."""
    folder = tmp_path_factory.mktemp("server")
    with tarfile.open(only("server", "*.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    yield from started([next(folder.glob("*/loggin-server"))])


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """The address of a registry that has the npm packages of dist/ and no other."""
    registry = Registry(DIST / "npm")
    yield registry.url
    registry.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, outside of the tree."""
    assert not tmp_path.is_relative_to(ROOT)
    assert os.listdir(tmp_path) == []
    return tmp_path
