//! Cross-origin calls from web pages.
//!
//! Preflights name no token, so they are answered for every origin that some app allows. At the call itself, each
//! token's own app decides: see [`Caller`](crate::http::caller::Caller).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{http::ApiError, state::Server};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, x-api-key, x-request-id");
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static("retry-after, x-request-id");
/// Seconds that a browser may remember a preflight: a page that starts several logins asks once.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// A browser asks with this before a page calls a server in a private network, such as one on this machine.
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The layer around the API's routes.
pub(crate) async fn layer(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let private_network = request.headers().contains_key(PRIVATE_NETWORK);
    let allowed = match allowed_origin(&server, request.headers()).await {
        Ok(allowed) => allowed,
        Err(error) => return error.into_response(),
    };
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
            if private_network {
                headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
            }
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
        }
    }
    response
}

async fn allowed_origin(server: &Server, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(None);
    };
    let Ok(text) = origin.to_str() else {
        return Ok(None);
    };
    let allowed = text == server.settings.public_origin || server.apps.some_allows(text).await?;
    Ok(allowed.then(|| origin.clone()))
}

#[cfg(test)]
mod tests {
    use reqwest::Response;
    use serde_json::json;

    use super::*;
    use crate::{
        apps::origin::parse_entry,
        store::App,
        tests::{TestServer, demo_app, error_of, guarded_app, token_of},
    };

    const PAGE: &str = "https://shop.example";
    const STRANGER: &str = "https://evil.example";

    /// A server whose one app allows [`PAGE`].
    async fn start() -> TestServer {
        let server = TestServer::start().await;
        let demo = App { allowed_origins: Vec::new(), ..demo_app() };
        assert!(server.server.store.update_app(&demo).await.unwrap());
        let (app, _) = guarded_app("11111111");
        let allowed_origins = vec![PAGE.to_owned()];
        server.add_app(&App { require_secret_key: false, allowed_origins, ..app }).await;
        server
    }

    async fn preflight(server: &TestServer, origin: &str) -> Response {
        let url = format!("{}/api/v1/tokens/events", server.url);
        let call = server.client.request(Method::OPTIONS, url).header("Origin", origin);
        call.header("Access-Control-Request-Method", "POST").send().await.unwrap()
    }

    async fn verify(server: &TestServer, origin: &str, key: Option<String>) -> Response {
        let token = token_of("11111111", 1).expose();
        let mut call = server.post("/api/v1/tokens/verify").header("Origin", origin);
        if let Some(key) = key {
            call = call.header("X-Api-Key", key);
        }
        call.json(&json!({ "token": token })).send().await.unwrap()
    }

    fn allowed(answer: &Response) -> Option<&str> {
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn preflights_are_answered_for_origins_that_some_app_allows() {
        let server = start().await;
        let answer = preflight(&server, PAGE).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(allowed(&answer), Some(PAGE));
        assert_eq!(answer.headers()["access-control-allow-methods"], "GET, POST");
        assert_eq!(answer.headers()["vary"], "origin");
        assert_eq!(allowed(&preflight(&server, STRANGER).await), None);
        assert_eq!(allowed(&preflight(&server, "null").await), None);
    }

    #[tokio::test]
    async fn web_views_extensions_and_patterns_may_be_listed() {
        let server = TestServer::start().await;
        let entries = [
            "https://localhost",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "https://*.preview.example",
        ];
        let allowed_origins = entries.iter().map(|entry| parse_entry(entry).unwrap()).collect();
        let demo = App { allowed_origins, ..demo_app() };
        assert!(server.server.store.update_app(&demo).await.unwrap());
        for origin in entries[..5].iter().chain(&["https://a.preview.example", "https://b.a.preview.example"])
        {
            let answer = preflight(&server, origin).await;
            assert_eq!(allowed(&answer), Some(*origin));
            let token = token_of("8XKPQ2WN", 1).expose();
            let call = server.post("/api/v1/tokens/verify").header("Origin", *origin);
            let answer = call.json(&json!({ "token": token })).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, Some(*origin)));
        }
        for origin in ["https://preview.example", "https://a.preview.example:8443", "http://localhost"] {
            assert_eq!(allowed(&preflight(&server, origin).await), None, "{origin}");
        }
    }

    #[tokio::test]
    async fn any_origin_is_any() {
        let server = TestServer::start().await;
        assert_eq!(allowed(&preflight(&server, STRANGER).await), Some(STRANGER));
    }

    #[tokio::test]
    async fn at_the_call_the_app_of_the_token_decides() {
        let server = start().await;
        let answer = verify(&server, PAGE, None).await;
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, Some(PAGE)));
        let own = server.url.clone();
        assert_eq!(verify(&server, &own, None).await.status(), 200);
        let (_, key) = guarded_app("11111111");
        assert_eq!(verify(&server, STRANGER, Some(key.expose())).await.status(), 200);
        let answer = verify(&server, STRANGER, None).await;
        assert_eq!(allowed(&answer), None);
        assert_eq!(error_of(answer).await, (401, "unauthorized".to_owned()));
    }

    #[tokio::test]
    async fn a_stream_rejects_the_tokens_of_apps_that_do_not_allow_the_origin() {
        let server = start().await;
        let tokens = [token_of("11111111", 1), token_of("8XKPQ2WN", 1)];
        let answer = server.events(&tokens, None).header("Origin", PAGE).send().await.unwrap();
        assert_eq!(allowed(&answer), Some(PAGE));
        let mut stream = crate::tests::EventReader::new(answer);
        assert_eq!(stream.event().await.unwrap().1, json!({ "pending": 1 }));
        let (name, data) = stream.event().await.unwrap();
        assert_eq!(name, "rejected");
        assert_eq!(data["error"], "unauthorized");
        assert_eq!(data["code"], tokens[1].code().expose());
    }
}
