"""Sign one person in from a terminal: show the link and a QR code, wait, and greet.

Start a server with `loggin-server dev` first, or point `LOGGIN_BASE_URL` at yours.
"""

from __future__ import annotations

import sys

from loggin import Loggin, LogginError

# The app that `loggin-server dev` has ready.
APP_KEY = "8XKPQ2WN"


def main() -> int:
    with Loggin() as client:
        login = client.create_token(APP_KEY)
        print(
            f"Open this link, or scan the picture, and tap Send:\n\n  {login.link}\n\n{login.qr_terminal()}\n"
        )
        print("Waiting for the message ...")
        try:
            session = client.wait_for_verify(login.token)
        except LogginError as error:
            print(f"Not signed in: {error.code}", file=sys.stderr)
            return 1
        print(
            f"Verified: +{session.phone} signed in to {session.app_key} at {session.verified_at:%H:%M:%S} UTC"
        )
        return 0


if __name__ == "__main__":
    sys.exit(main())
