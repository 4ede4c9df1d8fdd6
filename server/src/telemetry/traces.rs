//! Traces, by OpenTelemetry: what a login goes through, from its message's webhook to its redemption.
//!
//! They are on where the environment names a collector, by OpenTelemetry's own variables. Off, no layer is installed, and
//! each function below returns after one look at a static. The spans are made here alone, and nothing else is exported:
//! a span of another module, or a line of the log, may hold what a collector is not to know.
//!
//! What one message brings about is one trace: its call, the commit, the waiters woken, and the redemption by a wait that
//! claims. A call that redeems is a trace of its own, with a link: it comes when its caller likes, and belongs to what its
//! caller does. The link is remembered by this process, so it is there where the same node took the webhook.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use loggin_protocol::{Code, ErrorCode};
use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Span, Subscriber, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use super::LoginOutcome;
use crate::limits::{self, Remembered};

/// The target of every span that is exported; the log shows none of them.
pub(super) const TARGET: &str = "loggin_server::traces";

/// The name that the service has where `OTEL_SERVICE_NAME` says no other.
const SERVICE_NAME: &str = "loggin-server";

/// Where messages of logins were traced, by the login's code; it is there where traces are on.
static MESSAGES: OnceLock<Remembered<Code, SpanContext>> = OnceLock::new();

/// Why traces that are wished for cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    #[error("OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken here")]
    Protocol,
    #[error("the exporter of traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// What sends traces to a collector.
#[derive(Debug)]
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// What the environment asks for; `None` where that is nothing. The library reads most variables itself.
    pub(crate) fn from_environment() -> Result<Option<Self>, TracesError> {
        let said = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is = |name, value: &str| said(name).is_some_and(|said: String| said.eq_ignore_ascii_case(value));
        let endpoint =
            said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| said("OTEL_EXPORTER_OTLP_ENDPOINT"));
        if endpoint.is_none() || is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let protocol =
            said("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| said("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if protocol.is_some_and(|protocol| protocol != "http/protobuf") {
            return Err(TracesError::Protocol);
        }
        // For collectors behind TLS; whoever comes first sets the provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder().with_http().build()?;
        let mut resource = Resource::builder();
        if said("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(SERVICE_NAME);
        }
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter);
        Ok(Some(Self(provider.with_resource(resource.build()).build())))
    }

    /// The layer that exports the spans of this module.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        MESSAGES.get_or_init(|| Remembered::new(limits::TRACES_REMEMBERED, limits::TRACES_REMEMBERED_FOR));
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer(SERVICE_NAME));
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        layer
            .with_level(false)
            .with_target(false)
            .with_filter(filter_fn(|metadata| metadata.target() == TARGET))
    }

    /// Sends what waits, for so long at most.
    pub(crate) fn end(&self, within: Duration) {
        if let Err(error) = self.0.shutdown_with_timeout(within) {
            tracing::warn!(%error, "some traces could not be sent");
        }
    }
}

/// The span of a call.
pub(crate) fn call(method: &Method, route: &str) -> Span {
    if MESSAGES.get().is_none() {
        return Span::none();
    }
    // A method may be any word of its caller's.
    let method = match *method {
        Method::GET | Method::HEAD | Method::POST | Method::OPTIONS => method.as_str(),
        _ => "_OTHER",
    };
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "call",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        error.type = field::Empty,
    )
}

/// Notes what a call was answered with.
pub(crate) fn answered(call: &Span, status: StatusCode, error: Option<ErrorCode>) {
    if call.is_none() {
        return;
    }
    call.record("http.response.status_code", status.as_u16());
    if let Some(error) = error {
        call.record("error.type", error.as_str());
    }
    if status.is_server_error() {
        call.record("otel.status_code", "ERROR");
    }
}

/// When a message came, and its place in a trace.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    at: Instant,
    /// From then on until what it brings about is stored.
    commit: Span,
}

impl Arrival {
    /// A message for this login is here.
    pub(crate) fn now(code: Code) -> Self {
        let commit = if MESSAGES.get().is_none() {
            Span::none()
        } else {
            tracing::info_span!(target: TARGET, "login.commit", loggin.app = %code.app_key())
        };
        Self { at: Instant::now(), commit }
    }

    /// How long ago that was.
    pub(crate) fn elapsed(&self) -> Duration {
        self.at.elapsed()
    }

    /// The span in which the login's waiters are woken: what the message brought about is stored.
    pub(crate) fn wake(&self, code: Code, outcome: Option<LoginOutcome>) -> Span {
        let Some(messages) = MESSAGES.get().filter(|_| !self.commit.is_none()) else { return Span::none() };
        let wake = tracing::info_span!(
            target: TARGET,
            parent: &self.commit,
            "login.wake",
            loggin.app = %code.app_key(),
            loggin.outcome = outcome.map(LoginOutcome::as_str),
        );
        messages.keep(code, wake.context().span().span_context().clone(), Instant::now());
        wake
    }
}

/// The span in which a login is redeemed.
pub(crate) fn redeem(code: Code) -> Span {
    let Some(messages) = MESSAGES.get() else { return Span::none() };
    let redeem = tracing::info_span!(target: TARGET, "login.redeem", loggin.app = %code.app_key());
    if let Some(message) = messages.recall(&code, Instant::now()) {
        if Context::current().has_active_span() {
            redeem.add_link(message);
        } else {
            // By a wait, whose call has long been answered. It fails where no layer is installed.
            let _ = redeem.set_parent(Context::new().with_remote_span_context(message));
        }
    }
    redeem
}
