package loggin

import java.net.URI
import java.nio.file.Files
import kotlin.io.path.name
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** Fields of a result that others are held to: the server, the core, the Python package. */
private val FIELDS_OF_OTHERS = setOf("http_status", "otp_http_status", "python_also", "retry")

/** Kinds that the package has no function for: the core, which it is made of, is held to them. */
private val NO_FUNCTION = mapOf(
    "call_timeout" to "a device makes no calls",
    "client_call_timeout" to "a device makes no calls",
    "client_ip" to "one-time codes need the secret key: they are the server's",
    "create" to "the package chooses the secret",
    "decode" to "streams are read by the core",
    "delay" to "delays are chosen by the core",
    "login_event" to "streams are read by the core",
    "otp_result" to "one-time codes need the secret key: they are the server's",
    "otp_session" to "one-time codes need the secret key: they are the server's",
    "parse_code" to "nothing takes a code",
    "parse_token" to "a token goes to the server and nowhere else",
    "proxy" to "the core chooses the proxy",
    "percent_encode" to "a text is checked before it is encoded",
    "session" to "a device never redeems",
    "verify_webhook" to "webhooks go to the app's server, which has their secret",
)

/** Vectors that cannot be put to the package. */
private val NOT_HERE = mapOf(
    "client-nan" to "no Duration holds it",
    "server-code-made-canonical" to "a code is never passed in",
    "server-code-refused" to "a code is never passed in",
    "server-query-dropped" to "a client refuses a base URL with a query before it makes a link",
    "wait-nan" to "no Duration holds it",
    "wa-me-injection" to "a text has to hold a code",
    "wa-me-plus" to "a text has to hold a code",
)

/** The shared vectors, through the package: each file, each kind, each vector. */
class VectorsTest {
    private val calls: Map<String, (JsonObject) -> Map<String, JsonElement>> = mapOf(
        "client_timeout" to ::clientTimeout,
        "code" to ::code,
        "message_text" to ::messageText,
        "parse_app_key" to ::parseAppKey,
        "server_link" to ::serverLink,
        "wa_me_link" to ::waMeLink,
        "wait_timeout" to ::waitTimeout,
        "whatsapp_number" to ::whatsappNumber,
    )
    private val files = Files.list(WORKSPACE.resolve("tests/vectors")).use { paths ->
        paths.filter { it.name.endsWith(".json") && it.name != "schema.json" }.toList().associate {
            val vectors = Json.parseToJsonElement(Files.readString(it)).jsonObject.getValue("vectors")
            it.name.removeSuffix(".json") to vectors.jsonArray.map { vector -> expanded(vector).jsonObject }
        }
    }

    @Test
    fun `no file, kind or exception is unknown`() {
        assertEquals(setOf("backoff", "errors", "events", "link", "otp", "proxy", "sse", "timeout", "token", "webhook"), files.keys)
        val vectors = files.values.flatten()
        assertEquals(calls.keys + NO_FUNCTION.keys, vectors.map { it.text("kind") }.toSet())
        assertEquals(emptySet<String>(), NOT_HERE.keys - vectors.map { it.text("id") }.toSet())
    }

    @TestFactory
    fun vectors(): List<DynamicTest> = files.values.flatten()
        .filter { it.text("kind") !in NO_FUNCTION && it.text("id") !in NOT_HERE }
        .map { vector -> dynamicTest("${vector.text("id")}: ${vector.text("comment")}") { check(vector) } }

    private fun check(vector: JsonObject) {
        val call = calls.getValue(vector.text("kind"))
        val outcome: Any = try {
            call(vector.getValue("input").jsonObject)
        } catch (error: LogginException) {
            error.code
        }
        val wanted: Any = vector["expect"]?.jsonObject?.filterKeys { it !in FIELDS_OF_OTHERS } ?: vector.text("error")
        assertEquals(wanted, outcome)
    }

    private fun parseAppKey(input: JsonObject) =
        mapOf("app_key" to JsonPrimitive(Loggin().createToken(input.text("text")).code.substringBefore('-')))

    private fun messageText(input: JsonObject): Map<String, JsonElement> {
        val text = input.getValue("text").takeUnless { it is JsonNull }?.jsonPrimitive?.content
        val link = link(Loggin(LogginConfig(whatsappNumber = "15550001111")), input.text("code"), text)
        return mapOf("text" to JsonPrimitive(URI(link).query.removePrefix("text=")))
    }

