package loggin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The package as Java sees it: every name here is one that Java can write. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class JavaTest {
    /** Nothing here takes this long unless it hangs. */
    private static final Duration TEST_TIMEOUT = Duration.ofSeconds(30);

    private static final String DEMO_APP = "8XKPQ2WN";

    private final Environment environment = new Environment();

    @AfterAll
    void end() {
        environment.close();
    }

    private LogginConfig.Builder options() {
        return LogginConfig.builder().baseUrl(environment.getUrl()).timeout(TEST_TIMEOUT);
    }

    @Test
    void aThreadThatMayBlockWaits() throws Exception {
        try (Loggin loggin = new Loggin(options().build())) {
            CreatedToken login = loggin.createToken(DEMO_APP);
            String phone = environment.tap(login.getLink());
            Session session = loggin.waitForVerifyBlocking(login.getToken());
            assertEquals(phone, session.getPhone());
            assertEquals(session, loggin.waitForVerifyBlocking(login.getToken(), TEST_TIMEOUT));
            assertEquals(DEMO_APP, session.getAppKey());
            assertTrue(session.getVerifiedAt().isBefore(Instant.now().plus(TEST_TIMEOUT)));
        }
    }

    @Test
    void aFutureWaits() throws Exception {
        try (Loggin loggin = new Loggin(options().build())) {
            CreatedToken login = loggin.createToken(DEMO_APP, "Sign in with {code}");
            CompletableFuture<Session> session = loggin.waitForVerifyAsync(login.getToken());
            String phone = environment.tap(login.getLink());
            assertEquals(phone, session.get(TEST_TIMEOUT.toSeconds(), TimeUnit.SECONDS).getPhone());
            String other = loggin.createToken(DEMO_APP).getToken();
            ExecutionException failure = assertThrows(
                    ExecutionException.class,
                    () -> loggin.waitForVerifyAsync(other, Duration.ofMillis(1)).get());
            assertEquals(LogginException.VerifyTimeout.class, failure.getCause().getClass());
            CompletableFuture<Session> cancelled = loggin.waitForVerifyAsync(other, TEST_TIMEOUT);
            assertTrue(cancelled.cancel(true));
            assertThrows(CancellationException.class, cancelled::join);
        }
    }

    @Test
    void aWaitIsCancelledFromElsewhere() throws Exception {
        try (Loggin loggin = new Loggin(options().build())) {
            String token = loggin.createToken(DEMO_APP).getToken();
            for (PendingWait wait : List.of(loggin.startWait(token), loggin.startWait(token, TEST_TIMEOUT))) {
                wait.cancel();
                assertThrows(LogginException.Closed.class, wait::resultBlocking);
            }
        }
    }

    @Test
    void updatesAreHeard() throws Exception {
        try (Loggin loggin = new Loggin(options().build())) {
            CreatedToken login = loggin.createToken(DEMO_APP);
            environment.tap(login.getLink());
            List<LoginUpdate> updates = new ArrayList<>();
            loggin.watchBlocking(login.getToken(), TEST_TIMEOUT, updates::add);
            LoginUpdate last = updates.get(updates.size() - 1);
            assertNotNull(((LoginUpdate.Verified) last).getSession().getPhone());
            loggin.watchBlocking(login.getToken(), updates::add);
            assertEquals(last, updates.get(updates.size() - 1));
        }
    }

    @Test
    void theStateIsTold() throws Exception {
        try (Loggin loggin = new Loggin(options().build())) {
            assertEquals(new ClientState(false, null, null), loggin.state());
            loggin.waitForVerifyAsync(loggin.createToken(DEMO_APP).getToken());
            loggin.onBackground();
            loggin.onForeground();
        }
        try (Loggin loggin = new Loggin(LogginConfig.builder().baseUrl("http://127.0.0.1:1").build())) {
            String token = loggin.createToken(DEMO_APP).getToken();
            LogginException error = assertThrows(
                    LogginException.class, () -> loggin.waitForVerifyBlocking(token, Duration.ofSeconds(1)));
            assertEquals("refused", error.getNetworkCause());
            ClientState state = loggin.state();
            assertFalse(state.isConnected());
            assertEquals("refused", state.getCause());
            assertTrue(state.getSince().isBefore(Instant.now()));
        }
    }

    @Test
    void anErrorHasItsFields() throws Exception {
        LogginException error = assertThrows(
                LogginException.InvalidInput.class,
                () -> new Loggin(options().secretKey("lgsk_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK").build()));
        assertEquals("invalid_config", error.getCode());
        assertFalse(error.getRetryable());
        Duration pause = error.getRetryAfter();
        assertNull(pause);
        assertNull(error.getStatus());
        assertNull(error.getAttemptsLeft());
        assertNull(error.getRequestId());
        try (Loggin loggin = new Loggin()) {
            loggin.createToken("no");
        } catch (LogginException refused) {
            assertEquals("invalid_app_key", refused.getCode());
        }
    }

    @Test
    void aClientThatIsClosedSaysSo() throws Exception {
        Loggin loggin = new Loggin(options().appKey(DEMO_APP).allowInsecureHttp(false).build());
        loggin.close();
        String token = loggin.createToken(DEMO_APP).getToken();
        assertThrows(LogginException.Closed.class, () -> loggin.waitForVerifyBlocking(token));
    }
}
