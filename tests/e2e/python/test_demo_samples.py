"""The programs that the demo's page offers to copy sign somebody in as they stand."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT, TEST_TIMEOUT, Environment

SAMPLE = re.compile(r'id="sample-(\w+)">.*?<pre[^>]*><code>(.*?)</code></pre>', re.DOTALL)


def samples(environment: Environment) -> dict[str, str]:
    """Each program as it is copied, by its language."""
    with urllib.request.urlopen(f"{environment.url}/demo", timeout=TEST_TIMEOUT) as response:
        page = response.read().decode()
    return {language: html.unescape(code) for language, code in SAMPLE.findall(page)}


def test_there_is_one_for_each_language(environment: Environment) -> None:
    found = samples(environment)
    assert list(found) == ["python", "node", "react", "nextjs", "kotlin", "swift", "curl", "php"]
    for language, code in found.items():
        assert environment.url in code, language
        assert "8XKPQ2WN" in code, language


@pytest.mark.parametrize(
    ("language", "command", "file"),
    [
        ("python", [sys.executable, "-u"], "sample.py"),
        ("node", ["node"], "sample.mjs"),
    ],
)
def test_a_login_by_link(
    environment: Environment, tmp_path: Path, language: str, command: list[str], file: str
) -> None:
    (tmp_path / file).write_text(samples(environment)[language])
    packages = tmp_path / "node_modules" / "@loggin"
    packages.mkdir(parents=True)
    (packages / "sdk").symlink_to(ROOT / "node" / "sdk")
    with subprocess.Popen([*command, file], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        link = process.stdout.readline().removeprefix("Open this link on your phone: ").strip()
        environment.tap(link, environment.add_phone())
        signed_in, _ = process.communicate(timeout=TEST_TIMEOUT)
    assert process.returncode == 0
    assert signed_in.startswith("Signed in: 8XKPQ2WN at ")


@pytest.mark.parametrize("language", ["curl", "php"])
def test_a_one_time_code(environment: Environment, tmp_path: Path, language: str) -> None:
    program = {"curl": "bash", "php": "php"}[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = tmp_path / "sample"
    path.write_text(samples(environment)[language])
    phone = environment.add_phone()
    variables = {**os.environ, "LOGGIN_SECRET_KEY": environment.secret_key}
    with subprocess.Popen(
        [program, str(path)],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        process.stdin.write(f"+{phone}\n")
        [code] = environment.otp_codes(phone)
        printed, _ = process.communicate(f"{code}\n", timeout=TEST_TIMEOUT)
    assert process.returncode == 0
    assert "verified" in printed
    assert "invalid" not in printed
