"""The package as it is published: its names, and a wheel that is built from the source distribution."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import tarfile
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

import loggin
from loggin import AsyncLoggin, AsyncOtp, Loggin, Otp
from loggin._base import Client

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--quiet"]
METHODS = {
    "create_token",
    "wait_for_verify",
    "verify_token",
    "watch",
    "confirm",
    "status",
    "login_id",
    "denied_logins",
    "close",
    "state",
    "resume",
}
OTP_METHODS = {"start", "verify"}
SNIPPET = """
from loggin import Loggin
client = Loggin()
result = client.create_token('8XKPQ2WN')
assert result.token.startswith('lgn1_8XKPQ2WN_')
assert result.link.endswith(result.code)
assert '<svg' in result.qr_svg()
"""


def public(thing: object) -> set[str]:
    # What pytest adds to a module that it rewrites is no identifier.
    return {name for name in dir(thing) if name.isidentifier() and not name.startswith("_")}


def test_both_clients_have_the_same_methods() -> None:
    assert public(Loggin) == METHODS | {"otp"}
    assert public(AsyncLoggin) == METHODS | {"otp", "aclose"}
    assert public(Otp) == public(AsyncOtp) == OTP_METHODS
    assert isinstance(Loggin().otp, Otp)
    assert isinstance(AsyncLoggin().otp, AsyncOtp)
    assert_alike(Loggin, AsyncLoggin, METHODS)
    assert_alike(Otp, AsyncOtp, OTP_METHODS)
    assert inspect.signature(Loggin) == inspect.signature(AsyncLoggin)


def returned(method: Callable[..., object]) -> str:
    """What a method returns, or what it iterates over."""
    annotation = str(inspect.signature(method).return_annotation)
    return re.sub(r"^(Async)?Generator\[([\w\[\]]+), .*", r"iterator of \2", annotation)


def assert_alike(blocking: type, asynchronous: type, methods: set[str]) -> None:
    """Says that these methods are called the same way, and explained."""
    for name in methods:
        one, other = getattr(blocking, name), getattr(asynchronous, name)
        assert inspect.signature(one).parameters == inspect.signature(other).parameters
        assert returned(one) == returned(other)
        assert one.__doc__
        assert other.__doc__
    for kind in (blocking, asynchronous):
        for name in public(kind):
            assert getattr(kind, name).__doc__


def test_every_name_is_listed() -> None:
    modules = {"errors", "testing"}
    assert public(loggin) - modules == set(loggin.__all__) - {"__version__"}
    assert sorted(loggin.__all__, key=str) == sorted(set(loggin.__all__))


def test_a_blocking_program_does_not_load_asyncio() -> None:
    program = (
        "import sys, loggin; loggin.Loggin().create_token('8XKPQ2WN'); assert 'asyncio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_defaults_are_those_of_the_protocol() -> None:
    options = inspect.signature(Client).parameters
    assert {name: option.default for name, option in options.items()} == {
        "base_url": None,
        "secret_key": None,
        "app_key": None,
        "whatsapp_number": None,
        "timeout": 300.0,
        "max_retries": 2,
        "call_timeout": 10.0,
        "allow_insecure_http": False,
        "idempotency_key": None,
        "require_phone": True,
        "proxy": None,
        "ca_file": None,
        "ca_pem": None,
        "client_cert_file": None,
        "client_cert_pem": None,
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is built from nothing but the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    maturin = [sys.executable, "-m", "maturin", "sdist", "--out", str(folder)]
    subprocess.run(maturin, cwd=ROOT / "python", check=True)
    [archive] = folder.glob("*.tar.gz")
    source = unpack(archive, folder)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # Its own, so that nothing of the workspace's build passes for a part of it.
        "CARGO_TARGET_DIR": str(ROOT / "target" / "sdist"),
        "MATURIN_PEP517_ARGS": "--profile dev",
    }
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, env=environment, check=True)
    [built] = folder.glob("*.whl")
    return built


def unpack(archive: Path, folder: Path) -> Path:
    """Unpacks with the time of now: Cargo takes the old times of an archive for files that it has built."""
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    for path in folder.rglob("*"):
        path.touch()
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def test_a_wheel_of_the_source_distribution_works(wheel: Path, tmp_path: Path) -> None:
    assert "-cp310-abi3-" in wheel.name
    venv.create(tmp_path, with_pip=True)
    python = str(tmp_path / "bin" / "python")
    subprocess.run([python, *PIP[1:], "install", "--no-index", str(wheel)], check=True)
    subprocess.run([python, "-I", "-c", SNIPPET], cwd=tmp_path, check=True)
    [package] = tmp_path.glob("lib/*/site-packages/loggin")
    names = {path.name for path in package.iterdir()}
    assert {"__init__.py", "py.typed", "_native.pyi", "_native.abi3.so"} <= names
    [information] = package.parent.glob("loggin-*.dist-info")
    licences = {path.name for path in information.rglob("LICENSE-*")}
    assert licences == {"LICENSE-APACHE", "LICENSE-MIT"}
