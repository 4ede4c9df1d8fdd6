package loggin

import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import kotlin.time.Duration
import kotlin.time.DurationUnit.SECONDS
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.future.future
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * A client of one Loggin server, for an app on a device.
 *
 * It makes tokens and waits for logins. It never redeems: hand the token to your server, which redeems it with its
 * secret key and decides who is signed in.
 *
 * ```
 * val loggin = Loggin(LogginConfig(baseUrl = "https://login.example"))
 * val login = loggin.createToken("8XKPQ2WN")
 * // Open login.link: WhatsApp comes up with the message written.
 * loggin.waitForVerify(login.token)
 * // Send login.token to your server.
 * ```
 *
 * It may be used from any thread. Thousands of waits share a handful of connections, and none holds a thread.
 *
 * From Java, where nothing suspends, there are [waitForVerifyAsync], [waitForVerifyBlocking] and [watchBlocking], whose
 * timeouts are of `java.time`.
 *
 * @throws LogginException.InvalidInput `invalid_config` where an option is malformed, or a secret key is given.
 */
public class Loggin @Throws(LogginException::class) constructor(config: LogginConfig = LogginConfig()) : AutoCloseable {
    private val client = translated { config.makeClient() }

    /**
     * Makes a login for an app, offline and at once.
     *
     * @param text The text of the message. It must contain `{code}` once, be at most 200 characters long with the code
     *   filled in, and have no `+` and no emoji. The default asks the person to send it.
     * @throws LogginException.InvalidInput `invalid_app_key` or `invalid_request` where an argument is malformed.
     */
    @JvmOverloads
    @Throws(LogginException::class)
    public fun createToken(appKey: String, text: String? = null): CreatedToken =
        translated { client.createToken(appKey, text).use(::CreatedToken) }

    /**
     * Waits until the person has signed in. Cancelling the coroutine ends the wait.
     *
     * It survives whatever is temporary (no network, a restart of the server) until its deadline.
     *
     * @param token The token of [createToken], also one that an earlier process of the app has saved.
     * @param timeout How long to wait; the client's own [LogginConfig.timeout] by default. Zero is no wait; a negative one
     *   is `invalid_request`.
     * @param confirm The least confirmation to accept: `reply`, `match` or `code`. A login that was verified with less is
     *   confirmed first; [watch] tells what to show or to ask for. It asks for more only than the app does.
     * @param returnTo A link that opens your app (an App Link), or the page where the login began on this very device, without
     *   query and fragment. Where the login asks for `code`, the message with the digits has a link to it too, if the
     *   login's app allows its origin. [confirm] takes what stands behind `#loggin=` there in place of the digits.
     * @throws LogginException of the class that says what to do.
     */
    public suspend fun waitForVerify(
        token: String,
        timeout: Duration? = null,
        confirm: String? = null,
        returnTo: String? = null,
    ): Session =
        translated { client.waitForVerify(token, timeout?.toDouble(SECONDS), confirm, returnTo).use(::Session) }

    /** [waitForVerify] for a thread that may block. Interrupting the thread ends the wait. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun waitForVerifyBlocking(token: String, timeout: Duration? = null): Session =
        runBlocking { waitForVerify(token, timeout) }

    /** The same, for as long as the client was set up for. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun waitForVerifyBlocking(token: String): Session = runBlocking { waitForVerify(token) }

    /** The same, for Java. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun waitForVerifyBlocking(token: String, timeout: java.time.Duration): Session =
        runBlocking { waitForVerify(token, timeout.toKotlinDuration()) }

    /**
     * [waitForVerify] for Java: the future fails with a [LogginException], on a thread of coroutines' own. Cancelling it ends
     * the wait.
     */
    @JvmOverloads
    @OptIn(DelicateCoroutinesApi::class)
    public fun waitForVerifyAsync(token: String, timeout: java.time.Duration? = null): CompletableFuture<Session> =
        // The wait has its own deadline, and its end in the future's.
        GlobalScope.future { waitForVerify(token, timeout?.toKotlinDuration()) }

    /** Begins a wait that may be cancelled from elsewhere. */
    public fun startWait(
        token: String,
        timeout: Duration? = null,
        confirm: String? = null,
        returnTo: String? = null,
    ): PendingWait = PendingWait(client.startWait(token, timeout?.toDouble(SECONDS), confirm, returnTo))

    /** The same, for as long as the client was set up for. */
    public fun startWait(token: String): PendingWait = PendingWait(client.startWait(token, null, null, null))

    /** The same, for Java. */
    public fun startWait(token: String, timeout: java.time.Duration): PendingWait =
        startWait(token, timeout.toKotlinDuration())

