package loggin

import com.sun.net.httpserver.HttpsConfigurator
import com.sun.net.httpserver.HttpsServer
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.util.concurrent.atomic.AtomicInteger
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import kotlin.time.Duration.Companion.milliseconds
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Servers that speak TLS: whom a client trusts, and what it says of those that it does not trust. */
class TlsTest {
    @TempDir
    lateinit var folder: Path

    private val password = "changeit"

    /** A certificate that stands for itself, as a small company has it, in a key store of Java's. */
    private fun keyStore(name: String, vararg time: String): Path {
        val file = Files.createTempDirectory(folder, "store").resolve("server.p12")
        keytool(
            "-genkeypair", "-alias", "server", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=$name",
            "-ext", "san=dns:$name", "-keystore", "$file", "-storepass", password, *time,
        )
        return file
    }

    private fun pemOf(store: Path): String =
        keytool("-exportcert", "-rfc", "-alias", "server", "-keystore", "$store", "-storepass", password)

    private fun keytool(vararg arguments: String): String {
        val program = Path.of(System.getProperty("java.home"), "bin", "keytool").toString()
        val process = ProcessBuilder(program, *arguments)
            .redirectError(ProcessBuilder.Redirect.DISCARD).start()
        val printed = process.inputReader().readText()
        assertEquals(0, process.waitFor())
        return printed
    }

    /** Serves a login that has ended: of all that a server can say it needs no session. */
    private fun <T> serve(store: Path, use: (url: String, requests: AtomicInteger) -> T): T {
        val keys = KeyStore.getInstance(store.toFile(), password.toCharArray())
        val managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        managers.init(keys, password.toCharArray())
        val context = SSLContext.getInstance("TLS").apply { init(managers.keyManagers, null, null) }
        val server = HttpsServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
        val requests = AtomicInteger()
        server.httpsConfigurator = HttpsConfigurator(context)
        server.createContext("/") { exchange ->
            requests.incrementAndGet()
            val body = """{"error":"unknown_app","message":"There is no such app."}""".toByteArray()
            exchange.responseHeaders.add("Content-Type", "application/json")
            exchange.sendResponseHeaders(404, body.size.toLong())
            exchange.responseBody.use { it.write(body) }
        }
        server.start()
        try {
            return use("https://localhost:${server.address.port}", requests)
        } finally {
            server.stop(0)
        }
    }

    private fun failureOf(url: String, pem: String?): LogginException {
        val client = Loggin(LogginConfig(baseUrl = url, caPem = pem))
        try {
            return assertThrows(LogginException::class.java) {
                client.waitForVerifyBlocking(client.createToken("8XKPQ2WN").token, 300.milliseconds)
            }
        } finally {
            client.shutdown()
        }
    }

    @Test
    fun `a server is believed whose certificate is trusted`() {
        val store = keyStore("localhost")
        serve(store) { url, _ -> assertEquals("unknown_app", failureOf(url, pemOf(store)).code) }
    }

    @Test
    fun `a certificate that is not good says why, and nothing is told to its server`() {
        val trusted = keyStore("localhost")
        val cases = listOf(
            Triple("tls_expired", keyStore("localhost", "-startdate", "2020/01/01", "-validity", "365"), true),
            Triple("tls_name", keyStore("elsewhere.example"), true),
            Triple("tls_unknown_issuer", keyStore("localhost"), false),
        )
        for ((reason, store, isTrusted) in cases) {
            serve(store) { url, requests ->
                val failure = failureOf(url, pemOf(if (isTrusted) store else trusted))
                assertEquals("timeout" to reason, failure.code to failure.networkCause)
                assertEquals(0, requests.get())
            }
        }
    }

    @Test
    fun `a server that says nothing in the handshake`() {
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { silent ->
            val failure = failureOf("https://127.0.0.1:${silent.localPort}", null)
            assertEquals("timeout" to "timeout", failure.code to failure.networkCause)
        }
    }

    @Test
    fun `certificates that are none are refused`() {
        val refused = assertThrows(LogginException.InvalidInput::class.java) {
            Loggin(LogginConfig(baseUrl = "https://login.example", caPem = "no certificates"))
        }
        assertEquals("invalid_config", refused.code)
    }
}
