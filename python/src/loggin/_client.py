"""The two clients, blocking and for asyncio, over one native client."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from loggin import _native
from loggin._event_loops import block_green, is_green, is_main_thread, running_loop, wakeup_of
from loggin._logs import listen
from loggin._otp import AsyncOtp, Otp
from loggin._results import ClientState, CreatedToken, Session
from loggin._updates import Listener, update_of, updates_green

if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import AsyncGenerator, Generator, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from loggin._results import Confirm, LoginUpdate, SessionFields


def _list_of(login_ids: Iterable[str]) -> list[str]:
    """The names as a list; a single one would fall apart into its characters."""
    if isinstance(login_ids, str):
        raise TypeError("login_ids are several str, not one")
    return list(login_ids)


class _Client:
    """What both clients share: their options, and what needs no network."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        secret_key: str | None = None,
        app_key: str | None = None,
        whatsapp_number: str | None = None,
        timeout: float = _native.DEFAULT_TIMEOUT,
        max_retries: int = _native.DEFAULT_MAX_RETRIES,
        call_timeout: float = _native.DEFAULT_CALL_TIMEOUT,
        allow_insecure_http: bool = False,
        idempotency_key: str | None = None,
        proxy: str | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        ca_pem: str | None = None,
        client_cert_file: str | os.PathLike[str] | None = None,
        client_cert_pem: str | None = None,
    ) -> None:
        """Sets the client up; it opens no connection before it is used.

        Args:
            base_url: The server. `LOGGIN_BASE_URL`; `http://127.0.0.1:8787` by default. It must be https
                unless it is on this machine.
            secret_key: The app's secret key, on the app's server only. `LOGGIN_SECRET_KEY`; none by default.
                With the base URL of another server that sends one-time codes by the same API, that server's
                key.
            app_key: The app whose tokens are accepted; those of others are `unknown_app`. `LOGGIN_APP_KEY`, or
                the app of the secret key. Without any of them a client accepts tokens of the apps that it
                makes tokens for itself, so no request may choose that app; with a server on this machine,
                which is for development, it accepts all.
            whatsapp_number: The number that links open a chat with. `LOGGIN_WHATSAPP_NUMBER`; without it
                links go through the server.
            timeout: How long a wait lasts unless it says otherwise, in seconds.
            max_retries: How often a call that fails in passing is repeated, 0 to 10. Waits are not calls:
                they go on until their deadline.
            call_timeout: How long a call that is no wait takes at most, all its tries together, in seconds.
            allow_insecure_http: Allows `http:` to another machine. Tokens and keys then cross the network
                readable.
            idempotency_key: Makes this client the same redeemer as others with the same key: 1 to 128
                visible ASCII characters. By default each client, and each forked child, is a redeemer of
                its own.
            proxy: The proxy to go through, `http://host:port` or `socks5://host:port` with a name and a
                password where it asks for them, or `"none"`. By default the environment says it, by curl's
                rules, and never for this machine.
            ca_file: A file of certificates, PEM, whose issuers are trusted beside the bundled ones: a company's
                own. Those of `SSL_CERT_FILE` and `SSL_CERT_DIR` are trusted too.
            ca_pem: The same as text.
            client_cert_file: A file with the certificate by which this client shows who it is, those that lead
                to its issuer, and its private key, all of them PEM.
            client_cert_pem: The same as text.

        Raises:
            InvalidInputError: `invalid_config` where an option is malformed.
        """
        listen()
        self._native = _native.Client(
            base_url=base_url,
            secret_key=secret_key,
            app_key=app_key,
            whatsapp_number=whatsapp_number,
            timeout=timeout,
            max_retries=max_retries,
            call_timeout=call_timeout,
            idempotency_key=idempotency_key,
            network={
                "allow_insecure_http": allow_insecure_http,
                "proxy": proxy,
                "ca_file": ca_file,
                "ca_pem": ca_pem,
                "client_cert_file": client_cert_file,
                "client_cert_pem": client_cert_pem,
            },
        )

    def create_token(self, app_key: str, *, text: str | None = None) -> CreatedToken:
        """Makes a login for an app, offline.

        Args:
            app_key: The app's public key, e.g. `"8XKPQ2WN"`. Lower case is accepted.
            text: The message to send, in place of the default one. It must contain `{code}` once, be at most
                200 characters long with the code filled in, and have no `+` and no emoji.

        Raises:
            InvalidInputError: `invalid_app_key` where the app key is malformed, `invalid_request` where the
                text is.

        Example:
            login = client.create_token("8XKPQ2WN", text="Sign in to Acme: {code}")
        """
        return CreatedToken(*self._native.create_token(app_key, text))

    def login_id(self, token: str) -> str:
        """The name of a token's login, offline: keep it with the session that you make, for `denied_logins`.

        It tells nothing and opens nothing.

        Raises:
            InvalidInputError: `invalid_token` where the token is malformed.
        """
        return self._native.login_id(token)

    def __repr__(self) -> str:
        base_url, app_key = self._native.base_url(), self._native.app_key()
        return f"{type(self).__name__}(base_url={base_url!r}, app_key={app_key!r})"

    def state(self) -> ClientState:
        """How the client stands to its server, without asking it."""
        return ClientState(*self._native.state())

    def resume(self) -> None:
        """Has all waits connect anew, at once: call it when the network has changed.

        A connection that died without a word is else noticed after 45 s of silence. That the computer was asleep, the
        client notices by itself, within a second; the deadlines of waits count the sleep.
        """
        self._native.resume()

    def close(self) -> None:
        """Ends every wait and call of this client with `ClosedError`; later ones end the same way."""
        self._native.close()


