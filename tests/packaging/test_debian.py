"""The package for Debian: installed, started as its unit says, upgraded under a running server, removed and purged."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from conftest import APP_SECRET, ROOT, SERVER, TEST_TIMEOUT
from throwaway import Root

UNIT = "/usr/lib/systemd/system/loggin.service"
SETTINGS = "/etc/loggin/loggin.toml"
ENABLED = "/etc/systemd/system/multi-user.target.wants/loggin.service"
DATABASE = "sqlite:/var/lib/loggin/loggin.db"
# Where systemd puts credentials, and what stands for it in a unit.
CREDENTIALS = "/run/credentials/loggin.service"
PLACEHOLDER = "${CREDENTIALS_DIRECTORY}"
# What `systemd-analyze security` may find at most, in tenths: 0 is best, 100 is a service that nothing holds back.
EXPOSURE = 20

FILLED = f"""
database_url = "{DATABASE}"
listen = "127.0.0.1:0"
metrics_listen = "off"
public_url = "https://login.example.org"

[whatsapp]
number = "15550001111"
phone_number_id = "200000000000002"
access_token = "token"
app_secret = "{APP_SECRET}"
verify_token = "0123456789abcdef"
graph_url = "http://127.0.0.1:9/v26.0"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two versions of the package, with the server that the other tests use."""
    tools = ROOT / "target" / "tools" / "bin"
    search = f"{tools}:{os.environ.get('PATH', '')}"
    if shutil.which("cargo-deb", path=search) is None:
        pytest.skip("cargo-deb is missing; `make package-tools` installs it into target/tools")
    if not SERVER.is_relative_to(ROOT / "target" / "debug"):
        pytest.skip("the package is made of target/debug, and the server is another")
    folder = tmp_path_factory.mktemp("packages")
    build = [
        "cargo",
        "deb",
        "--package",
        "loggin-server",
        "--profile",
        "dev",
        "--no-build",
        "--offline",
        "--locked",
    ]
    made = []
    for revision in ("1", "2"):
        package = folder / f"{revision}.deb"
        subprocess.run(
            [*build, "--fast", "--quiet", "--deb-revision", revision, "--output", str(package)],
            cwd=ROOT,
            env={**os.environ, "PATH": search},
            check=True,
            timeout=TEST_TIMEOUT * 4,
        )
        made.append(package)
    return made


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    throwaway = Root(tmp_path_factory.mktemp("throwaway"))
    yield throwaway
    throwaway.close()


class Service:
    """The server as systemd would start it: the unit's command, user and credentials, and its side of the protocol."""

    def __init__(self, root: Root) -> None:
        unit = ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(root.run("cat", UNIT))
        service = unit["Service"]
        user = service["User"]
        name, source = service["LoadCredential"].split(":")
        root.run("install", "-d", "-o", user, "-m", "0500", CREDENTIALS)
        root.run("install", "-o", user, "-m", "0400", source, f"{CREDENTIALS}/{name}")
        notify = f"/run/loggin-notify-{os.urandom(4).hex()}"
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(root.path(notify))
        self._manager.settimeout(TEST_TIMEOUT)
        root.run("chmod", "0666", notify)
        environment = ["env", "-i", f"NOTIFY_SOCKET={notify}"]
        own = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
        command = service["ExecStart"].replace(PLACEHOLDER, CREDENTIALS).split()
        self._process = subprocess.Popen(
            root.command(*own, *environment, *command), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        assert self._told() == "READY=1"

    def _told(self) -> str:
        return self._manager.recv(1_024).decode().splitlines()[0]

    def users(self) -> set[str]:
        """The user of the process, by number: real, effective, saved, and that of files."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return set(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:])

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/readyz", timeout=TEST_TIMEOUT) as response:
            return bool(response.status == 200)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        # One that was stopped is gone already.
        self._process.kill()
        self._process.wait(TEST_TIMEOUT)

    def stop(self) -> int:
        self._process.terminate()
        assert self._told() == "STOPPING=1"
        self._manager.close()
        return self._process.wait(TEST_TIMEOUT)


def as_service(root: Root, *arguments: str) -> str:
    own = ["setpriv", "--reuid=loggin", "--regid=loggin", "--clear-groups"]
    return root.run(*own, "env", f"LOGGIN_DATABASE_URL={DATABASE}", "/usr/bin/loggin-server", *arguments)


def test_the_package_from_its_installation_to_its_end(root: Root, packages: list[Path]) -> None:
    first, second = packages
    root.run("dpkg", "--install", str(first))
    assert root.run("stat", "--format=%U %a", "/var/lib/loggin").split() == ["loggin", "700"]
    assert root.run("stat", "--format=%U %a", SETTINGS).split() == ["root", "600"]
    assert root.run("getent", "passwd", "loggin").strip().endswith(":/usr/sbin/nologin")
    assert root.has(ENABLED)
    if shutil.which("systemd-analyze") is not None:
        root.run("systemd-analyze", "verify", UNIT)
        root.run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", UNIT)

    root.run("sh", "-c", f"cat > {SETTINGS}", given=FILLED)
    app = json.loads(as_service(root, "app", "create", "--name", "Acme", "--json"))
    with Service(root) as service:
        assert service.users() == {root.run("id", "--user", "loggin").strip()}
        assert service.is_ready()
        # An upgrade leaves the running server alone until it is started again, and the settings as they are.
        root.run("dpkg", "--install", str(second))
        assert root.run("dpkg-query", "--show", "--showformat=${Version}", "loggin-server").endswith("-2")
        assert service.is_ready()
        assert root.run("cat", SETTINGS) == FILLED
        assert service.stop() == 0
    with Service(root) as service:
        assert service.is_ready()
        listed = json.loads(as_service(root, "app", "list", "--json"))
        assert [each["app_key"] for each in listed] == [app["app_key"]]
        assert service.stop() == 0

    root.run("dpkg", "--remove", "loggin-server")
    assert not root.has("/usr/bin/loggin-server")
    assert root.has(SETTINGS)
    assert root.has("/var/lib/loggin/loggin.db")
    root.run("dpkg", "--purge", "loggin-server")
    for path in (SETTINGS, "/var/lib/loggin", ENABLED):
        assert not root.has(path), path
