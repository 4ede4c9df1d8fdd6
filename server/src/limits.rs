//! Every bound of the server, each with its reason, and the counts that hold callers to them.
//!
//! What is not bounded here is bounded by something that is: a stream's queue by its tokens, a call's memory by its
//! body.

mod addresses;
mod demo_counts;
mod guards;
mod hosted;
mod openid;
mod remembered;
mod rooms;
mod shared_count;
mod shares;
mod window_counts;

use std::time::Duration;

pub(crate) use addresses::{CountedStream, StreamCounts, customer};
pub(crate) use demo_counts::DemoCounts;
pub(crate) use guards::*;
pub(crate) use hosted::*;
pub(crate) use openid::*;
pub(crate) use remembered::Remembered;
pub(crate) use rooms::{Holder, Room, Rooms};
pub(crate) use shared_count::SharedCount;
pub(crate) use shares::{Share, Shares, Short};
pub(crate) use window_counts::WindowCounts;

/// Connections at once. A held stream costs about 4 KB here, and the kernel's buffers; beyond this, memory is better
/// given to another node. The limit of open files is often lower: then it counts, less [`FILES_RESERVED`].
pub(crate) const CONNECTIONS: usize = 65_536;

/// Files that connections leave to everything else: the database, what is sent to WhatsApp, and
/// [`RESERVED_CONNECTIONS`].
pub(crate) const FILES_RESERVED: usize = 256;

/// Connections of one address that reaches the server itself, without a proxy: more than its streams, and at most a
/// quarter of all.
pub(crate) const CONNECTIONS_PER_ADDRESS: usize = 2_000;

/// Connections that are accepted when the others are taken, for webhooks and health.
pub(crate) const RESERVED_CONNECTIONS: usize = 64;

/// How many of these one address may have.
pub(crate) const RESERVED_CONNECTIONS_PER_ADDRESS: usize = 8;

/// Time to send the head of a request there: WhatsApp and proxies connect when they have something to say.
pub(crate) const RESERVED_HEADER_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for the one request of such a connection, and its response: WhatsApp sends 3 MB in less.
pub(crate) const RESERVED_TIMEOUT: Duration = Duration::from_secs(10);

/// Streams at once from one address without a secret key: an office behind one address fits, one script does not
/// fill the server.
pub(crate) const STREAMS_PER_ADDRESS: usize = 1_000;

/// When to try again where an address holds as many: by then some login of five minutes has ended.
pub(crate) const STREAMS_RETRY_AFTER: Duration = Duration::from_secs(10);

/// Time to send the head of a request, which is also how long an idle connection is kept: longer than proxies keep
/// theirs, nginx 60 s, as one that is closed while a request goes out looks like a failure.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(75);

/// Time for a client to shake hands: on a bad mobile network the packets are sent three times.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time to say that TLS ends: it goes out at once, unless the client does not read.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls at once on a connection of HTTP/2, waits among them: as many as clients may take for granted.
pub(crate) const HTTP2_STREAMS: u32 = 100;

/// Bytes of a request's body that a client may send on such a connection before some are read: the protocol's own.
pub(crate) const HTTP2_STREAM_WINDOW: u32 = 64 << 10;

/// The same for all calls of a connection together: a webhook of 3 MB needs few pauses.
pub(crate) const HTTP2_CONNECTION_WINDOW: u32 = 1 << 20;

/// How often a client of HTTP/2 with calls under way is asked whether it is there.
pub(crate) const HTTP2_PING: Duration = Duration::from_secs(30);

/// How often the files of the certificate are looked at: they are a few KB, and whoever renews one sees it in use at once.
pub(crate) const CERTIFICATE_LOOK: Duration = Duration::from_secs(2);

/// How long before a certificate's end it is warned of: what renews one begins 30 days before, and tries every day.
pub(crate) const CERTIFICATE_ENDING: Duration = Duration::from_secs(14 * 24 * 3_600);

/// How often that is said.
pub(crate) const CERTIFICATE_WARNING_PAUSE: Duration = Duration::from_secs(24 * 3_600);

/// Time to send the body of a request: 3 MB take 24 s on a line of 1 Mbit/s.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a request's head: a proxy adds a few hundred to a browser's 2 KB.
pub(crate) const HEAD_BYTES: usize = 16 << 10;

