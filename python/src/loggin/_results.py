"""What the methods of a client return. Nothing secret shows in `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from loggin import _native

if TYPE_CHECKING:
    import asyncio

# App key, phone, user id and the time of a session, as the native half hands them over.
SessionFields: TypeAlias = tuple[str, str, str | None, datetime]

# Code, class, message, status, retryable, retry after (seconds), attempts left and request id of an error.
FailureFields: TypeAlias = tuple[str, str, str, int | None, bool, float | None, int | None, str | None]

# A future, and what it settles with.
Outcome: TypeAlias = tuple["asyncio.Future[SessionFields | None]", SessionFields | None, FailureFields | None]

# Digits of a phone number that are shown: enough to tell two test phones apart, in a number of any length.
_SHOWN_DIGITS = 2


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A new login: its secret token and the link that the person opens.

    Example:
        login = client.create_token("8XKPQ2WN")
        page = f'<a href="{login.link}">Sign in</a> {login.qr_svg()}'
    """

    token: str = field(repr=False)
    """The secret that redeems the login. Keep it on your server; never show it."""

    link: str = field(repr=False)
    """Opens WhatsApp with the message written. It holds the code, not the token."""

    code: str = field(repr=False)
    """The public half, which the message carries."""

    def __repr__(self) -> str:
        app_key, _, _ = self.code.partition("-")
        return f"CreatedToken(app_key={app_key!r})"

    def qr_svg(self) -> str:
        """The link as a QR picture, SVG.

        Raises:
            InvalidInputError: `invalid_request` where the link is too long for a QR picture.
        """
        return _native.qr_svg(self.link)

    def qr_terminal(self) -> str:
        """The link as a QR picture of characters, for a terminal.

        Raises:
            InvalidInputError: `invalid_request` where the link is too long for a QR picture.
        """
        return _native.qr_terminal(self.link)


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in, as the server verified it.

    Example:
        session = client.wait_for_verify(login.token)
        user = users.get_or_create(phone=session.phone)
    """

    app_key: str
    """The app that the person signed in to."""

    phone: str = field(repr=False)
    """The phone number as WhatsApp reports it: digits with country code, without `+`."""

    user_id: str | None = field(repr=False)
    """The business-scoped WhatsApp user id, where WhatsApp told it."""

    verified_at: datetime
    """When the message arrived at the server, with time zone UTC."""

    def __repr__(self) -> str:
        phone = "***" + self.phone[-_SHOWN_DIGITS:]
        return f"Session(app_key={self.app_key!r}, phone={phone!r}, verified_at={self.verified_at!r})"
