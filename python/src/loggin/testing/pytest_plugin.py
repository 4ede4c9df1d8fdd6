"""Fixtures for pytest, which finds them where `loggin` is installed.

def test_somebody_signs_in(loggin_environment, loggin_person, page):
    loggin_person.tap(page.get("/login").link)
    assert page.get("/me").phone == loggin_person.number
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from loggin.testing import AsyncPerson, LocalServer, Person


@pytest.fixture(scope="session")
def loggin_server() -> Iterator[LocalServer]:
    """A server for all tests of a run, each process of pytest-xdist its own; started when a test asks for it first."""
    with LocalServer() as server:
        yield server


@pytest.fixture
def loggin_environment(loggin_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Clients without options call the server for as long as the test runs."""
    variables = loggin_server.environment
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def loggin_person(loggin_server: LocalServer) -> Person:
    """Somebody who has not signed in before."""
    return loggin_server.person()


@pytest.fixture
def loggin_async_person(loggin_server: LocalServer) -> AsyncPerson:
    """The same for tests that are coroutines."""
    return loggin_server.async_person()
