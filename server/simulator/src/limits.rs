//! Every limit and default of the simulator, each with its unit and its reason.

use std::time::Duration;

/// Bytes of a Graph API request or a page form: Meta's own largest webhook, mirrored.
pub(crate) const BODY_BYTES_MAX: usize = 3 << 20;

/// Bytes of a control request: a test must be able to have more than Meta's 3 MiB delivered.
pub(crate) const CONTROL_BODY_BYTES_MAX: usize = 8 << 20;

/// Updates in one webhook call: the most that Meta documents.
pub(crate) const BATCH_UPDATES_MAX: usize = 1_000;

/// Phones known at a time; a load test that sends from a phone of its own each time stays below it.
pub(crate) const PHONES_MAX: usize = 10_000;

/// Messages kept of one chat; older ones scroll out of the page and of the control API.
pub(crate) const CHAT_MESSAGES_MAX: usize = 100;

/// People's messages that the business can still mark as read.
pub(crate) const MESSAGES_INDEXED_MAX: usize = 100_000;

/// Delivery attempts and updates that are remembered, for `/control/deliveries` and `/control/redeliver`.
pub(crate) const JOURNAL_MAX: usize = 10_000;

/// Deliveries that may be queued, waiting for a retry or held back by a fault.
pub(crate) const DELIVERIES_QUEUED_MAX: usize = 10_000;

/// Webhook calls under way at once; more would measure the machine's sockets rather than the server.
pub(crate) const DELIVERIES_CONCURRENT_MAX: usize = 64;

/// Faults of one kind that may be queued for the next calls.
pub(crate) const FAULTS_MAX: usize = 1_000;

/// Copies of one webhook call that a fault may ask for.
pub(crate) const COPIES_MAX: u32 = 100;

/// Milliseconds that a fault or a long poll may wait: longer than any client's patience.
pub(crate) const WAIT_MS_MAX: u64 = 60_000;

/// Milliseconds that an outage of the Graph API may last: longer than any login waits for its response.
pub(crate) const OUTAGE_MS_MAX: u64 = 10 * 60 * 1_000;

/// Message templates that may be registered; Meta allows 250 to an unverified account.
pub(crate) const TEMPLATES_MAX: usize = 250;

/// Recipients on the allow-list of a test number; Meta allows 5, tests may want more.
pub(crate) const ALLOWED_RECIPIENTS_MAX: usize = 1_000;

/// Phone pages with a live connection at once, over all phones.
pub(crate) const LIVE_VIEWS_MAX: usize = 256;

/// Characters of a text that a person sends: WhatsApp's own limit.
pub(crate) const PHONE_TEXT_CHARS_MAX: usize = 65_536;

/// Characters of a text that the business sends.
pub(crate) const BUSINESS_TEXT_CHARS_MAX: usize = 4_096;

/// Characters of the body of an interactive message.
pub(crate) const INTERACTIVE_BODY_CHARS_MAX: usize = 1_024;

/// Characters of the footer of an interactive message.
pub(crate) const FOOTER_CHARS_MAX: usize = 60;

/// Reply buttons of one message.
pub(crate) const REPLY_BUTTONS_MAX: usize = 3;

/// Characters of a reply button's id.
pub(crate) const BUTTON_ID_CHARS_MAX: usize = 256;

/// Characters of a reply button's title.
pub(crate) const BUTTON_TITLE_CHARS_MAX: usize = 20;

/// Characters of a one-time code in an authentication template.
pub(crate) const CODE_CHARS_MAX: usize = 15;

/// Characters of a profile name or a user name.
pub(crate) const NAME_CHARS_MAX: usize = 100;

/// Characters of `biz_opaque_callback_data`.
pub(crate) const CALLBACK_DATA_CHARS_MAX: usize = 512;

/// Characters of a login link.
pub(crate) const LINK_CHARS_MAX: usize = 4_096;

/// Seconds after a person's message during which the business may answer with anything but a template.
pub(crate) const SERVICE_WINDOW_SECONDS: u64 = 24 * 60 * 60;

/// Seconds that a typing indicator shows.
pub(crate) const TYPING_SECONDS: u64 = 25;

/// The whole of one webhook call. Meta publishes no figure; well above the second it asks servers to keep.
pub(crate) const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(20);

/// Reading where a login link leads.
pub(crate) const LINK_TIMEOUT: Duration = Duration::from_secs(5);

/// Between the `sent` and the `delivered` status of a message: long enough to see both ticks.
pub(crate) const STATUS_PAUSE: Duration = Duration::from_millis(40);

/// Pauses before the attempts after the first. Meta retries at once and then ever less often for 7 days; here a
/// server that comes back within some minutes gets everything.
pub(crate) const RETRY_DELAYS: [Duration; 8] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
];

/// Between two comments on the event stream of a phone page, so that proxies and browsers keep it open.
pub(crate) const LIVE_HEARTBEAT: Duration = Duration::from_secs(15);

/// What connections may still take once the simulator is told to stop.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);
