//! Every bound of the server, each with its reason.
//!
//! What is not bounded here is bounded by something that is: a stream's queue by its tokens, a call's memory by its
//! body.

use std::time::Duration;

/// Connections at once. A held stream costs about 4 KB here, and the kernel's buffers; beyond this, memory is better
/// given to another node. The limit of open files is often lower: then it counts.
pub(crate) const CONNECTIONS: usize = 65_536;

/// Streams at once from one address without a secret key: an office behind one address fits, one script does not
/// fill the server.
pub(crate) const STREAMS_PER_ADDRESS: usize = 1_000;

/// When to try again where an address holds as many: by then some login of five minutes has ended.
pub(crate) const STREAMS_RETRY_AFTER: Duration = Duration::from_secs(10);

/// Time to send the head of a request, which is also how long an idle connection is kept: longer than proxies keep
/// theirs, nginx 60 s, as one that is closed while a request goes out looks like a failure.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(75);

/// Time to send the body of a request: 3 MB take 24 s on a line of 1 Mbit/s.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a request's head: a proxy adds a few hundred to a browser's 2 KB.
pub(crate) const HEAD_BYTES: usize = 16 << 10;

/// Headers of a request; browsers and proxies send about 30.
pub(crate) const HEADERS: usize = 64;

/// Bytes of the body that names the tokens to wait for: 10,000 of 46 symbols, and as many quotes and commas.
pub(crate) const EVENTS_BODY: usize = 1 << 20;

/// Bytes of any other JSON body: one token and a code, or a phone and an app's own data.
pub(crate) const SMALL_BODY: usize = 4 << 10;

/// Bytes of a webhook: WhatsApp sends up to 3 MB.
pub(crate) const WEBHOOK_BODY: usize = 3 << 20;

/// Bytes of a body that are taken without asking whether there is room: nearly all bodies are smaller.
pub(crate) const FREE_BODY: usize = 8 << 10;

/// KiB of larger bodies in memory at once, of all calls together: 85 webhooks of 3 MB.
pub(crate) const BODIES_KIB: usize = 256 << 10;

/// Bytes read beyond a body's limit before the connection is cut: a sender that is told `payload_too_large` while it
/// still sends would otherwise see a reset instead of the answer.
pub(crate) const EXCESS_BODY: usize = 16 << 20;

/// Bytes of an `Idempotency-Key`; SDKs send 22, a UUID has 36.
pub(crate) const IDEMPOTENCY_KEY: usize = 255;

/// Bytes of a request id that a caller may choose.
pub(crate) const REQUEST_ID: usize = 64;

/// Bytes that a client may send on after its request for a stream, which means nothing: then it is cut off.
pub(crate) const BYTES_INTO_STREAM: usize = 4 << 10;

/// Time in which a stream's client must take what is written: longer than a mobile network is away in a tunnel, and
/// shorter than the silence after which clients themselves reconnect.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Logins without a result of one app, for callers without its secret key: at 5 minutes each, 650 new ones a second
/// that nobody finishes.
pub(crate) const PENDING_PER_APP: u32 = 200_000;

/// The same for the app's own server: whoever fills the bound above with made-up logins does not keep it out.
pub(crate) const PENDING_PER_APP_WITH_KEY: u32 = 1_000_000;

/// How long a count of them is believed: counting them all takes some milliseconds.
pub(crate) const PENDING_COUNT_VALID: Duration = Duration::from_secs(1);

/// How long an app is believed to be as it was read. An unknown one is read again at each call.
pub(crate) const APP_VALID: Duration = Duration::from_secs(1);

/// Apps remembered for that long; one server has some hundred.
pub(crate) const APPS_REMEMBERED: usize = 10_000;

/// Messages with a code of one sender in [`SENDER_WINDOW`]: nobody taps more links in a minute.
pub(crate) const MESSAGES_PER_SENDER: u32 = 30;

/// See [`MESSAGES_PER_SENDER`].
pub(crate) const SENDER_WINDOW: Duration = Duration::from_secs(60);

/// Tokens waited for from one address in [`WAITS_WINDOW`] without a secret key: a browser waits for one and connects
/// again now and then, and behind an office's address there are hundreds. It would take a script an hour to fill
/// [`PENDING_PER_APP`], and they last five minutes.
pub(crate) const WAITS_PER_ADDRESS: u32 = 3_000;

/// See [`WAITS_PER_ADDRESS`].
pub(crate) const WAITS_WINDOW: Duration = Duration::from_secs(60);

/// Calls for one-time codes that an app's key may make in [`CALLS_WINDOW`], unless the app is told otherwise: one code
/// and one typing a second.
pub(crate) const CALLS_PER_MINUTE: u32 = 120;

/// See [`CALLS_PER_MINUTE`].
pub(crate) const CALLS_WINDOW: Duration = Duration::from_secs(60);

/// From one message to a person to the next, in the long run: WhatsApp takes no more.
pub(crate) const RECIPIENT_PAUSE: Duration = Duration::from_secs(6);

/// Messages to a person that may go out without that pause. WhatsApp lends 45 from the future, at the price of
/// silence later.
pub(crate) const RECIPIENT_BURST: u32 = 10;

/// How far ahead a recipient's turns reach at most.
pub(crate) const RECIPIENT_TURNS: Duration =
    Duration::from_secs(RECIPIENT_PAUSE.as_secs() * RECIPIENT_BURST as u64);

/// Apps of which it is remembered that they have used up their calls of a minute. A forgotten one costs a write for each
/// further call.
pub(crate) const USED_UP_REMEMBERED: usize = 1_000;

/// Senders, or addresses, counted at once; when there are more in one window, counting starts anew.
pub(crate) const KEYS_COUNTED: usize = 100_000;

/// Codes looked up for one message. A text has one; lengthy nonsense may read as many.
pub(crate) const CODES_PER_MESSAGE: usize = 8;

/// Logins of one sender that a shared number finishes.
pub(crate) const LOGINS_PER_SHARED_NUMBER: u32 = 10;

/// Times a change is tried again because something else changed the login in between. Each time somebody else got
/// further, and a login has few states.
pub(crate) const CONFLICTS: usize = 16;

/// Jobs waiting for the store's writer, each of up to [`CHANGES_PER_JOB`]. Callers beyond it wait.
pub(crate) const WRITE_QUEUE: usize = 1_024;

/// Logins of one stream that are read and written at once while it begins: a row takes some 300 bytes of memory.
pub(crate) const CODES_AT_ONCE: usize = 1_000;

/// Changes written at once for one caller.
pub(crate) const CHANGES_PER_JOB: usize = 1_000;

/// Changes from which on a transaction is closed: about 20 ms of writing.
pub(crate) const CHANGES_PER_TRANSACTION: usize = 2_000;

/// Messages waiting to be sent through WhatsApp. Each is for a login, which expires by the time a longer queue
/// would come to it.
pub(crate) const OUTBOX: usize = 10_000;

/// Messages being sent at once: a number may send 80 a second, and a call takes a tenth of one.
pub(crate) const SENDS_AT_ONCE: usize = 8;

/// Logins that one look of the sweeper takes.
pub(crate) const SWEEP: u32 = 1_000;

/// Changes of other processes that one look takes.
pub(crate) const CHANGES_READ: u32 = 1_000;

/// Time for what is under way when the server is told to stop.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(10);
