package loggin

import java.net.InetAddress
import java.net.ServerSocket
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

/** What the clients log, and to whom. */
class LogginLogTest {
    @AfterEach
    fun end() = LogginLog.silence()

    @Test
    fun `a server that is not reached is told, and no secret is`() {
        val lines = LinkedBlockingQueue<Pair<LogginLog.Level, String>>()
        LogginLog.listen(LogginLog.Level.WARN) { level, text -> lines.add(level to text) }
        val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
        val client = Loggin(LogginConfig(baseUrl = "http://127.0.0.1:$port"))
        val login = client.createToken("8XKPQ2WN")
        assertThrows(LogginException.VerifyTimeout::class.java) {
            client.waitForVerifyBlocking(login.token, 300.milliseconds)
        }
        client.shutdown()
        val line = lines.poll(20, TimeUnit.SECONDS)
        assertNotNull(line)
        assert(line.first == LogginLog.Level.WARN) { "$line" }
        for (secret in listOf(login.token, login.code)) {
            assertFalse(secret in line.second)
        }
    }
}
