"""Webhooks from the real server, verified by the published libraries of Standard Webhooks and by our own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from conftest import SERVER, TEST_TIMEOUT, WEBHOOK_SECRET, Environment
from loggin import AuthenticationError, Loggin, verify_webhook


@dataclass
class Delivery:
    """What arrived."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """The server of an app."""

    url: str
    arrived: queue.Queue[Delivery]

    def take(self) -> Delivery:
        return self.arrived.get(timeout=TEST_TIMEOUT)


@contextmanager
def receiving() -> Iterator[Receiver]:
    arrived: queue.Queue[Delivery] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            arrived.put(Delivery(dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Receiver(f"http://127.0.0.1:{server.server_port}/hook", arrived)
        finally:
            server.shutdown()


def webhook(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command on the database of the server that runs."""
    variables = {
        **os.environ,
        "LOGGIN_DATABASE_URL": f"sqlite:{environment.data / 'loggin.db'}",
        "LOGGIN_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "LOGGIN_WEBHOOK_NETWORKS": "127.0.0.1",
    }
    return subprocess.run(
        [str(SERVER), "webhook", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT * 2,
        check=False,
    )


def told(environment: Environment, *arguments: str) -> Any:
    done = webhook(environment, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_standardwebhooks(delivery: Delivery, secret: str) -> Any:
    return standardwebhooks.Webhook(secret).verify(delivery.body, delivery.headers)


def by_svix(delivery: Delivery, secret: str) -> Any:
    # It says nothing where all is well.
    svix.webhooks.Webhook(secret).verify(delivery.body, delivery.headers)
    return json.loads(delivery.body)


def by_loggin(delivery: Delivery, secret: str) -> Any:
    event = verify_webhook(delivery.body, delivery.headers, secret)
    assert event.id == delivery.headers["webhook-id"]
    return {**json.loads(delivery.body), "type": event.type, "data": event.data}


VERIFIERS: list[Callable[[Delivery, str], Any]] = [by_standardwebhooks, by_svix, by_loggin]


@pytest.mark.parametrize("verify", VERIFIERS)
def test_a_sign_in_is_told_and_verified(
    environment: Environment, verify: Callable[[Delivery, str], Any]
) -> None:
    app_key, secret_key = environment.create_app("--require-secret-key", "true")
    with receiving() as receiver:
        endpoint = told(environment, "add", app_key, receiver.url, "--event", "login.verified")
        client, phone = Loggin(environment.url, secret_key=secret_key), environment.add_phone()
        login = client.create_token(app_key)
        waiting = threading.Thread(target=lambda: client.wait_for_verify(login.token, timeout=TEST_TIMEOUT))
        waiting.start()
        environment.tap(login.link, phone)
        waiting.join()
        delivery = receiver.take()
        event = verify(delivery, endpoint["secret"])
        assert event["type"] == "login.verified"
        assert event["data"]["phone"] == phone
        assert event["data"]["login_id"] == client.login_id(login.token)
        assert login.token.encode() not in delivery.body
        assert login.code.encode() not in delivery.body
        for changed in (
            Delivery(delivery.headers, delivery.body.replace(b"verified", b"verifies", 1)),
            Delivery({**delivery.headers, "webhook-id": "evt_other"}, delivery.body),
        ):
            with pytest.raises(
                (
                    standardwebhooks.WebhookVerificationError,
                    svix.webhooks.WebhookVerificationError,
                    AuthenticationError,
                )
            ):
                verify(changed, endpoint["secret"])


@pytest.mark.parametrize("verify", VERIFIERS)
def test_a_secret_is_replaced_without_a_gap(
    environment: Environment, verify: Callable[[Delivery, str], Any]
) -> None:
    app_key, _ = environment.create_app()
    with receiving() as receiver:
        endpoint = told(environment, "add", app_key, receiver.url)
        rotated = told(environment, "rotate", endpoint["endpoint_id"])
        delivered = told(environment, "test", endpoint["endpoint_id"])
        assert (delivered["state"], delivered["status"]) == ("delivered", 204)
        delivery = receiver.take()
        for secret in (endpoint["secret"], rotated["secret"]):
            assert verify(delivery, secret)["type"] == "webhook.test"


def test_an_operator_looks_disables_and_replays(environment: Environment) -> None:
    app_key, _ = environment.create_app()
    with receiving() as receiver:
        endpoint_id = told(environment, "add", app_key, receiver.url)["endpoint_id"]
        event_id = told(environment, "test", endpoint_id)["event_id"]
        assert receiver.take().headers["webhook-id"] == event_id
        assert webhook(environment, "replay", endpoint_id, event_id).returncode == 0
        assert receiver.take().headers["webhook-id"] == event_id
        assert webhook(environment, "disable", endpoint_id).returncode == 0
        assert webhook(environment, "test", endpoint_id).returncode == 1
        assert told(environment, "show", endpoint_id)["disabled_for"] == "administrator"
        assert webhook(environment, "enable", endpoint_id).returncode == 0
    # Nobody listens there any more.
    failed = webhook(environment, "test", endpoint_id, "--json")
    assert (failed.returncode, json.loads(failed.stdout)["failure"]) == (1, "connect")
    states = {one["state"] for one in told(environment, "deliveries", endpoint_id)}
    assert states == {"delivered", "waiting"}
    assert webhook(environment, "delete", endpoint_id).returncode == 1
    assert webhook(environment, "delete", endpoint_id, "--yes").returncode == 0
    assert webhook(environment, "show", endpoint_id).returncode == 1


def test_what_is_no_place_for_webhooks_is_refused(environment: Environment) -> None:
    app_key, _ = environment.create_app()
    for url in ("ftp://app.example", "https://10.0.0.1/", "http://1.1.1.1/", "https://user:pw@app.example/"):
        assert webhook(environment, "add", app_key, url).returncode == 1, url
    assert webhook(environment, "add", app_key, "https://app.example/", "--event", "login").returncode == 1
    assert told(environment, "list", app_key) == []
