"""The vectors that all languages share, through the package. An unknown file or kind fails."""

from __future__ import annotations

import asyncio
import builtins
import dataclasses
import ipaddress
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jsonschema
import pytest
from conftest import Serve
from httpx_sse import EventSource
from scripted_server import PHONE, TEST_TIMEOUT, Exchange, code_of, session

from loggin import (
    AsyncLoggin,
    ClosedError,
    ConnectionFailedError,
    Loggin,
    LogginError,
    VerifyTimeoutError,
    _native,
    errors,
)

FOLDER = Path(__file__).parents[2] / "tests" / "vectors"
# What the package has no function for: the native half calls the core, which its own runner holds to them.
ONLY_IN_THE_CORE = {
    "parse_code": "no method takes a code",
    "percent_encode": "a part of every link, but no method by itself",
    "wa_me_link": "a link's text always has a code, which is made here",
}
# Vectors of other kinds that only the core's own function can be given.
ONLY_FOR_THE_FUNCTION = {
    "server-code-made-canonical": "no method takes a code",
    "server-code-refused": "no method takes a code",
    "server-query-dropped": "a client refuses such a base URL",
}
# Nobody listens there, and no proxy is asked.
NOBODY = "http://127.0.0.1:1"
SECRET_KEY = "lgsk_8XKPQ2WN_" + "7" * 32
# What httpx-sse keeps as a part of the first line, against the standard.
BYTE_ORDER_MARK = "\ufeff".encode()

Vector = dict[str, Any]


def expanded(value: Any) -> Any:
    """The value with each `{"repeat": …, "times": …}` replaced by the text that it stands for."""
    if isinstance(value, list):
        return [expanded(entry) for entry in value]
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {key: expanded(entry) for key, entry in value.items()}
    return value


def vectors_of(subject: str) -> list[Any]:
    vectors = json.loads((FOLDER / f"{subject}.json").read_text())["vectors"]
    return [pytest.param(expanded(vector), id=vector["id"]) for vector in vectors]


@pytest.fixture(scope="session")
def schema() -> Any:
    return json.loads((FOLDER / "schema.json").read_text())


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_file_has_the_form_of_the_schema(path: Path, schema: Any) -> None:
    if path.stem == "schema":
        jsonschema.Draft202012Validator.check_schema(schema)
    else:
        content = json.loads(path.read_text())
        jsonschema.Draft202012Validator(schema).validate(content)
        ids = [vector["id"] for vector in content["vectors"]]
        assert len(set(ids)) == len(ids)


def test_no_file_and_no_kind_is_left_out() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {*SUBJECTS, "schema"}
    kinds = {
        vector["kind"]
        for subject in SUBJECTS
        for vector in json.loads((FOLDER / f"{subject}.json").read_text())["vectors"]
    }
    others = {"client_ip", "login_event", "session"}
    assert kinds == RUNNERS.keys() | OF_RESPONSES.keys() | ONLY_IN_THE_CORE.keys() | others


def test_a_wrong_vector_fails() -> None:
    vector = {"kind": "delay", "input": {"attempt": 0, "outage_ms": 0, "hint_ms": None, "random": "f" * 16}}
    run({**vector, "expect": {"delay_ms": 249}})
    with pytest.raises(AssertionError):
        run({**vector, "expect": {"delay_ms": 250}})
    with pytest.raises(KeyError):
        run({**vector, "kind": "new"})


def run(vector: Vector) -> None:
    runner = RUNNERS[vector["kind"]]
    if "error" in vector:
        with pytest.raises(LogginError) as caught:
            runner(vector["input"])
        assert caught.value.code == vector["error"]
    else:
        assert runner(vector["input"]) == vector["expect"]


@pytest.mark.parametrize("vector", vectors_of("link"))
def test_link(vector: Vector) -> None:
    if vector["kind"] not in ONLY_IN_THE_CORE and vector["id"] not in ONLY_FOR_THE_FUNCTION:
        run(vector)


def message_text(given: Any) -> Any:
    """The code of a login is random: the one of the vector takes its place."""
    login = Loggin(whatsapp_number="14155552671").create_token("8XKPQ2WN", text=given["text"])
    [text] = parse_qs(urlsplit(login.link).query, strict_parsing=True)["text"]
    code = given["code"].upper()
    return {"text": text.replace(login.code, code)}


