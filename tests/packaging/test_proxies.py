"""What docs/deploy.md promises of each proxy: streams not held back, addresses and bodies as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from conftest import PACKAGING, ROOT, Operated, signature, webhook
from proxies import Caddy, Nginx, Proxy

# Tokens that an address may wait for in a minute without a secret key, and in one call.
WAITS, TOKENS = 3_000, 100


@pytest.fixture(params=[Nginx, Caddy], scope="module")
def proxy(
    request: pytest.FixtureRequest, operated: Operated, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    kind: type[Proxy] = request.param
    if kind.found() is None:
        pytest.skip(f"{kind.program} is missing; with apt-get it is the package {kind.package}")
    running = kind(tmp_path_factory.mktemp(kind.program), operated.port)
    yield running
    running.stop()


def post(
    connection: HTTPConnection, path: str, body: Any, headers: dict[str, str] | None = None
) -> HTTPResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, data, {"Content-Type": "application/json", **(headers or {})})
    return connection.getresponse()


def send(connection: HTTPConnection, body: bytes) -> int:
    response = post(connection, "/webhooks/whatsapp", body, {"X-Hub-Signature-256": signature(body)})
    response.read()
    return response.status


def next_event(stream: HTTPResponse) -> str:
    """The name of the next event; comments are passed over."""
    name = ""
    while line := stream.readline().decode().rstrip("\n"):
        name = line.removeprefix("event: ") if line.startswith("event: ") else name
    return name or next_event(stream)


def test_a_login_whose_stream_is_not_held_back(proxy: Proxy, operated: Operated) -> None:
    one, other = operated.token(), operated.token()
    # A browser takes compressed responses, which are held back until a block is full.
    headers = {"Accept-Encoding": "gzip, deflate, br"}
    stream = post(proxy.client(), "/api/v1/tokens/events", {"tokens": [one.token, other.token]}, headers)
    assert (stream.status, stream.headers["Content-Encoding"]) == (200, None)
    assert next_event(stream) == "ready"
    caller = proxy.client()
    # Each event comes while the stream goes on.
    for token in (one, other):
        assert send(caller, webhook(f"Code: {token.code}")) == 200
        assert next_event(stream) == "verified"
    assert stream.read() == b""
    redeemed = post(caller, "/api/v1/tokens/verify", {"token": one.token}, {"X-Api-Key": operated.secret_key})
    assert json.loads(redeemed.read())["status"] == "verified"


def test_a_webhook_comes_as_it_was_signed(proxy: Proxy) -> None:
    caller = proxy.client()
    body = webhook("Привет \N{WAVING HAND SIGN} no code here")
    # As large as Meta's may be, and with white space that a parser would not keep.
    large = body.replace(b'"object"', b'\n\t "object"') + b" " * (2_900_000 - len(body))
    assert [send(caller, body), send(caller, large)] == [200, 200]


def test_the_address_of_a_client_is_its_own(proxy: Proxy, operated: Operated) -> None:
    def wait(caller: HTTPConnection, claimed: str) -> int:
        tokens = [operated.token().token for _ in range(TOKENS)]
        headers = {"Accept": "application/json", "X-Forwarded-For": claimed, "Forwarded": f"for={claimed}"}
        # Another app than theirs is rejected at once.
        body = {"tokens": tokens, "app_key": "00000000"}
        response = post(caller, "/api/v1/tokens/events", body, headers)
        response.read()
        return response.status

    source = "127.0.0.3" if isinstance(proxy, Nginx) else "127.0.0.4"
    caller = proxy.client(source)
    for number in range(WAITS // TOKENS):
        assert wait(caller, f"203.0.113.{number}") == 200
    # It cannot pass for another client, and another is not taken for it.
    assert wait(caller, "203.0.113.200") == 429
    assert wait(proxy.client("127.0.0.5"), source) == 200


def test_calls_may_come_over_http2(proxy: Proxy) -> None:
    with proxy.connect(protocol="h2") as connection:
        assert connection.selected_alpn_protocol() == "h2"


def test_the_code_of_a_link_is_in_no_access_log(proxy: Proxy, operated: Operated) -> None:
    if not isinstance(proxy, Nginx):
        # Caddy has none unless it is told to.
        assert "\tlog " not in (PACKAGING / "caddy" / "Caddyfile").read_text()
        return
    caller = proxy.client()
    code = operated.token().code
    # A line is written before the next call of its connection is served.
    for path, status in ((f"/l/{code}", 302), ("/healthz", 200), ("/readyz", 200)):
        caller.request("GET", path)
        response = caller.getresponse()
        response.read()
        assert response.status == status
    log = proxy.access_log.read_text()
    assert "/healthz" in log
    assert str(code) not in log


@pytest.mark.parametrize(
    ("language", "files"),
    [
        ("nginx", ["nginx/loggin.conf", "nginx/three-nodes.conf"]),
        ("caddyfile", ["caddy/Caddyfile", "caddy/three-nodes.Caddyfile"]),
    ],
)
def test_the_page_shows_the_settings_that_are_tested(language: str, files: list[str]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    shown = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown == [(PACKAGING / path).read_text() for path in files]
