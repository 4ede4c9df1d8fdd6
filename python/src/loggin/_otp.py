"""One-time codes over WhatsApp, blocking and for asyncio."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from loggin._event_loops import block_green, is_green, is_main_thread, running_loop, wakeup_of
from loggin._results import OtpResult, OtpSession
from loggin.errors import InvalidInputError

if TYPE_CHECKING:
    import asyncio
    from ipaddress import IPv4Address, IPv6Address

    from loggin import _native
    from loggin._results import OtpResultFields, OtpSessionFields


class Otp:
    """The calls of a `Loggin` client for one-time codes.

    A call that got no response is made again, as the same call: it sends no second message and spends no second
    attempt. Two calls are two attempts.

    Example:
        session = client.otp.start("+919876543210")
        typed = input("The code in WhatsApp: ")
        result = client.otp.verify(session.session_id, typed)
        greet(result.phone)
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Client) -> None:
        """A client makes it: `client.otp`."""
        self._native = native

    def start(
        self,
        phone: str,
        *,
        country_code: str | None = None,
        otp_length: int | None = None,
        meta: object = None,
        client_ip: str | IPv4Address | IPv6Address | None = None,
        timeout: float | None = None,
    ) -> OtpSession:
        """Sends a code to a phone, and blocks until WhatsApp has taken it over.

        A phone has one live code: a second one ends the first.

        Args:
            phone: The number, with its country code or as it is written in `country_code`.
            country_code: The region of a number without country code, e.g. `"IN"`.
            otp_length: Digits of the code, 4 to 8; 6 by default.
            meta: Anything that JSON can hold; it comes back with the result.
            client_ip: The address of the person at your app, by which the server's guards tell who asks for many
                numbers. It is what your framework tells behind the proxies that you trust, such as
                `request.client.host`: never a header that the person can write.
            timeout: How long the call takes at most, in seconds, all its tries together; by default as long as
                the client was set up for.

        Raises:
            InvalidInputError: `invalid_phone` where no message goes to the number, `invalid_request` for an
                option.
            AuthenticationError: `unauthorized`, at once where the client has no secret key.
            RateLimitError: A code was sent a moment ago, or there were too many calls; wait for `retry_after`
                seconds.
            BlockedError: Too many wrong codes were typed for this phone, or the server's guards send it none: offer
                a sign-in by link.
            QuotaExceededError: The app's codes of this month are used up.
            ServerError: `send_failed` where WhatsApp refuses this recipient; `unavailable` where it cannot be
                reached.
            ConnectionFailedError: The server was not reached within the retries.
            ClosedError: The client was closed.

        Example:
            session = client.otp.start("98765 43210", country_code="IN", meta={"cart": 7})
        """
        meta_text = _meta_text(meta)
        if is_green():
            begin = partial(
                self._native.start_otp_start, phone, country_code, otp_length, meta_text, client_ip, timeout
            )
            return OtpSession(*block_green(begin))
        return OtpSession(
            *self._native.otp_start(
                phone, country_code, otp_length, meta_text, client_ip, timeout, is_main_thread()
            )
        )

    def verify(self, session_id: str, otp_code: str, *, timeout: float | None = None) -> OtpResult:
        """Checks the code that the person typed.

        Args:
            session_id: The session that `start` gave.
            otp_code: What the person typed.
            timeout: As for `start`.

        Raises:
            InvalidCodeError: It is another code: `attempts_left` says how often they may try again.
            BlockedError: `max_attempts` where that was the last try, `blocked` after too many.
            ExpiredError: The session is over: out of time, replaced by a later one, or none of this app's.
            AlreadyUsedError: The code was typed before.
            AuthenticationError, RateLimitError, ConnectionFailedError, ClosedError: As for `start`.

        Example:
            try:
                result = client.otp.verify(session_id, request.form["code"])
            except InvalidCodeError as error:
                return f"Wrong code, {error.attempts_left} tries left"
        """
        if is_green():
            begin = partial(self._native.start_otp_verify, session_id, otp_code, timeout)
            return _result(block_green(begin))
        return _result(self._native.otp_verify(session_id, otp_code, timeout, is_main_thread()))


class AsyncOtp:
    """The calls of an `AsyncLoggin` client for one-time codes.

    Example:
        session = await client.otp.start("+919876543210")
        result = await client.otp.verify(session.session_id, typed)
    """

    __slots__ = ("_native",)

    def __init__(self, native: _native.Client) -> None:
        """A client makes it: `client.otp`."""
        self._native = native

    async def start(
        self,
        phone: str,
        *,
        country_code: str | None = None,
        otp_length: int | None = None,
        meta: object = None,
        client_ip: str | IPv4Address | IPv6Address | None = None,
        timeout: float | None = None,
    ) -> OtpSession:
        """Sends a code to a phone. A task that is cancelled does not take the message back.

        Arguments and errors are those of `Otp.start`.
        """
        loop = running_loop()
        future: asyncio.Future[OtpSessionFields] = loop.create_future()
        call = self._native.start_otp_start(
            phone,
            country_code,
            otp_length,
            _meta_text(meta),
            client_ip,
            timeout,
            wakeup_of(loop),
            future,
        )
        try:
            return OtpSession(*await future)
        finally:
            call.cancel()

    async def verify(self, session_id: str, otp_code: str, *, timeout: float | None = None) -> OtpResult:
        """Checks the code that the person typed. A task that is cancelled may have spent an attempt.

        Arguments and errors are those of `Otp.verify`.
        """
        loop = running_loop()
        future: asyncio.Future[OtpResultFields] = loop.create_future()
        call = self._native.start_otp_verify(session_id, otp_code, timeout, wakeup_of(loop), future)
        try:
            return _result(await future)
        finally:
            call.cancel()


def _meta_text(meta: object) -> str | None:
    if meta is None:
        return None
    # Imported late, here and below: most programs give no meta, and all of them would wait for it.
    import json  # noqa: PLC0415

    try:
        return json.dumps(meta, allow_nan=False)
    except ValueError as error:
        raise InvalidInputError(
            "invalid_request", "The meta has a number or a loop that JSON lacks."
        ) from error


def _result(fields: OtpResultFields) -> OtpResult:
    status, phone, verified_at, meta = fields
    if meta is None:
        return OtpResult(status, phone, verified_at, None)
    import json  # noqa: PLC0415

    return OtpResult(status, phone, verified_at, json.loads(meta))
