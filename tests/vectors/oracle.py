#!/usr/bin/env python3
"""A second opinion on the vectors: works out what token, link, otp, webhook and backoff vectors expect.

It shares no code with the SDK and uses the standard library only. Where it and the SDK differ, one of them
reads docs/protocol.md wrongly.

    python3 tests/vectors/oracle.py           writes `expect` or `error` into each vector, from its `input`
    python3 tests/vectors/oracle.py --check   changes nothing; fails where a file would change
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
import sys
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote, urlsplit

FOLDER = Path(__file__).parent
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("OIL", "011")
WHITE_SPACE = " \t\n\r\f\v\u00a0\u3000"
DEFAULT_TEXT = "Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}"

# Extended_Pictographic and Emoji_Presentation of Unicode 17 without U+A9, U+AE and U+2122 (text unless a
# variation selector follows), with U+20E3 and U+FE0F.
EMOJI = """
    203c 2049 20e3 2139 2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 25c0
    25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 262a 262e-262f 2638-263a 2640 2642
    2648-2653 265f-2660 2663 2665-2666 2668 267b 267e-267f 2692-2697 2699 269b-269c 26a0-26a1 26a7 26aa-26ab
    26b0-26b1 26bd-26be 26c4-26c5 26c8 26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd 2702 2705
    2708-270d 270f 2712 2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 2763-2764
    2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 fe0f 1f004
    1f02c-1f02f 1f094-1f09f 1f0af-1f0b0 1f0c0 1f0cf-1f0d0 1f0f6-1f0ff 1f170-1f171 1f17e-1f17f 1f18e
    1f191-1f19a 1f1ae-1f1ff 1f201-1f20f 1f21a 1f22f 1f232-1f23a 1f23c-1f23f 1f249-1f25f 1f266-1f321
    1f324-1f393 1f396-1f397 1f399-1f39b 1f39e-1f3f0 1f3f3-1f3f5 1f3f7-1f4fd 1f4ff-1f53d 1f549-1f54e
    1f550-1f567 1f56f-1f570 1f573-1f57a 1f587 1f58a-1f58d 1f590 1f595-1f596 1f5a4-1f5a5 1f5a8 1f5b1-1f5b2
    1f5bc 1f5c2-1f5c4 1f5d1-1f5d3 1f5dc-1f5de 1f5e1 1f5e3 1f5e8 1f5ef 1f5f3 1f5fa-1f64f 1f680-1f6c5
    1f6cb-1f6d2 1f6d5-1f6e5 1f6e9 1f6eb-1f6f0 1f6f3-1f6ff 1f7da-1f7ff 1f80c-1f80f 1f848-1f84f 1f85a-1f85f
    1f888-1f88f 1f8ae-1f8af 1f8bc-1f8bf 1f8c2-1f8cf 1f8d9-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1f9ff
    1fa58-1fa5f 1fa6e-1faff 1fc00-1fffd
