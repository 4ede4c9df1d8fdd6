//! What surrounds every call: its id, the line in the log, the bodies of errors and the headers of all answers.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use loggin::ErrorCode;
use tracing::Instrument;
use uuid::Uuid;

use crate::{error::ApiError, limits, telemetry::metrics::HttpRequest};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the log calls a path that no route has; the path itself may hold anything.
const NO_ROUTE: &str = "none";

/// Headers of every answer: it is data, so nothing in it is to be run, framed, guessed at, kept or told to others.
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
    let counted = HttpRequest::new(&method, &route);
    let span = tracing::info_span!("request", id = %id, %method, %route);
    let response = next.run(request).instrument(span.clone()).await;

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
    let micros = u64::try_from(counted.elapsed().as_micros()).unwrap_or(u64::MAX);
    let error = response.extensions().get::<ApiError>().map(ApiError::code);
    tracing::info!(status = status.as_u16(), micros, error = error.map(ErrorCode::as_str), "answered");
    counted.answered(status, error);
    response
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

/// Writes the body of an answer that is an error.
fn with_error_body(response: Response, id: &str) -> Response {
    let Some(error) = response.extensions().get::<ApiError>() else {
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
    use crate::testing::TestServer;

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
    async fn every_answer_has_the_security_headers() {
        let server = TestServer::start().await;
        for path in ["/healthz", "/none", "/openapi.json", "/l/rubbish"] {
            let answer = server.get(path).send().await.unwrap();
            for (name, value) in super::SECURITY_HEADERS {
                assert_eq!(answer.headers()[&name], value, "{path}");
            }
        }
    }
}
