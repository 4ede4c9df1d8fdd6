"""The native half of the package; not meant to be used by itself."""

import asyncio
from typing import Final, final

from loggin._results import OtpResultFields, OtpSessionFields, SessionFields

__all__ = [
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "Client",
    "Wait",
    "__version__",
    "error_codes",
    "forget_notifier",
    "qr_svg",
    "qr_terminal",
    "stop_notifier",
]

__version__: Final[str]
DEFAULT_MAX_RETRIES: Final[int]
DEFAULT_TIMEOUT: Final[float]

@final
class Client:
    """A client of one Loggin server."""

    def __new__(
        cls,
        *,
        base_url: str | None,
        secret_key: str | None,
        whatsapp_number: str | None,
        timeout: float,
        max_retries: int,
        allow_insecure_http: bool,
        idempotency_key: str | None,
    ) -> Client: ...
    def create_token(self, app_key: str, text: str | None) -> tuple[str, str, str]:
        """Makes a login: its token, link and code."""

    def wait_for_verify(self, token: str, timeout: float | None) -> SessionFields:
        """Blocks until the person has signed in."""

    def verify_token(self, token: str) -> SessionFields | None:
        """Redeems a token; `None` while nobody has signed in."""

    def start_wait(
        self,
        token: str,
        timeout: float | None,
        event_loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[SessionFields],
    ) -> Wait:
        """Begins a wait that settles an asyncio future of the running loop."""

    def start_verify(
        self, token: str, event_loop: asyncio.AbstractEventLoop, future: asyncio.Future[SessionFields | None]
    ) -> None:
        """Redeems a token, and settles an asyncio future of the running loop."""

    def otp_start(
        self, phone: str, country_code: str | None, otp_length: int | None, meta: str | None
    ) -> OtpSessionFields:
        """Sends a one-time code."""

    def otp_verify(self, session_id: str, otp_code: str) -> OtpResultFields:
        """Checks a one-time code."""

    def start_otp_start(
        self,
        phone: str,
        country_code: str | None,
        otp_length: int | None,
        meta: str | None,
        event_loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[OtpSessionFields],
    ) -> None:
        """Sends a one-time code, and settles an asyncio future of the running loop."""

    def start_otp_verify(
        self,
        session_id: str,
        otp_code: str,
        event_loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[OtpResultFields],
    ) -> None:
        """Checks a one-time code, and settles an asyncio future of the running loop."""

    def close(self) -> None:
        """Ends every wait with `closed`."""

@final
class Wait:
    """A wait that an asyncio future stands for."""

    def cancel(self) -> None:
        """Ends the wait; does nothing when it has ended."""

def error_codes() -> list[tuple[str, str, bool]]:
    """Every error code of the protocol, with its class and whether the same call can succeed later."""

def qr_svg(link: str) -> str:
    """A link as a QR picture, SVG."""

def qr_terminal(link: str) -> str:
    """A link as a QR picture of characters."""

def stop_notifier() -> None:
    """Ends the notifier before the interpreter does; a later wait starts another."""

def forget_notifier() -> None:
    """Lets go of the notifier of the parent, in a forked child, where its thread is not there."""
