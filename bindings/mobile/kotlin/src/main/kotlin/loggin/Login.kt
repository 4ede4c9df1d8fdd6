package loggin

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.DurationUnit.SECONDS
import kotlin.time.toKotlinDuration

/** The options of a client. Java has [builder]. */
public class LogginConfig(
    /** The server: https, or on this machine. By default the local one that `loggin-server dev` starts. */
    public val baseUrl: String? = null,
    /** The number that links open a chat with. Without it links go through the server, which knows its number. */
    public val whatsappNumber: String? = null,
    /** How long a wait lasts unless it says otherwise; 300 seconds by default. */
    public val timeout: Duration? = null,
    /** Allows `http:` to another machine, for development: tokens then cross the network readable. */
    public val allowInsecureHttp: Boolean = false,
    /**
     * Always refused. A secret key belongs to your server: whoever takes the app apart would have it. The option is
     * here so that a key copied from elsewhere is an error that says so.
     */
    private val secretKey: String? = null,
    /** The app whose logins are waited for: tokens of others are `unknown_app`. By default those of any app. */
    public val appKey: String? = null,
    /** Certificates, PEM, whose issuers are trusted beside the others: those of a company, or of your own server. */
    public val caPem: String? = null,
) {
    internal fun makeClient() = loggin.ffi.Client(
        baseUrl = baseUrl,
        secretKey = secretKey,
        appKey = appKey,
        whatsappNumber = whatsappNumber,
        timeout = timeout?.toDouble(SECONDS),
        allowInsecureHttp = allowInsecureHttp,
        caPem = caPem,
    )

    override fun toString(): String = "LogginConfig(baseUrl=$baseUrl)"

    /** Sets options one by one, as Java needs it; they are explained at [LogginConfig]. What is null is not set. */
    public class Builder internal constructor() {
        private var baseUrl: String? = null
        private var whatsappNumber: String? = null
        private var timeout: Duration? = null
        private var allowInsecureHttp = false
        private var secretKey: String? = null
        private var appKey: String? = null
        private var caPem: String? = null

        /** See [LogginConfig.baseUrl]. */
        public fun baseUrl(value: String?): Builder = apply { baseUrl = value }

        /** See [LogginConfig.whatsappNumber]. */
        public fun whatsappNumber(value: String?): Builder = apply { whatsappNumber = value }

        /** See [LogginConfig.timeout]. */
        public fun timeout(value: java.time.Duration?): Builder = apply { timeout = value?.toKotlinDuration() }

        /** See [LogginConfig.allowInsecureHttp]. */
        public fun allowInsecureHttp(value: Boolean): Builder = apply { allowInsecureHttp = value }

        /** Always refused: a secret key belongs to your server. */
        public fun secretKey(value: String?): Builder = apply { secretKey = value }

        /** See [LogginConfig.appKey]. */
        public fun appKey(value: String?): Builder = apply { appKey = value }

        /** See [LogginConfig.caPem]. */
        public fun caPem(value: String?): Builder = apply { caPem = value }

        /** The options. */
        public fun build(): LogginConfig =
            LogginConfig(baseUrl, whatsappNumber, timeout, allowInsecureHttp, secretKey, appKey, caPem)

        override fun toString(): String = "LogginConfig.Builder(baseUrl=$baseUrl)"
    }

    public companion object {
        /** Options for Java: `LogginConfig.builder().baseUrl("https://login.example").build()`. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

/** How a client stands to its server. It holds nothing secret and may be logged. */
public data class ClientState(
    /** Whether an event stream is ready. A client that nothing waits for has none, and is not connected. */
    public val isConnected: Boolean,
    /** Since when it is connected or, with a cause, since when the server has not been reached. */
    public val since: Instant?,
    /** Why the server was not reached the last time, as [LogginException.networkCause]; null once it was. */
    public val cause: String?,
) {
    internal constructor(native: loggin.ffi.ClientState) : this(native.isConnected, native.since, native.cause)
}

/**
 * A new login. Printing it shows neither the token nor the code, and what writes the fields of any object as JSON finds
 * none. Hand on what you mean to hand on.
 */
public class CreatedToken internal constructor(native: loggin.ffi.CreatedTokenInterface) {
    /** The secret that redeems the login: keep it, hand it to your server, show it to nobody. */
    @Transient
    public val token: String = native.token()

    /** Opens WhatsApp with the message written. It holds the code, not the token. */
    @Transient
    public val link: String = native.link()

    /** The same link, for an intent that views it. */
    public val whatsappUrl: String get() = link

    /** The public half, which the message carries. */
    @Transient
    public val code: String = native.code()

    /**
     * The link as a QR code, SVG, for a person whose WhatsApp is on another device.
     *
     * @throws LogginException.InvalidInput `invalid_request` where the link is too long for a picture.
     */
    @Throws(LogginException::class)
    public fun qrSvg(): String = translated { loggin.ffi.qrSvg(link) }

    override fun toString(): String = "CreatedToken(appKey=${code.substringBefore('-')})"
}

/**
 * Who signed in, as this device is told: your server decides. Printing it shows neither the phone number nor the subject.
 */
public class Session internal constructor(native: loggin.ffi.SessionInterface) {
    /** The app that the person signed in to. */
    public val appKey: String = native.appKey()

    /**
     * The phone number, digits with country code and without `+`; null where the person hides it, or the app shows it to its
     * server only.
     */
    public val phone: String? = native.phone()

    /** The business-scoped WhatsApp user id, where WhatsApp told it. */
    public val userId: String? = native.userId()

    /** The person at this app, whatever becomes of number and user id: the key of your table of users. */
    public val subject: String = native.subject()

    /** What the person did to confirm the login: `none`, `reply`, `match` or `code`. */
    public val confirmation: String = native.confirmation()

    /**
     * `normal`, or `changed` at the first login after the number, or who owns it, became another one. The list is open: a newer
     * server may tell more.
     */
    public val assurance: String = native.assurance()

    /** When the message arrived at the server, or the login was confirmed. */
    public val verifiedAt: Instant = native.verifiedAt()

    override fun equals(other: Any?): Boolean = other is Session &&
        appKey == other.appKey && phone == other.phone && userId == other.userId && subject == other.subject &&
        confirmation == other.confirmation && assurance == other.assurance && verifiedAt == other.verifiedAt

    override fun hashCode(): Int =
        listOf(appKey, phone, userId, subject, confirmation, assurance, verifiedAt).hashCode()

    override fun toString(): String = "Session(appKey=$appKey, verifiedAt=$verifiedAt)"
}
