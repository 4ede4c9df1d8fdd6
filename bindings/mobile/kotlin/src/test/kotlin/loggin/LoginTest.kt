package loggin

import java.lang.reflect.Field
import java.lang.reflect.Modifier
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** Logins from the tap to the server's redeeming, against the real server and simulator. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LoginTest {
    private val environment = Environment()
    private val client = environment.client()

    @AfterAll
    fun end() {
        client.shutdown()
        environment.close()
    }

    @Test
    fun `a person signs in, and the app's server redeems`() = test {
        val (appKey, secretKey) = environment.createApp()
        val login = client.createToken(appKey)
        val wait = async { client.waitForVerify(login.token) }
        val phone = environment.tap(login.link)
        val session = wait.await()
        assertEquals(listOf(appKey, phone), listOf(session.appKey, session.phone))
        assertTrue(session.subject.startsWith("lgsu_"))
        assertEquals("normal", session.assurance)
        assertFalse("$session".contains(session.subject))
        assertEquals("verified", environment.redeem(login.token, secretKey).text("status"))
    }

    @Test
    fun `an app may hide phones from devices`() = test {
        val (appKey, secretKey) = environment.createApp("--hide-phone-from-browser")
        val login = client.createToken(appKey)
        val phone = environment.tap(login.link)
        val session = client.waitForVerify(login.token)
        assertNull(session.phone)
        assertEquals(phone, environment.redeem(login.token, secretKey).text("phone"))
    }

    @Test
    fun `what writes the fields of any object finds no secret of a login`() {
        val fields = CreatedToken::class.java.declaredFields
        assertEquals(setOf("token", "link", "code"), fields.map { it.name }.toSet())
        assertEquals(emptyList<Field>(), fields.filterNot { Modifier.isTransient(it.modifiers) })
    }

    @Test
    fun `a thread may block`() {
        val login = client.createToken(DEMO_APP)
        environment.tap(login.link)
        assertEquals(DEMO_APP, client.waitForVerifyBlocking(login.token).appKey)
    }

    @Test
    fun `a wait is cancelled from elsewhere, and only that one`() = test {
        val login = client.createToken(DEMO_APP)
        val (cancelled, other) = List(2) { client.startWait(login.token) }
        val result = async(start = CoroutineStart.UNDISPATCHED) { runCatching { cancelled.result() } }
        cancelled.cancel()
        assertTrue(result.await().exceptionOrNull() is LogginException.Closed)
        environment.tap(login.link)
        val session = other.result()
        other.cancel()
        assertEquals(session, other.result(), "a result stays")
    }

    @Test
    fun `many coroutines may await one wait, and one of them may give up`() = test {
        val login = client.createToken(DEMO_APP)
        val wait = client.startWait(login.token)
        val awaiting = List(3) { async(start = CoroutineStart.UNDISPATCHED) { wait.result() } }
        awaiting[0].cancelAndJoin()
        environment.tap(login.link)
        assertEquals(awaiting[1].await(), awaiting[2].await())
        assertTrue(runCatching { awaiting[0].await() }.exceptionOrNull() is CancellationException)
    }

    @Test
    fun `a wait ends at its deadline`() = test {
        val login = client.createToken(DEMO_APP)
        val error = runCatching { client.waitForVerify(login.token, 20.milliseconds) }.exceptionOrNull()
        assertTrue(error is LogginException.VerifyTimeout, "$error")
        assertEquals("timeout", (error as LogginException).code)
    }

    @Test
    fun `a client that is shut down says so`() = test {
        val closed = environment.client()
        val login = closed.createToken(DEMO_APP)
        val wait = async(start = CoroutineStart.UNDISPATCHED) { runCatching { closed.waitForVerify(login.token) } }
        closed.shutdown()
        assertTrue(wait.await().exceptionOrNull() is LogginException.Closed)
        assertTrue(runCatching { closed.waitForVerify(login.token) }.exceptionOrNull() is LogginException.Closed)
    }

    @Test
    fun `an unknown app is told at once`() = test {
        val login = client.createToken("00000000")
        val error = runCatching { client.waitForVerify(login.token) }.exceptionOrNull()
        assertTrue(error is LogginException.Authentication, "$error")
        assertEquals("unknown_app", (error as LogginException).code)
    }

    @Test
    fun `a login to another app than the client's is refused, and not observed`() = test {
        val (appKey, secretKey) = environment.createApp()
        val login = client.createToken(appKey)
        val phone = environment.tap(login.link)
        val ours = environment.client(appKey = " ${DEMO_APP.lowercase()}")
        val attempts = listOf<suspend () -> Any>(
            { ours.waitForVerify(login.token) },
            { ours.startWait(login.token).result() },
            { ours.watch(login.token).toList() },
        )
        for (attempt in attempts) {
            val error = runCatching { attempt() }.exceptionOrNull()
            assertTrue(error is LogginException.Authentication, "$error")
            assertEquals("unknown_app", (error as LogginException).code)
        }
        assertEquals(appKey, client.waitForVerify(login.token).appKey)
        assertEquals(phone, environment.redeem(login.token, secretKey).text("phone"))
    }

    @Test
    fun `an app key that is none is refused`() {
        val config = LogginConfig(appKey = "none")
        val error = assertThrows(LogginException.InvalidInput::class.java) { Loggin(config) }
        assertEquals("invalid_config", error.code)
    }

    @Test
    fun `a secret key is refused`() {
        val key = "lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK"
        val error = assertThrows(LogginException.InvalidInput::class.java) { Loggin(LogginConfig(secretKey = key)) }
        assertEquals("invalid_config", error.code)
        assertFalse("$error ${LogginConfig(secretKey = key)}".contains(key.drop(14)))
    }

    @Test
    fun `printing shows no secret`() = test {
        val login = client.createToken(DEMO_APP)
        val phone = environment.tap(login.link)
        val shown = "$client $login ${client.waitForVerify(login.token)}"
        for (secret in listOf(login.token.drop(14), login.code.drop(9), phone)) assertFalse(shown.contains(secret))
    }

    @Test
    fun `what crosses the border shows no secret either`() = test {
        val native = loggin.ffi.Client(environment.url, null, null, null, null, false, null)
        val login = native.createToken(DEMO_APP, null)
        val phone = environment.tap(login.link())
        val session = native.waitForVerify(login.token(), null, null, null)
        val update = native.watch(login.token(), null, null, null).next()
        val shown = "$native $login $session $update"
        for (secret in listOf(login.token().drop(14), login.code().drop(9), login.link(), phone)) {
            assertFalse(shown.contains(secret))
        }
        native.shutdown()
    }

    @Test
    fun `the picture is drawn here`() {
        val login = client.createToken(DEMO_APP)
        assertTrue(login.qrSvg().startsWith("<svg") || login.qrSvg().startsWith("<?xml"))
        assertEquals(login.link, login.whatsappUrl)
    }
}
