//! Traces as a collector gets them from the running program, whose settings are OpenTelemetry's own variables.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::KeyValue,
    common::v1::any_value::Value as AnyValue,
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

use super::{PHONE, Running, SECRETS, create_app, refused, token};

/// Longer than anything here takes unless it never comes.
const NEVER: Duration = Duration::from_secs(20);

/// A collector that keeps what it gets.
struct Collector {
    endpoint: String,
    received: Receiver<ExportTraceServiceRequest>,
}

async fn take(
    State(received): State<Sender<ExportTraceServiceRequest>>,
    headers: HeaderMap,
    body: Bytes,
) -> &'static str {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["x-tenant"], "acme");
    let _ = received.send(ExportTraceServiceRequest::decode(body).unwrap());
    ""
}

impl Collector {
    async fn start() -> Self {
        let (sender, received) = channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { endpoint, received }
    }

    /// A server that sends its traces here.
    fn server(&self, settings: &[(&str, &str)]) -> Running {
        let own = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*self.endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=acme"),
        ];
        Running::start(&[&own, settings].concat())
    }

    /// Everything that a server sent that has ended.
    fn all(self) -> Vec<ExportTraceServiceRequest> {
        self.received.try_iter().collect()
    }
}

fn spans(requests: &[ExportTraceServiceRequest]) -> Vec<&Span> {
    let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|one| &one.scope_spans);
    scopes.flat_map(|scope| &scope.spans).collect()
}

fn named<'a>(spans: &[&'a Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let first = found.next().unwrap_or_else(|| panic!("{name} is missing"));
    assert!(found.next().is_none(), "{name} is there twice");
    first
}

fn attributes(values: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |value: &KeyValue| match value.value.as_ref().unwrap().value.as_ref().unwrap() {
        AnyValue::StringValue(text) => text.clone(),
        AnyValue::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    values.iter().map(|value| (&*value.key, text(value))).collect()
}

/// One login, redeemed by the wait that claims it and, on a second token, by a call.
async fn log_in(server: &Running) -> (String, String) {
    let app = create_app(server.folder.path(), &[]);
    let key = app["secret_key"].as_str();
    let token = token(&app);
    let body = json!({ "tokens": [token.expose()], "claim": true });
    let mut stream = server.post("/api/v1/tokens/events", key, &body).await;
    assert!(stream.chunk().await.unwrap().unwrap().starts_with(b"event: ready\n"));
    server.message(&format!("Code: {}", token.code().expose())).await;
    while stream.chunk().await.unwrap().is_some() {}
    let repeated = server.post("/api/v1/tokens/verify", key, &json!({ "token": token.expose() })).await;
    assert_eq!(repeated.status(), 200);
    (app["app_key"].as_str().unwrap().to_owned(), token.code().expose())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_message_brings_about_is_one_trace() {
    let collector = Collector::start().await;
    // The log may be silent: what is traced does not hang on it.
    let server = collector.server(&[("LOGGIN_LOG", "error")]);
    let (app_key, code) = log_in(&server).await;
    let (status, log) = server.stop();
    assert!(status.success() && log.is_empty(), "{log}");
    let requests = collector.all();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(attributes(&resource.attributes)["service.name"], "loggin-server");

    let spans = spans(&requests);
    let webhook = named(&spans, "POST /webhooks/whatsapp");
    let [commit, wake, redeem] =
        ["login.commit", "login.wake", "login.redeem"].map(|name| named(&spans, name));
    assert!(webhook.parent_span_id.is_empty() && webhook.kind() == SpanKind::Server);
    for (span, parent) in [(commit, webhook), (wake, commit), (redeem, wake)] {
        assert_eq!(
            (&span.trace_id, &span.parent_span_id),
            (&webhook.trace_id, &parent.span_id),
            "{}",
            span.name
        );
        assert!(span.start_time_unix_nano >= parent.start_time_unix_nano);
        assert_eq!(attributes(&span.attributes)["loggin.app"], app_key);
    }
    assert_eq!(attributes(&wake.attributes)["loggin.outcome"], "verified");
    let attributes = attributes(&webhook.attributes);
    assert_eq!(attributes["http.route"], "/webhooks/whatsapp");
    assert_eq!(attributes["http.response.status_code"], "200");
    // Calls of the app are traces of their own.
    for name in ["POST /api/v1/tokens/events", "POST /api/v1/tokens/verify"] {
        assert_ne!(named(&spans, name).trace_id, webhook.trace_id);
    }
    let text = format!("{requests:?}");
    for secret in SECRETS.iter().chain(&[PHONE, "IN.4711", "SECRETID", &code]) {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(!text.contains("lgn1_") && !text.contains("lgsk_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_redeems_is_linked_to_the_message() {
    let collector = Collector::start().await;
    let server = collector.server(&[("OTEL_SERVICE_NAME", "sign-in"), ("LOGGIN_LOG", "trace")]);
    let app = create_app(server.folder.path(), &[]);
    let (key, token) = (app["secret_key"].as_str(), token(&app));
    let verify = json!({ "token": token.expose() });
    assert_eq!(server.post("/api/v1/tokens/verify", key, &verify).await.status(), 200);
    server.message(&format!("Code: {}", token.code().expose())).await;
    assert_eq!(server.post("/api/v1/tokens/verify", key, &verify).await.status(), 200);
    let odd = server
        .client
        .request("WHATEVER".parse().unwrap(), format!("{}/l/{}", server.url, token.code().expose()));
    assert_eq!(odd.send().await.unwrap().status(), 405);
    let (status, log) = server.stop();
    assert!(status.success());
    // The log has none of it.
    assert!(!log.contains("login.commit") && !log.contains("otel"), "{log}");
    let requests = collector.all();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(attributes(&resource.attributes)["service.name"], "sign-in");
    let spans = spans(&requests);
    let (wake, redeem) = (named(&spans, "login.wake"), named(&spans, "login.redeem"));
    let call = spans.iter().find(|span| span.span_id == redeem.parent_span_id).unwrap();
    assert_eq!((&*call.name, &call.trace_id), ("POST /api/v1/tokens/verify", &redeem.trace_id));
    assert_ne!(call.trace_id, wake.trace_id);
    let links: Vec<_> = redeem.links.iter().map(|link| (&link.trace_id, &link.span_id)).collect();
    assert_eq!(links, [(&wake.trace_id, &wake.span_id)]);
    // A word of its caller's stands nowhere.
    let refused = named(&spans, "_OTHER /l/{code}");
    assert_eq!(attributes(&refused.attributes)["http.response.status_code"], "405");
    let text = format!("{requests:?}");
    assert!(!text.contains("WHATEVER") && !text.contains(&token.code().expose()) && !text.contains(PHONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sampler_that_takes_nothing_leaves_nothing_to_send() {
    for (name, value) in [
        ("OTEL_TRACES_SAMPLER", "always_off"),
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let collector = Collector::start().await;
        let server = collector.server(&[(name, value)]);
        log_in(&server).await;
        assert!(server.stop().0.success());
        assert!(collector.all().is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_holds_up_nobody() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", hanging.local_addr().unwrap());
    for endpoint in ["http://127.0.0.1:9", &hanging] {
        let server = Running::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        log_in(&server).await;
        let stopping = tokio::task::spawn_blocking(|| server.stop());
        let (status, _) = tokio::time::timeout(NEVER, stopping).await.unwrap().unwrap();
        assert!(status.success());
    }
}

#[test]
fn a_protocol_that_is_not_spoken_stops_the_start() {
    let said = refused(|command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
        command.env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    });
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL"), "{said}");
}