/// Bytes that a connection buffers of requests, and of responses whose client does not read: some heads, and enough of a
/// body to read it fast.
pub(crate) const HTTP_BUFFER: usize = 32 << 10;

/// Headers of a request; browsers and proxies send about 30.
pub(crate) const HEADERS: usize = 64;

/// Bytes of the body that names the tokens to wait for: 10,000 of 46 symbols, and as many codes of 32 with the longest
/// status, each with its quotes and commas.
pub(crate) const EVENTS_BODY: usize = 3 << 19;

/// Denials of an app's redeemed results that a call is compared with, the latest first: each is a person who tapped a
/// button in WhatsApp.
pub(crate) const DENIALS_LOOKED_THROUGH: u32 = 10_000;

/// Bytes of any other JSON body: one token and a code, or a phone and an app's own data.
pub(crate) const SMALL_BODY: usize = 4 << 10;

/// Bytes of a webhook: WhatsApp sends up to 3 MB.
pub(crate) const WEBHOOK_BODY: usize = 3 << 20;

/// Bytes of a body that are taken without asking whether there is room: nearly all bodies are smaller.
pub(crate) const FREE_BODY: usize = 8 << 10;

/// KiB of larger bodies in memory at once: 32 webhooks of 3 MB; 96 calls of 10,000 tokens by apps that showed their
/// secret key; 64 by others.
pub(crate) const BODIES_KIB: [usize; 3] = [96 << 10, 96 << 10, 64 << 10];

/// Senders that it takes to fill each of these rooms: no address, and no app, has more than a part.
pub(crate) const BODIES_HOLDERS: usize = 4;

/// Lists and objects in one another in a JSON body: as deep as most parsers go, an app's own among them.
pub(crate) const BODY_DEPTH: usize = 128;

/// Names in the object of a JSON body; calls have four. Each that nobody asks for is remembered while a body is read.
pub(crate) const BODY_FIELDS: usize = 64;

/// Bytes read and dropped of a request that was answered before its end: a sender that only looks for the response
/// when it is done would otherwise see a reset in its place.
pub(crate) const EXCESS_BODY: usize = 16 << 20;

/// How long such a request is read on: as long as a body may take.
pub(crate) const EXCESS_TIMEOUT: Duration = BODY_TIMEOUT;

/// How long that is waited for more of it: its sender has noticed by then.
pub(crate) const EXCESS_PAUSE: Duration = Duration::from_secs(5);

/// Bytes of an `Idempotency-Key`; SDKs send 22, a UUID has 36.
pub(crate) const IDEMPOTENCY_KEY: usize = 255;

/// Bytes of a request id that a caller may choose.
pub(crate) const REQUEST_ID: usize = 64;

/// Bytes that a client may send on after its request for a stream, which means nothing: then it is cut off.
pub(crate) const BYTES_INTO_STREAM: usize = 4 << 10;

/// Time in which a client must take some of what is written: longer than a mobile network is away in a tunnel, and
/// shorter than the silence after which clients themselves reconnect.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Logins without a result of one app, for callers without its secret key: at 5 minutes each, 650 new ones a second
/// that nobody finishes.
pub(crate) const PENDING_PER_APP: u32 = 200_000;

/// The same for the app's own server: whoever fills the bound above with made-up logins does not keep it out.
pub(crate) const PENDING_PER_APP_WITH_KEY: u32 = 1_000_000;

/// How long a count of them is believed: counting them all takes some milliseconds.
pub(crate) const PENDING_COUNT_VALID: Duration = Duration::from_secs(1);

/// How long an app is believed to be as it was read.
pub(crate) const APP_VALID: Duration = Duration::from_secs(1);

/// How long an app is believed not to be there: short, as it may be added meanwhile, and long enough that one made-up
/// key is not looked up at each call.
pub(crate) const UNKNOWN_APP_VALID: Duration = Duration::from_millis(500);

/// Origins of web pages that may call for one app: each is looked at for every preflight.
pub(crate) const ORIGINS_PER_APP: usize = 200;

/// Good secret keys that an app may have at once: one for each of its servers, two of them while one is replaced.
pub(crate) const SECRET_KEYS_PER_APP: u32 = 20;

