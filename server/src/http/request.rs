//! What surrounds every call: its id, the line in the log, the bodies of errors and the headers of all responses; and the
//! name that a caller gives it.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use loggin_protocol::{AppKey, ErrorCode};
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use crate::{
    http::{ApiError, error::OwnBody},
    limits,
    telemetry::{metrics::HttpRequest, traces},
};

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the log calls a path that no route has; the path itself may hold anything.
const NO_ROUTE: &str = "none";

/// Headers of every response: it is data, so nothing in it is to be run, framed, guessed at, kept or told to others.
const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// The layer around all routes.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    // The route's template stands in the log in place of the path, which may hold a code.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| NO_ROUTE.to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let started = Instant::now();
    let counted = HttpRequest::new(&method, &route);
    let traced = traces::call(&method, &route);
    let span = tracing::info_span!("request", id = %id, %method, %route, app = field::Empty);
    let in_flight = InFlight { span, started };
    let response = next.run(request).instrument(in_flight.span.clone()).instrument(traced.clone()).await;
    let span = in_flight.responded();

    let mut response = with_error_body(response, &id);
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, value);
    }
    let _entered = span.enter();
    let status = response.status();
    let micros = micros(started);
    let error = response.extensions().get::<ApiError>().map(ApiError::code);
    tracing::info!(status = status.as_u16(), micros, error = error.map(ErrorCode::as_str), "answered");
    counted.responded(status, error);
    traces::answered(&traced, status, error);
    response
}

/// Names in the log the app whose call this is. Its key is public; addresses of callers are personal, and not logged.
pub(crate) fn note_app(app_key: AppKey) {
    Span::current().record("app", field::display(app_key));
}

/// The header that names a redeemer.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&[u8]>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.as_bytes().trim_ascii();
    if key.is_empty() || key.len() > limits::IDEMPOTENCY_KEY {
        return Err(ApiError::invalid_request("An `Idempotency-Key` has 1 to 255 characters."));
    }
    Ok(Some(key))
}

/// A call that has no response yet. One that is dropped never gets one, as its caller has gone: that is logged too.
struct InFlight {
    span: Span,
    started: Instant,
}

impl InFlight {
    /// The call has its response.
    fn responded(mut self) -> Span {
        std::mem::replace(&mut self.span, Span::none())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.span.is_none() {
            let _entered = self.span.enter();
            tracing::info!(micros = micros(self.started), "cancelled");
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The caller's own id where it is one that a log can hold, or a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let sane = |id: &&str| {
        (1..=limits::REQUEST_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    given.filter(sane).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// Writes the body of a response that is an error.
fn with_error_body(response: Response, id: &str) -> Response {
    let extensions = response.extensions();
    let Some(error) = extensions.get::<ApiError>().filter(|_| extensions.get::<OwnBody>().is_none()) else {
        return response;
    };
    // The type has string keys and no failing serializer.
    let body = serde_json::to_vec(&error.body(id)).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, body.into())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use axum::{Router, body::Body, http::Request, middleware, routing::post};
    use futures_util::FutureExt;
    use loggin_protocol::AppKey;
    use serde_json::Value;
    use tower::ServiceExt;
    use tracing::{Dispatch, subscriber::NoSubscriber};

    use crate::tests::{APP, TestServer};

    /// Where a log goes that is read here.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Subscribers that take nothing. With a single one in the process, `tracing` has a thread that comes first by a place
    /// which logs decide for all by its own subscriber; with several it asks each of them.
    fn several_subscribers() -> [Dispatch; 2] {
        [Dispatch::new(NoSubscriber::new()), Dispatch::new(NoSubscriber::new())]
    }

    /// The lines that a call of this router logs, which is polled once and then given up.
    fn logged(router: Router, request: Request<Body>) -> Vec<Value> {
        let _several = several_subscribers();
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let _ = router.oneshot(request).now_or_never();
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_call_has_one_line_also_where_its_caller_has_gone() {
        async fn responds() -> &'static str {
            super::note_app(AppKey::parse(APP).unwrap());
            "done"
        }
        async fn never() -> &'static str {
            super::note_app(AppKey::parse(APP).unwrap());
            std::future::pending().await
        }
        let router = Router::new()
            .route("/{code}/answers", post(responds))
            .route("/{code}/never", post(never))
            .layer(middleware::from_fn(super::layer));
        for (name, message) in [("answers", "answered"), ("never", "cancelled")] {
            let request = Request::post(format!("/SECRET/{name}")).header("X-Request-Id", "1-2");
            let request = request.body(Body::empty()).unwrap();
            let lines = logged(router.clone(), request);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert_eq!(lines[0]["fields"]["message"], message);
            assert!(lines[0]["fields"]["micros"].is_u64());
            let span = &lines[0]["span"];
            assert_eq!(span["route"], format!("/{{code}}/{name}"));
            assert_eq!((&span["id"], &span["app"]), (&"1-2".into(), &APP.into()));
        }
    }

    #[tokio::test]
    async fn a_sane_id_is_taken_over_and_any_other_replaced() {
        let server = TestServer::start().await;
        let id = |given: &'static str| {
            let call = server.get("/healthz").header("X-Request-Id", given);
            async move { call.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned() }
        };
        assert_eq!(id("abc-DEF_1.2").await, "abc-DEF_1.2");
        let long = "x".repeat(65);
        for bad in ["", "two words", "semi;colon", "<script>", Box::leak(long.into_boxed_str())] {
            let given = id(bad).await;
            assert_ne!(given, bad);
            assert_eq!(given.len(), 36, "{given}");
        }
    }

    #[tokio::test]
    async fn every_response_has_the_security_headers() {
        let server = TestServer::start().await;
        for path in ["/healthz", "/none", "/openapi.json", "/l/rubbish"] {
            let response = server.get(path).send().await.unwrap();
            for (name, value) in super::SECURITY_HEADERS {
                assert_eq!(response.headers()[&name], value, "{path}");
            }
        }
    }
}
