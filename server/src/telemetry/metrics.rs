//! Everything that is counted and measured: each metric has its name, type, labels and meaning here, once.
//!
//! `docs/operations.md` has the same list for operators; a test compares the two. The functions below are for the
//! places where something happens. Before [`install`] they do nothing, so commands and tests need no metrics.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use axum::http;
use loggin_protocol::ErrorCode;
use metrics::{Counter, Gauge, Histogram, KeyName, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(crate) use super::labels::{
    CertificateLoad, GuardDecision, GuardKind, Limit, SendResult, StoreFailure, TlsHandshake, WebhookRefusal,
};
use super::{
    instruments::{Family, HttpDurations, Instrument, Kind, LabelSet, Word, WordCounters},
    labels::{HttpMethod, HttpStatus, LoginOutcome, ReplyKind, ReplyOutcome, SendKind, WebhookOutcome},
    process, vitals,
};
use crate::clock::UnixMillis;

/// Bounds of the buckets of durations within this server, in seconds: a commit takes some milliseconds.
const SHORT: &[f64] =
    &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The same for what happens elsewhere: a message waits for minutes where a webhook is not taken.
const LONG: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3_600.0];

/// Bounds of the buckets of amounts: up to a full transaction.
const AMOUNTS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0];

/// The label of counters by a result: `ok`, or an error's code.
struct ResultWord;

impl Word for ResultWord {
    const NAME: &'static [&'static str] = &["result"];
}

/// The label of counters by a kind of event.
struct EventWord;

impl Word for EventWord {
    const NAME: &'static [&'static str] = &["event"];
}

/// The label of the build: there is one.
#[derive(Clone, Copy)]
struct Version;

impl LabelSet for Version {
    const NAMES: &'static [&'static str] = &["version"];
    const COUNT: usize = 1;

    fn all() -> Vec<Self> {
        vec![Self]
    }

    fn index(self) -> usize {
        0
    }

    fn values(self) -> Vec<&'static str> {
        vec![env!("CARGO_PKG_VERSION")]
    }
}

/// What is known of a metric.
struct Definition {
    name: &'static str,
    kind: Kind,
    unit: Unit,
    #[cfg_attr(not(test), expect(dead_code, reason = "the table in the documentation is held to it"))]
    labels: &'static [&'static str],
    help: &'static str,
    /// Values of its labels, where they are known beforehand.
    #[cfg_attr(not(test), expect(dead_code, reason = "the table in the documentation is held to it"))]
    words: fn() -> Vec<&'static str>,
    /// Of a histogram.
    buckets: &'static [f64],
}

/// Defines all metrics.
macro_rules! catalogue {
    ($($field:ident: $instrument:ty = $name:literal in $unit:ident $(by $buckets:ident)?, $help:literal;)+) => {
        /// A handle of each metric.
        struct Catalogue {
            $($field: $instrument,)+
        }

        const DEFINITIONS: &[Definition] = &[$(Definition {
            name: $name,
            kind: <$instrument as Instrument>::KIND,
            unit: Unit::$unit,
            labels: <$instrument as Instrument>::LABELS,
            help: $help,
            words: <$instrument as Instrument>::words,
            buckets: catalogue!(@buckets $($buckets)?),
        },)+];

        impl Catalogue {
            fn register(recorder: &Arc<dyn Recorder + Send + Sync>) -> Self {
                Self { $($field: <$instrument as Instrument>::register(recorder, $name),)+ }
            }
        }
    };
    (@buckets) => { &[] };
    (@buckets $buckets:ident) => { $buckets };
}