/// How long a session of the console lasts: a day's work.
pub(crate) const CONSOLE_SESSION: Duration = Duration::from_hours(12);

/// How long ago somebody may have signed in who is shown a secret or a whole number: longer, and somebody else may sit there.
pub(crate) const CONSOLE_RECENT: Duration = Duration::from_mins(10);

/// How long a form of the console waits for another sign-in of who sent it: some minutes to find the phone.
pub(crate) const CONSOLE_FORM: Duration = Duration::from_mins(10);

/// Bytes of such a form as its cookie has them: browsers take no cookie of more than 4 KiB.
pub(crate) const CONSOLE_FORM_BYTES: usize = 3_800;

/// Good keys of programs that administer a server at once: who needs more of them shares none of them.
pub(crate) const ACCESS_KEYS: u32 = 100;

/// Secret keys of an app that are listed after they ended, the latest.
pub(crate) const ENDED_KEYS_PER_APP: u32 = 20;

/// How exactly it is kept when a secret key was used: a write for each key in this time, however busy it is.
pub(crate) const KEY_USE_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How often uses of secret keys are written.
pub(crate) const KEY_USES_WRITTEN: Duration = Duration::from_secs(60);

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

/// Senders, or addresses, counted at once; when there are more in one window, the one counted longest is forgotten.
pub(crate) const KEYS_COUNTED: usize = 100_000;

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

/// Messages being sent to people at once: a number may send 80 a second, and a call takes a tenth of one.
pub(crate) const SENDS_AT_ONCE: usize = 8;

/// Messages that one person is owed in an hour, for logins of all apps: more than anybody signs in, and little enough
/// that nobody is pestered, or the operator charged, by somebody who starts logins and sends their codes.
pub(crate) const MESSAGES_PER_PERSON: u32 = 20;

/// Messages that an app's logins may cost in a day, unless the app is told otherwise: some 70 US dollars.
pub(crate) const MESSAGES_PER_APP: u32 = 10_000;

/// The first pause before a message to a person is tried again; it doubles with each try.
pub(crate) const MESSAGE_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause of our own: a login lives five minutes, and the person waits.
pub(crate) const MESSAGE_PAUSE_MAX_OWN: Duration = Duration::from_secs(15);

/// The pause where the operator has to fix something first, which may happen while the login lives.
pub(crate) const MESSAGE_PAUSE_OPERATOR: Duration = Duration::from_secs(30);

/// The longest pause at all, whatever WhatsApp asks for: no login lives as long.
pub(crate) const MESSAGE_PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// How long somebody can be at sending a message: longer than a call of WhatsApp's API.
pub(crate) const MESSAGE_SENDING: Duration = Duration::from_secs(20);

/// Logins of one app that ended without a message and are remembered: enough for all that end in a quarter of an hour
/// at the most that may be pending, and some 25 MB.
pub(crate) const LAPSED_PER_APP: u32 = 100_000;

/// How long a store that was seen to store something is believed to go on doing so.
pub(crate) const READY_STAMP_VALID: Duration = Duration::from_secs(1);

/// How long a store may take to store something and still be ready: a commit takes a millisecond, a queue of them some
/// tens.
pub(crate) const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of free disk below which a store is not ready: half a minute of logins at the highest rate measured.
pub(crate) const FREE_SPACE: u64 = 64 << 20;

/// Connections that a node reads a database server with, beside two of its own: as many statements as a server's few
/// cores run at once, and few enough that ten nodes fit into PostgreSQL's 100.
pub(crate) const DATABASE_CONNECTIONS: usize = 8;

/// How long a caller waits for a database server that is not reached, as while one starts again or another takes over.
pub(crate) const DATABASE_PATIENCE: Duration = Duration::from_secs(5);

/// How long a statement may take: a thousand times what it does. After that its connection is given up.
pub(crate) const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);

/// From one word to other nodes that something changed to the next: they look 200 times a second at most.
pub(crate) const NOTIFY_PAUSE: Duration = Duration::from_millis(5);

/// How long a look whether a database server works may take: less than [`READY_TIMEOUT`], after which whoever looks takes
/// this process for one that hangs.
pub(crate) const DATABASE_READY: Duration = Duration::from_millis(750);