def whatsapp_number(given: Any) -> Any:
    link = Loggin(whatsapp_number=given["text"]).create_token("8XKPQ2WN").link
    return {"digits": urlsplit(link).path[1:]}


def server_link(given: Any) -> Any:
    login = Loggin(given["base_url"], allow_insecure_http=True).create_token(given["code"][:8])
    return {"link": login.link.replace(login.code, given["code"].upper())}


@pytest.mark.parametrize("vector", vectors_of("token"))
def test_token(vector: Vector, serve: Serve) -> None:
    if vector["kind"] == "parse_app_key" or "error" in vector:
        if vector["kind"] not in ONLY_IN_THE_CORE:
            run(vector)
    elif vector["kind"] != "parse_code":
        wait_with_code(vector["input"].get("text", vector["expect"]["token"]), vector["expect"], serve)


def wait_with_code(token: str, expected: Any, serve: Serve) -> None:
    """The stream carries the canonical token, and its code settles the wait: so the client knows both."""

    def step(exchange: Exchange) -> None:
        assert exchange.tokens == [expected["token"]]
        exchange.start_stream()
        exchange.send_event("ready", pending=0)
        exchange.send_event("verified", code=expected["code"], session=session(app_key=expected["code"][:8]))

    with Loggin(serve(step).url) as client:
        assert client.wait_for_verify(token, timeout=TEST_TIMEOUT).phone == PHONE


def parse_app_key(given: Any) -> Any:
    return {"app_key": Loggin().create_token(given["text"]).token[5:13]}


def create(given: Any) -> Any:
    return Loggin().create_token(given["app_key"])


def parse_token(given: Any) -> Any:
    return Loggin().wait_for_verify(given["text"], timeout=0)


@pytest.mark.parametrize("vector", vectors_of("errors"))
def test_errors(vector: Vector, serve: Serve) -> None:
    """A server responds with the code; one that only a client raises is looked up in the native list."""
    expect, name = vector["expect"], vector["input"]["code"]
    status = expect["http_status"]
    error = code(vector["input"]) if status is None else error_told(serve, status, name)
    assert type(error).__name__ == expect["class"]
    assert (error.code, error.retryable) == (name, expect["retryable"])
    assert isinstance(error, getattr(builtins, expect.get("python_also", "Exception")))


def error_told(serve: Serve, status: int, name: str) -> LogginError:
    client = Loggin(serve(lambda exchange: exchange.respond_error(status, name)).url, max_retries=0)
    with pytest.raises(LogginError) as caught:
        client.verify_token(client.create_token("8XKPQ2WN").token)
    assert caught.value.status == status
    return caught.value


def code(given: Any) -> LogginError:
    listed = {name: (class_name, retryable) for name, class_name, retryable in _native.error_codes()}
    class_name, retryable = listed.get(given["code"], ("UnknownError", False))
    return errors.from_fields(given["code"], class_name, "", None, retryable, None, None, None, None)


@pytest.mark.parametrize("vector", vectors_of("otp"))
def test_otp(vector: Vector, serve: Serve) -> None:
    """A server responds so."""
    if vector["kind"] == "client_ip":
        check_client_ip(vector, serve)
        return
    server = serve(lambda exchange: exchange.respond(200, json.dumps(vector["input"]["answer"])))
    with Loggin(server.url, secret_key=SECRET_KEY) as client:
        if "error" in vector:
            with pytest.raises(LogginError) as caught:
                OF_RESPONSES[vector["kind"]](client)
            assert caught.value.code == vector["error"]
        else:
            assert OF_RESPONSES[vector["kind"]](client) == vector["expect"]


def check_client_ip(vector: Vector, serve: Serve) -> None:
    """What the server is told; as a text, and as an address of the standard library."""
    text = vector["input"]["text"]
    server = serve(lambda exchange: exchange.respond(200, json.dumps({"session_id": "s", "expires_in": 300})))
    with Loggin(server.url, secret_key=SECRET_KEY) as client:
        if "error" in vector:
            with pytest.raises(LogginError) as caught:
                client.otp.start(PHONE, client_ip=text)
            assert caught.value.code == vector["error"]
            assert server.exchanges == []
        else:
            for given in (text, ipaddress.ip_address(text)):
                client.otp.start(PHONE, client_ip=given)
            told = [json.loads(exchange.body)["client_ip"] for exchange in server.exchanges]
            assert told == [vector["expect"]["client_ip"]] * 2