catalogue! {
    app_webhooks: Family<Counter, WebhookOutcome> = "loggin_app_webhooks_total" in Count,
        "Tries to deliver webhooks to apps, by what became of them, and endpoints that were disabled.";
    app_webhooks_failing: Family<Gauge, ()> = "loggin_app_webhooks_endpoints_failing" in Count,
        "Endpoints of webhooks that were disabled because they took nothing.";
    app_webhooks_oldest: Family<Gauge, ()> = "loggin_app_webhooks_oldest_age_seconds" in Seconds,
        "Age of the oldest event that an app is still to be told; 0 where there is none.";
    build_info: Family<Gauge, Version> = "loggin_build_info" in Count,
        "Always 1; the version of the program.";
    http: HttpDurations<(HttpMethod, HttpStatus)> = "loggin_http_request_duration_seconds" in Seconds by SHORT,
        "Time from a request's head to its response's head, by the route's template.";
    inbound: WordCounters<ResultWord> = "loggin_inbound_updates_total" in Count,
        "Updates in signed webhooks, by what became of them.";
    limits: Family<Counter, Limit> = "loggin_limit_hits_total" in Count,
        "What a limit refused.";
    log_lines_dropped: Family<Counter, ()> = "loggin_log_lines_dropped_total" in Count,
        "Lines of the log that nobody took in time.";
    logins: Family<Counter, LoginOutcome> = "loggin_logins_total" in Count,
        "Changes of logins, by what they became.";
    logins_pending: Family<Gauge, ()> = "loggin_logins_pending" in Count,
        "Logins without a result, as counted last.";
    not_requested: Family<Counter, ()> = "loggin_otp_not_requested_total" in Count,
        "One-time codes whose recipients said that they had not asked for one.";
    guards: Family<Counter, (GuardKind, GuardDecision)> = "loggin_otp_guards_total" in Count,
        "One-time codes that a guard refused, or would have refused.";
    guard_pauses: Family<Counter, ()> = "loggin_otp_guard_pauses_total" in Count,
        "Countries that were paused because too few of their codes were typed.";
    otp_starts: WordCounters<ResultWord> = "loggin_otp_starts_total" in Count,
        "Calls that start a one-time code, by their result.";
    otp_verifications: WordCounters<ResultWord> = "loggin_otp_verifications_total" in Count,
        "Calls that type a one-time code, by their result.";
    panics: Family<Counter, ()> = "loggin_panics_total" in Count,
        "Panics: defects of the program.";
    max_fds: Family<Gauge, ()> = "process_max_fds" in Count,
        "Files that the process may have open.";
    open_fds: Family<Gauge, ()> = "process_open_fds" in Count,
        "Files that the process has open, connections among them.";
    start_time: Family<Gauge, ()> = "process_start_time_seconds" in Seconds,
        "When the process started, in seconds since 1970.";
    replies: Family<Counter, (ReplyKind, ReplyOutcome)> = "loggin_replies_total" in Count,
        "Messages to people, by what became of them.";
    replies_oldest: Family<Gauge, ()> = "loggin_replies_oldest_age_seconds" in Seconds,
        "Age of the oldest message to a person that is still to be sent; 0 where there is none.";
    commit_changes: Family<Histogram, ()> = "loggin_store_commit_changes" in Count by AMOUNTS,
        "Changes in one transaction.";
    commit_duration: Family<Histogram, ()> = "loggin_store_commit_duration_seconds" in Seconds by SHORT,
        "Time that a transaction takes, until it is on the disk.";
    store_errors: Family<Counter, StoreFailure> = "loggin_store_errors_total" in Count,
        "Calls that failed because the store did.";
    queue_jobs: Family<Gauge, ()> = "loggin_store_queue_jobs" in Count,
        "Jobs waiting for the store's writer, as it took the last one.";
    queue_wait: Family<Histogram, ()> = "loggin_store_queue_wait_seconds" in Seconds by SHORT,
        "Time that a job waits for the store's writer.";
    streams: Family<Gauge, ()> = "loggin_streams" in Count,
        "Event streams held now.";
    certificate_expires: Family<Gauge, ()> = "loggin_tls_certificate_expiry_timestamp_seconds" in Seconds,
        "When the certificate in use ends, in seconds since 1970; 0 where a proxy speaks TLS.";
    certificate_loads: Family<Counter, CertificateLoad> = "loggin_tls_certificate_loads_total" in Count,
        "New files of the certificate, by what became of them.";
    handshakes: Family<Counter, TlsHandshake> = "loggin_tls_handshakes_total" in Count,
        "Handshakes of TLS, by how they ended.";
    wakes: Family<Histogram, ()> = "loggin_login_wake_seconds" in Seconds by SHORT,
        "Time from the arrival of a message's webhook until its login's waiters are woken.";
    account_events: WordCounters<EventWord> = "loggin_whatsapp_account_events_total" in Count,
        "What Meta told about the operator's account.";
    sends: Family<Counter, (SendKind, SendResult)> = "loggin_whatsapp_sends_total" in Count,
        "Calls that send a message through WhatsApp, by what it said.";
    send_duration: Family<Histogram, SendKind> = "loggin_whatsapp_send_duration_seconds" in Seconds by LONG,
        "Time that WhatsApp takes for such a call.";
    webhook_lag: Family<Histogram, ()> = "loggin_webhook_lag_seconds" in Seconds by LONG,
        "Time from a message's own timestamp until its webhook arrives.";
    webhooks_refused: Family<Counter, WebhookRefusal> = "loggin_webhooks_refused_total" in Count,
        "Webhook calls that were refused.";
}

