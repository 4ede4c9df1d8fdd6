"""Tokens and their codes in pure Python: what the waits wait for, and what `create_token` is measured against."""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import quote

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_BYTES = 20
TEXT = "Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}"


def new_token(app_key: str) -> str:
    return f"lgn1_{app_key}_{crockford(secrets.token_bytes(SECRET_BYTES))}"


def code_of(token: str) -> str:
    digest = hashlib.sha256(b"loggin code v1\n" + token.encode()).digest()
    symbols = crockford(digest)[:20]
    groups = (symbols[start : start + 5] for start in range(0, 20, 5))
    return "-".join((token[5:13], *groups))


def new_login(app_key: str, number: str) -> tuple[str, str, str]:
    """Token, link and code, as an SDK's `create_token` makes them."""
    token = new_token(app_key)
    code = code_of(token)
    return token, f"https://wa.me/{number}?text={quote(TEXT.format(code=code), safe='')}", code


def crockford(data: bytes) -> str:
    """Base32 with Crockford's alphabet, zero-padded at the end."""
    length = -(-len(data) * 8 // 5)
    bits = int.from_bytes(data, "big") << (length * 5 - len(data) * 8)
    return "".join([ALPHABET[bits >> shift & 31] for shift in range((length - 1) * 5, -1, -5)])
