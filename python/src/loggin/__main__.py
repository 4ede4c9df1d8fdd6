"""`python -m loggin login APP_KEY`: the smallest client there is. It shows a QR code, waits, and prints who signed in.

The session goes to the standard output, everything that people look at meanwhile to the standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from datetime import datetime
from getpass import getpass
from typing import TYPE_CHECKING

from loggin import InvalidCodeError, InvalidInputError, Loggin, LogginError, Session, __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loggin import CreatedToken, LoginUpdate

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

# What a secret key begins with.
PREFIX = "lgsk_"
IN_ARGUMENTS = "a secret key is no argument, as all users of a machine can read those: set LOGGIN_SECRET_KEY"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m loggin", description="Sign in with WhatsApp, from a terminal."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    login = commands.add_parser(
        "login",
        help="sign in to an app, and print the session",
        description="Show the QR code and the link of a login, wait for it, and print the session.",
        epilog="Exit codes: 0 signed in, 1 the login failed, 2 it was called wrongly, 130 Ctrl-C. LOGGIN_BASE_URL, "
        "LOGGIN_SECRET_KEY and LOGGIN_WHATSAPP_NUMBER are read.",
    )
    login.add_argument("app_key", metavar="APP_KEY", help="the app, such as 8XKPQ2WN")
    login.add_argument(
        "--base-url", metavar="URL", help="the server [default: the one of `loggin-server dev`]"
    )
    login.add_argument("--confirm", metavar="HOW", help="the least confirmation: reply, match or code")
    login.add_argument("--timeout", metavar="SECONDS", type=float, help="how long to wait [default: 300]")
    login.add_argument("--secret-key", action="store_true", help="ask for the app's secret key")
    login.add_argument("--json", action="store_true", help="print the session, or what failed, as JSON")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _ask(question: str) -> str:
    """A line of the standard input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError("there is nobody to type it: the standard input has ended")
    return line.strip()


def _show(login: CreatedToken) -> None:
    _say(login.qr_terminal())
    _say(f"Scan it with the phone, or open {login.link}")
    _say("Then tap Send in WhatsApp.")


def _confirmed(client: Loggin, token: str) -> bool:
    """Whether the digits are right that the person types."""
    try:
        client.confirm(token, _ask("The code that WhatsApp shows: "))
    except InvalidCodeError as error:
        _say(f"That is not it; tries left: {error.attempts_left}")
        return False
    return True


def _go_on(client: Loggin, token: str, update: LoginUpdate) -> None:
    """What this step asks of the person."""
    if update.match:
        _say(f"Tap {update.match} in WhatsApp.")
    elif update.status == "message_received":
        _say("WhatsApp hides the number: tap the button in the chat that shares it.")
    elif update.status == "awaiting_confirmation":
        while not _confirmed(client, token):
            pass


def _sign_in(arguments: argparse.Namespace) -> Session:
    secret_key = getpass("Secret key: ", sys.stderr) if arguments.secret_key else None
    with Loggin(arguments.base_url, app_key=arguments.app_key, secret_key=secret_key) as client:
        login = client.create_token(arguments.app_key)
        updates = client.watch(login.token, timeout=arguments.timeout, confirm=arguments.confirm)
        _show(login)
        for update in updates:
            if update.session is not None:
                return update.session
            _go_on(client, login.token, update)
    raise AssertionError("a wait ends with a session or an error")


def _plain(session: Session) -> dict[str, str | None]:
    """The session as the protocol writes it."""
    plain = {field.name: getattr(session, field.name) for field in fields(session)}
    for name, value in plain.items():
        if isinstance(value, datetime):
            plain[name] = value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return plain


def _print(session: Session, is_json: bool) -> None:
    plain = _plain(session)
    if is_json:
        text = json.dumps(plain)
    else:
        text = "\n".join(f"{name}: {value}" for name, value in plain.items() if value is not None)
    sys.stdout.write(f"{text}\n")


def _fail(error: LogginError, is_json: bool) -> int:
    if is_json:
        sys.stdout.write(f"{json.dumps({'error': error.code, 'message': error.message})}\n")
    _say(f"error: {error.message} ({error.code})")
    if error.code == "unauthorized":
        _say("Set LOGGIN_SECRET_KEY, or say --secret-key and be asked for it.")
    return MISUSED if isinstance(error, InvalidInputError) else FAILED


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; its exit code."""
    given = sys.argv[1:] if argv is None else argv
    if any(PREFIX in argument for argument in given):
        _say(f"error: {IN_ARGUMENTS}")
        return MISUSED
    arguments = _parser().parse_args(given)
    try:
        _print(_sign_in(arguments), arguments.json)
    except LogginError as error:
        return _fail(error, arguments.json)
    except EOFError as error:
        _say(f"error: {error}")
        return FAILED
    except KeyboardInterrupt:
        _say("")
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
