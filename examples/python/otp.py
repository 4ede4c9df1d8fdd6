"""Verify a phone number from a terminal: send a one-time code over WhatsApp, ask for it, and check it.

    python examples/python/otp.py +919876543210

Start a server with `loggin-server dev` first, and set `LOGGIN_SECRET_KEY` to the key that it prints.
"""

from __future__ import annotations

import sys

from loggin import InvalidCodeError, Loggin, LogginError, OtpResult, RateLimitError


def main(phone: str) -> int:
    with Loggin() as client:
        try:
            result = verify(client, phone)
        except RateLimitError as error:
            print(f"Too soon: come back in {error.retry_after:.0f} seconds", file=sys.stderr)
            return 1
        except LogginError as error:
            print(f"Not verified: {error.code}", file=sys.stderr)
            return 1
    print(f"Verified: +{result.phone} at {result.verified_at:%H:%M:%S} UTC")
    return 0


def verify(client: Loggin, phone: str) -> OtpResult:
    """Sends a code, and asks for it until it is right or there are no tries left."""
    session = client.otp.start(phone)
    print(f"A code was sent to {phone}. It is good for {session.expires_in} seconds.")
    result = None
    while result is None:
        result = check(client, session.session_id, input("Code: "))
    return result


def check(client: Loggin, session_id: str, typed: str) -> OtpResult | None:
    """The result, or `None` where the code is wrong and there are tries left."""
    try:
        return client.otp.verify(session_id, typed)
    except InvalidCodeError as error:
        print(f"Wrong; tries left: {error.attempts_left}")
        return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
