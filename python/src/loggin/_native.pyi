"""The native half of the package; not meant to be used by itself."""

import asyncio
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Final, final

from loggin._results import (
    NetworkOptions,
    OtpResultFields,
    OtpSessionFields,
    Outcome,
    SessionFields,
    StateFields,
    UpdateFields,
)
from loggin._updates import Listener

__all__ = [
    "DEFAULT_CALL_TIMEOUT",
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "Client",
    "Wait",
    "WakeupPipe",
    "Watch",
    "__version__",
    "error_codes",
    "forget_logs",
    "forget_notifier",
    "listen",
    "qr_svg",
    "qr_terminal",
    "stop_logs",
    "stop_notifier",
    "verify_webhook",
]

__version__: Final[str]
DEFAULT_CALL_TIMEOUT: Final[float]
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
        app_key: str | None,
        whatsapp_number: str | None,
        timeout: float,
        max_retries: int,
        call_timeout: float,
        idempotency_key: str | None,
        require_phone: bool,
        network: NetworkOptions,
    ) -> Client: ...
    def create_token(self, app_key: str, text: str | None) -> tuple[str, str, str]:
        """Makes a login: its token, link and code."""

    def wait_for_verify(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        return_to: str | None,
        is_main_thread: bool,
    ) -> SessionFields:
        """Blocks until the person has signed in; on the main thread and reacts to signals."""

    def verify_token(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        is_main_thread: bool,
    ) -> SessionFields | None:
        """Redeems a token; `None` while nobody has signed in."""

    def start_wait(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        return_to: str | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[SessionFields],
    ) -> Wait:
        """Begins a wait that settles an asyncio future of the running loop."""

    def start_verify(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[SessionFields | None],
    ) -> Wait:
        """Redeems a token, and settles an asyncio future of the running loop."""

    def watch(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        return_to: str | None,
    ) -> Watch:
        """Begins to watch a login, for whoever blocks."""

    def start_watch(
        self,
        token: str,
        timeout: float | None,
        confirm: str | None,
        require_phone: bool | None,
        return_to: str | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        listener: Listener,
    ) -> Wait:
        """Begins to watch a login, and tells a listener on the running loop."""

    def confirm(
        self, token: str, confirmation_code: str, timeout: float | None, is_main_thread: bool
    ) -> None:
        """Hands in the digits that WhatsApp showed."""

    def start_confirm(
        self,
        token: str,
        confirmation_code: str,
        timeout: float | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[tuple[()]],
    ) -> Wait:
        """Hands them in, and settles an asyncio future of the running loop."""

    def status(self, token: str, timeout: float | None, is_main_thread: bool) -> str:
        """How far a login has come."""

    def start_status(
        self,
        token: str,
        timeout: float | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[str],
    ) -> Wait:
        """Asks for it, and settles an asyncio future of the running loop."""

    @staticmethod
    def login_id(token: str) -> str:
        """The name of a token's login."""

    def denied_logins(self, login_ids: list[str], is_main_thread: bool) -> list[str]:
        """Those of these logins that their persons took back."""

    def start_denied(
        self,
        login_ids: list[str],
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[list[str]],
    ) -> Wait:
        """Asks for them, and settles an asyncio future of the running loop."""

    def otp_start(
        self,
        phone: str,
        country_code: str | None,
        otp_length: int | None,
        meta: str | None,
        client_ip: str | IPv4Address | IPv6Address | None,
        timeout: float | None,
        is_main_thread: bool,
    ) -> OtpSessionFields:
        """Sends a one-time code."""

    def otp_verify(
        self, session_id: str, otp_code: str, timeout: float | None, is_main_thread: bool
    ) -> OtpResultFields:
        """Checks a one-time code."""

    def start_otp_start(
        self,
        phone: str,
        country_code: str | None,
        otp_length: int | None,
        meta: str | None,
        client_ip: str | IPv4Address | IPv6Address | None,
        timeout: float | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[OtpSessionFields],
    ) -> Wait:
        """Sends a one-time code, and settles an asyncio future of the running loop."""

    def start_otp_verify(
        self,
        session_id: str,
        otp_code: str,
        timeout: float | None,
        wakeup: WakeupPipe | asyncio.AbstractEventLoop,
        future: asyncio.Future[OtpResultFields],
    ) -> Wait:
        """Checks a one-time code, and settles an asyncio future of the running loop."""

    def base_url(self) -> str:
        """The URL of its server."""

    def app_key(self) -> str | None:
        """The app whose tokens it accepts."""

    def state(self) -> StateFields:
        """How the client stands to its server."""

    def resume(self) -> None:
        """Has all waits connect anew."""

    def close(self) -> None:
        """Ends every wait and call with `closed`."""

@final
class WakeupPipe:
    """What an event loop watches, so that it is told of what settled."""

    def __new__(cls) -> WakeupPipe: ...
    def fileno(self) -> int:
        """What the loop is to watch."""

    def collect(self) -> list[Outcome]:
        """Takes what has settled; called on the loop."""

@final
class Wait:
    """A wait or a call that an asyncio future stands for."""

    def cancel(self) -> None:
        """Ends it; does nothing when it has ended."""

@final
class Watch:
    """A login that is watched by whoever blocks. Letting go of it ends the wait."""

    def next(self, is_main_thread: bool) -> UpdateFields:
        """Blocks until something is new."""

    def cancel(self) -> None:
        """Ends the wait; does nothing when it has ended."""

def error_codes() -> list[tuple[str, str, bool]]:
    """Every error code of the protocol, with its class and whether the same call can succeed later."""

def qr_svg(link: str) -> str:
    """A link as a QR code, SVG."""

def qr_terminal(link: str) -> str:
    """A link as a QR code of characters."""

def listen(level: int | None) -> None:
    """Has the core tell what it logs from a level of `logging` on; `None` is nothing."""

def stop_logs() -> None:
    """Hands over what is there, before the interpreter ends."""

def forget_logs() -> None:
    """Begins anew in a forked child."""

def stop_notifier() -> None:
    """Ends the notifier before the interpreter does; a later wait starts another."""

def forget_notifier() -> None:
    """Lets go of the notifier of the parent, in a forked child, where its thread is not there."""

def verify_webhook(
    payload: bytes, headers: list[tuple[str, str]], secret: str, now: datetime | None
) -> tuple[str, str, datetime, str]:
    """Checks a webhook at this moment, or at another in a test; id, type and time, and the data as JSON."""
