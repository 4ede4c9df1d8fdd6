package loggin

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import loggin.ffi.Failure
import loggin.ffi.FailureClass
import loggin.ffi.FailureDetails

/**
 * Why a call failed. The class says what to do, [code] what happened.
 *
 * Never judge by [message]: it is for a developer, and may change.
 */
public sealed class LogginException(details: FailureDetails) : Exception(details.reason) {
    /** What happened, as the protocol names it, e.g. `expired`. */
    public val code: String = details.code

    override val message: String = details.reason

    /** Whether the same call may succeed later. */
    public val retryable: Boolean = details.isRetryable

    /** The HTTP status, where there was a response. */
    public val status: Int? = details.status?.toInt()

    /** How long to wait before calling again. */
    public val retryAfter: Duration? = details.retryAfter?.seconds

    /** The same, as `getRetryAfter()`, for Java. */
    @get:JvmName("getRetryAfter")
    public val retryAfterOfJava: java.time.Duration? get() = retryAfter?.toJavaDuration()

    /** Tries that are left to type a code. */
    public val attemptsLeft: Int? = details.attemptsLeft?.toInt()

    /** The server's name for the request, for its log. */
    public val requestId: String? = details.requestId

    /** Why the server was not reached, e.g. `dns` or `tls_expired`; a timeout has it where nothing was connected. */
    public val networkCause: String? = details.cause

    /** The login was redeemed before: start another one. */
    public class AlreadyUsed internal constructor(details: FailureDetails) : LogginException(details)

    /** The app is unknown, or a key is wrong: fix the set-up. */
    public class Authentication internal constructor(details: FailureDetails) : LogginException(details)

    /** Too many wrong codes: start again later. */
    public class Blocked internal constructor(details: FailureDetails) : LogginException(details)

    /** The client was shut down, or the wait cancelled. */
    public class Closed internal constructor(details: FailureDetails) : LogginException(details)

    /** The server was not reached. */
    public class ConnectionFailed internal constructor(details: FailureDetails) : LogginException(details)

    /** The person said "not me": start another login. */
    public class Denied internal constructor(details: FailureDetails) : LogginException(details)

    /** The login was not finished in time: start another one. */
    public class Expired internal constructor(details: FailureDetails) : LogginException(details)

    /** The code that was typed is wrong: ask again. */
    public class InvalidCode internal constructor(details: FailureDetails) : LogginException(details)

    /** An argument or an option is malformed: fix the call. */
    public class InvalidInput internal constructor(details: FailureDetails) : LogginException(details)

    /** WhatsApp did not tell the phone number: start another login. */
    public class PhoneHidden internal constructor(details: FailureDetails) : LogginException(details)

    /** The app's monthly quota is used up. */
    public class QuotaExceeded internal constructor(details: FailureDetails) : LogginException(details)

    /** Too many requests: call again after [retryAfter]. */
    public class RateLimit internal constructor(details: FailureDetails) : LogginException(details)

    /** The server failed. */
    public class Server internal constructor(details: FailureDetails) : LogginException(details)

    /** The wait's own deadline passed: start another login. */
    public class VerifyTimeout internal constructor(details: FailureDetails) : LogginException(details)
}

internal fun exceptionOf(details: FailureDetails): LogginException = when (details.`class`) {
    FailureClass.ALREADY_USED -> LogginException.AlreadyUsed(details)
    FailureClass.AUTHENTICATION -> LogginException.Authentication(details)
    FailureClass.BLOCKED -> LogginException.Blocked(details)
    FailureClass.CLOSED -> LogginException.Closed(details)
    FailureClass.CONNECTION_FAILED -> LogginException.ConnectionFailed(details)
    FailureClass.DENIED -> LogginException.Denied(details)
    FailureClass.EXPIRED -> LogginException.Expired(details)
    FailureClass.INVALID_CODE -> LogginException.InvalidCode(details)
    FailureClass.INVALID_INPUT -> LogginException.InvalidInput(details)
    FailureClass.PHONE_HIDDEN -> LogginException.PhoneHidden(details)
    FailureClass.QUOTA_EXCEEDED -> LogginException.QuotaExceeded(details)
    FailureClass.RATE_LIMIT -> LogginException.RateLimit(details)
    FailureClass.SERVER -> LogginException.Server(details)
    FailureClass.VERIFY_TIMEOUT -> LogginException.VerifyTimeout(details)
}

/** Runs a call of the native library, whose one kind of failure becomes the exception of its class. */
internal inline fun <T> translated(call: () -> T): T = try {
    call()
} catch (failure: Failure.Failed) {
    throw exceptionOf(failure.details)
}
