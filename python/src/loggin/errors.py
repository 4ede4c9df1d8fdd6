"""Every error that Loggin raises, and the one place where codes become classes.

Catch a class to decide what to do next; look at `code` for the exact reason:

    try:
        session = client.wait_for_verify(login.token)
    except VerifyTimeoutError:
        ...  # nobody signed in: offer a new login
    except DeniedError:
        ...  # the person said "not me"

No error holds a token, a key, a code or a phone number, so it may be logged whole.
"""

from __future__ import annotations


class LogginError(Exception):
    """The base of all errors of Loggin.

    Attributes:
        code: What went wrong, as the protocol names it, e.g. `"expired"`.
        message: The same in words for a developer; never meant to be parsed.
        status: The HTTP status, where a server responded.
        retryable: Whether the same call can succeed later.
        retry_after: Seconds to wait before the next try, where the server said so.
        attempts_left: How many tries are left for a code, where the server said so.
        request_id: The server's id of the request, to be named when asking its operator.
        cause: Why the server was not reached, one of a closed list: `"dns"`, `"refused"`, `"timeout"`,
            `"tls_expired"`, `"http_502"` and so on. A `VerifyTimeoutError` has it where nothing was
            connected at the end of the wait.
    """

    code: str
    message: str
    status: int | None
    retryable: bool
    retry_after: float | None
    attempts_left: int | None
    request_id: str | None
    cause: str | None

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        attempts_left: int | None = None,
        request_id: str | None = None,
        cause: str | None = None,
    ) -> None:
        """Loggin raises its errors itself; this is for those who test their own handling of them."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.attempts_left = attempts_left
        self.request_id = request_id
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    def __repr__(self) -> str:
        shown = [f"code={self.code!r}", f"message={self.message!r}"]
        for name in ("status", "retry_after", "attempts_left", "request_id", "cause"):
            value = getattr(self, name)
            if value is not None:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles and copies with every field, which `args` alone would lose."""
        return type(self), (self.code, self.message), self.__dict__


class AlreadyUsedError(LogginError):
    """The token was redeemed before, by another client. Begin a new login."""


class AuthenticationError(LogginError):
    """The secret key is missing, wrong or another app's, or there is no such app."""


class BlockedError(LogginError):
    """Too many wrong codes for this phone. Begin a new login, but not at once."""


class ClosedError(LogginError):
    """The client was closed, or the process was forked, while this was going on."""


class ConnectionFailedError(LogginError, ConnectionError):
    """The server was not reached within the retries; `cause` says why."""


class DeniedError(LogginError):
    """The person said "not me". Begin a new login."""


class ExpiredError(LogginError):
    """The login was not finished in time. Begin a new one."""


class InvalidCodeError(LogginError):
    """The code that the person typed is wrong; `attempts_left` says how often they may try again."""


class InvalidInputError(LogginError, ValueError):
    """An argument or option is malformed. Repeating the call does not help."""


class PhoneHiddenError(LogginError):
    """WhatsApp did not tell the person's phone number. Begin a new login."""


class QuotaExceededError(LogginError):
    """The app's monthly quota is used up."""


class RateLimitError(LogginError):
    """Too many requests in a short time: wait for `retry_after` seconds."""


class ServerError(LogginError):
    """The server failed, or said something that this version does not know."""


class VerifyTimeoutError(LogginError, TimeoutError):
    """Nobody signed in before the wait's own deadline. Begin a new login."""


_CLASSES: dict[str, type[LogginError]] = {
    each.__name__: each
    for each in (
        AlreadyUsedError,
        AuthenticationError,
        BlockedError,
        ClosedError,
        ConnectionFailedError,
        DeniedError,
        ExpiredError,
        InvalidCodeError,
        InvalidInputError,
        PhoneHiddenError,
        QuotaExceededError,
        RateLimitError,
        ServerError,
        VerifyTimeoutError,
    )
}


def from_fields(
    code: str,
    class_name: str,
    message: str,
    status: int | None,
    retryable: bool,
    retry_after: float | None,
    attempts_left: int | None,
    request_id: str | None,
    cause: str | None,
    /,
) -> LogginError:
    """The exception for what the native half reports. A class that is not known is a `ServerError`."""
    return _CLASSES.get(class_name, ServerError)(
        code,
        message,
        status=status,
        retryable=retryable,
        retry_after=retry_after,
        attempts_left=attempts_left,
        request_id=request_id,
        cause=cause,
    )
