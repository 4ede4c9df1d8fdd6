"""Webhooks of the server, as an app takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from loggin import _native

# A name or a value of a header: frameworks hand over text, ASGI hands over bytes.
_Part: TypeAlias = str | bytes


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """Something that happened, as the server told it.

    Example:
        event = verify_webhook(await request.body(), request.headers, secret)
        if event.type == "login.revoked":
            end_sessions_of(event.data["login_id"])
    """

    id: str
    """Names the event: a webhook may come twice, with the same id."""
    type: str
    """What happened, e.g. `login.verified`. Later servers tell of more: pass over what you do not know."""
    timestamp: datetime
    """When it happened, UTC."""
    data: Any = field(repr=False)
    """What is told of it, by its type."""


def verify_webhook(
    payload: bytes | str,
    headers: Mapping[str, str] | Iterable[tuple[_Part, _Part]],
    secret: str,
) -> WebhookEvent:
    """Checks that a webhook comes from the Loggin server, now, and reads it.

    Answer 2xx within ten seconds, and work afterwards.

    Args:
        payload: The body as it arrived, before anything has parsed it.
        headers: Those of the call; names in any case.
        secret: The endpoint's, `whsec_…`, as `loggin-server webhook add` showed it.

    Raises:
        AuthenticationError: `invalid_signature` where a header is missing, no signature is of this secret, or it
            was signed more than five minutes ago or ahead.
        InvalidInputError: `invalid_config` where the secret is none.
        ServerError: `invalid_response` where what is signed is no event.

    Example:
        event = verify_webhook(request.get_data(), request.headers, os.environ["WEBHOOK_SECRET"])
    """
    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    texts = [(_text(name), _text(value)) for name, value in pairs]
    event_id, kind, timestamp, data = _native.verify_webhook(body, texts, secret, None)
    return WebhookEvent(event_id, kind, timestamp, json.loads(data))


def _text(part: _Part) -> str:
    # Latin 1 is what headers are in, and never fails.
    return part if isinstance(part, str) else part.decode("latin-1")
