"""The client for asyncio and trio, over the native one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from loggin._base import Client, list_of
from loggin._event_loops import running_loop, wakeup_of
from loggin._otp import AsyncOtp
from loggin._results import PhoneT_co, Session
from loggin._updates import Listener

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Iterable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from loggin._base import ClientOptions
    from loggin._results import Confirm, LoginUpdate, SessionFields


class AsyncLoggin(Client[PhoneT_co]):
    """A client of a Loggin server for asyncio, and for trio. One client serves any number of event loops.

    Example:
        async with AsyncLoggin() as client:
            login = client.create_token("8XKPQ2WN")
            show(login.link)
            session = await client.wait_for_verify(login.token)
    """

    @overload
    def __init__(
        self: AsyncLoggin[str],
        base_url: str | None = None,
        *,
        require_phone: Literal[True] = True,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: AsyncLoggin[str | None],
        base_url: str | None = None,
        *,
        require_phone: bool,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    def __init__(
        self, base_url: str | None = None, *, require_phone: bool = True, **options: Unpack[ClientOptions]
    ) -> None:
        """Sets the client up; it opens no connection before it is used.

        Args:
            base_url: The server. `LOGGIN_BASE_URL`; `http://127.0.0.1:8787` by default. It must be https
                unless it is on this machine.
            require_phone: Whether there must be a phone number. With `False` people who hide theirs in WhatsApp are
                signed in too, where the app is set up for it: `session.phone` may be `None`. Without it such a login
                is `phone_hidden`.
            **options: Those of `ClientOptions`, which the README lists.

        Raises:
            InvalidInputError: `invalid_config` where an option is malformed.
        """
        super().__init__(base_url, require_phone=require_phone, **options)

    @property
    def otp(self) -> AsyncOtp:
        """One-time codes over WhatsApp; they need the secret key.

        Example:
            session = await client.otp.start("+919876543210")
            result = await client.otp.verify(session.session_id, typed)
        """
        return AsyncOtp(self._native)

    @overload
    async def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: None = None,
        return_to: str | None = None,
    ) -> Session[PhoneT_co]: ...
    @overload
    async def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
        return_to: str | None = None,
    ) -> Session[str]: ...
    @overload
    async def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
        return_to: str | None = None,
    ) -> Session[str | None]: ...
    async def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
        return_to: str | None = None,
    ) -> Session[Any]:
        """Waits until the person has signed in. Cancelling the task ends the wait.

        Arguments and errors are those of `Loggin.wait_for_verify`.
        """
        loop = running_loop()
        future: asyncio.Future[SessionFields] = loop.create_future()
        wait = self._native.start_wait(
            token, timeout, confirm, require_phone, return_to, wakeup_of(loop), future
        )
        try:
            return Session(*await future)
        finally:
            wait.cancel()

    @overload
    async def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: None = None,
    ) -> Session[PhoneT_co] | None: ...
    @overload
    async def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
    ) -> Session[str] | None: ...
    @overload
    async def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
    ) -> Session[str | None] | None: ...
    async def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
    ) -> Session[Any] | None:
        """Redeems a token; `None` while nobody has signed in. Cancelling the task ends the call.

        Arguments and errors are those of `Loggin.verify_token`.
        """
        loop = running_loop()
        future: asyncio.Future[SessionFields | None] = loop.create_future()
        call = self._native.start_verify(token, timeout, confirm, require_phone, wakeup_of(loop), future)
        try:
            fields = await future
        finally:
            call.cancel()
        return None if fields is None else Session(*fields)

    @overload
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: None = None,
        return_to: str | None = None,
    ) -> AsyncGenerator[LoginUpdate[PhoneT_co], None]: ...
    @overload
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
        return_to: str | None = None,
    ) -> AsyncGenerator[LoginUpdate[str], None]: ...
    @overload
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
        return_to: str | None = None,
    ) -> AsyncGenerator[LoginUpdate[str | None], None]: ...
    async def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
        return_to: str | None = None,
    ) -> AsyncGenerator[LoginUpdate[Any], None]:
        """Waits as `wait_for_verify`, and tells on the way how far the login has come; the last update has the session.

        The wait begins with the iteration, and ends where that is left or its task is cancelled.

        Arguments and errors are those of `Loggin.watch`.

        Example:
            async for update in client.watch(login.token):
                await page.show(update.status)
        """
        # As late as the loop is.
        import asyncio  # noqa: PLC0415

        news = asyncio.Event()
        listener = Listener(news.set)
        wait = self._native.start_watch(
            token, timeout, confirm, require_phone, return_to, wakeup_of(running_loop()), listener
        )
        try:
            while True:
                update = listener.take()
                if update is None:
                    news.clear()
                    await news.wait()
                    continue
                yield update
                if update.session is not None:
                    return
        finally:
            wait.cancel()

    async def confirm(self, token: str, confirmation_code: str, *, timeout: float | None = None) -> None:
        """Hands in the digits that WhatsApp showed. Cancelling the task ends the call.

        Arguments and errors are those of `Loggin.confirm`.
        """
        loop = running_loop()
        future: asyncio.Future[tuple[()]] = loop.create_future()
        call = self._native.start_confirm(token, confirmation_code, timeout, wakeup_of(loop), future)
        try:
            await future
        finally:
            call.cancel()

    async def status(self, token: str, *, timeout: float | None = None) -> str:
        """How far a login has come, now, without waiting or redeeming. Cancelling the task ends the call.

        Arguments, results and errors are those of `Loggin.status`.
        """
        loop = running_loop()
        future: asyncio.Future[str] = loop.create_future()
        call = self._native.start_status(token, timeout, wakeup_of(loop), future)
        try:
            return await future
        finally:
            call.cancel()

    async def denied_logins(self, login_ids: Iterable[str]) -> list[str]:
        """Those of these logins whose person tapped "Not me" after the app had redeemed the result.

        Arguments and errors are those of `Loggin.denied_logins`.
        """
        loop = running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        call = self._native.start_denied(list_of(login_ids), wakeup_of(loop), future)
        try:
            return await future
        finally:
            call.cancel()

    async def aclose(self) -> None:
        """The same as `close`, for those who close asynchronously."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
