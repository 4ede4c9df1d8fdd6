//! What the metrics look like to a collector, and that the operators' page lists each of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use loggin_protocol::ErrorCode;

use super::*;
use crate::tests::TestServer;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");

/// One sample: its labels in order, and its value.
type Sample = (BTreeMap<String, String>, f64);

/// A metric as a collector reads it.
#[derive(Debug, Default)]
struct Read {
    kind: String,
    help: String,
    /// By the name that stands in the line, which is longer than the metric's for histograms.
    samples: HashMap<String, Vec<Sample>>,
}

/// Reads the text format, and takes nothing that the format does not have.
fn read(text: &str) -> BTreeMap<String, Read> {
    let mut metrics: BTreeMap<String, Read> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(metrics.insert(name.to_owned(), Read { help: help.into(), ..Read::default() }).is_none());
            name.clone_into(&mut current);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current);
            let metric = metrics.get_mut(name).unwrap();
            assert!(metric.kind.is_empty() && metric.samples.is_empty());
            kind.clone_into(&mut metric.kind);
        } else {
            let (name, sample) = sample(line);
            let metric = metrics.get_mut(&current).unwrap();
            let ending = name.strip_prefix(&*current).unwrap();
            let endings: &[&str] =
                if metric.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(endings.contains(&ending), "{line}");
            let samples = metric.samples.entry(ending.to_owned()).or_default();
            assert!(samples.iter().all(|(labels, _)| *labels != sample.0), "{line} is there twice");
            samples.push(sample);
        }
    }
    metrics
}

fn sample(line: &str) -> (&str, Sample) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = value.parse().unwrap();
    let Some((name, labels)) = series.split_once('{') else {
        return (series, (BTreeMap::new(), value));
    };
    let mut rest = labels.strip_suffix('}').unwrap();
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"").unwrap();
        let (text, after) = after.split_once('"').unwrap();
        assert!(!text.contains('\\') && labels.insert(label.to_owned(), text.to_owned()).is_none());
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    (name, (labels, value))
}

fn value(metrics: &BTreeMap<String, Read>, name: &str, ending: &str, labels: &[(&str, &str)]) -> f64 {
    let expected: BTreeMap<String, String> =
        labels.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let samples = metrics[name].samples.get(ending).into_iter().flatten();
    samples.filter(|(labels, _)| *labels == expected).map(|(_, value)| *value).sum()
}

/// Tells each function something, once.
fn tell_everything() {
    logins(LoginOutcome::Verified, 3);
    logins_pending(7);
    woken(Duration::from_millis(3));
    webhook_lag(Duration::from_secs(20));
    webhook_refused(WebhookRefusal::Signature);
    inbound("forwarded");
    account_event("template_paused");
    limit_hit(Limit::WriteTime);
    code_not_requested();
    reply(ReplyKind::Digits, ReplyOutcome::Sent);
    oldest_reply(Duration::from_secs(2));
    committed(40, Duration::from_millis(4));
    job_taken(Duration::from_millis(1), 5);
    store_failed(StoreFailure::NotWritten);
    panicked();
    send(SendKind::Buttons)(SendResult::Ambiguous);
    let request = |route| HttpRequest::new(&http::Method::POST, route);
    request("/api/v1/auth/start").responded(http::StatusCode::OK, None);
    let refused = Some(ErrorCode::InvalidCode);
    request("/api/v1/auth/verify").responded(http::StatusCode::UNPROCESSABLE_ENTITY, refused);
    drop(request("/l/{code}"));
}

