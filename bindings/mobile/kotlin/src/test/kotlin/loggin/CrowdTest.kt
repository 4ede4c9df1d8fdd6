package loggin

import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private const val CROWD = 8_000

/** Bytes of a page of memory, which is what the system counts. */
private const val PAGE = 4096

/** The connections of a hundred streams: what a server takes from a client without a secret key, and a few more. */
private const val MOST_SOCKETS = 110

/** Thousands of waits of one client: what they hold, and that nothing of them is left. */
class CrowdTest {
    @Test
    fun `eight thousand waits are cancelled and none is pending`() = runBlocking {
        Environment().use { environment ->
            val client = environment.client()
            client.createToken(DEMO_APP).let { environment.tap(it.link); client.waitForVerify(it.token) }
            val before = sockets()
            val tokens = List(CROWD) { client.createToken(DEMO_APP).token }
            val held = residentBytes()
            val waits = tokens.map { token ->
                async(start = CoroutineStart.UNDISPATCHED) { client.waitForVerify(token) }
            }
            println("memory of a wait: ${(residentBytes() - held) / CROWD} bytes outside the heap of Java")
            assertTrue(sockets() - before <= MOST_SOCKETS)
            waits.forEach { it.cancel() }
            withTimeout(TEST_TIMEOUT) { waits.joinAll() }
            assertTrue(waits.all { it.isCancelled })
            // A connection is hung up at once, and let go of by its own thread.
            until("a connection is held for nobody") { sockets() <= before }
            val login = client.createToken(DEMO_APP)
            val wait = async(start = CoroutineStart.UNDISPATCHED) { client.waitForVerify(login.token) }
            val phone = environment.tap(login.link)
            assertEquals(phone, withTimeout(TEST_TIMEOUT) { wait.await() }.phone, "the client is as good as new")
            wait.cancelAndJoin()
            client.shutdown()
        }
    }

    private fun until(what: String, isSo: () -> Boolean) {
        val mark = TimeSource.Monotonic.markNow()
        while (!isSo()) {
            assertTrue(mark.elapsedNow() < TEST_TIMEOUT, what)
            Thread.onSpinWait()
        }
    }

    private fun sockets(): Int {
        System.gc()
        return Files.newDirectoryStream(Path.of("/proc/self/fd")).use { links ->
            links.count { runCatching { "${Files.readSymbolicLink(it)}" }.getOrDefault("").startsWith("socket:") }
        }
    }

    /** What of this process is in memory; the heap is, all of it, from the start. */
    private fun residentBytes(): Long {
        System.gc()
        return Files.readString(Path.of("/proc/self/statm")).split(' ')[1].toLong() * PAGE
    }
}
