"""The Python packages, installed by pip from dist/python and nowhere else, into each Python that is here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import DIST, Dev, Machine, started

# What the README shows first: prints the link, and then who signed in.
LOGIN = """
from loggin import Loggin

client = Loggin()
login = client.create_token("8XKPQ2WN")
print(login.link, flush=True)
print(client.wait_for_verify(login.token).phone)
"""

# A test that an app has of its own: the server comes with the extra `testing`, and is gone afterwards.
_TESTED = """
from loggin import Loggin
from loggin.testing import LocalServer

with LocalServer() as server:
    client = Loggin(server.url)
    login = client.create_token(server.app_key)
    person = server.person()
    person.tap(login.link)
    assert client.wait_for_verify(login.token).phone == person.number
print("signed in")
"""


def _pythons() -> list[str]:
    """The interpreters themselves: what stands on the path may be a script that looks for one."""
    names = (f"python3.{minor}" for minor in range(10, 20))
    asked = [
        subprocess.run(
            [name, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
        )
        for name in names
        if shutil.which(name)
    ]
    return [done.stdout.strip() for done in asked if done.returncode == 0]


PYTHONS = _pythons()


def installed(folder: Path, python: str, *packages: str) -> Machine:
    """A machine with an environment in which these packages are."""
    machine = Machine(folder, python)
    machine.run(python, "-m", "venv", "venv")
    pip = ("venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    machine.run(*pip, "--no-index", "--only-binary=:all:", f"--find-links={DIST / 'python'}", *packages)
    return machine


def test_there_is_a_python() -> None:
    assert PYTHONS


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: Path(python).name)
def test_an_app_signs_in(folder: Path, dev: Dev, python: str) -> None:
    machine = installed(folder, python, "loggin")
    machine.signs_in(dev, "venv/bin/python", "-c", LOGIN)


def test_the_server_needs_no_toolchain(folder: Path) -> None:
    machine = installed(folder, PYTHONS[-1], "loggin", "loggin-server")
    for local in started([folder / "venv/bin/loggin-server"], machine.environment):
        machine.signs_in(local, "venv/bin/python", "-c", LOGIN)


def test_an_app_tests_itself(folder: Path) -> None:
    # The environment's programs are not on the path.
    machine = installed(folder, PYTHONS[-1], "loggin[testing]")
    assert machine.run("venv/bin/python", "-W", "error", "-c", _TESTED) == "signed in\n"