@pytest.mark.parametrize("vector", vectors_of("events"))
def test_events(vector: Vector, serve: Serve) -> None:
    if vector["kind"] == "session":
        check_session(vector, serve)
    else:
        check_event(vector, serve)


def check_session(vector: Vector, serve: Serve) -> None:
    """A server responds so to a call that redeems, of whoever requires the phone or does not."""
    given = vector["input"]
    server = serve(lambda exchange: exchange.respond(200, json.dumps(given["answer"])))
    with Loggin(server.url) as client:
        token = client.create_token("8XKPQ2WN").token
        if "error" in vector:
            with pytest.raises(LogginError) as caught:
                client.verify_token(token, require_phone=given["require_phone"])
            assert caught.value.code == vector["error"]
        else:
            told = client.verify_token(token, require_phone=given["require_phone"])
            assert told is not None
            assert with_milliseconds(dataclasses.asdict(told)) == vector["expect"]


def check_event(vector: Vector, serve: Serve) -> None:
    """The event comes on a stream, and an end that can be read after it. A wait hands on no progress."""
    given = vector["input"]

    def step(exchange: Exchange) -> None:
        [code] = [code_of(token) for token in exchange.tokens]
        exchange.start_stream()
        exchange.send_event("ready", pending=1)
        exchange.send(f"event: {given['event']}\ndata: {given['data'].replace('{code}', code)}\n\n")
        exchange.send_event("verified", code=code, session=session())
        exchange.wait_until_hung_up()

    server = serve(step)
    with Loggin(server.url) as client:
        token = client.create_token("8XKPQ2WN").token
        if "error" in vector:
            with pytest.raises(LogginError) as caught:
                client.wait_for_verify(token, timeout=TEST_TIMEOUT)
            assert caught.value.code == vector["error"]
        else:
            phone = client.wait_for_verify(token, timeout=TEST_TIMEOUT).phone
            assert vector["expect"]["outcome"] == ("pending" if phone == PHONE else "verified")
    assert len(server.exchanges) == 1


def otp_session(client: Loggin) -> Any:
    return dataclasses.asdict(client.otp.start(PHONE))


def otp_result(client: Loggin) -> Any:
    return with_milliseconds(dataclasses.asdict(client.otp.verify("s", "1")))


