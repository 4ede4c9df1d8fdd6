package loggin

import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** The flow of a login's progress. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WatchTest {
    private val environment = Environment()
    private val client = environment.client()

    @AfterAll
    fun end() {
        client.shutdown()
        environment.close()
    }

    @Test
    fun `each step is told, then who signed in, then the flow ends`() = test {
        val (appKey, _) = environment.createApp("--confirm", "code")
        val login = client.createToken(appKey)
        val updates = Channel<LoginUpdate>(Channel.UNLIMITED)
        launch {
            client.watch(login.token).collect { updates.send(it) }
            updates.close()
        }
        val phone = environment.tap(login.link)
        var update = updates.receive()
        while (update == LoginUpdate.MessageReceived) update = updates.receive()
        assertEquals(LoginUpdate.AwaitingConfirmation, update)
        client.confirm(login.token, environment.codeOn(phone))
        val verified = updates.receive() as LoginUpdate.Verified
        assertEquals(phone, verified.session.phone)
        assertFalse("$verified".contains(phone))
        assertTrue(updates.receiveCatching().isClosed)
    }

    @Test
    fun `a login that has ended is told to who comes late, in each collection`() = test {
        val login = client.createToken(DEMO_APP).also { environment.tap(it.link) }
        val flow = client.watch(login.token)
        repeat(2) { assertTrue(flow.toList().single() is LoginUpdate.Verified) }
    }

    @Test
    fun `a login that ends otherwise fails the flow`() = test {
        val late = runCatching { client.watch(client.createToken(DEMO_APP).token, 20.milliseconds).toList() }
        assertTrue(late.exceptionOrNull() is LogginException.VerifyTimeout)
        val unknown = runCatching { client.watch(client.createToken("00000000").token).toList() }
        assertTrue(unknown.exceptionOrNull() is LogginException.Authentication)
        val malformed = runCatching { client.watch("lgn1_").toList() }
        assertTrue(malformed.exceptionOrNull() is LogginException.InvalidInput)
    }

    @Test
    fun `cancelling the collection ends its wait only`() = test {
        val login = client.createToken(DEMO_APP)
        val collecting = launch { client.watch(login.token).collect {} }
        val other = client.startWait(login.token)
        collecting.cancelAndJoin()
        environment.tap(login.link)
        assertEquals(other.result(), (client.watch(login.token).first() as LoginUpdate.Verified).session)
    }
}
