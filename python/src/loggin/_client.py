"""The client that blocks, over the native one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from loggin._base import Client, list_of
from loggin._event_loops import block_green, is_green, is_main_thread
from loggin._otp import Otp
from loggin._results import PhoneT_co, Session
from loggin._updates import update_of, updates_green

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from loggin._base import ClientOptions
    from loggin._results import Confirm, LoginUpdate


class Loggin(Client[PhoneT_co]):
    """A client of a Loggin server. It may be used from any thread, and in a forked child.

    Example:
        with Loggin() as client:
            login = client.create_token("8XKPQ2WN")
            show(login.link)
            session = client.wait_for_verify(login.token)
    """

    @overload
    def __init__(
        self: Loggin[str],
        base_url: str | None = None,
        *,
        require_phone: Literal[True] = True,
        **options: Unpack[ClientOptions],
    ) -> None: ...
    @overload
    def __init__(
        self: Loggin[str | None],
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
    def otp(self) -> Otp:
        """One-time codes over WhatsApp; they need the secret key.

        Example:
            session = client.otp.start("+919876543210")
            result = client.otp.verify(session.session_id, typed)
        """
        return Otp(self._native)

    @overload
    def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: None = None,
        return_to: str | None = None,
    ) -> Session[PhoneT_co]: ...
    @overload
    def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
        return_to: str | None = None,
    ) -> Session[str]: ...
    @overload
    def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
        return_to: str | None = None,
    ) -> Session[str | None]: ...
    def wait_for_verify(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
        return_to: str | None = None,
    ) -> Session[Any]:
        """Blocks until the person has signed in. Other threads run on, and Ctrl-C ends the wait.

        A server that is away is waited for.

        Args:
            token: The token of `create_token`.
            timeout: How long to wait, in seconds; by default as long as the client was set up for.
            confirm: The least confirmation to accept: `"reply"`, `"match"` or `"code"`. A login that was verified with
                less is confirmed first. It asks for more only: what the app asks for is never undercut. `watch` tells
                what the page has to show or to ask for.
            require_phone: Whether there must be a phone number, in place of what the client was set up for. With
                `False` people who hide theirs are signed in too, and `session.phone` may be `None`.
            return_to: The page where the login began, on the person's own phone, or a link that opens your app there;
                without query and fragment. Where the app asks for `code`, the message with the digits has a link to it
                too, if the app allows its origin. `confirm` takes what stands behind `#loggin=` there in place of the
                digits.

        Raises:
            InvalidInputError: `invalid_token`, at once, where the token is malformed; `invalid_config` where
                nothing says whose tokens are accepted.
            VerifyTimeoutError: Nobody signed in before the deadline.
            ExpiredError: The login ended at the server before.
            AlreadyUsedError: Another client redeemed the token, or it was redeemed with less confirmation.
            DeniedError: The person said "not me".
            PhoneHiddenError: The person hides the phone number. The login is not spent by it: a call with
                `require_phone=False` can still redeem it.
            AuthenticationError: `unknown_app` where the token is of another app, or of one that the server does
                not know; `unauthorized` where the secret key is missing.
            ClosedError: The client was closed.
        """
        if is_green():
            begin = partial(self._native.start_wait, token, timeout, confirm, require_phone, return_to)
            return Session(*block_green(begin))
        return Session(
            *self._native.wait_for_verify(token, timeout, confirm, require_phone, return_to, is_main_thread())
        )

    @overload
    def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: None = None,
    ) -> Session[PhoneT_co] | None: ...
    @overload
    def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
    ) -> Session[str] | None: ...
    @overload
    def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
    ) -> Session[str | None] | None: ...
    def verify_token(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
    ) -> Session[Any] | None:
        """Redeems a token, as an app's server does with the one that a browser hands in.

        Args:
            token: The token that the browser hands in.
            timeout: How long the call takes at most, in seconds, all its tries together; by default as long as
                the client was set up for.
            confirm: The least confirmation to accept, as for `wait_for_verify`.
            require_phone: Whether there must be a phone number, as for `wait_for_verify`.

        Returns:
            The session, or `None` while nobody has signed in.

        Raises:
            InvalidInputError: `invalid_token`, at once, where the token is malformed; `invalid_config` where
                nothing says whose tokens are accepted.
            ConnectionFailedError: The server was not reached within the retries and the timeout.
            RateLimitError: Too many calls; wait for `retry_after` seconds.
            ExpiredError, AlreadyUsedError, DeniedError, PhoneHiddenError, AuthenticationError: As for
                `wait_for_verify`.

        Example:
            session = client.verify_token(request.form["token"])
            if session is None:
                return "Not signed in yet"
        """
        if is_green():
            fields = block_green(partial(self._native.start_verify, token, timeout, confirm, require_phone))
        else:
            fields = self._native.verify_token(token, timeout, confirm, require_phone, is_main_thread())
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
    ) -> Generator[LoginUpdate[PhoneT_co], None, None]: ...
    @overload
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: Literal[True],
        return_to: str | None = None,
    ) -> Generator[LoginUpdate[str], None, None]: ...
    @overload
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool,
        return_to: str | None = None,
    ) -> Generator[LoginUpdate[str | None], None, None]: ...
    def watch(
        self,
        token: str,
        *,
        timeout: float | None = None,
        confirm: Confirm | None = None,
        require_phone: bool | None = None,
        return_to: str | None = None,
    ) -> Generator[LoginUpdate[Any], None, None]:
        """Waits as `wait_for_verify`, and tells on the way how far the login has come.

        It is an iterator, whose last update has the session. The wait begins with the iteration, and ends where that
        is left. Steps that follow each other faster than they are asked for are told as one.

        Arguments and errors are those of `wait_for_verify`.

        Example:
            for update in client.watch(login.token):
                if update.match:
                    print(f"Tap {update.match} in WhatsApp")
                elif update.status == "awaiting_confirmation":
                    client.confirm(login.token, input("The code that WhatsApp shows: "))
                elif update.session:
                    greet(update.session.subject)
        """
        if is_green():
            yield from updates_green(
                partial(self._native.start_watch, token, timeout, confirm, require_phone, return_to)
            )
            return
        watch = self._native.watch(token, timeout, confirm, require_phone, return_to)
        try:
            while True:
                update = update_of(watch.next(is_main_thread()))
                yield update
                if update.session is not None:
                    return
        finally:
            watch.cancel()

    def confirm(self, token: str, confirmation_code: str, *, timeout: float | None = None) -> None:
        """Hands in the digits that WhatsApp showed, for a login that is `awaiting_confirmation`; its wait then ends.

        The app, or whoever waits with `confirm="code"`, asks for them. It needs no secret key.

        Args:
            token: The token of `create_token`.
            confirmation_code: What the person typed, or what the message's link brought (`return_to` of
                `wait_for_verify`).
            timeout: How long the call takes at most, in seconds, all its tries together; by default as long as
                the client was set up for.

        Raises:
            InvalidCodeError: The digits are wrong: ask again, `attempts_left` times.
            BlockedError: Too many wrong codes were typed: the login is over.
            ExpiredError: The digits come too late.
            InvalidInputError: `invalid_request` where the login asks for none, or not yet; `invalid_token`, at once,
                where the token is malformed.
            ConnectionFailedError: The server was not reached within the retries and the timeout.
            AuthenticationError, DeniedError, PhoneHiddenError: As for `wait_for_verify`.
        """
        if is_green():
            block_green(partial(self._native.start_confirm, token, confirmation_code, timeout))
        else:
            self._native.confirm(token, confirmation_code, timeout, is_main_thread())

    def status(self, token: str, *, timeout: float | None = None) -> str:
        """How far a login has come, now.

        It waits for nothing and redeems nothing. Who can wait is told sooner by `watch`.

        Args:
            token: The token of `create_token`.
            timeout: How long the call takes at most, in seconds, all its tries together; by default as long as
                the client was set up for.

        Returns:
            `"pending"`, `"message_received"`, `"awaiting_match"`, `"awaiting_confirmation"` or `"verified"`. The
            list is open: a newer server may tell more.

        Raises:
            RateLimitError: It was asked for too often.
            ConnectionFailedError: The server was not reached within the retries and the timeout.
            ExpiredError, DeniedError, PhoneHiddenError, AuthenticationError, InvalidInputError: As for
                `wait_for_verify`.

        Example:
            return {"status": client.status(token)}
        """
        if is_green():
            status: str = block_green(partial(self._native.start_status, token, timeout))
            return status
        return self._native.status(token, timeout, is_main_thread())

    def denied_logins(self, login_ids: Iterable[str]) -> list[str]:
        """Those of these logins whose person tapped "Not me" in WhatsApp after the app had redeemed the result.

        End the sessions that came of them. Logins that a reply, digits or a code confirmed can be denied so, and the
        server remembers it for 90 days.

        Args:
            login_ids: Names of logins, of `login_id`: 100 at most.

        Raises:
            InvalidInputError: `invalid_request` for more than 100.
            AuthenticationError: `unauthorized` without the app's secret key.
            ConnectionFailedError: The server was not reached within the retries and the timeout.
        """
        names = list_of(login_ids)
        if is_green():
            return block_green(partial(self._native.start_denied, names))
        return self._native.denied_logins(names, is_main_thread())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
