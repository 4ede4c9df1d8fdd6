package loggin

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

/** What a phone does to an app that waits: it freezes it, takes its network away, ends it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LifecycleTest {
    private val environment = Environment()
    private val client = environment.client()

    @AfterAll
    fun end() {
        client.shutdown()
        environment.close()
    }

    @Test
    fun `the tap while the app is frozen is told when it comes back`() = test {
        val login = client.createToken(DEMO_APP)
        val wait = async(start = CoroutineStart.UNDISPATCHED) { client.waitForVerify(login.token) }
        client.onBackground()
        val phone = signIn(login)
        assertFalse(wait.isCompleted, "who is frozen is told nothing")
        client.onForeground()
        assertEquals(phone, wait.await().phone)
    }

    @Test
    fun `the tap while nobody can be reached is told when the network is back`() = test {
        val login = client.createToken(DEMO_APP)
        val wait = async(start = CoroutineStart.UNDISPATCHED) { client.waitForVerify(login.token) }
        client.onBackground()
        environment.fail()
        // Back in the app, and still no network.
        client.onForeground()
        client.onBackground()
        environment.recover()
        val phone = signIn(login)
        assertFalse(wait.isCompleted)
        client.onForeground()
        assertEquals(phone, wait.await().phone)
    }

    @Test
    fun `coming back twice, or without having gone, does no harm`() = test {
        val login = client.createToken(DEMO_APP)
        client.onForeground()
        val wait = async(start = CoroutineStart.UNDISPATCHED) { client.waitForVerify(login.token) }
        repeat(2) { client.onBackground() }
        repeat(2) { client.onForeground() }
        assertEquals(signIn(login), wait.await().phone)
    }

    @Test
    fun `a saved token is waited for by the app's next process`() = test {
        val saved = client.createToken(DEMO_APP).also { environment.tap(it.link) }.token
        val nextLife = environment.client()
        assertNotNull(nextLife.waitForVerify(" $saved\n").phone)
        nextLife.shutdown()
    }

    /** Signs in, and returns once somebody who is not frozen is told. */
    private suspend fun signIn(login: CreatedToken): String {
        val phone = environment.tap(login.link)
        val other = environment.client()
        other.waitForVerify(login.token)
        other.shutdown()
        return phone
    }
}
