"""Sign in with WhatsApp, for any app.

    from loggin import Loggin

    client = Loggin()
    login = client.create_token("8XKPQ2WN")
    show(login.link)
    session = client.wait_for_verify(login.token)
    greet(session.phone)

`client.otp` sends one-time codes and checks what was typed. `AsyncLoggin` has the same methods for asyncio.
Every error is a `LogginError`.
"""

from loggin._async_client import AsyncLoggin
from loggin._client import Loggin
from loggin._native import __version__
from loggin._otp import AsyncOtp, Otp
from loggin._results import ClientState, Confirm, CreatedToken, LoginUpdate, OtpResult, OtpSession, Session
from loggin._webhooks import WebhookEvent, verify_webhook
from loggin.errors import (
    AlreadyUsedError,
    AuthenticationError,
    BlockedError,
    ClosedError,
    ConnectionFailedError,
    DeniedError,
    ExpiredError,
    InvalidCodeError,
    InvalidInputError,
    LogginError,
    PhoneHiddenError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    VerifyTimeoutError,
)

__all__ = [
    "AlreadyUsedError",
    "AsyncLoggin",
    "AsyncOtp",
    "AuthenticationError",
    "BlockedError",
    "ClientState",
    "ClosedError",
    "Confirm",
    "ConnectionFailedError",
    "CreatedToken",
    "DeniedError",
    "ExpiredError",
    "InvalidCodeError",
    "InvalidInputError",
    "Loggin",
    "LogginError",
    "LoginUpdate",
    "Otp",
    "OtpResult",
    "OtpSession",
    "PhoneHiddenError",
    "QuotaExceededError",
    "RateLimitError",
    "ServerError",
    "Session",
    "VerifyTimeoutError",
    "WebhookEvent",
    "__version__",
    "verify_webhook",
]