    private fun whatsappNumber(input: JsonObject): Map<String, JsonElement> {
        val client = Loggin(LogginConfig(whatsappNumber = input.text("text")))
        return mapOf("digits" to JsonPrimitive(URI(client.createToken(DEMO_APP).link).path.drop(1)))
    }

    private fun waMeLink(input: JsonObject): Map<String, JsonElement> {
        val text = input.text("text")
        val code = Regex("[0-9A-Z]{8}(-[0-9A-Z]{5}){4}").find(text)?.value.orEmpty()
        val client = Loggin(LogginConfig(whatsappNumber = input.text("number")))
        return mapOf("link" to JsonPrimitive(link(client, code, text.replace(code, "{code}"))))
    }

    private fun serverLink(input: JsonObject): Map<String, JsonElement> {
        val client = Loggin(LogginConfig(baseUrl = input.text("base_url"), allowInsecureHttp = true))
        return mapOf("link" to JsonPrimitive(link(client, input.text("code"), null)))
    }

    /** A link of the package, with the vector's code in place of its own. */
    private fun link(client: Loggin, code: String, text: String?): String {
        val created = client.createToken(code.take(8), text)
        return created.link.replace(created.code, code.uppercase())
    }

    private fun clientTimeout(input: JsonObject) = lasts(seconds(input), null)

    private fun waitTimeout(input: JsonObject) = lasts(null, seconds(input))

    private fun seconds(input: JsonObject) = input.text("seconds").toDouble().seconds

    /** Whether a wait goes on when one that began later is over. Nobody listens where the client asks. */
    private fun lasts(ofClient: Duration?, ofWait: Duration?): Map<String, JsonElement> {
        val client = Loggin(LogginConfig(baseUrl = "http://127.0.0.1:1", timeout = ofClient))
        val first = client.startWait(client.createToken(DEMO_APP).token, ofWait)
        assertThrows(LogginException.VerifyTimeout::class.java) {
            client.waitForVerifyBlocking(client.createToken(DEMO_APP).token, 1.milliseconds)
        }
        client.shutdown()
        val outcome = try {
            runBlocking { first.result() }
        } catch (error: LogginException) {
            if (error is LogginException.InvalidInput) throw error else error.code
        }
        return mapOf("outcome" to JsonPrimitive(if (outcome == "closed") "goes_on" else "$outcome"))
    }

    /** What each code is here. A code of a newer server is a `ServerError`, and the core keeps its name. */
    private fun code(input: JsonObject): Map<String, JsonElement> {
        val details = loggin.ffi.failureOf(input.text("code"))
        val error = exceptionOf(details)
        assertEquals(input.text("code"), error.code)
        return mapOf(
            "class" to JsonPrimitive(CLASS_NAMES.getValue(error::class.java)),
            "retryable" to JsonPrimitive(error.retryable),
        )
    }

    /** Replaces `{"repeat": "x", "times": 3}`, wherever it stands, by `"xxx"`. */
    private fun expanded(value: JsonElement): JsonElement = when (value) {
        is JsonArray -> JsonArray(value.map(::expanded))
        is JsonObject -> if (value.keys == setOf("repeat", "times")) {
            JsonPrimitive(value.text("repeat").repeat(value.text("times").toInt()))
        } else {
            JsonObject(value.mapValues { expanded(it.value) })
        }
        else -> value
    }
}

/** The exceptions, and what other languages call them. */
private val CLASS_NAMES: Map<Class<out LogginException>, String> = mapOf(
    LogginException.AlreadyUsed::class.java to "AlreadyUsedError",
    LogginException.Authentication::class.java to "AuthenticationError",
    LogginException.Blocked::class.java to "BlockedError",
    LogginException.Closed::class.java to "ClosedError",
    LogginException.ConnectionFailed::class.java to "ConnectionFailedError",
    LogginException.Denied::class.java to "DeniedError",
    LogginException.Expired::class.java to "ExpiredError",
    LogginException.InvalidCode::class.java to "InvalidCodeError",
    LogginException.InvalidInput::class.java to "InvalidInputError",
    LogginException.PhoneHidden::class.java to "PhoneHiddenError",
    LogginException.QuotaExceeded::class.java to "QuotaExceededError",
    LogginException.RateLimit::class.java to "RateLimitError",
    LogginException.Server::class.java to "ServerError",
    LogginException.VerifyTimeout::class.java to "VerifyTimeoutError",
)
