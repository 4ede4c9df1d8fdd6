"""Errors: their classes, their fields, and that they survive pickling, copying and printing."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from conftest import DriverClass, Serve
from hypothesis import given
from hypothesis import strategies as st

import loggin
from loggin import (
    CreatedToken,
    InvalidCodeError,
    InvalidInputError,
    LogginError,
    RateLimitError,
    ServerError,
    VerifyTimeoutError,
    _native,
    errors,
)

CLASSES = [
    value for value in vars(loggin).values() if isinstance(value, type) and issubclass(value, LogginError)
]

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.integers(400, 599),
        "retryable": st.booleans(),
        "retry_after": st.floats(0, 1e6),
        "attempts_left": st.integers(0, 10),
        "request_id": st.text(),
        "cause": st.sampled_from(["dns", "http_502"]),
    },
)


def test_every_class_is_of_one_family_and_has_a_code() -> None:
    used = {class_name for _, class_name, _ in _native.error_codes()}
    assert used == {each.__name__ for each in CLASSES} - {"LogginError"}
    assert all(each.__module__ == "loggin.errors" and each.__doc__ for each in CLASSES)


def test_classes_of_python_that_errors_are_besides() -> None:
    assert issubclass(InvalidInputError, ValueError)
    assert issubclass(VerifyTimeoutError, TimeoutError)


def test_a_class_that_is_not_known_is_a_server_error() -> None:
    error = errors.from_fields(
        "too_early", "TooEarlyError", "Tomorrow.", 425, True, 86400.0, None, "r-1", "dns"
    )
    assert type(error) is ServerError
    assert (error.code, error.status, error.retry_after) == ("too_early", 425, 86400.0)


@given(st.sampled_from(CLASSES), st.text(), st.text(), FIELDS)
def test_errors_pickle_and_copy_whole(
    kind: type[LogginError], code: str, message: str, fields: dict[str, object]
) -> None:
    error = kind(code, message, **fields)  # type: ignore[arg-type]
    error.__notes__ = ["a note"]
    copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]  # noqa: S301
    for twin in [*copies, copy.copy(error), copy.deepcopy(error)]:
        assert type(twin) is kind
        assert vars(twin) == vars(error)
        assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)


@given(st.sampled_from(CLASSES), st.text(), st.text())
def test_an_error_prints_its_message_and_its_code(kind: type[LogginError], code: str, message: str) -> None:
    error = kind(code, message, status=418)
    assert str(error) == f"{message} ({code})"
    assert repr(error) == f"{kind.__name__}(code={code!r}, message={message!r}, status=418)"


def test_an_error_has_all_that_the_server_tells(
    open_driver: DriverClass, serve: Serve, login: CreatedToken
) -> None:
    body = json.dumps(
        {
            "error": "invalid_code",
            "message": "Try again.",
            "attempts_left": 3,
            "request_id": "r-42",
            "mood": "bad",
        }
    )
    server = serve(lambda exchange: exchange.respond(422, body))
    with pytest.raises(InvalidCodeError) as caught:
        open_driver(server.url).verify(login.token)
    error = caught.value
    assert (error.code, error.message, error.status) == ("invalid_code", "Try again.", 422)
    assert (error.attempts_left, error.request_id, error.retry_after) == (3, "r-42", None)
    assert not error.retryable


def test_retry_after_is_seconds(open_driver: DriverClass, serve: Serve, login: CreatedToken) -> None:
    server = serve(lambda exchange: exchange.respond_error(429, "rate_limited", fields={"retry_after": 90}))
    with pytest.raises(RateLimitError) as caught:
        open_driver(server.url).verify(login.token)
    assert caught.value.retry_after == 90.0
    assert isinstance(caught.value.retry_after, float)
    assert caught.value.retryable


@pytest.mark.parametrize("name", ["", "Not A Code", "x" * 100, "<script>"])
def test_a_code_that_cannot_be_one_is_no_response(
    open_driver: DriverClass, serve: Serve, login: CreatedToken, name: str
) -> None:
    server = serve(lambda exchange: exchange.respond_error(400, name))
    with pytest.raises(ServerError) as caught:
        open_driver(server.url).verify(login.token)
    assert caught.value.code == "invalid_response"


def test_an_error_hangs_on_nothing_inside(open_driver: DriverClass) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_driver().client.create_token("")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