/// How long such a look waits for a database server that was just seen not to work: the time of two more tries.
pub(crate) const DATABASE_READY_AGAIN: Duration = Duration::from_millis(250);

/// How long a node is the one that does what one alone has to: it says so each second, and another takes over after
/// three without it.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// Logins that one look of the sweeper takes.
pub(crate) const SWEEP: u32 = 1_000;

/// Changes of other processes that one page of a look takes.
pub(crate) const CHANGES_READ: u32 = 1_000;

/// Time for the connections when the server is told to stop: what is owed to WhatsApp and the store follows, and
/// Docker kills after ten.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(6);

/// How long a client that does not read is still waited for then.
pub(crate) const STALLED_AT_STOP: Duration = Duration::from_secs(2);
/// When what works in the background is cut off after a stop: see [`STOP_STORE`].
pub(crate) const STOP_BACKGROUND: Duration = Duration::from_millis(7_500);

/// When the store's last writes are waited for no longer after a stop. What is left of Docker's 10 s is for the log.
pub(crate) const STOP_STORE: Duration = Duration::from_millis(8_500);

/// Time for the last lines of the log at the end of the program, and for the line that tells why it ended.
pub(crate) const LOG_FLUSH: Duration = Duration::from_millis(500);

/// Time for the last traces at the end of the program: with the log's it fits into what is left of Docker's 10 s.
pub(crate) const TRACES_FLUSH: Duration = Duration::from_secs(1);

/// Logins whose message's place in a trace is remembered, for the link of what redeems them: some 2 MB.
pub(crate) const TRACES_REMEMBERED: usize = 10_000;

/// How long that is: as long as a verified login can be redeemed, or nearly so.
pub(crate) const TRACES_REMEMBERED_FOR: Duration = Duration::from_secs(10 * 60);

/// Lines of the log that wait to be written: about 4 MB, and some seconds of a busy server. Further ones are dropped.
pub(crate) const LOG_LINES: usize = 16_384;

/// How often a reader of the log that is too slow is told how many lines were dropped.
pub(crate) const LOG_NOTICE: Duration = Duration::from_secs(1);

/// How long the line that says where the server listens may take to be printed: after that it serves without.
pub(crate) const ANNOUNCEMENT: Duration = Duration::from_secs(2);

/// Connections at once to the metrics: some collectors, and somebody who looks.
pub(crate) const METRICS_CONNECTIONS: usize = 16;

/// Time of such a connection, which has one request: Prometheus itself waits no longer.
pub(crate) const METRICS_CONNECTION_TIME: Duration = Duration::from_secs(10);

/// How often histograms take in what they were told singly: until then each value takes 8 bytes.
pub(crate) const METRICS_TAKEN_IN: Duration = Duration::from_secs(5);

/// Open files below which the server warns when it starts: each person who waits in a browser holds one.
pub(crate) const FILES_SENSIBLE: u64 = 4_096;

/// How often a warning that may come with every message is said: see `Throttled`.
pub(crate) const WARNING_PAUSE: Duration = Duration::from_secs(60);

/// Codes that the demo sends for one address in [`DEMO_WINDOW`]: enough to try it, and to mistype a number.
pub(crate) const DEMO_CODES_PER_ADDRESS: u32 = 3;

/// Codes that one address may type there in that time: some for each that was sent.
pub(crate) const DEMO_TRIES_PER_ADDRESS: u32 = 20;

/// See [`DEMO_CODES_PER_ADDRESS`].
pub(crate) const DEMO_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Codes that the demo of one server sends a day, whoever asks: each is paid for by the operator.
pub(crate) const DEMO_CODES_PER_DAY: u32 = 100;

/// Gateways for codes of other servers that an app may have: one for each of its servers and stages.
pub(crate) const GATEWAYS_PER_APP: u32 = 10;

/// Bytes of a call of a gateway: some servers send all that they know of a person, 2 to 20 KB.
pub(crate) const GATEWAY_BODY: usize = 64 << 10;

/// How long the secret before is good where a gateway gets another one and nothing is said: time to paste the new one.
pub(crate) const GATEWAY_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// Endpoints of webhooks that an app may have: one for each of its servers and stages.
pub(crate) const WEBHOOKS_PER_APP: u32 = 10;