class Loggin(_Client):
    """A client of a Loggin server. It may be used from any thread, and in a forked child.

    Example:
        with Loggin() as client:
            login = client.create_token("8XKPQ2WN")
            show(login.link)
            session = client.wait_for_verify(login.token)
    """

    @property
    def otp(self) -> Otp:
        """One-time codes over WhatsApp; they need the secret key.

        Example:
            session = client.otp.start("+919876543210")
            result = client.otp.verify(session.session_id, typed)
        """
        return Otp(self._native)

    def wait_for_verify(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> Session:
        """Blocks until the person has signed in. Other threads run on, and Ctrl-C ends the wait.

        A server that is away is waited for.

        Args:
            token: The token of `create_token`.
            timeout: How long to wait, in seconds; by default as long as the client was set up for.
            confirm: The least confirmation to accept: `"reply"`, `"match"` or `"code"`. A login that was verified with
                less is confirmed first. It asks for more only: what the app asks for is never undercut. `watch` tells
                what the page has to show or to ask for.

        Raises:
            InvalidInputError: `invalid_token`, at once, where the token is malformed; `invalid_config` where
                nothing says whose tokens are accepted.
            VerifyTimeoutError: Nobody signed in before the deadline.
            ExpiredError: The login ended at the server before.
            AlreadyUsedError: Another client redeemed the token, or it was redeemed with less confirmation.
            DeniedError: The person said "not me".
            PhoneHiddenError: WhatsApp did not tell the phone number.
            AuthenticationError: `unknown_app` where the token is of another app, or of one that the server does
                not know; `unauthorized` where the secret key is missing.
            ClosedError: The client was closed.
        """
        if is_green():
            begin = partial(self._native.start_wait, token, timeout, confirm)
            return Session(*block_green(begin))
        return Session(*self._native.wait_for_verify(token, timeout, confirm, is_main_thread()))

    def verify_token(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> Session | None:
        """Redeems a token, as an app's server does with the one that a browser hands in.

        Args:
            token: The token that the browser hands in.
            timeout: How long the call takes at most, in seconds, all its tries together; by default as long as
                the client was set up for.
            confirm: The least confirmation to accept, as for `wait_for_verify`.

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
            fields = block_green(partial(self._native.start_verify, token, timeout, confirm))
        else:
            fields = self._native.verify_token(token, timeout, confirm, is_main_thread())
        return None if fields is None else Session(*fields)

    def watch(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> Generator[LoginUpdate, None, None]:
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
                    greet(update.session.phone)
        """
        if is_green():
            yield from updates_green(partial(self._native.start_watch, token, timeout, confirm))
            return
        watch = self._native.watch(token, timeout, confirm)
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
            confirmation_code: What the person typed.
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
        names = _list_of(login_ids)
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


class AsyncLoggin(_Client):
    """A client of a Loggin server for asyncio, and for trio. One client serves any number of event loops.

    Example:
        async with AsyncLoggin() as client:
            login = client.create_token("8XKPQ2WN")
            show(login.link)
            session = await client.wait_for_verify(login.token)
    """

    @property
    def otp(self) -> AsyncOtp:
        """One-time codes over WhatsApp; they need the secret key.

        Example:
            session = await client.otp.start("+919876543210")
            result = await client.otp.verify(session.session_id, typed)
        """
        return AsyncOtp(self._native)

    async def wait_for_verify(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> Session:
        """Waits until the person has signed in. Cancelling the task ends the wait.

        Arguments and errors are those of `Loggin.wait_for_verify`.
        """
        loop = running_loop()
        future: asyncio.Future[SessionFields] = loop.create_future()
        wait = self._native.start_wait(token, timeout, confirm, wakeup_of(loop), future)
        try:
            return Session(*await future)
        finally:
            wait.cancel()

    async def verify_token(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> Session | None:
        """Redeems a token; `None` while nobody has signed in. Cancelling the task ends the call.

        Arguments and errors are those of `Loggin.verify_token`.
        """
        loop = running_loop()
        future: asyncio.Future[SessionFields | None] = loop.create_future()
        call = self._native.start_verify(token, timeout, confirm, wakeup_of(loop), future)
        try:
            fields = await future
        finally:
            call.cancel()
        return None if fields is None else Session(*fields)

    async def watch(
        self, token: str, *, timeout: float | None = None, confirm: Confirm | None = None
    ) -> AsyncGenerator[LoginUpdate, None]:
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
        wait = self._native.start_watch(token, timeout, confirm, wakeup_of(running_loop()), listener)
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
        call = self._native.start_denied(_list_of(login_ids), wakeup_of(loop), future)
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
