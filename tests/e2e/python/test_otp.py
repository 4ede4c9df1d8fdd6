"""One-time codes from the first call to the result, read from the simulated phone."""

from __future__ import annotations

import asyncio
import builtins
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address

import pytest
from conftest import ROOT, SERVER, TEST_TIMEOUT, Environment
from loggin import (
    AlreadyUsedError,
    AsyncLoggin,
    AuthenticationError,
    BlockedError,
    ExpiredError,
    InvalidCodeError,
    InvalidInputError,
    Loggin,
    OtpResult,
    RateLimitError,
)

# The phone of the snippets in the documentation.
SHOWN_PHONE = "919876543210"


def wrong(code: str) -> str:
    """A code that is not the right one."""
    return "".join("3" if digit == "7" else "7" for digit in code)


def assert_result(result: OtpResult, phone: str, meta: object = None) -> None:
    assert (result.status, result.phone, result.meta) == ("verified", phone, meta)
    assert timedelta(0) <= datetime.now(timezone.utc) - result.verified_at < timedelta(seconds=TEST_TIMEOUT)


def test_a_person_types_the_code_that_came(environment: Environment) -> None:
    client, phone = Loggin(environment.url, secret_key=environment.secret_key), environment.add_phone()
    session = client.otp.start(f"+{phone}", otp_length=4, meta={"cart": [7, None]})
    assert (session.expires_in, session.sent_via_engine, session.quota_remaining) == (300, True, None)
    [code] = environment.otp_codes(phone)
    assert len(code) == 4
    with pytest.raises(InvalidCodeError) as caught:
        client.otp.verify(session.session_id, wrong(code))
    assert caught.value.attempts_left == 4
    assert_result(client.otp.verify(session.session_id, code), phone, {"cart": [7, None]})
    with pytest.raises(AlreadyUsedError):
        client.otp.verify(session.session_id, code)


def test_asyncio_verifies_many(environment: Environment) -> None:
    async def verify(client: AsyncLoggin) -> None:
        phone = await asyncio.to_thread(environment.add_phone)
        session = await client.otp.start(phone.removeprefix("91"), country_code="IN")
        [code] = await asyncio.to_thread(environment.otp_codes, phone)
        assert_result(await client.otp.verify(session.session_id, code), phone)

    async def verify_many() -> None:
        async with AsyncLoggin(environment.url, secret_key=environment.secret_key) as client:
            await asyncio.gather(*(verify(client) for _ in range(10)))

    asyncio.run(verify_many())


def test_what_is_refused(environment: Environment) -> None:
    client, phone = Loggin(environment.url, secret_key=environment.secret_key), environment.add_phone()
    session = client.otp.start(f"+{phone}")
    with pytest.raises(RateLimitError) as hasty:
        client.otp.start(f"+{phone}")
    assert hasty.value.retry_after is not None
    assert 0 < hasty.value.retry_after <= 30
    with pytest.raises(InvalidInputError) as malformed:
        client.otp.start("12")
    assert malformed.value.code == "invalid_phone"
    _, other_key = environment.create_app()
    with pytest.raises(ExpiredError) as foreign:
        Loggin(environment.url, secret_key=other_key).otp.verify(session.session_id, "123456")
    assert foreign.value.code == "session_not_found"
    with pytest.raises(AuthenticationError):
        Loggin(environment.url).otp.start(f"+{phone}")


def test_an_address_that_asks_for_many_numbers_is_told_apart(environment: Environment) -> None:
    app_key, secret_key = environment.create_app()
    subprocess.run(
        [str(SERVER), "guard", "set", app_key, "--mode", "enforce", "--client-numbers", "2"],
        env={**os.environ, "LOGGIN_DATABASE_URL": f"sqlite:{environment.data / 'loggin.db'}"},
        timeout=TEST_TIMEOUT,
        check=True,
    )
    client = Loggin(environment.url, secret_key=secret_key)
    # As a text, as an object, and as a socket of IPv6 tells it.
    same = ("203.0.113.7", ip_address("203.0.113.7"), "::ffff:203.0.113.7")
    for address in same[:2]:
        client.otp.start(f"+{environment.add_phone()}", client_ip=address)
    third = f"+{environment.add_phone()}"
    for address in same:
        with pytest.raises(BlockedError) as refused:
            client.otp.start(third, client_ip=address)
        assert refused.value.code == "blocked"
        assert "203.0.113" not in f"{refused.value!r}"
    for other in ("203.0.113.8", None):
        phone = third if other else f"+{environment.add_phone()}"
        assert client.otp.start(phone, client_ip=other).sent_via_engine


def test_the_snippet_of_the_readme_works(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    snippets = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    [snippet] = [snippet for snippet in snippets if "otp.start" in snippet]
    monkeypatch.setenv("LOGGIN_BASE_URL", environment.url)
    monkeypatch.setenv("LOGGIN_SECRET_KEY", environment.secret_key)
    monkeypatch.setattr(builtins, "input", lambda _: environment.otp_codes(SHOWN_PHONE)[-1])
    names: dict[str, OtpResult] = {}
    exec(snippet, names)  # noqa: S102 (our own page)
    assert_result(names["result"], SHOWN_PHONE)


def test_the_example_verifies_a_phone(environment: Environment) -> None:
    phone = environment.add_phone()
    command = [sys.executable, str(ROOT / "examples" / "python" / "otp.py"), f"+{phone}"]
    variables = {
        **os.environ,
        "LOGGIN_BASE_URL": environment.url,
        "LOGGIN_SECRET_KEY": environment.secret_key,
    }
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=variables, stdin=pipe, stdout=pipe, text=True) as example:
        [code] = environment.otp_codes(phone)
        printed, _ = example.communicate(f"{wrong(code)}\n{code}\n", timeout=TEST_TIMEOUT)
    assert example.returncode == 0
    assert "tries left: 4" in printed
    assert f"Verified: +{phone}" in printed
