"""Why a server is not reached: what errors and the client's state tell of it."""

from __future__ import annotations

import socket
from datetime import datetime, timezone

import pytest
from conftest import DriverClass, Serve

from loggin import ConnectionFailedError, CreatedToken, ServerError, VerifyTimeoutError


@pytest.fixture
def nowhere() -> str:
    """A URL at which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_error_tells_why_the_server_was_not_reached(
    open_driver: DriverClass, nowhere: str, login: CreatedToken
) -> None:
    driver = open_driver(nowhere, max_retries=0)
    with pytest.raises(ConnectionFailedError) as caught:
        driver.verify(login.token)
    assert (caught.value.code, caught.value.cause) == ("connection", "refused")


def test_a_wait_tells_that_nothing_was_connected(
    open_driver: DriverClass, nowhere: str, login: CreatedToken
) -> None:
    with pytest.raises(VerifyTimeoutError) as caught:
        open_driver(nowhere).wait(login.token, timeout=0.3)
    assert (caught.value.code, caught.value.cause) == ("timeout", "refused")


def test_a_response_of_somebody_else(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(lambda exchange: exchange.respond(401, "<html>", content_type="text/html"))
    with pytest.raises(ServerError) as caught:
        open_driver(server.url, max_retries=0).verify(login.token)
    assert (caught.value.code, caught.value.cause) == ("invalid_response", "http_401")


def test_the_state_of_a_client(open_driver: DriverClass, nowhere: str, login: CreatedToken) -> None:
    driver = open_driver(nowhere, max_retries=0)
    state = driver.client.state()
    assert (state.is_connected, state.since, state.cause) == (False, None, None)
    before = datetime.now(timezone.utc)
    with pytest.raises(ConnectionFailedError):
        driver.verify(login.token)
    state = driver.client.state()
    assert (state.is_connected, state.cause) == (False, "refused")
    assert state.since is not None
    assert before <= state.since <= datetime.now(timezone.utc)
