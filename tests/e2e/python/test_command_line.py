"""`python -m loggin login`, as it is typed: the real program, the real server, and the person with the phone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from conftest import TEST_TIMEOUT, Environment

KEYS = {"app_key", "confirmation", "phone", "user_id", "verified_at"}


@dataclass
class Program:
    """The program while it waits for somebody."""

    process: subprocess.Popen[str]

    def says(self, pattern: str) -> re.Match[str]:
        """The next line of what it shows that has this in it; a question is a line without an end."""
        assert self.process.stderr is not None
        shown = ""
        while symbol := self.process.stderr.read(1):
            shown += symbol
            if found := re.search(pattern, shown):
                return found
        raise AssertionError(f"it ended without saying {pattern}")

    def link(self) -> str:
        return self.says(r"or open (\S+)\n")[1]

    def types(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def ends(self) -> tuple[int, str, str]:
        """Its exit code, what it printed, and what it showed last."""
        # What it prints is little, so that it does not wait for somebody to read it.
        code = self.process.wait(TEST_TIMEOUT)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return code, self.process.stdout.read(), self.process.stderr.read()


@contextmanager
def login(environment: Environment, *arguments: str, secret_key: str | None = None) -> Iterator[Program]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("LOGGIN_")}
    if secret_key:
        known["LOGGIN_SECRET_KEY"] = secret_key
    command = [sys.executable, "-m", "loggin", "login", *arguments, "--base-url", environment.url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=known, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def test_who_scans_the_code_is_printed(environment: Environment) -> None:
    phone = environment.add_phone()
    with login(environment, "8XKPQ2WN") as program:
        picture = program.says(r"(?s)^.*?Scan it")[0]
        assert sum(line.startswith(("█", "▀", "▄")) for line in picture.splitlines()) > 10
        environment.tap(program.link(), phone)
        code, out, error = program.ends()
    assert (code, error) == (0, "Then tap Send in WhatsApp.\n")
    lines = dict(line.split(": ", 1) for line in out.splitlines())
    assert (lines["app_key"], lines["phone"], lines["confirmation"]) == ("8XKPQ2WN", phone, "none")
    assert set(lines) >= KEYS


def test_programs_are_given_json_alone(environment: Environment) -> None:
    phone = environment.add_phone()
    with login(environment, "8XKPQ2WN", "--json") as program:
        environment.tap(program.link(), phone)
        code, out, _ = program.ends()
    session = json.loads(out)
    assert (code, session["phone"]) == (0, phone)
    assert set(session) >= KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", session["verified_at"])


def test_digits_are_asked_for_until_they_are_right(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--confirm", "code")
    phone = environment.add_phone()
    with login(environment, app_key, "--json", secret_key=secret_key) as program:
        environment.tap(program.link(), phone)
        digits = environment.of(phone).confirmation_code()
        program.says("WhatsApp shows: ")
        program.types("000001" if digits == "000000" else "000000")
        assert program.says(r"tries left: (\d)\n")[1] == "4"
        program.types(digits)
        code, out, _ = program.ends()
    assert (code, json.loads(out)["confirmation"]) == (0, "code")


def test_digits_are_shown_to_be_tapped(environment: Environment) -> None:
    phone = environment.add_phone()
    with login(environment, "8XKPQ2WN", "--json", "--confirm", "match") as program:
        environment.tap(program.link(), phone)
        environment.of(phone).choose(program.says(r"Tap (\d\d) in WhatsApp")[1])
        code, out, _ = program.ends()
    assert (code, json.loads(out)["confirmation"]) == (0, "match")


def test_a_number_that_is_hidden_is_asked_for(environment: Environment) -> None:
    phone = environment.add_phone()
    environment.control("phones", {"number": phone, "hidden": True})
    with login(environment, "8XKPQ2WN", "--json") as program:
        environment.tap(program.link(), phone)
        program.says("hides the number")
        environment.control(f"phones/{phone}/contact", {"origin": "contact_request"})
        code, out, _ = program.ends()
    assert (code, json.loads(out)["phone"]) == (0, phone)


def test_the_secret_key_is_asked_for_and_never_an_argument(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    phone = environment.add_phone()
    with login(environment, app_key, "--json") as program:
        code, out, error = program.ends()
        assert (code, json.loads(out)["error"]) == (1, "unauthorized")
        assert "LOGGIN_SECRET_KEY" in error
    for argument in (["--secret-key", secret_key], [f"--secret-key={secret_key}"], [secret_key]):
        with login(environment, app_key, *argument) as program:
            code, out, error = program.ends()
            assert (code, out) == (2, "")
            assert "LOGGIN_SECRET_KEY" in error
            assert secret_key not in error
    with login(environment, app_key, "--json", secret_key=secret_key) as program:
        environment.tap(program.link(), phone)
        assert program.ends()[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["8XKPQ2WN", "--timeout", "0.2"], 1, "timeout"),
        (["00000000"], 1, "unknown_app"),
        (["nonsense!"], 2, "invalid_config"),
        (["8XKPQ2WN", "--confirm", "passkey"], 2, "invalid_request"),
    ],
)
def test_what_fails_is_named(environment: Environment, arguments: list[str], code: int, error: str) -> None:
    with login(environment, *arguments, "--json") as program:
        ended, out, shown = program.ends()
    assert (ended, json.loads(out)["error"]) == (code, error)
    assert f"({error})" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("arguments", [[], ["8XKPQ2WN", "one-more"], ["8XKPQ2WN", "--timeout", "soon"]])
def test_a_command_line_that_makes_no_sense_is_2(environment: Environment, arguments: list[str]) -> None:
    with login(environment, *arguments) as program:
        assert program.ends()[:2] == (2, "")


def test_ctrl_c_ends_it(environment: Environment) -> None:
    with login(environment, "8XKPQ2WN", "--json") as program:
        program.says("tap Send in WhatsApp.\n")
        program.process.send_signal(signal.SIGINT)
        code, out, error = program.ends()
    assert (code, out, error) == (130, "", "\n")


def test_nobody_who_could_type_is_no_reason_to_wait(environment: Environment) -> None:
    app_key, secret_key = environment.create_app("--confirm", "code")
    phone = environment.add_phone()
    with login(environment, app_key, secret_key=secret_key) as program:
        assert program.process.stdin is not None
        program.process.stdin.close()
        environment.tap(program.link(), phone)
        code, out, error = program.ends()
    assert (code, out) == (1, "")
    assert "standard input has ended" in error
