"""Webhooks, in every form that frameworks hand them over. What is believed stands in the vectors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

import pytest

from loggin import AuthenticationError, InvalidInputError, ServerError, verify_webhook

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PAYLOAD = b'{"type":"login.revoked","timestamp":"2026-11-22T08:00:00.000Z","data":{"phone":"919876543210"}}'


def signed(payload: bytes = PAYLOAD) -> dict[str, str]:
    now = str(int(time.time()))
    signature = hmac.new(KEY, b"evt_1." + now.encode() + b"." + payload, hashlib.sha256).digest()
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": now,
        "Webhook-Signature": "v1," + base64.b64encode(signature).decode(),
        "Content-Type": "application/json",
    }


FORMS: dict[str, Callable[[dict[str, str]], Any]] = {
    "a dictionary": dict,
    "pairs": lambda headers: list(headers.items()),
    "pairs of bytes, as in ASGI": lambda headers: [
        (name.lower().encode(), value.encode()) for name, value in headers.items()
    ],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_headers_come_in_several_forms(form: Callable[[dict[str, str]], Any]) -> None:
    event = verify_webhook(PAYLOAD, form(signed()), SECRET)
    assert (event.id, event.type, event.data) == ("evt_1", "login.revoked", {"phone": "919876543210"})
    assert event.timestamp.isoformat() == "2026-11-22T08:00:00+00:00"


def test_a_payload_is_bytes_or_text() -> None:
    assert verify_webhook(PAYLOAD.decode(), signed(), SECRET).id == "evt_1"
    assert verify_webhook(bytearray(PAYLOAD), signed(), SECRET).id == "evt_1"  # type: ignore[arg-type]


def test_who_is_in_it_is_not_printed() -> None:
    assert "919876543210" not in repr(verify_webhook(PAYLOAD, signed(), SECRET))


def test_each_failure_has_its_class() -> None:
    with pytest.raises(AuthenticationError) as refused:
        verify_webhook(PAYLOAD + b" ", signed(), SECRET)
    assert refused.value.code == "invalid_signature"
    with pytest.raises(InvalidInputError) as wrong:
        verify_webhook(PAYLOAD, signed(), "lgsk_")
    assert wrong.value.code == "invalid_config"
    with pytest.raises(ServerError) as unread:
        verify_webhook(b"[]", signed(b"[]"), SECRET)
    assert unread.value.code == "invalid_response"