/// How long an event is tried to be delivered: over a weekend.
pub(crate) const WEBHOOK_GIVEN_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// The first pause before an event is delivered again; each is three times the one before.
pub(crate) const WEBHOOK_PAUSE: Duration = Duration::from_secs(5);

/// The longest such pause: two a day.
pub(crate) const WEBHOOK_PAUSE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// How far ahead a delivery can be due: the longest pause with the fifth by which it is spread.
pub(crate) const WEBHOOK_HORIZON: Duration =
    Duration::from_secs(WEBHOOK_PAUSE_MAX.as_secs() + WEBHOOK_PAUSE_MAX.as_secs() / 5 + 60);

/// Time for a whole delivery, from looking the address up to the end of the response's head: who needs longer answers
/// first and works then.
pub(crate) const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a response to a delivery that are read, and dropped, so that its connection can be used again.
pub(crate) const WEBHOOK_RESPONSE: usize = 64 << 10;

/// Deliveries at once: as many connections, each of some ten KB.
pub(crate) const WEBHOOKS_AT_ONCE: usize = 64;

/// Deliveries to one endpoint at once: one that does not respond for ten seconds leaves the others their places.
pub(crate) const WEBHOOKS_PER_ENDPOINT: u32 = 8;

/// Deliveries that are due and read at once, over all endpoints: about half a megabyte.
pub(crate) const WEBHOOKS_READ: u32 = 1_024;

/// Events that wait for one endpoint; the oldest beyond are dropped. An app with a login a second has as many in three
/// days of an endpoint that is away, and they take some 60 MB.
pub(crate) const WEBHOOKS_WAITING: u32 = 250_000;

/// How long an old secret signs beside the new one, unless told otherwise.
pub(crate) const WEBHOOK_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// Deliveries that `loggin-server webhook deliveries` lists unless told otherwise, and a page of the console: two screens.
pub(crate) const WEBHOOKS_SHOWN: u32 = 100;

/// The most that it lists: some MB.
pub(crate) const WEBHOOKS_LISTED: u32 = 10_000;

/// Acts that `loggin-server audit` shows unless told otherwise: some screens.
pub(crate) const AUDIT_SHOWN: u32 = 1_000;

/// Rows of the history in one page at most: some 300 KB of JSON.
pub(crate) const HISTORY_PAGE: u32 = 1_000;

/// Rows of the history that are looked at for one page where no index leads to what is asked for: within 100 ms.
pub(crate) const HISTORY_LOOKED_AT: u32 = 50_000;

/// Rows of the history that are counted in one transaction, which others wait for.
pub(crate) const HISTORY_COUNTED: u32 = 5_000;

/// Days for which hours are counted: two years, and the month before them to compare with.
pub(crate) const USAGE_DAYS: u32 = 800;

/// Days that a server, or an app, may keep its history: two years.
pub(crate) const HISTORY_DAYS: u32 = 730;

/// How long `loggin-server dev` keeps its history.
pub(crate) const DEVELOPMENT_HISTORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Rows of one page of the console's log: two screens.
pub(crate) const LOGS_PAGE: u32 = 50;

/// Rows that a tail of the log is told at once: some 30 KB.
pub(crate) const TAIL_PAGE: u32 = 100;

/// Rows that a tail makes up for; whoever was away for longer loads the page again.
pub(crate) const TAIL_BEHIND: i64 = 1_000;

/// How long one tail lasts, after which the browser connects again: an administrator who is signed out sees no more than
/// that.
pub(crate) const TAIL_TIME: Duration = Duration::from_secs(60);

/// The longest silence of a tail: proxies cut what is silent for longer.
pub(crate) const TAIL_QUIET: Duration = Duration::from_secs(15);

/// When a browser connects again after a tail's end.
pub(crate) const TAIL_AGAIN: Duration = Duration::from_millis(200);

/// Tails at once: each asks the store twice a second.
pub(crate) const TAILS: usize = 100;

/// Tails of one administrator: some tabs.
pub(crate) const TAILS_PER_ADMIN: usize = 6;

/// Exports of the log at once: each reads pages of the store as fast as its client takes them.
pub(crate) const EXPORTS: usize = 8;

