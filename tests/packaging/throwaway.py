"""A root folder to throw away: what is installed into it leaves nothing on this machine.

It is an overlay over the root of this machine, in a mount namespace of its own. A machine of CI that permits no such
namespace is thrown away itself, so there the packages are installed into it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import TEST_TIMEOUT

_MOUNT = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for name in dev proc; do mount --rbind "/$name" "$1/root/$name"; done
mount -t tmpfs tmpfs "$1/root/run"
echo mounted
exec cat
"""


class Root:
    """Where packages may be installed, for as long as this is open."""

    def __init__(self, folder: Path) -> None:
        self._within: list[str] = []
        self._seen_from_here = ""
        if os.geteuid() != 0:
            pytest.skip("a package is installed by root alone")
        if shutil.which("dpkg") is None:
            pytest.skip("dpkg is missing, so this is no Debian")
        command = ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", str(folder)]
        self._holder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if self._holder.stdout is not None and self._holder.stdout.readline() == "mounted\n":
            namespace = f"--mount=/proc/{self._holder.pid}/ns/mnt"
            self._within = ["nsenter", namespace, "chroot", str(folder / "root")]
            self._seen_from_here = f"/proc/{self._holder.pid}/root{folder / 'root'}"
        elif os.environ.get("CI") != "true":
            self.close()
            pytest.skip(
                "no root folder can be made to throw away, and nothing is to be installed on this machine"
            )

    def command(self, *arguments: str) -> list[str]:
        """What runs this there."""
        return [*self._within, *arguments]

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Runs a program there, which must succeed, and returns what it prints."""
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            self.command(*arguments),
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=TEST_TIMEOUT * 2,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def path(self, path: str) -> str:
        """The same path as this process reaches it."""
        return f"{self._seen_from_here}{path}"

    def has(self, path: str) -> bool:
        done = subprocess.run(self.command("test", "-e", path), timeout=TEST_TIMEOUT, check=False)
        return done.returncode == 0

    def close(self) -> None:
        # Its input ends, and with it the namespace and what is mounted there.
        self._holder.communicate(timeout=TEST_TIMEOUT)
