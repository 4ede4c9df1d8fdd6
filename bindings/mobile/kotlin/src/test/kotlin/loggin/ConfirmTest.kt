package loggin

import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.yield
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** The code that WhatsApp showed, typed where the login began. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConfirmTest {
    private val environment = Environment()
    private val client = environment.client()
    private val appKey = environment.createApp("--confirm", "code").first

    @AfterAll
    fun end() {
        client.shutdown()
        environment.close()
    }

    /** A login whose person has tapped Send, and the code on their phone. */
    private suspend fun begin(): Pair<String, String> {
        val login = client.createToken(appKey)
        val phone = environment.tap(login.link)
        client.watch(login.token).first { it == LoginUpdate.AwaitingConfirmation }
        return login.token to environment.codeOn(phone)
    }

    @Test
    fun `the right code ends the wait, and what is none costs no try`() = test {
        val (token, code) = begin()
        assertEquals("awaiting_confirmation", client.status(token))
        val error = runCatching { client.confirm(token, "no digits") }.exceptionOrNull()
        assertEquals(5, (error as LogginException.InvalidCode).attemptsLeft)
        val wait = async { client.waitForVerify(token) }
        client.confirm(token, " ${code.take(3)} ${code.drop(3)}")
        assertEquals(appKey, wait.await().appKey)
        assertEquals("verified", client.status(token))
        assertEquals("pending", client.status(client.createToken(appKey).token))
    }

    @Test
    fun `the link back takes the place of the code`() = test {
        val page = "https://shop.example/login"
        val (shop, _) = environment.createApp("--confirm", "code", "--allowed-origin", "https://shop.example")
        environment.client().use { device ->
            val login = device.createToken(shop)
            val wait = device.startWait(login.token, returnTo = page)
            // The server has to know where the login began before the message comes.
            while (!device.state().isConnected) yield()
            val (shown, brought) = environment.linkOn(environment.tap(login.link))
            assertEquals(page, shown)
            device.confirm(login.token, brought)
            assertEquals("code", wait.result().confirmation)
        }
    }

    @Test
    fun `five wrong codes end the login`() = test {
        val (token, code) = begin()
        val wrong = if (code == "000000") "000001" else "000000"
        for (left in 4 downTo 1) {
            val error = runCatching { client.confirm(token, wrong) }.exceptionOrNull()
            assertEquals(left, (error as LogginException.InvalidCode).attemptsLeft)
        }
        assertTrue(runCatching { client.confirm(token, wrong) }.exceptionOrNull() is LogginException.Blocked)
        for (call in listOf<suspend () -> Any>({ client.waitForVerify(token) }, { client.status(token) })) {
            assertTrue(runCatching { call() }.exceptionOrNull() is LogginException.Denied)
        }
    }

    @Test
    fun `a thread may block, and a login that asks for no code says so`() {
        val token = client.createToken(DEMO_APP).token
        val error = assertThrows(LogginException.InvalidInput::class.java) { client.confirmBlocking(token, "123456") }
        assertEquals("invalid_request", error.code)
    }

    @Test
    fun `a token that is none, and one of another app, reach nobody`() = test {
        val malformed = runCatching { client.confirm("lgn1_", "1") }.exceptionOrNull()
        assertEquals("invalid_token", (malformed as LogginException.InvalidInput).code)
        val ours = environment.client(appKey = DEMO_APP)
        val theirs = runCatching { ours.confirm(client.createToken(appKey).token, "1") }.exceptionOrNull()
        assertEquals("unknown_app", (theirs as LogginException.Authentication).code)
    }

    @Test
    fun `a server that does not respond is left when the time is up, and when the coroutine is cancelled`() = test {
        ServerSocket(0, 50, InetAddress.getLoopbackAddress()).use { silent ->
            val alone = Loggin(LogginConfig(baseUrl = "http://127.0.0.1:${silent.localPort}"))
            val token = alone.createToken(DEMO_APP).token
            val late = runCatching { alone.confirm(token, "1", 20.milliseconds) }.exceptionOrNull()
            assertTrue(late is LogginException.ConnectionFailed, "$late")
            val call = async { runCatching { alone.confirm(token, "1") } }
            silent.accept().use { first -> first.getInputStream().read() }
            silent.accept().use { second ->
                // The call is under way.
                second.getInputStream().read()
                call.cancelAndJoin()
                // The connection ends with it.
                while (second.getInputStream().read() >= 0) Unit
            }
            assertTrue(runCatching { call.await() }.exceptionOrNull() is CancellationException)
            alone.shutdown()
        }
    }
}