static INSTALLED: OnceLock<(Catalogue, PrometheusHandle)> = OnceLock::new();

/// Has everything counted and measured from now on. A second call changes nothing.
///
/// # Errors
/// Where the buckets above are none.
pub(crate) fn install() -> Result<(), BuildError> {
    let mut builder = PrometheusBuilder::new();
    for definition in DEFINITIONS.iter().filter(|definition| !definition.buckets.is_empty()) {
        let matcher = Matcher::Full(definition.name.to_owned());
        builder = builder.set_buckets_for_metric(matcher, definition.buckets)?;
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    let recorder: Arc<dyn Recorder + Send + Sync> = Arc::new(recorder);
    INSTALLED.get_or_init(|| {
        for definition in DEFINITIONS {
            describe(&*recorder, definition);
        }
        let catalogue = Catalogue::register(&recorder);
        catalogue.build_info.of(Version).set(1.0);
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        catalogue.start_time.of(()).set(started.as_secs_f64());
        (catalogue, handle)
    });
    Ok(())
}

fn describe(recorder: &dyn Recorder, definition: &Definition) {
    let name = KeyName::from_const_str(definition.name);
    let (unit, help) = (Some(definition.unit), SharedString::const_str(definition.help));
    match definition.kind {
        Kind::Counter => recorder.describe_counter(name, unit, help),
        Kind::Gauge => recorder.describe_gauge(name, unit, help),
        Kind::Histogram => recorder.describe_histogram(name, unit, help),
    }
}

/// All metrics in Prometheus' text format. It counts the process's open files, so it may take some milliseconds.
pub(super) fn render(dropped_lines: u64) -> String {
    let Some((catalogue, handle)) = INSTALLED.get() else {
        return String::new();
    };
    catalogue.log_lines_dropped.of(()).absolute(dropped_lines);
    let files = process::files();
    catalogue.open_fds.of(()).set(amount(files.open));
    catalogue.max_fds.of(()).set(amount(files.most));
    handle.render()
}

/// Takes in what histograms were told, which is kept singly until then.
pub(super) fn take_in() {
    if let Some((_, handle)) = INSTALLED.get() {
        handle.run_upkeep();
    }
}

fn catalogue() -> Option<&'static Catalogue> {
    INSTALLED.get().map(|(catalogue, _)| catalogue)
}