"""


class RefusedError(Exception):
    """Input that the protocol refuses; the one argument is the error code."""


# Identifiers, protocol section 1.


def crockford(data, symbols):
    """The first symbols of the data, read as one big number; missing bits are zero."""
    bits = "".join(f"{byte:08b}" for byte in data).ljust(symbols * 5, "0")
    return "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, symbols * 5, 5))


def canonical(text, length, code):
    """Upper case, letters read as digits. Only ASCII letters have another case here."""
    upper = "".join(chr(ord(symbol) - 32) if "a" <= symbol <= "z" else symbol for symbol in text)
    upper = upper.translate(LOOKALIKES)
    if len(upper) != length or any(symbol not in ALPHABET for symbol in upper):
        raise RefusedError(code)
    return upper


def parse_app_key(text):
    return canonical(text.strip(WHITE_SPACE), 8, "invalid_app_key")


def parse_token(text):
    text = text.strip(WHITE_SPACE)
    prefix, app_key, separator, secret = text[:5], text[5:13], text[13:14], text[14:]
    if prefix not in {a + b + c + "1_" for a in "lL" for b in "gG" for c in "nN"} or separator != "_":
        raise RefusedError("invalid_token")
    return f"lgn1_{canonical(app_key, 8, 'invalid_token')}_{canonical(secret, 32, 'invalid_token')}"


def parse_code(text):
    text = text.strip(WHITE_SPACE)
    if len(text) == 32 and [at for at in range(32) if text[at] == "-"] == [8, 14, 20, 26]:
        text = text.replace("-", "")
    return grouped(canonical(text, 28, "invalid_request"))


def grouped(symbols):
    return "-".join([symbols[:8], symbols[8:13], symbols[13:18], symbols[18:23], symbols[23:]])


def code_of(token):
    digest = hashlib.sha256(b"loggin code v1\n" + token.encode("ascii")).digest()
    return grouped(token[5:13] + crockford(digest, 20))


def login_id(code):
    return hashlib.sha256(b"loggin login id v1\n" + code.encode("ascii")).hexdigest()[:32]


def create(app_key, secret):
    token = f"lgn1_{parse_app_key(app_key)}_{crockford(bytes.fromhex(secret), 32)}"
    return {"token": token, "code": code_of(token)}


def token_parts(text):
    token = parse_token(text)
    return {"token": token, "app_key": token[5:13], "code": code_of(token)}


def code_parts(text):
    code = parse_code(text)
    return {"code": code, "app_key": code[:8], "login_id": login_id(code)}


# Links, protocol section 2.


def is_emoji(symbol):
    for entry in EMOJI.split():
        first, _, last = entry.partition("-")
        if int(first, 16) <= ord(symbol) <= int(last or first, 16):
            return True
    return False


def message_text(text, code):
    template = DEFAULT_TEXT if text is None else text
    filled = template.replace("{code}", parse_code(code))
    if template.count("{code}") != 1 or "+" in template or any(map(is_emoji, template)) or len(filled) > 200:
        raise RefusedError("invalid_request")
    return filled


def whatsapp_number(text):
    text = text.strip(WHITE_SPACE).removeprefix("+")
    digits = "".join(symbol for symbol in text if symbol not in " -()")
    if not 8 <= len(digits) <= 15 or set(digits) - set("0123456789") or digits[0] == "0" or "(0)" in text:
        raise RefusedError("invalid_config")
    return digits


def wa_me_link(number, text):
    return f"https://wa.me/{whatsapp_number(number)}?text={quote(text, safe='')}"


def server_link(base_url, code):
    url = urlsplit(base_url)
    host = url.hostname.encode("idna").decode("ascii")
    host = f"[{host}]" if ":" in host else host
    port = "" if url.port in (None, {"http": 80, "https": 443}[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{host}{port}{url.path.rstrip('/')}/l/{parse_code(code)}"


# One-time codes, protocol section 3.4: what a client makes of a 200.


def field(answer, name, kind, *default):
    """A field of an object, which has this type; without a default it must be there."""
    value = answer.get(name, *default) if isinstance(answer, dict) else None
    if type(value) is not kind:
        raise RefusedError("invalid_response")
    return value


def otp_session(answer):
    session_id, expires_in = field(answer, "session_id", str), field(answer, "expires_in", int)
    if not session_id or expires_in < 0:
        raise RefusedError("invalid_response")
    quota = answer.get("quota_remaining")
    return {
        "session_id": session_id,
        "expires_in": expires_in,
        "sent_via_engine": field(answer, "sent_via_engine", bool, True),
        "quota_remaining": quota if type(quota) is int and quota >= 0 else None,
    }


def otp_result(answer):
    status, phone = field(answer, "status", str), field(answer, "phone", str).strip(WHITE_SPACE)
    if status != "verified" or not re.fullmatch(r"\+?[0-9]{6,15}", phone):
        raise RefusedError("invalid_response")
    return {
        "status": status,
        "phone": phone.removeprefix("+"),
        "verified_at_ms": milliseconds(field(answer, "verified_at", str)),
        "meta": answer.get("meta"),
    }


def milliseconds(text):
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:Z|\+00:00)", text
    )
    try:
        whole = datetime.fromisoformat(found[1]).replace(tzinfo=timezone.utc) if found else None
    except ValueError:
        whole = None
    if whole is None:
        raise RefusedError("invalid_response")
    return int(whole.timestamp()) * 1000 + int((found[2] or "").ljust(3, "0")[:3])


def client_ip(text):
    """The address of a person at the app, as the server is told it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise RefusedError("invalid_request") from None
    if "%" in text:
        raise RefusedError("invalid_request")
    return getattr(address, "ipv4_mapped", None) or address


