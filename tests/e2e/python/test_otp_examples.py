"""The examples of the REST API sign somebody in: the code is read from the simulated phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
import uuid
from pathlib import Path

import pytest
from conftest import ROOT, TEST_TIMEOUT, Environment

EXAMPLES = ROOT / "examples"


def missing_for_php() -> str | None:
    """What the PHP example needs and is not here."""
    if shutil.which("php") is None:
        return "php"
    modules = subprocess.run(["php", "-m"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return None if "curl" in modules else "PHP's curl extension"


@pytest.fixture
def phone(environment: Environment) -> str:
    return environment.add_phone()


def code_on(environment: Environment, phone: str) -> str:
    """The code on the phone; waits until it has come."""
    path = f"phones/{phone}/messages?timeout_ms={TEST_TIMEOUT * 1000:.0f}"
    message = environment.control(path)["messages"][-1]
    assert message["template"] == "verification_code"
    return str(message["code"])


class Program:
    """An example that runs, and asks for the code."""

    def __init__(self, environment: Environment, command: list[str | Path], phone: str) -> None:
        variables = {**os.environ, "LOGGIN_BASE_URL": environment.url}
        self.process = subprocess.Popen(
            [*command, f"+{phone}"],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, *codes: str) -> str:
        """Types these codes; what the program printed, once it has ended."""
        output, _ = self.process.communicate("".join(f"{code}\n" for code in codes), timeout=TEST_TIMEOUT)
        return output


def test_the_documented_calls_with_curl(environment: Environment, phone: str) -> None:
    program = Program(environment, [EXAMPLES / "curl" / "otp.sh"], phone)
    output = program.type(code_on(environment, phone))
    assert program.process.returncode == 0, output
    assert f'"phone":"{phone}"' in output
    assert '"status":"verified"' in output


def test_a_number_that_is_none_ends_curl(environment: Environment) -> None:
    program = Program(environment, [EXAMPLES / "curl" / "otp.sh"], "12")
    assert '"error":"invalid_phone"' in program.type("000000")
    assert program.process.returncode == 1


def test_php(environment: Environment, phone: str) -> None:
    if missing := missing_for_php():
        print(f"skipped: the PHP example, as {missing} is missing")
        pytest.skip(f"{missing} is missing")
    program = Program(environment, ["php", EXAMPLES / "php" / "otp.php"], phone)
    code = code_on(environment, phone)
    wrong = code[:-1] + ("1" if code.endswith("0") else "0")
    output = program.type(wrong, code)
    assert program.process.returncode == 0, output
    assert "4 tries left" in output
    assert f"Signed in: +{phone} at 20" in output


def test_a_code_is_copied_from_the_phone_page(environment: Environment, phone: str) -> None:
    program = Program(environment, [EXAMPLES / "curl" / "otp.sh"], phone)
    code = code_on(environment, phone)
    with urllib.request.urlopen(f"{environment.simulator_url}/phone/{phone}", timeout=TEST_TIMEOUT) as page:
        shown = page.read().decode()
    assert f'data-copy="{code}"' in shown
    assert "is your verification code" in shown
    assert '"verified"' in program.type(code)
    assert uuid.UUID(
        environment.control(f"phones/{phone}/messages")["messages"][-1]["biz_opaque_callback_data"]
    )
