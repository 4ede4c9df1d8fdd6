"""What the methods of a client return. Nothing secret shows in `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypedDict, final

from loggin import _native

if TYPE_CHECKING:
    import asyncio
    from os import PathLike

    from typing_extensions import TypeVar

    # What a session knows of the phone: `str`, unless a client or a call says `require_phone=False`.
    PhoneT_co = TypeVar("PhoneT_co", bound=str | None, covariant=True, default=str)
else:
    from typing import TypeVar

    PhoneT_co = TypeVar("PhoneT_co", covariant=True)

# What confirms a login, from the least to the most. A union, as stubtest takes a `Literal` of several for none.
Confirm: TypeAlias = Literal["none"] | Literal["reply"] | Literal["match"] | Literal["code"]  # noqa: PYI030

# App key, phone, user id, subject, confirmation, assurance and the time of a session, as the native half hands them
# over.
SessionFields: TypeAlias = tuple[str, str | None, str | None, str, Confirm, str, datetime]

# How far a login has come, the digits to show, and in the end the fields of its session.
UpdateFields: TypeAlias = tuple[str, str | None, SessionFields | None]

# Session id, seconds until it expires, whether the code was sent, and the codes left in the month.
OtpSessionFields: TypeAlias = tuple[str, int, bool, int | None]

# Status, phone, time, and the meta as JSON text.
OtpResultFields: TypeAlias = tuple[Literal["verified"], str, datetime, str | None]

# Code, class, message, status, retryable, retry after (seconds), attempts left, request id and cause of an
# error.
FailureFields: TypeAlias = tuple[
    str, str, str, int | None, bool, float | None, int | None, str | None, str | None
]


class NetworkOptions(TypedDict):
    """The options of a client that say how its server is reached."""

    allow_insecure_http: bool
    proxy: str | None
    ca_file: str | PathLike[str] | None
    ca_pem: str | None
    client_cert_file: str | PathLike[str] | None
    client_cert_pem: str | None


# Whether a client is connected, since when, why not, and the proxy.
StateFields: TypeAlias = tuple[bool, datetime | None, str | None, str | None]

# A future, and what it settles with.
Outcome: TypeAlias = tuple[
    "asyncio.Future[Any]",
    SessionFields | OtpSessionFields | OtpResultFields | UpdateFields | list[str] | str | tuple[()] | None,
    FailureFields | None,
]

# Digits of a phone number, and symbols of a subject, that are shown: enough to tell two test phones apart.
_SHOWN_DIGITS = 2


@final
class CreatedToken:
    """A new login: its secret token and the link that the person opens.

    It keeps its secrets to itself: what makes JSON or a dictionary of any object finds nothing in it. Hand on what
    you mean to hand on, such as `login.link`.

    Example:
        login = client.create_token("8XKPQ2WN")
        page = f'<a href="{login.link}">Sign in</a> {login.qr_svg()}'
    """

    __slots__ = ("_code", "_link", "_token")

    def __init__(self, token: str, link: str, code: str) -> None:
        self._token = token
        self._link = link
        self._code = code

    @property
    def token(self) -> str:
        """The secret that redeems the login. Keep it on your server; never show it."""
        return self._token

    @property
    def link(self) -> str:
        """Opens WhatsApp with the message written. It holds the code, not the token."""
        return self._link

    @property
    def code(self) -> str:
        """The public half, which the message carries."""
        return self._code

    def __repr__(self) -> str:
        app_key, _, _ = self._code.partition("-")
        return f"CreatedToken(app_key={app_key!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CreatedToken):
            return NotImplemented
        return (self._token, self._link) == (other._token, other._link)

    def __hash__(self) -> int:
        return hash(self._token)

    def qr_svg(self) -> str:
        """The link as a QR code, SVG.

        Raises:
            InvalidInputError: `invalid_request` where the link is too long for a QR code.
        """
        return _native.qr_svg(self.link)

    def qr_terminal(self) -> str:
        """The link as a QR code of characters, for a terminal.

        Raises:
            InvalidInputError: `invalid_request` where the link is too long for a QR code.
        """
        return _native.qr_terminal(self.link)


@dataclass(frozen=True, slots=True)
class Session(Generic[PhoneT_co]):
    """Who signed in, as the server verified it.

    Example:
        session = client.wait_for_verify(login.token)
        user = users.get_or_create(subject=session.subject)
    """

    app_key: str
    """The app that the person signed in to."""

    phone: PhoneT_co = field(repr=False)
    """The phone number as WhatsApp reports it: digits with country code, without `+`. `None` where the person hides it,
    only for clients and calls with `require_phone=False`."""

    user_id: str | None = field(repr=False)
    """The business-scoped WhatsApp user id, where WhatsApp told it."""

    subject: str = field(repr=False)
    """The person at this app, whatever becomes of number and user id: the key of your table of users."""

    confirmation: Confirm
    """What the person did to confirm the login: `"none"`, `"reply"`, `"match"` or `"code"`."""

    assurance: str
    """`"normal"`, or `"changed"` at the first login after the number, or who owns it, became another one: ask for
    something that only the old owner knows. The list is open: whoever is careful asks unless it is `"normal"`."""

    verified_at: datetime
    """When the message arrived at the server, or the login was confirmed, with time zone UTC."""

    def __repr__(self) -> str:
        phone, subject = _hidden(self.phone), _hidden(self.subject)
        return (
            f"Session(app_key={self.app_key!r}, phone={phone!r}, subject={subject!r}, "
            f"assurance={self.assurance!r}, verified_at={self.verified_at!r})"
        )


@dataclass(frozen=True, slots=True)
class LoginUpdate(Generic[PhoneT_co]):
    """What is new about a login that is watched.

    Example:
        for update in client.watch(login.token):
            show(update.status)
    """

    status: str
    """How far the login has come: `"message_received"`, `"awaiting_match"`, `"awaiting_confirmation"`, in the last
    update `"verified"`. The list is open: a newer server may tell more."""

    match: str | None
    """The two digits to show while it is `"awaiting_match"`: the person chooses them in WhatsApp."""

    session: Session[PhoneT_co] | None
    """Who signed in, in the last update."""


@dataclass(frozen=True, slots=True)
class ClientState:
    """How a client stands to its server. It holds nothing secret and may be logged."""

    is_connected: bool
    """Whether an event stream is ready. A client that nothing waits for has none, and is not connected."""

    since: datetime | None
    """Since when it is connected or, with a cause, since when the server has not been reached; in UTC."""

    cause: str | None
    """Why the server was not reached the last time, as in `LogginError.cause`; `None` once it was."""

    proxy: str | None
    """The proxy that the client goes through, without its name and password; `None` where it connects by itself."""


@dataclass(frozen=True, slots=True)
class OtpSession:
    """A one-time code that was sent.

    Example:
        session = client.otp.start("+919876543210")
        form = f'<input type="hidden" name="session" value="{session.session_id}">'
    """

    session_id: str
    """What the code is verified for. It is of no use without the secret key."""

    expires_in: int
    """Seconds that the code is valid."""

    sent_via_engine: bool
    """Whether WhatsApp took the message over; false for a test number, to which nothing is sent."""

    quota_remaining: int | None
    """Codes that the app may still have sent this month; `None` without a quota."""


@dataclass(frozen=True, slots=True)
class OtpResult:
    """A phone whose owner typed the one-time code.

    Example:
        result = client.otp.verify(session_id, typed)
        user = users.get_or_create(phone=result.phone)
    """

    status: Literal["verified"]
    """Always `"verified"`: what failed is an error."""

    phone: str = field(repr=False)
    """The number that the code was sent to: digits with country code, without `+`."""

    verified_at: datetime
    """When the code was typed, with time zone UTC."""

    meta: Any = field(repr=False, hash=False)
    """What the app gave when it asked for the code; `None` where it gave nothing."""

    def __repr__(self) -> str:
        phone = _hidden(self.phone)
        return f"OtpResult(status={self.status!r}, phone={phone!r}, verified_at={self.verified_at!r})"


def _hidden(text: str | None) -> str | None:
    return None if text is None else "***" + text[-_SHOWN_DIGITS:]
