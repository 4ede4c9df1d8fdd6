"""The server does what its OpenAPI document says: schemathesis makes calls up and judges the responses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import Environment

SETTINGS = Path(__file__).with_name("schemathesis.toml")
# Made-up calls of each operation and phase. 20 take ten seconds; SCHEMATHESIS_EXAMPLES=1000 some minutes.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "20")


# Of the admin API, whose keys make so many calls in a minute and no more.
ADMIN_EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "5")
ADMIN_SCOPES = [
    "apps:read",
    "apps:write",
    "keys:write",
    "logs:read",
    "usage:read",
    "webhooks:read",
    "webhooks:write",
    "audit:read",
    "test_numbers:write",
    "admins:write",
]


def test_every_response_is_as_documented(environment: Environment, tmp_path: Path) -> None:
    # So many calls that the limits would be all that is tested.
    _, secret_key = environment.create_app("--calls-per-minute", "1000000")
    judge(environment, secret_key, tmp_path, "--max-examples", EXAMPLES)


def test_every_response_to_an_administrator_is_as_documented(tmp_path: Path) -> None:
    scopes = [word for scope in ADMIN_SCOPES for word in ("--scope", scope)]
    selected = ["--include-tag", "admin", "--exclude-operation-id", "adminTestWebhook"]
    selected += ["--phases", "examples,fuzzing", "--max-examples", ADMIN_EXAMPLES]
    # A server of its own: such calls pause the apps of others, and delete them.
    with Environment() as environment:
        made = environment.command("access-key", "create", "--label", "schemathesis", "--json", *scopes)
        judge(environment, made["access_key"], tmp_path, *selected)


def judge(environment: Environment, key: str, folder: Path, *options: str) -> None:
    run = [Path(sys.executable).with_name("schemathesis"), "--config-file", SETTINGS, "run"]
    run += [f"{environment.url}/openapi.json", "--header", f"X-Api-Key: {key}"]
    run += [*options, "--seed", "1", "--continue-on-failure"]
    result = subprocess.run(run, check=False, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert result.returncode == 0, result.stdout
    summary = [line for line in result.stdout.splitlines() if "generated" in line or "Tested:" in line]
    print("\n".join(summary))