def with_milliseconds(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a result, with the time as the vectors have it."""
    since_1970 = fields.pop("verified_at") - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return {**fields, "verified_at_ms": since_1970 // timedelta(milliseconds=1)}


def test_every_code_of_the_native_half_has_a_vector() -> None:
    tested = {parameters.values[0]["input"]["code"] for parameters in vectors_of("errors")}
    assert {name for name, _, _ in _native.error_codes()} <= tested


@pytest.mark.parametrize("vector", vectors_of("backoff"))
def test_backoff(vector: Vector) -> None:
    run(vector)


def delay(given: Any) -> Any:
    """Section 5 of the protocol, a second time."""
    choice, extra = (int(given["random"][at : at + 8], 16) for at in (0, 8))
    cap = 1_500 if given["outage_ms"] < 60_000 else 15_000
    jittered = min(cap, 250 * 2 ** min(given["attempt"], 64)) * choice // 2**32
    hint = min(given["hint_ms"] or 0, 60_000)
    return {"delay_ms": max(jittered, hint + (hint * extra // 2**32) // 5)}


@pytest.mark.parametrize("vector", vectors_of("proxy"))
def test_proxy(vector: Vector) -> None:
    run(vector)


def proxy(given: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
                patch.delenv(name)
        for name, value in given["environment"].items():
            patch.setenv(name, value)
        client = Loggin(given["base_url"], allow_insecure_http=True, proxy=given["option"])
        return {"proxy": client.state().proxy}


@pytest.mark.parametrize("vector", vectors_of("timeout"))
def test_timeout(vector: Vector) -> None:
    run(vector)


def wait_timeout(given: Any) -> Any:
    return lasts({}, {"timeout": float(given["seconds"])})


def client_timeout(given: Any) -> Any:
    return lasts({"timeout": float(given["seconds"])}, {})


def lasts(options: dict[str, Any], of_wait: dict[str, Any]) -> Any:
    """Whether a wait goes on when one that began later is over."""

    async def outcome() -> str:
        async with AsyncLoggin(NOBODY, **options) as client:
            tokens = [client.create_token("8XKPQ2WN").token for _ in range(2)]
            first = asyncio.create_task(client.wait_for_verify(tokens[0], **of_wait))
            # It has begun, or was refused.
            await asyncio.sleep(0)
            with pytest.raises(VerifyTimeoutError):
                await client.wait_for_verify(tokens[1], timeout=0.001)
            client.close()
            try:
                await first
            except VerifyTimeoutError:
                return "timeout"
            except ClosedError:
                return "goes_on"
            raise AssertionError("nobody signed in")

    return {"outcome": asyncio.run(outcome())}


def call_timeout(given: Any) -> Any:
    return is_tried({}, {"timeout": float(given["seconds"])})


def client_call_timeout(given: Any) -> Any:
    return is_tried({"call_timeout": float(given["seconds"])}, {})


def is_tried(options: dict[str, Any], of_call: dict[str, Any]) -> Any:
    """Whether there was time to find that nobody listens."""
    with Loggin(NOBODY, max_retries=0, **options) as client:
        token = client.create_token("8XKPQ2WN").token
        try:
            client.verify_token(token, **of_call)
        except ConnectionFailedError as error:
            return {"is_tried": error.cause != "timeout"}
        raise AssertionError("nobody listens")


@pytest.mark.parametrize("vector", vectors_of("sse"))
def test_sse(vector: Vector) -> None:
    """A third-party decoder has the same opinion, where it follows the standard and knows no bounds."""
    if "expect" in vector and not stream_of(vector["input"]).startswith(BYTE_ORDER_MARK):
        events = [item["event"] for item in vector["expect"]["items"] if "event" in item]
        assert decode(vector["input"]) == [event for event in events if event["data"]]


def stream_of(given: Any) -> bytes:
    parts = given["stream"]
    return b"".join(bytes.fromhex(part["hex"]) if isinstance(part, dict) else part.encode() for part in parts)


def decode(given: Any) -> list[dict[str, str]]:
    """The events with data: a block without any is one too for httpx-sse."""
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    response = httpx.Response(200, headers=headers, content=stream_of(given))
    return [
        {"name": event.event, "data": event.data, "last_event_id": event.id}
        for event in EventSource(response).iter_sse()
        if event.data
    ]


def verify_webhook(given: Any) -> dict[str, Any]:
    """The native function, as the package's own asks the clock."""
    now = datetime.fromtimestamp(given["now"], timezone.utc)
    headers = list(given["headers"].items())
    event_id, kind, timestamp, data = _native.verify_webhook(
        given["payload"].encode(), headers, given["secret"], now
    )
    milliseconds = (timestamp - datetime.fromtimestamp(0, timezone.utc)) // timedelta(milliseconds=1)
    return {"id": event_id, "type": kind, "timestamp_ms": milliseconds, "data": json.loads(data)}


@pytest.mark.parametrize("vector", vectors_of("webhook"))
def test_webhook(vector: Vector) -> None:
    run(vector)


SUBJECTS = ("backoff", "errors", "events", "link", "otp", "proxy", "sse", "timeout", "token", "webhook")
OF_RESPONSES: dict[str, Callable[[Loggin], Any]] = {"otp_result": otp_result, "otp_session": otp_session}
RUNNERS: dict[str, Callable[[Any], Any]] = {
    "call_timeout": call_timeout,
    "client_call_timeout": client_call_timeout,
    "client_timeout": client_timeout,
    "code": code,
    "create": create,
    "decode": decode,
    "delay": delay,
    "message_text": message_text,
    "parse_app_key": parse_app_key,
    "parse_token": parse_token,
    "proxy": proxy,
    "server_link": server_link,
    "verify_webhook": verify_webhook,
    "wait_timeout": wait_timeout,
    "whatsapp_number": whatsapp_number,
}
