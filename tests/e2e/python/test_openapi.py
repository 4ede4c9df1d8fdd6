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


def test_every_response_is_as_documented(environment: Environment, tmp_path: Path) -> None:
    # So many calls that the limits would be all that is tested.
    _, secret_key = environment.create_app("--calls-per-minute", "1000000")
    run = [Path(sys.executable).with_name("schemathesis"), "--config-file", SETTINGS, "run"]
    run += [f"{environment.url}/openapi.json", "--header", f"X-Api-Key: {secret_key}"]
    run += ["--max-examples", EXAMPLES, "--seed", "1", "--continue-on-failure"]
    result = subprocess.run(run, check=False, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert result.returncode == 0, result.stdout
    summary = [line for line in result.stdout.splitlines() if "generated" in line or "Tested:" in line]
    print("\n".join(summary))
