"""What both clients share: their options, and what needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypedDict

from loggin import _native
from loggin._logs import listen
from loggin._results import ClientState, CreatedToken, PhoneT_co

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


class ClientOptions(TypedDict, total=False):
    """The options of a client that are given by name; `Client` explains them."""

    secret_key: str | None
    app_key: str | None
    whatsapp_number: str | None
    timeout: float
    max_retries: int
    call_timeout: float
    allow_insecure_http: bool
    idempotency_key: str | None
    proxy: str | None
    ca_file: str | os.PathLike[str] | None
    ca_pem: str | None
    client_cert_file: str | os.PathLike[str] | None
    client_cert_pem: str | None


def list_of(login_ids: Iterable[str]) -> list[str]:
    """The names as a list; a single one would fall apart into its characters."""
    if isinstance(login_ids, str):
        raise TypeError("login_ids are several str, not one")
    return list(login_ids)


class Client(Generic[PhoneT_co]):
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
        require_phone: bool = True,
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
            require_phone: Whether there must be a phone number. With `False` people who hide theirs in WhatsApp
                are signed in too, where the app is set up for it: `session.phone` may be `None`, and
                `session.subject` is the key of your table of users. Without it such a login is `phone_hidden`.
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
            require_phone=require_phone,
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