    /**
     * Waits as [waitForVerify], and tells on the way how far the login has come; ends with [LoginUpdate.Verified].
     *
     * Every collection is a wait of its own, which ends with it. The flow fails with a [LogginException] where the
     * login ends otherwise.
     *
     * ```
     * loggin.watch(login.token).collect { update ->
     *     if (update is LoginUpdate.Verified) { /* Send login.token to your server. */ }
     * }
     * ```
     */
    public fun watch(
        token: String,
        timeout: Duration? = null,
        confirm: String? = null,
        returnTo: String? = null,
    ): Flow<LoginUpdate> = updates { client.watch(token, timeout?.toDouble(SECONDS), confirm, returnTo) }

    /**
     * [watch] for a Java thread that may block: it is called with each update, [LoginUpdate.Verified] the last.
     * Interrupting the thread ends the wait.
     */
    @JvmOverloads
    @Throws(LogginException::class, InterruptedException::class)
    public fun watchBlocking(
        token: String,
        timeout: java.time.Duration? = null,
        confirm: String? = null,
        returnTo: String? = null,
        onUpdate: Consumer<LoginUpdate>,
    ): Unit = runBlocking { watch(token, timeout?.toKotlinDuration(), confirm, returnTo).collect(onUpdate::accept) }

    /**
     * Hands in the digits that WhatsApp showed, for a login that is [LoginUpdate.AwaitingConfirmation] (the app, or
     * who waits, asks for `code`); its wait then ends. Cancelling the coroutine ends the call.
     *
     * @param token The token of [createToken].
     * @param confirmationCode What the person typed, or what the message's link brought.
     * @param timeout How long the call takes at most, all its tries together; 10 seconds by default.
     * @throws LogginException.InvalidCode where they are wrong: ask again, [LogginException.attemptsLeft] times.
     * @throws LogginException.Blocked after too many wrong ones: the login is over.
     * @throws LogginException.Expired where they come too late.
     * @throws LogginException.InvalidInput `invalid_request` where the login asks for none, or not yet.
     * @throws LogginException.ConnectionFailed where the server is not reached within the retries and the time.
     */
    public suspend fun confirm(token: String, confirmationCode: String, timeout: Duration? = null): Unit =
        translated { client.startConfirm(token, confirmationCode, timeout?.toDouble(SECONDS)).use { it.result() } }

    /** [confirm] for a thread that may block. Interrupting the thread ends the call. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun confirmBlocking(token: String, confirmationCode: String, timeout: Duration? = null): Unit =
        runBlocking { confirm(token, confirmationCode, timeout) }

    /** The same, for 10 seconds at most. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun confirmBlocking(token: String, confirmationCode: String): Unit =
        runBlocking { confirm(token, confirmationCode) }

    /** The same, for Java. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun confirmBlocking(token: String, confirmationCode: String, timeout: java.time.Duration): Unit =
        runBlocking { confirm(token, confirmationCode, timeout.toKotlinDuration()) }

    /**
     * How far a login has come, now: `pending`, `message_received`, `awaiting_match`, `awaiting_confirmation` or `verified`. The list is
     * open: a newer server may tell more. It waits for nothing; who can wait is told sooner by [watch].
     *
     * @param timeout How long the call takes at most, all its tries together; 10 seconds by default.
     * @throws LogginException of the class that says what the login has ended with, or why the call failed.
     */
    public suspend fun status(token: String, timeout: Duration? = null): String =
        translated { client.startStatus(token, timeout?.toDouble(SECONDS)).use { it.result() } }

    /** [status] for a thread that may block, for Java too. Interrupting the thread ends the call. */
    @JvmOverloads
    @Throws(LogginException::class, InterruptedException::class)
    public fun statusBlocking(token: String, timeout: java.time.Duration? = null): String =
        runBlocking { status(token, timeout?.toKotlinDuration()) }

    /** Hangs up: call it when the app goes to the background. The waits go on, and so do their deadlines. */
    public fun onBackground(): Unit = client.onBackground()

    /**
     * Connects anew, at once, and learns what has happened meanwhile: call it when the app comes back, and when the
     * device's network has changed.
     */
    public fun onForeground(): Unit = client.onForeground()

    /** How the client stands to its server, without asking it. */
    public fun state(): ClientState = ClientState(client.state())

    /** Ends every wait with [LogginException.Closed], and every later one. */
    public fun shutdown(): Unit = client.shutdown()

    /** [shutdown], for `use` and try-with-resources. */
    override fun close(): Unit = shutdown()

    override fun toString(): String = "Loggin"
}

/** A wait that has begun. Letting go of it, unreferenced, ends it as well. */
public class PendingWait internal constructor(private val native: loggin.ffi.Wait) {
    private val turn = Mutex()

    /**
     * Waits for the result, which any number of coroutines may do. Cancelling one of them leaves the wait as it is.
     *
     * @throws LogginException as [Loggin.waitForVerify]; [LogginException.Closed] where [cancel] came first.
     */
    public suspend fun result(): Session = turn.withLock { translated { native.result().use(::Session) } }

    /** [result] for a thread that may block. Interrupting the thread leaves the wait as it is. */
    @Throws(LogginException::class, InterruptedException::class)
    public fun resultBlocking(): Session = runBlocking { result() }

    /** Ends the wait. Once there is a result, it stays. */
    public fun cancel(): Unit = native.cancel()
}
