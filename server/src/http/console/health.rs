//! `GET /console/health`: whether logins and one-time codes work, and what to do where they do not.
//!
//! What is counted here is of this process since its start; what the doctor found is of the last minute. It is about the
//! whole server, so that only who reaches every app sees it.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{Admin, ConsoleError, Head, page, words};
use crate::{
    administration::{NodeView, Right},
    clock::UnixMillis,
    doctor::{Examined, Fact, Finding, Severity},
    limits,
    state::Server,
    telemetry::{
        metrics::{SendResult, WebhookRefusal},
        vitals::{self, Times},
    },
};

/// Something that is counted, with what to do about it.
struct Counted {
    name: &'static str,
    advice: &'static str,
    tone: &'static str,
    count: u64,
    last: String,
    code: Option<u64>,
}

/// A finding of the doctor.
struct Found {
    word: &'static str,
    tone: &'static str,
    check: String,
    message: String,
    advice: Option<&'static str>,
}

/// A server that shares the store.
struct NodeRow {
    host: String,
    id: String,
    version: String,
    started: String,
    seen: String,
    state: &'static str,
    tone: &'static str,
    leads: bool,
    is_this: bool,
}

/// Whether the store takes writes.
struct StoreView {
    engine: &'static str,
    failure: Option<String>,
}

#[derive(Template)]
#[template(path = "console/health.html")]
struct HealthPage {
    head: Head,
    tone: &'static str,
    title: &'static str,
    /// When the doctor looked; none where it still does, or there is none.
    examined: Option<String>,
    has_doctor: bool,
    store: StoreView,
    version: &'static str,
    started: String,
    leads: bool,
    nodes: Vec<NodeRow>,
    /// Whether they are of several versions.
    is_mixed: bool,
    webhooks: Times,
    last_webhook: String,
    refusals: Vec<Counted>,
    sends: Vec<Counted>,
    number: Vec<Fact>,
    template: Vec<Fact>,
    findings: Vec<Found>,
    /// Checks in which all is well, or that could not be made.
    quiet: Vec<Found>,
}

pub(super) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
) -> Result<Response, ConsoleError> {
    admin.actor().check_everywhere(Right::ReadUsage)?;
    let examined = match &server.doctor {
        Some(doctor) => doctor.found(limits::DOCTOR_PATIENCE).await,
        None => None,
    };
    let failure = server.store.check().await.err().map(|error| error.to_string());
    let store = StoreView { engine: server.store.engine(), failure };
    let leads = server.store.leads().await.unwrap_or(false);
    // Where the store fails, the page says so, and has no list.
    let nodes = server.administration.nodes(admin.actor()).await.unwrap_or_default();
    let mut health = shown(Head::of(&admin, "health"), &server, examined.as_deref(), store);
    health.leads = leads;
    health.is_mixed = nodes.iter().any(|one| !one.is_missed && one.node.version != health.version);
    health.nodes = nodes.into_iter().map(node).collect();
    Ok(page(StatusCode::OK, &health))
}

fn node(NodeView { node, leads, is_missed, is_this }: NodeView) -> NodeRow {
    let (state, tone) = if is_missed { ("missed", "bad") } else { ("up", "good") };
    NodeRow {
        id: node.name(),
        started: when(Some(node.started_at)),
        seen: when(Some(node.seen_at)),
        host: node.host,
        version: node.version,
        state,
        tone,
        leads,
        is_this,
    }
}

fn shown(head: Head, server: &Server, examined: Option<&Examined>, store: StoreView) -> HealthPage {
    let findings = examined.map(|examined| examined.report.findings.as_slice()).unwrap_or_default();
    let (mut loud, quiet): (Vec<&Finding>, Vec<&Finding>) = findings
        .iter()
        .partition(|finding| matches!(finding.severity, Severity::Problem | Severity::Warning));
    loud.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let worst = loud.iter().map(|finding| finding.severity).max();
    let is_broken = store.failure.is_some() || worst == Some(Severity::Problem);
    let (tone, title) = match (is_broken, worst) {
        (true, _) => ("bad", "Something is broken"),
        (false, Some(_)) => ("warn", "Something needs a look"),
        (false, None) if examined.is_none() => ("plain", "The store works"),
        (false, None) => ("good", "All is well"),
    };
    let webhooks = vitals::webhooks();
    HealthPage {
        head,
        tone,
        title,
        examined: examined.map(|examined| when(Some(examined.at))),
        has_doctor: server.doctor.is_some(),
        store,
        version: env!("CARGO_PKG_VERSION"),
        started: when(vitals::started()),
        leads: false,
        nodes: Vec::new(),
        is_mixed: false,
        last_webhook: when(webhooks.last),
        webhooks,
        refusals: vitals::refusals().into_iter().map(|(reason, times)| refusal(reason, times)).collect(),
        sends: vitals::sends().into_iter().map(|(result, times, code)| send(result, times, code)).collect(),
        number: examined.map(|examined| examined.number.clone()).unwrap_or_default(),
        template: examined.map(|examined| examined.template.clone()).unwrap_or_default(),
        findings: loud.into_iter().map(found).collect(),
        quiet: quiet.into_iter().map(found).collect(),
    }
}