/// Exports of one administrator.
pub(crate) const EXPORTS_PER_ADMIN: usize = 2;

/// People of an app that are looked through for the one whose number is to be shown: there is one in 10,000 with the same
/// last digits.
pub(crate) const NUMBERS_COMPARED: u32 = 1_000;

/// How often `loggin-server logs --follow` looks for what is new.
pub(crate) const FOLLOW_PAUSE: Duration = Duration::from_millis(500);

/// Time for one check of `loggin-server doctor`: several calls in a row, of 8 s at most each.
pub(crate) const DOCTOR_CHECK: Duration = Duration::from_secs(40);

/// How long what a server's own doctor found is shown: each look asks Meta some ten questions.
pub(crate) const DOCTOR_KEPT: Duration = Duration::from_secs(60);

/// How long the page about health waits for its own doctor: it is shown without its findings then.
pub(crate) const DOCTOR_PATIENCE: Duration = Duration::from_secs(3);

/// Time for the doctor to post a webhook of the largest size: 3 MB take 12 s on a line of 2 Mbit/s.
pub(crate) const DOCTOR_UPLOAD: Duration = Duration::from_secs(15);

/// Time in which the first bytes of a stream must come through: the server writes them at once, and nothing else for
/// 15 s.
pub(crate) const DOCTOR_STREAM: Duration = Duration::from_secs(5);

/// Bytes of a response at the public URL that the doctor reads: errors and challenges have some hundred.
pub(crate) const DOCTOR_RESPONSE: usize = 16 << 10;

/// Pages of templates of one name that the doctor reads, each of 100 languages: WhatsApp knows about 70.
pub(crate) const DOCTOR_PAGES: usize = 3;

/// Pages of templates of all names that `loggin-server template list` reads: an account may have 6,000.
pub(crate) const TEMPLATE_PAGES: usize = 60;

/// Deliveries to an endpoint, of those that were tried last, by which the doctor judges it: one failure is nobody's worry.
pub(crate) const DOCTOR_DELIVERIES: u32 = 5;

/// Endpoints whose names the doctor looks up at the same time.
pub(crate) const DOCTOR_LOOKUPS: usize = 16;

/// How long an event may wait for an endpoint without a word: the alarm on its age has the same.
pub(crate) const EVENT_LATE: Duration = Duration::from_secs(60 * 60);

/// How far the clock may be from WhatsApp's without a word: their header has whole seconds, and a call may take some.
pub(crate) const CLOCK_DRIFT: Duration = Duration::from_secs(10);

/// From how far on logins fail, or soon do: messages count for 300 s, and people and WhatsApp take some of them.
pub(crate) const CLOCK_WRONG: Duration = Duration::from_secs(120);

/// How long before its end a token or a version of the Graph API is warned about: time to plan an update.
pub(crate) const ENDS_SOON: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Bytes of free disk below which the doctor warns: some days of a busy server's database and log.
pub(crate) const FREE_SPACE_SENSIBLE: u64 = 1 << 30;

/// Calls of the admin API that one access key may make in a minute: ten a second, a script that reads page after page.
pub(crate) const ADMIN_CALLS_PER_MINUTE: u32 = 600;

/// Rows of a page of the admin API where nothing is said, and at most.
pub(crate) const ADMIN_PAGE: u32 = 100;
/// See [`ADMIN_PAGE`].
pub(crate) const ADMIN_PAGE_MOST: u32 = HISTORY_PAGE;

/// The longest time in seconds that the admin API takes, ten years: what is to last longer need not end.
pub(crate) const ADMIN_SECONDS: u32 = 10 * 365 * 24 * 60 * 60;

/// How often a server says that it is there: a write that nobody waits for, which is nothing beside what a login costs.
pub(crate) const NODE_TOLD: Duration = Duration::from_secs(30);

/// From when on a server that said nothing is missed: three times in a row, as one may take long.
pub(crate) const NODE_MISSED: Duration = Duration::from_secs(90);

/// How long a server is kept that left without a word: whoever looks in the morning sees what ended at night.
pub(crate) const NODE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Most servers that are kept, the latest: one that ends and is started again each second adds a row each time.
pub(crate) const NODES: u32 = 200;
