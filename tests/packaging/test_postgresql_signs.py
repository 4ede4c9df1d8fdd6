"""The signs by which docs/operations.md tells PostgreSQL's failures: each is brought about and looked for."""

from __future__ import annotations

import subprocess
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import APP_SECRET, PHONE_NUMBER_ID, SERVER, TEST_TIMEOUT
from house import SETTINGS, blocks
from machines import Machine
from pages import Block, codes
from postgresql import Cluster, other_user

# Under which servers make the tables one after the other: the name, in bytes.
LOCK = int.from_bytes(b"\0\0loggin", "big")


class Patient:
    """One server on one PostgreSQL, and how it does."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster()
        with (self.cluster.configuration / "pg_hba.conf").open("a") as hba:
            hba.write("local loggin loggin trust\n")
        self.cluster.stop()
        self.cluster.start()
        self.cluster.query("CREATE ROLE loggin LOGIN", "postgres")
        self.cluster.query("CREATE DATABASE loggin OWNER loggin", "postgres")
        self.machine = Machine(folder, 1, self.cluster)
        values = {
            "phone_number_id": PHONE_NUMBER_ID,
            "app_secret": APP_SECRET,
            "graph_url": "http://127.0.0.1:9",
        }
        host = f"host={self.cluster.folder}&port={self.cluster.port}&user=loggin"
        text = SETTINGS.format(**values).replace(
            "sqlite:/var/lib/loggin/loggin.db", f"postgres:///loggin?{host}"
        )
        self.machine.settings.write_text(self.machine.here(text))
        self.machine.start()
        self._read = 0

    def readiness(self) -> int:
        try:
            return self.machine.status("/readyz")
        except urllib.error.HTTPError as refused:
            return refused.code

    def await_readiness(self, wanted: int) -> None:
        """Asks until it is so."""
        given_up = time.monotonic() + TEST_TIMEOUT
        while self.readiness() != wanted:
            assert time.monotonic() < given_up, self.machine.log.read_text()

    def told(self) -> str:
        """What the log says since the last look."""
        text = self.machine.log.read_text()
        new, self._read = text[self._read :], len(text)
        return new

    def await_sign(self, sign: str) -> str:
        """What the log says since the last look, up to this sign."""
        given_up, seen = time.monotonic() + TEST_TIMEOUT, self.told()
        while sign not in seen:
            assert time.monotonic() < given_up, seen
            self.readiness()
            seen += self.told()
        return seen

    def cut_off(self) -> None:
        """Ends all connections of the server."""
        self.cluster.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'loggin'", "postgres"
        )

    @contextmanager
    def session(self, *statements: str) -> Iterator[None]:
        """Somebody with `psql` who has run these statements and stays."""
        environment = [f"{name}={value}" for name, value in self.cluster.environment().items()]
        command = [*other_user(), "env", *environment, "psql", "-XAtq", "-d", "loggin"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd="/", **pipes) as psql:  # type: ignore[call-overload]
            psql.stdin.write("\n".join([*statements, "\\echo there"]) + "\n")
            psql.stdin.flush()
            while psql.stdout.readline() != "there\n":
                assert psql.poll() is None
            try:
                yield
            finally:
                psql.stdin.close()
                psql.wait(TEST_TIMEOUT)

    def look_up(self, what: str) -> str:
        """What the command of the page prints that asks for this."""
        (block,) = blocks("PostgreSQL", page="operations.md")
        (command,) = [command for command in block.commands() if what in command]
        return self.machine.follow(Block("sh", command))

    def close(self) -> None:
        self.machine.kill()
        self.cluster.close()


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    patient = Patient(tmp_path_factory.mktemp("patient"))
    yield patient
    patient.close()


@pytest.fixture
def healthy(patient: Patient) -> Patient:
    patient.await_readiness(200)
    patient.told()
    return patient


def signs(what: str) -> list[str]:
    """What the page says of a failure's signs, in code."""
    return codes("operations.md", "PostgreSQL")[what]


def test_it_is_gone(healthy: Patient) -> None:
    healthy.cluster.stop()
    healthy.await_readiness(503)
    seen = healthy.await_sign("error connecting to server")
    for sign in ("a connection to the database ended", "57P01", "error connecting to server"):
        assert sign in signs("it is gone, or starts again")
        assert sign in seen
    healthy.cluster.start()
    healthy.await_readiness(200)


@pytest.mark.parametrize(
    ("what", "code", "cause", "cure"),
    [
        (
            "its connections are used up",
            "53300",
            "ALTER ROLE loggin CONNECTION LIMIT 1",
            "ALTER ROLE loggin CONNECTION LIMIT -1",
        ),
        (
            "another one took over",
            "25006",
            "ALTER DATABASE loggin SET default_transaction_read_only = on",
            "ALTER DATABASE loggin RESET default_transaction_read_only",
        ),
    ],
)
def test_a_code_says_why(healthy: Patient, what: str, code: str, cause: str, cure: str) -> None:
    assert code in signs(what)
    healthy.cluster.query(cause, "postgres")
    healthy.cut_off()
    healthy.await_readiness(503)
    healthy.await_sign(code)
    healthy.cluster.query(cure, "postgres")
    healthy.cut_off()
    healthy.await_readiness(200)


def test_something_holds_a_lock(healthy: Patient) -> None:
    with healthy.session("BEGIN;", "LOCK TABLE changes;"):
        healthy.await_readiness(503)
        assert "loggin-server" in healthy.look_up("client_addr")
        assert "FROM changes" in healthy.look_up("pg_blocking_pids")
    healthy.await_readiness(200)


def test_who_leads(healthy: Patient) -> None:
    given_up = time.monotonic() + TEST_TIMEOUT
    # It is the only one, and says so within seconds of whatever was before.
    while "| t " not in healthy.look_up("FROM leader"):
        assert time.monotonic() < given_up


def test_a_start_does_not_end(healthy: Patient) -> None:
    healthy.machine.stop()
    healthy.cluster.query("DROP DATABASE loggin", "postgres")
    healthy.cluster.query("CREATE DATABASE loggin OWNER loggin", "postgres")
    command = [str(SERVER), "app", "list", "--config", str(healthy.machine.settings)]
    with healthy.session(f"SELECT pg_advisory_lock({LOCK});"):
        starting = subprocess.Popen(command, env={}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert starting.stderr is not None
        assert b"another server makes the tables" in starting.stderr.readline()
        assert "(1 row)" in healthy.look_up("pg_locks")
        assert starting.poll() is None
    assert starting.wait(TEST_TIMEOUT) == 0
    assert "(0 rows)" in healthy.look_up("pg_locks")
    healthy.machine.start()
