"""Servers that speak TLS: whom a client trusts, whom not and why, and streams over it."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from conftest import DriverClass, Serve, in_thread
from scripted_server import TEST_TIMEOUT, keep_waiting, verify

from loggin import (
    ClosedError,
    ConnectionFailedError,
    CreatedToken,
    InvalidInputError,
    Loggin,
    VerifyTimeoutError,
)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A company's own authority, which nobody else trusts."""
    return trustme.CA()


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


def context(certificate: trustme.LeafCert, client_authority: trustme.CA | None = None) -> ssl.SSLContext:
    """What a server shows, and whose clients it takes where it takes not all."""
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(made)
    if client_authority:
        client_authority.configure_trust(made)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


@pytest.mark.parametrize("named_by", ["ca_pem", "ca_file", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_private_authority_is_trusted_where_it_is_named(
    named_by: str,
    authority: trustme.CA,
    open_driver: DriverClass,
    serve: Serve,
    login: CreatedToken,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve(verify, tls=context(authority.issue_cert("localhost")))
    file = tmp_path / "ca.pem"
    file.write_text(pem(authority))
    options: dict[str, Any] = {}
    if named_by.startswith("ca"):
        options[named_by] = {"ca_pem": file.read_text(), "ca_file": file}[named_by]
    else:
        monkeypatch.setenv(named_by, str({"SSL_CERT_FILE": file, "SSL_CERT_DIR": tmp_path}[named_by]))
    driver = open_driver(server.url, **options)
    assert driver.wait(login.token).app_key == "8XKPQ2WN"


@pytest.mark.parametrize(
    ("name", "until", "is_trusted", "cause"),
    [
        ("localhost", datetime(2021, 1, 1, tzinfo=timezone.utc), True, "tls_expired"),
        ("elsewhere.example", None, True, "tls_name"),
        ("localhost", None, False, "tls_unknown_issuer"),
    ],
)
def test_a_certificate_that_is_not_good_says_why(
    name: str,
    until: datetime | None,
    is_trusted: bool,
    cause: str,
    authority: trustme.CA,
    open_driver: DriverClass,
    serve: Serve,
    login: CreatedToken,
) -> None:
    before = datetime(2020, 1, 1, tzinfo=timezone.utc)
    certificate = authority.issue_cert(name, not_before=before, not_after=until)
    server = serve(verify, tls=context(certificate))
    driver = open_driver(server.url, ca_pem=pem(authority if is_trusted else trustme.CA()), max_retries=0)
    with pytest.raises(ConnectionFailedError) as failed:
        driver.verify(login.token)
    assert failed.value.cause == cause
    with pytest.raises(VerifyTimeoutError) as late:
        driver.wait(login.token, timeout=0.3)
    assert late.value.cause == cause
    assert server.exchanges == [], "nothing was told to a server that is not trusted"


def test_a_server_that_says_nothing_in_the_handshake(open_driver: DriverClass, login: CreatedToken) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        driver = open_driver(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(VerifyTimeoutError) as caught:
            driver.wait(login.token, timeout=0.3)
    assert caught.value.cause == "timeout"


def test_a_client_shows_its_certificate_where_it_is_asked_for(
    authority: trustme.CA, open_driver: DriverClass, serve: Serve, login: CreatedToken, tmp_path: Path
) -> None:
    server = serve(verify, tls=context(authority.issue_cert("localhost"), authority))
    identity = authority.issue_cert("app.example").private_key_and_cert_chain_pem.bytes()
    file = tmp_path / "client.pem"
    file.write_bytes(identity)
    for options in ({"client_cert_file": file}, {"client_cert_pem": identity.decode()}):
        driver = open_driver(server.url, ca_pem=pem(authority), **options)
        assert driver.wait(login.token).app_key == "8XKPQ2WN"
    driver = open_driver(server.url, ca_pem=pem(authority), max_retries=0)
    with pytest.raises(ConnectionFailedError) as caught:
        driver.verify(login.token)
    assert caught.value.cause == "tls_client_certificate"


def test_closing_hangs_up_a_stream(
    authority: trustme.CA, open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    server = serve(keep_waiting, tls=context(authority.issue_cert("localhost")))
    driver = open_driver(server.url, ca_pem=pem(authority))
    waiting = in_thread(lambda: driver.wait(login.token))
    stream = server.exchange(0)
    driver.client.close()
    with pytest.raises(ClosedError):
        waiting.result(TEST_TIMEOUT)
    assert stream.was_hung_up.wait(TEST_TIMEOUT)


@pytest.mark.parametrize(
    "options",
    [
        {"ca_pem": "no certificates"},
        {"ca_file": "/no/such/file"},
        {"client_cert_pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"client_cert_file": Path("/no/such/file")},
    ],
)
def test_malformed_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Loggin(base_url="https://login.example", **options)
    assert caught.value.code == "invalid_config"
    assert "/no/such" not in str(caught.value)
