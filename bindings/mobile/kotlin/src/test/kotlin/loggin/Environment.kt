package loggin

import java.io.BufferedReader
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

/** The app that `loggin-server dev` has ready. */
const val DEMO_APP = "8XKPQ2WN"

/** Nothing here takes this long unless it hangs. */
val TEST_TIMEOUT = 30.seconds

val WORKSPACE: Path = Path.of(System.getProperty("loggin.workspace")).toRealPath()

/** The real server with its simulator, on free ports, and the people with the phones. */
class Environment : AutoCloseable {
    private val data = Files.createTempDirectory("loggin")
    private val program = WORKSPACE.resolve("target/debug/loggin-server").toString()
    private val phones = AtomicLong(916_000_000_000)
    private val http = HttpClient.newHttpClient()
    private lateinit var server: Process
    private lateinit var simulator: String

    /** The server's base URL. */
    lateinit var url: String
        private set

    init {
        start("127.0.0.1:0")
    }

    private fun start(listen: String) {
        val command = ProcessBuilder(
            program, "dev", "--listen", listen, "--simulator-listen", "127.0.0.1:0", "--data", "$data",
        )
        for (level in listOf("LOGGIN_LOG", "RUST_LOG")) command.environment().putIfAbsent(level, "warn")
        server = command.redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val lines = server.inputReader()
        url = lines.after("loggin-server listening on ")
        simulator = lines.after("phone simulator on ")
    }

    /** Ends the server as a power cut does: nobody can be reached until [recover]. */
    fun fail() {
        server.destroyForcibly().waitFor()
    }

    /** Starts the server again, on the same port and with the same data. */
    fun recover() = start(URI(url).authority)

    fun client(appKey: String? = null) = Loggin(LogginConfig(baseUrl = url, timeout = TEST_TIMEOUT, appKey = appKey))

    fun addPhone(): String {
        val number = phones.incrementAndGet().toString()
        control("phones", buildJsonObject { put("number", number); put("name", "Asha") })
        return number
    }

    /** Opens a login link on a phone and taps Send; the phone's number. */
    fun tap(link: String): String {
        val phone = addPhone()
        val opened = control("open-link", buildJsonObject { put("link", link); put("phone", phone) })
        control("phones/$phone/messages", buildJsonObject { put("text", opened.getValue("text")) })
        return phone
    }

    /** The code that a phone was sent as a text, to be typed where the login began. */
    fun codeOn(phone: String): String = checkNotNull(Regex("[0-9]{6}").find(replyTo(phone))).value

    /** The page that the link beside the code leads to, and what it brings there. */
    fun linkOn(phone: String): Pair<String, String> {
        val link = checkNotNull(Regex("^https://.*$", RegexOption.MULTILINE).find(replyTo(phone))).value
        return link.substringBefore("#loggin=") to link.substringAfter("#loggin=")
    }

    /** What a phone that has sent a message is sent back, once it is there. */
    private fun replyTo(phone: String): String {
        var seen = "0"
        while (true) {
            val query = "after=$seen&timeout_ms=${TEST_TIMEOUT.inWholeMilliseconds}"
            val chat = send(HttpRequest.newBuilder(URI("$simulator/control/phones/$phone/messages?$query")))
            val messages = chat.getValue("messages").jsonArray.map { it.jsonObject }
            messages.find { it.text("from") == "business" }?.let { return it.text("text") }
            // None at all is the end of the test's time.
            seen = messages.last().getValue("seq").toString()
        }
    }

    /** An app made with the server's command line: its app key and secret key. */
    fun createApp(vararg options: String): Pair<String, String> {
        val command = ProcessBuilder(program, "app", "create", "--name", "Acme", "--json", *options)
        command.environment()["LOGGIN_DATABASE_URL"] = "sqlite:$data/loggin.db"
        val process = command.redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val app = Json.parseToJsonElement(process.inputReader().readText()).jsonObject
        check(process.waitFor() == 0)
        return app.text("app_key") to app.text("secret_key")
    }

    /** Redeems a token as the app's server does. */
    fun redeem(token: String, secretKey: String? = null): JsonObject {
        val request = post("$url/api/v1/tokens/verify", buildJsonObject { put("token", token) })
        secretKey?.let { request.header("Authorization", "Bearer $it") }
        return send(request)
    }

    private fun control(path: String, body: JsonObject) = send(post("$simulator/control/$path", body))

    private fun post(address: String, body: JsonObject) = HttpRequest.newBuilder(URI(address))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("$body"))

    private fun send(request: HttpRequest.Builder): JsonObject {
        val response = http.send(request.build(), HttpResponse.BodyHandlers.ofString())
        check(response.statusCode() in 200..299) { "${response.statusCode()}" }
        return Json.parseToJsonElement(response.body()).jsonObject
    }

    override fun close() {
        server.destroy()
        check(server.waitFor() == 0)
        data.toFile().deleteRecursively()
    }
}

/** A test of suspending code, which fails where it hangs. */
fun test(body: suspend CoroutineScope.() -> Unit): Unit =
    runBlocking(Dispatchers.Default) { withTimeout(TEST_TIMEOUT, body) }

fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content

private fun BufferedReader.after(words: String): String =
    generateSequence { readLine() }.first { it.startsWith(words) }.removePrefix(words).trim()