fn when(at: Option<UnixMillis>) -> String {
    at.map_or_else(|| "never".to_owned(), words::time)
}

fn found(finding: &Finding) -> Found {
    let (word, tone) = match finding.severity {
        Severity::Problem => ("Problem", "bad"),
        Severity::Warning => ("Warning", "warn"),
        Severity::Skipped => ("Not looked at", "plain"),
        Severity::Ok => ("In order", "good"),
    };
    let check = finding.check.replace('_', " ");
    Found { word, tone, check, message: finding.message.clone(), advice: finding.advice }
}

fn refusal(reason: WebhookRefusal, times: Times) -> Counted {
    let (name, advice) = match reason {
        WebhookRefusal::Signature => (
            "Signature missing or wrong",
            "If WhatsApp’s own calls are among them, WHATSAPP_APP_SECRET is not the secret of the app that sends them. A few are strangers who try.",
        ),
        WebhookRefusal::Unreadable => (
            "Signed, and no webhook",
            "Something in front may change bodies; else report it with the line of the log.",
        ),
        WebhookRefusal::VerifyToken => (
            "Handshake with another verify token",
            "Set the verify token in Meta’s webhook settings to WHATSAPP_VERIFY_TOKEN.",
        ),
    };
    counted(name, advice, times, None)
}

fn send(result: SendResult, times: Times, code: Option<u64>) -> Counted {
    let (name, advice) = match result {
        SendResult::Sent => ("Taken by WhatsApp", "Nothing."),
        SendResult::Ambiguous => (
            "No word of what became of it",
            "Nothing, unless it goes on: such messages are not sent twice. Then look at the network to graph.facebook.com.",
        ),
        SendResult::Misconfigured => (
            "Message or setting not understood",
            "See the template, its language and WHATSAPP_GRAPH_URL: no message like this one will pass.",
        ),
        SendResult::Operator => (
            "The account may not send",
            "See the token, the payment method and the number’s standing in WhatsApp Manager: nothing is sent before.",
        ),
        SendResult::Permanent => (
            "Recipient refused",
            "Nothing for single people, who may not use WhatsApp. Where there are many, look for a form in which strangers type numbers.",
        ),
        SendResult::Retryable => (
            "Throttled or not reached",
            "Nothing: these are tried again. Where it goes on, see the limit of the number.",
        ),
    };
    let code = code.filter(|_| result != SendResult::Sent);
    let mut counted = counted(name, advice, times, code);
    if result == SendResult::Sent {
        counted.tone = "good";
    }
    counted
}

fn counted(name: &'static str, advice: &'static str, times: Times, code: Option<u64>) -> Counted {
    let tone = if times.count > 0 { "warn" } else { "plain" };
    Counted { name, advice, tone, count: times.count, last: when(times.last), code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        http::console::fixture::{Console, Who},
        store::Node,
        tests::{APP_SECRET, OTP_SECRET, webhook},
    };

    #[tokio::test]
    async fn who_reaches_the_whole_server_sees_how_it_is() {
        let console = Console::start().await;
        assert_eq!(console.server.webhook(&webhook(&[])).await.status(), StatusCode::OK);
        let response = console.get(Who::Viewer, "/console/health").await;
        assert_eq!(response.status(), StatusCode::OK);
        let page = response.text().await.unwrap();
        assert!(page.contains("What is written is found again") && page.contains("The account may not send"));
        assert!(!page.contains("None has come to this node since its start"));
        for secret in [APP_SECRET, OTP_SECRET, "verify me"] {
            assert!(!page.contains(secret));
        }
        let store = &console.server.server.store;
        let at = console.server.clock.now();
        for (id, host, seen_at) in
            [(store.node(), "alpha", at), (-2, "beta<b>", at - limits::NODE_MISSED * 2)]
        {
            let (host, version) = (host.to_owned(), "0.0.1".to_owned());
            store.put_node(Node { id, host, version, started_at: seen_at, seen_at }).await.unwrap();
        }
        let page = console.get(Who::Viewer, "/console/health").await.text().await.unwrap();
        for shown in ["alpha", "beta&#60;b&#62;", "fffffffffffffffe", ">missed<", "Several versions"] {
            assert!(page.contains(shown), "{shown}");
        }
        let other = console.get(Who::OfDemoApp, "/console/health").await;
        assert_eq!(other.status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn what_never_happened_alarms_nobody() {
        let none = send(SendResult::Operator, Times::default(), None);
        assert_eq!((none.tone, none.last.as_str(), none.code), ("plain", "never", None));
        let times = Times { count: 2, last: Some(UnixMillis(0)) };
        let some = send(SendResult::Operator, times, Some(190));
        assert_eq!(
            (some.tone, some.last.as_str(), some.code),
            ("warn", "1970-01-01 00:00:00 UTC", Some(190))
        );
        assert_eq!(send(SendResult::Sent, times, Some(190)).code, None);
        assert_eq!(refusal(WebhookRefusal::Signature, times).count, 2);
    }
}
