"""Codes of another authentication server, from its signed call to the simulated phone."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timezone
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import standardwebhooks
from conftest import SERVER, TEST_TIMEOUT, Environment


def command(environment: Environment, *arguments: str) -> str:
    """Runs a command on the database of the server that runs; what it printed."""
    variables = {
        **os.environ,
        "LOGGIN_DATABASE_URL": f"sqlite:{environment.data / 'loggin.db'}",
        "LOGGIN_OTP_SECRET": "0123456789abcdef" * 2,
        "LOGGIN_PUBLIC_URL": "https://login.example.org",
    }
    run = subprocess.run(
        [str(SERVER), *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=TEST_TIMEOUT * 2,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def post(url: str, body: bytes, headers: dict[str, str]) -> Any:
    request = Request(url, body, {"Content-Type": "application/json", **headers})
    with urlopen(request, timeout=TEST_TIMEOUT) as response:
        return json.load(response)


def test_a_call_that_supabase_signs_brings_its_code_to_the_phone(environment: Environment) -> None:
    made = command(
        environment, "access-key", "create", "--label", "ci", "--scope", "gateways:write", "--json"
    )
    key = {"Authorization": f"Bearer {json.loads(made)['access_key']}"}
    wish = json.dumps({"app_key": environment.app_key, "kind": "supabase"}).encode()
    gateway = post(f"{environment.url}/api/v1/admin/gateways", wish, key)
    assert gateway["url"].startswith(f"{environment.url}/api/v1/gateway/supabase/gw_")
    phone = environment.add_phone()
    payload = json.dumps({"user": {"phone": phone}, "sms": {"otp": "561166", "phone": phone}})
    signer = standardwebhooks.Webhook(gateway["secret"].removeprefix("v1,"))
    now = datetime.now(timezone.utc)

    def call(name: str, signature: str) -> Any:
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        return post(gateway["url"], payload.encode(), headers)

    assert call("msg_1", signer.sign("msg_1", now, payload)) == {}
    assert call("msg_2", signer.sign("msg_2", now, payload)) == {}
    assert environment.otp_codes(phone) == ["561166"], "it came once"
    with pytest.raises(HTTPError) as caught:
        call("msg_3", signer.sign("msg_1", now, payload))
    assert (caught.value.code, json.load(caught.value)["error"]["http_code"]) == (401, 401)


def test_a_command_prints_where_it_is_called_and_the_secret_once(environment: Environment) -> None:
    made = command(environment, "gateway", "create", "--as", "kratos", "--app", environment.app_key, "--json")
    gateway = json.loads(made)
    name, secret = gateway["gateway_id"], gateway["secret"]
    assert gateway["url"] == f"https://login.example.org/api/v1/gateway/kratos/{name}"
    shown = command(environment, "gateway", "show", name)
    assert gateway["url"] in shown
    assert "request_config" in shown
    assert secret not in shown
    rotated = command(environment, "gateway", "rotate", name, "--overlap", "60s")
    assert "lggw_" in rotated
    assert secret not in rotated
    assert "is good too" in rotated
    assert name in command(environment, "gateway", "list", environment.app_key)
    command(environment, "gateway", "delete", name, "--yes")
    assert name not in command(environment, "gateway", "list")
