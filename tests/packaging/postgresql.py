"""A PostgreSQL server in a folder of its own, set up as packaging/ says, and reached over TLS by its name."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import trustme
from conftest import TEST_TIMEOUT
from ports import free_port
from proxies import LOCAL

_PROGRAMS = ("initdb", "pg_ctl", "pg_basebackup")
# Where Debian has them.
_FOLDER = Path("/usr/lib/postgresql")
# The parts of a cluster of Debian's, by which the pages name them.
CONFIGURATION, DATA = "/etc/postgresql/15/main", "/var/lib/postgresql/15"
_BELOW = "/etc/postgresql/loggin"


def programs() -> Path:
    """The folder of the programs of the server."""
    versions = sorted(_FOLDER.glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    folders = [*reversed(versions), *map(Path, os.environ.get("PATH", "").split(":"))]
    for folder in folders:
        if all((folder / program).is_file() for program in _PROGRAMS):
            return folder
    pytest.skip("PostgreSQL is missing; with apt-get it is the package postgresql")


def other_user() -> list[str]:
    """What a command begins with for the user that the server runs as, which is never root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


class Cluster:
    """A server with one superuser, `postgres`, who comes over the socket in its folder."""

    def __init__(self) -> None:
        self.programs = programs()
        # Not among pytest's, into which other users may not look.
        self._folder = tempfile.TemporaryDirectory(prefix="loggin-postgresql-")
        self.folder = Path(self._folder.name)
        self.port = free_port()
        self.data, self.configuration = self.folder / "main", self.folder / "etc"
        (self.configuration / "conf.d").mkdir(parents=True)
        self._is_running = False
        self._issue()
        self._give()
        self._make()
        self.start()

    def _make(self) -> None:
        init: list[str | Path] = [
            self.programs / "initdb",
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        self.run(*init, "--no-locale", "-D", self.data)
        # As on Debian, all but the data stands in a folder of its own.
        for name in ("postgresql.conf", "pg_hba.conf"):
            shutil.move(self.data / name, self.configuration / name)
        with (self.configuration / "postgresql.conf").open("a") as settings:
            settings.write(
                f"data_directory = '{self.data}'\nhba_file = '{self.configuration}/pg_hba.conf'\n"
                f"unix_socket_directories = '{self.folder}'\nport = {self.port}\n"
                # The tests kill a server at most, never the machine.
                "fsync = off\ninclude_dir = 'conf.d'\n"
            )
        hba = "local all postgres trust\nlocal replication postgres trust\n"
        (self.configuration / "pg_hba.conf").write_text(hba)

    def places(self) -> dict[str, str]:
        """What the pages call things, and what they are here."""
        return {
            CONFIGURATION: str(self.configuration),
            DATA: str(self.folder),
            "/var/backups/postgresql": str(self.folder / "backups"),
            _BELOW: str(self.folder / "tls"),
            "10.87.0.0/24": "127.0.0.0/8",
            "db.example:5432": f"{LOCAL}:{self.port}",
        }

    def here(self, text: str) -> str:
        """Settings of a page or of packaging/, as they are here."""
        for name, place in self.places().items():
            text = text.replace(name, place)
        return text

    def environment(self) -> dict[str, str]:
        """By which the superuser's programs find it."""
        path = f"{self.programs}:{os.environ.get('PATH', '')}"
        return {"PATH": path, "PGHOST": str(self.folder), "PGPORT": str(self.port), "PGUSER": "postgres"}

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def run(self, *command: str | Path) -> str:
        """Runs a program as the server's user, which must succeed."""
        done = subprocess.run(
            [
                *other_user(),
                "env",
                *(f"{name}={value}" for name, value in self.environment().items()),
                *command,
            ],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=TEST_TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def query(self, sql: str, database: str = "loggin") -> str:
        return self.run("psql", "-XAtq", "-d", database, "-c", sql).strip()

    def start(self) -> None:
        for settings in (self.configuration / "conf.d").iterdir():
            settings.write_text(self.here(settings.read_text()))
        # What it prints goes to its log: a pipe would be open as long as it runs.
        command: list[str | Path] = ["pg_ctl", "-D", self.data, "-w", "-s", "-l", self.folder / "log"]
        try:
            self.run(*command, "-o", f"-c config_file={self.configuration}/postgresql.conf", "start")
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise AssertionError((self.folder / "log").read_text()) from error
        self._is_running = True

    def stop(self, mode: str = "fast") -> None:
        if self._is_running:
            self._is_running = False
            self.run("pg_ctl", "-D", self.data, "-m", mode, "stop")

    def close(self) -> None:
        self.stop("immediate")
        self._folder.cleanup()

    def _issue(self) -> None:
        """The certificate, of an authority of this test's."""
        authority = trustme.CA()
        issued = authority.issue_cert(LOCAL)
        (self.folder / "tls").mkdir()
        authority.cert_pem.write_to_path(str(self.authority))
        issued.cert_chain_pems[0].write_to_path(str(self.folder / "tls" / "cert.pem"))
        key = self.folder / "tls" / "key.pem"
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)

    def _give(self) -> None:
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, user.pw_uid, user.pw_gid)