# Webhooks, by Standard Webhooks.


def signing_key(secret):
    """The bytes of a secret: 24 to 64."""
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise RefusedError("invalid_config")
    return key


def verify_webhook(payload, headers, secret, now):
    key = signing_key(secret)
    given = {name.lower(): value for name, value in headers.items()}
    if not {"webhook-id", "webhook-timestamp", "webhook-signature"} <= given.keys():
        raise RefusedError("invalid_signature")
    seconds = given["webhook-timestamp"].strip()
    if re.fullmatch("[0-9]+", seconds) is None or abs(int(seconds) - now) > 300:
        raise RefusedError("invalid_signature")
    signed = f"{given['webhook-id']}.{int(seconds)}.{payload}".encode()
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if expected not in given["webhook-signature"].split():
        raise RefusedError("invalid_signature")
    try:
        event = json.loads(payload)
        at = milliseconds(event["timestamp"])
        return {"id": given["webhook-id"], "type": event["type"], "timestamp_ms": at, "data": event["data"]}
    except (ValueError, KeyError, TypeError):
        raise RefusedError("invalid_response") from None


# Backoff, protocol section 5. `random` is 16 hexadecimal digits: 8 for the delay, 8 for the hint.


def delay_ms(attempt, outage_ms, hint_ms, random):
    chosen, on_top = (Fraction(int(half, 16), 2**32) for half in (random[:8], random[8:]))
    upper_end = min(250 * 2 ** min(attempt, 64), 1_500 if outage_ms < 60_000 else 15_000)
    hint = min(hint_ms or 0, 60_000)
    return max(int(upper_end * chosen), int(hint + hint * Fraction(1, 5) * on_top))


ORACLES = {
    "token": {
        "create": create,
        "parse_app_key": lambda text: {"app_key": parse_app_key(text)},
        "parse_code": code_parts,
        "parse_token": token_parts,
    },
    "link": {
        "message_text": lambda text, code: {"text": message_text(text, code)},
        "percent_encode": lambda text: {"encoded": quote(text, safe="")},
        "server_link": lambda base_url, code: {"link": server_link(base_url, code)},
        "wa_me_link": lambda number, text: {"link": wa_me_link(number, text)},
        "whatsapp_number": lambda text: {"digits": whatsapp_number(text)},
    },
    "otp": {
        "client_ip": lambda text: {"client_ip": str(client_ip(text))},
        "otp_result": otp_result,
        "otp_session": otp_session,
    },
    "webhook": {"verify_webhook": verify_webhook},
    "backoff": {"delay": lambda **given: {"delay_ms": delay_ms(**given)}},
}


def judged(subject, vector):
    """The vector with the oracle's own answer in place of the one it has."""
    answer = {key: vector[key] for key in ("id", "kind", "comment", "input")}
    try:
        answer["expect"] = ORACLES[subject][vector["kind"]](**expanded(vector["input"]))
    except RefusedError as refused:
        answer["error"] = str(refused)
    return answer


def expanded(value):
    """`{"repeat": …, "times": …}` as the text that it stands for."""
    if isinstance(value, dict) and value.keys() == {"repeat", "times"}:
        return value["repeat"] * value["times"]
    if isinstance(value, dict):
        return {key: expanded(entry) for key, entry in value.items()}
    return value


def layout(vectors):
    """One line for each part of a vector, in ASCII: no editor changes a character that it does not show."""
    lines = []
    for vector in vectors:
        parts = [f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in vector.items()]
        lines.append("    {\n" + ",\n".join(parts) + "\n    }")
    return '{\n  "$schema": "./schema.json",\n  "vectors": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    different = []
    for path in sorted(FOLDER.glob("*.json")):
        if path.name == "schema.json":
            continue
        before = path.read_text(encoding="ascii")
        vectors = json.loads(before)["vectors"]
        if path.stem in ORACLES:
            vectors = [judged(path.stem, vector) for vector in vectors]
        after = layout(vectors)
        if after != before:
            different.append(path.name)
            if not arguments:
                path.write_text(after, encoding="ascii")
    if arguments and different:
        sys.exit(f"not what the oracle says, or not in its layout: {', '.join(different)}")
    print("changed: " + ", ".join(different) if different else "nothing to change")


if __name__ == "__main__":
    main(sys.argv[1:])