#[test]
fn every_metric_of_the_list_is_there_in_its_form_and_no_other() {
    install().unwrap();
    let before = read(&render(0));
    tell_everything();
    let held = HeldStream::new();
    let after = read(&render(0));

    let names: BTreeSet<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, DEFINITIONS.iter().map(|definition| definition.name).collect());
    for definition in DEFINITIONS {
        let Definition { name, kind, help, labels, .. } = definition;
        let read = &after[*name];
        assert_eq!(read.kind, format!("{kind:?}").to_lowercase(), "{name}");
        assert_eq!(read.help, *help);
        let expected: BTreeSet<&str> = labels.iter().copied().collect();
        for (found, _) in read.samples.values().flatten() {
            let found: BTreeSet<&str> =
                found.keys().map(String::as_str).filter(|label| *label != "le").collect();
            assert_eq!(found, expected, "{name}");
        }
    }
    // Other tests of this process may tell the same at the same time, but nobody takes anything back.
    let grew = |name: &str, ending: &str, labels: &[(&str, &str)], by: f64| {
        let value = |metrics: &BTreeMap<String, Read>| {
            if metrics.contains_key(name) { value(metrics, name, ending, labels) } else { 0.0 }
        };
        assert!(value(&after) - value(&before) >= by, "{name} {labels:?}");
    };
    grew("loggin_logins_total", "", &[("outcome", "verified")], 3.0);
    grew("loggin_login_wake_seconds", "_bucket", &[("le", "0.005")], 1.0);
    grew("loggin_webhook_lag_seconds", "_sum", &[], 20.0);
    grew("loggin_inbound_updates_total", "", &[("result", "forwarded")], 1.0);
    grew("loggin_replies_total", "", &[("kind", "digits"), ("outcome", "sent")], 1.0);
    grew("loggin_whatsapp_sends_total", "", &[("kind", "buttons"), ("result", "ambiguous")], 1.0);
    grew("loggin_store_commit_changes", "_count", &[], 1.0);
    grew("loggin_otp_starts_total", "", &[("result", "ok")], 1.0);
    grew("loggin_otp_verifications_total", "", &[("result", "invalid_code")], 1.0);
    let cancelled = [("route", "/l/{code}"), ("method", "POST"), ("status", "cancelled")];
    grew("loggin_http_request_duration_seconds", "_count", &cancelled, 1.0);
    assert!(value(&after, "loggin_streams", "", &[]) >= 1.0);
    assert!(value(&after, "process_open_fds", "", &[]) >= 3.0);
    drop(held);
}

#[tokio::test]
async fn a_request_is_told_by_its_template_and_never_by_its_path() {
    install().unwrap();
    let server = TestServer::start().await;
    assert_eq!(server.get("/l/8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB").send().await.unwrap().status(), 302);
    assert_eq!(server.get("/metrics").send().await.unwrap().status(), 404);
    let text = render(0);
    assert!(!text.contains("P37ZB"));
    let read = read(&text);
    for (route, status) in [("/l/{code}", "3xx"), ("none", "4xx")] {
        let labels = [("route", route), ("method", "GET"), ("status", status)];
        assert!(value(&read, "loggin_http_request_duration_seconds", "_count", &labels) >= 1.0, "{route}");
    }
}

/// The rows of the page's table: name, type, unit and labels of each metric.
fn rows(page: &str) -> BTreeMap<String, [String; 3]> {
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|c| c.trim().into()).collect() };
    let rows = page.lines().filter(|line| line.starts_with("| `loggin_") || line.starts_with("| `process_"));
    let mut found = BTreeMap::new();
    for row in rows.map(cells) {
        let [name, kind, unit, labels, meaning, alarm] = <[String; 6]>::try_from(row).unwrap();
        assert!(!meaning.is_empty() && !alarm.is_empty(), "{name}");
        let name = name.trim_matches('`').to_owned();
        assert!(found.insert(name, [kind, unit, labels]).is_none());
    }
    found
}

#[test]
fn the_page_for_operators_lists_every_metric_and_every_value() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let listed = rows(&page);
    let mut expected = BTreeMap::new();
    for definition in DEFINITIONS {
        let labels: Vec<String> = definition.labels.iter().map(|label| format!("`{label}`")).collect();
        let unit = if definition.unit == Unit::Seconds { "seconds" } else { "–" };
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let kind = format!("{:?}", definition.kind).to_lowercase();
        expected.insert(definition.name.to_owned(), [kind, unit.to_owned(), labels]);
        // The version's own value changes with each release.
        let words = if definition.labels == Version::NAMES { Vec::new() } else { (definition.words)() };
        for word in words {
            assert!(page.contains(&format!("`{word}`")), "{}: {word}", definition.name);
        }
    }
    assert_eq!(listed, expected);
}
