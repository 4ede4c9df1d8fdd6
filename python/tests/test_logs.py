"""What the client logs: the logger `loggin` of `logging`, which is silent unless the program listens."""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import DriverClass, Serve
from scripted_server import TEST_TIMEOUT, Exchange, verify

from loggin import CreatedToken

OUTAGE = """
import {imports}
from loggin import Loggin, LogginError
client = Loggin({url!r}, max_retries=0)
try:
    client.verify_token(client.create_token("8XKPQ2WN").token)
except LogginError as error:
    assert error.cause == "cut", error.cause
else:
    raise SystemExit("it succeeded")
"""


class Kept(logging.Handler):
    """Keeps what was logged, and waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._records: queue.Queue[logging.LogRecord] = queue.Queue()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put(record)

    def until(self, level: int) -> None:
        """Blocks until something of this level was logged."""
        while True:
            record = self._records.get(timeout=TEST_TIMEOUT)
            self.texts.append(record.getMessage())
            if record.levelno == level:
                return


@pytest.fixture
def kept() -> Iterator[Kept]:
    logger, handler = logging.getLogger("loggin"), Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def cut(exchange: Exchange) -> None:
    """A server that ends each connection."""
    exchange.hang_up()


def test_an_outage_and_its_end_are_told(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, kept: Kept
) -> None:
    server = serve(cut, verify)
    session = open_driver(server.url).wait(login.token)
    kept.until(logging.WARNING)
    kept.until(logging.INFO)
    for secret in (login.token, login.code, session.phone):
        assert not any(secret in text for text in kept.texts)


@pytest.mark.parametrize(
    ("imports", "told"),
    [("sys", ""), ("logging", ""), ("logging; logging.basicConfig()", "WARNING:loggin:")],
    ids=["without logging", "logging by default", "logging set up"],
)
def test_a_program_is_told_what_it_asked_for(serve: Serve, imports: str, told: str) -> None:
    program = OUTAGE.format(imports=imports, url=serve(cut).url)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=TEST_TIMEOUT, check=False
    )
    assert (ended.returncode, ended.stderr[: len("WARNING:loggin:")]) == (0, told), ended.stderr


def test_a_forked_child_is_told_its_own(serve: Serve) -> None:
    outage = OUTAGE.format(imports="logging, os; logging.basicConfig()", url=serve(cut).url)
    program = (
        outage
        + "\nif child := os.fork():\n    assert os.waitpid(child, 0)[1] == 0\nelse:\n"
        + "".join(f"    {line}\n" for line in outage.strip().splitlines())
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count("WARNING:loggin:")) == (0, 2), ended.stderr