/// As metrics have it. Amounts beyond 2^53 lose digits that nobody reads.
#[allow(clippy::cast_precision_loss)]
fn amount(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

/// Logins became this.
pub(crate) fn logins(outcome: LoginOutcome, count: usize) {
    if let Some(catalogue) = catalogue() {
        catalogue.logins.of(outcome).increment(count as u64);
    }
}

/// What became of a try to deliver a webhook.
pub(crate) fn webhook(outcome: WebhookOutcome) {
    if let Some(catalogue) = catalogue() {
        catalogue.app_webhooks.of(outcome).increment(1);
    }
}

/// The age of the oldest event that is to be delivered, and how many endpoints were disabled for failing.
pub(crate) fn webhooks(oldest: Duration, failing: u32) {
    if let Some(catalogue) = catalogue() {
        catalogue.app_webhooks_oldest.of(()).set(oldest);
        catalogue.app_webhooks_failing.of(()).set(f64::from(failing));
    }
}

/// So many logins have no result.
pub(crate) fn logins_pending(count: u64) {
    if let Some(catalogue) = catalogue() {
        catalogue.logins_pending.of(()).set(amount(count));
    }
}

/// A login's waiters were woken, so long after the webhook with its message arrived.
pub(crate) fn woken(after: Duration) {
    if let Some(catalogue) = catalogue() {
        catalogue.wakes.of(()).record(after);
    }
}

/// A message's webhook arrived, so long after the message's own timestamp.
pub(crate) fn webhook_lag(lag: Duration) {
    if let Some(catalogue) = catalogue() {
        catalogue.webhook_lag.of(()).record(lag);
    }
}

/// A webhook call was refused.
pub(crate) fn webhook_refused(reason: WebhookRefusal) {
    vitals::webhook_refused(reason);
    if let Some(catalogue) = catalogue() {
        catalogue.webhooks_refused.of(reason).increment(1);
    }
}

/// What became of an update in a webhook: `taken`, or the word of the reason why it brought nothing about.
pub(crate) fn inbound(result: &'static str) {
    if let Some(catalogue) = catalogue() {
        catalogue.inbound.increment(result);
    }
}

/// Meta told something about the operator's account.
pub(crate) fn account_event(event: &'static str) {
    if let Some(catalogue) = catalogue() {
        catalogue.account_events.increment(event);
    }
}

/// A limit refused something.
pub(crate) fn limit_hit(limit: Limit) {
    if let Some(catalogue) = catalogue() {
        catalogue.limits.of(limit).increment(1);
    }
}

/// A guard refused a one-time code, or would have.
pub(crate) fn guarded(kind: GuardKind, decision: GuardDecision) {
    if let Some(catalogue) = catalogue() {
        catalogue.guards.of((kind, decision)).increment(1);
    }
}

/// A country was paused for an app.
pub(crate) fn country_paused() {
    if let Some(catalogue) = catalogue() {
        catalogue.guard_pauses.of(()).increment(1);
    }
}

/// A one-time code was cancelled by its recipient.
pub(crate) fn code_not_requested() {
    if let Some(catalogue) = catalogue() {
        catalogue.not_requested.of(()).increment(1);
    }
}

/// What became of a message to a person.
pub(crate) fn reply(kind: ReplyKind, outcome: ReplyOutcome) {
    if let Some(catalogue) = catalogue() {
        catalogue.replies.of((kind, outcome)).increment(1);
    }
}

/// The age of the oldest message that is to be sent; zero where there is none.
pub(crate) fn oldest_reply(age: Duration) {
    if let Some(catalogue) = catalogue() {
        catalogue.replies_oldest.of(()).set(age);
    }
}

/// A transaction of so many changes was written in this time.
pub(crate) fn committed(changes: usize, took: Duration) {
    if let Some(catalogue) = catalogue() {
        catalogue.commit_changes.of(()).record(amount(changes));
        catalogue.commit_duration.of(()).record(took);
    }
}

/// The writer took a job that had waited so long, with so many behind it.
pub(crate) fn job_taken(waited: Duration, behind: usize) {
    if let Some(catalogue) = catalogue() {
        catalogue.queue_wait.of(()).record(waited);
        catalogue.queue_jobs.of(()).set(amount(behind));
    }
}

/// A call failed because the store did.
pub(crate) fn store_failed(failure: StoreFailure) {
    if let Some(catalogue) = catalogue() {
        catalogue.store_errors.of(failure).increment(1);
    }
}

/// A handshake of TLS ended.
pub(crate) fn tls_handshake(result: TlsHandshake) {
    if let Some(catalogue) = catalogue() {
        catalogue.handshakes.of(result).increment(1);
    }
}

/// The files of the certificate were found new.
pub(crate) fn certificate_load(result: CertificateLoad) {
    if let Some(catalogue) = catalogue() {
        catalogue.certificate_loads.of(result).increment(1);
    }
}

/// The certificate in use ends at this time.
pub(crate) fn certificate_expires(at: UnixMillis) {
    if let Some(catalogue) = catalogue() {
        catalogue.certificate_expires.of(()).set(amount(at.0) / 1_000.0);
    }
}

/// Something panicked.
pub(super) fn panicked() {
    if let Some(catalogue) = catalogue() {
        catalogue.panics.of(()).increment(1);
    }
}

/// A call that sends a message, from now until WhatsApp has said something.
pub(crate) fn send(kind: SendKind) -> impl FnOnce(SendResult) {
    let started = Instant::now();
    move |result| {
        vitals::sent(kind, result);
        let Some(catalogue) = catalogue() else { return };
        catalogue.sends.of((kind, result)).increment(1);
        catalogue.send_duration.of(kind).record(started.elapsed());
    }
}

/// An event stream, counted for as long as this lives.
#[derive(Debug)]
pub(crate) struct HeldStream(());

impl HeldStream {
    /// One more.
    pub(crate) fn new() -> Self {
        if let Some(catalogue) = catalogue() {
            catalogue.streams.of(()).increment(1.0);
        }
        Self(())
    }
}

impl Drop for HeldStream {
    fn drop(&mut self) {
        if let Some(catalogue) = catalogue() {
            catalogue.streams.of(()).decrement(1.0);
        }
    }
}

/// A request under way. Dropped before it is answered, it counts as cancelled.
pub(crate) struct HttpRequest<'a> {
    route: &'a str,
    method: HttpMethod,
    started: Instant,
    responded: bool,
}

impl<'a> HttpRequest<'a> {
    /// A request to the route of this template.
    pub(crate) fn new(method: &http::Method, route: &'a str) -> Self {
        let method = match *method {
            http::Method::GET | http::Method::HEAD => HttpMethod::Get,
            http::Method::POST => HttpMethod::Post,
            http::Method::OPTIONS => HttpMethod::Options,
            _ => HttpMethod::Other,
        };
        Self { route, method, started: Instant::now(), responded: false }
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// It has its response.
    pub(crate) fn responded(mut self, status: http::StatusCode, error: Option<ErrorCode>) {
        self.responded = true;
        let class = match status.as_u16() {
            ..300 => HttpStatus::Success,
            300..400 => HttpStatus::Redirection,
            400..500 => HttpStatus::ClientError,
            _ => HttpStatus::ServerError,
        };
        self.record(class);
        let (Some(catalogue), HttpMethod::Post) = (catalogue(), self.method) else { return };
        let result = error.map_or("ok", ErrorCode::as_str);
        match self.route {
            "/api/v1/auth/start" => catalogue.otp_starts.increment(result),
            "/api/v1/auth/verify" => catalogue.otp_verifications.increment(result),
            _ => {}
        }
    }

    fn record(&self, status: HttpStatus) {
        if let Some(catalogue) = catalogue() {
            catalogue.http.record(self.route, (self.method, status), self.elapsed().as_secs_f64());
        }
    }
}

impl Drop for HttpRequest<'_> {
    fn drop(&mut self) {
        if !self.responded {
            self.record(HttpStatus::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests;
