//! Cross-origin calls from web pages.
//!
//! Preflights name no token, so they are answered for every origin that some app allows. At the call itself, each
//! token's own app decides: see [`Caller`](super::caller::Caller).

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{
    caller::X_API_KEY,
    request::{IDEMPOTENCY_KEY, X_REQUEST_ID},
};
use crate::{state::Server, telemetry::metrics};

/// How long a browser may remember a preflight: a page that starts several logins asks once.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The layer around the API's routes.
pub(crate) fn layer(server: &Arc<Server>) -> CorsLayer {
    let server = Arc::clone(server);
    let allowed = AllowOrigin::async_predicate(move |origin: HeaderValue, _| async move {
        match origin.to_str() {
            Ok(origin) => is_allowed(&server, origin).await,
            Err(_) => false,
        }
    });
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            IDEMPOTENCY_KEY,
            X_API_KEY,
            X_REQUEST_ID,
        ])
        .expose_headers([header::RETRY_AFTER, X_REQUEST_ID])
        .max_age(MAX_AGE)
        // A browser asks for this before a page calls a server in a private network, such as one on this machine.
        .allow_private_network(true)
        .vary([header::ORIGIN])
}

/// Whether pages of this origin may call. Where the store fails, none may.
async fn is_allowed(server: &Server, origin: &str) -> bool {
    if origin == server.settings.public_origin {
        return true;
    }
    server.apps.some_allows(origin).await.unwrap_or_else(|error| {
        metrics::store_failed(error.failure());
        tracing::error!(%error, "the store failed, and no web page may call");
        false
    })
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
    const UNKNOWN: &str = "https://evil.example";

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

    fn allowed(response: &Response) -> Option<&str> {
        response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn preflights_are_answered_for_origins_that_some_app_allows() {
        let server = start().await;
        let response = preflight(&server, PAGE).await;
        assert_eq!(response.status(), 200);
        assert_eq!(allowed(&response), Some(PAGE));
        assert_eq!(response.headers()["access-control-allow-methods"], "GET,POST");
        assert_eq!(response.headers()["vary"], "origin");
        assert_eq!(allowed(&preflight(&server, UNKNOWN).await), None);
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
            let response = preflight(&server, origin).await;
            assert_eq!(allowed(&response), Some(*origin));
            let token = token_of("8XKPQ2WN", 1).expose();
            let call = server.post("/api/v1/tokens/verify").header("Origin", *origin);
            let response = call.json(&json!({ "token": token })).send().await.unwrap();
            assert_eq!((response.status().as_u16(), allowed(&response)), (200, Some(*origin)));
        }
        for origin in ["https://preview.example", "https://a.preview.example:8443", "http://localhost"] {
            assert_eq!(allowed(&preflight(&server, origin).await), None, "{origin}");
        }
    }

    #[tokio::test]
    async fn any_origin_is_any() {
        let server = TestServer::start().await;
        assert_eq!(allowed(&preflight(&server, UNKNOWN).await), Some(UNKNOWN));
    }

    #[tokio::test]
    async fn at_the_call_the_app_of_the_token_decides() {
        let server = start().await;
        let response = verify(&server, PAGE, None).await;
        assert_eq!((response.status().as_u16(), allowed(&response)), (200, Some(PAGE)));
        let own = server.url.clone();
        assert_eq!(verify(&server, &own, None).await.status(), 200);
        let (_, key) = guarded_app("11111111");
        assert_eq!(verify(&server, UNKNOWN, Some(key.expose())).await.status(), 200);
        let response = verify(&server, UNKNOWN, None).await;
        assert_eq!(allowed(&response), None);
        assert_eq!(error_of(response).await, (401, "unauthorized".to_owned()));
    }

    #[tokio::test]
    async fn a_stream_rejects_the_tokens_of_apps_that_do_not_allow_the_origin() {
        let server = start().await;
        let tokens = [token_of("11111111", 1), token_of("8XKPQ2WN", 1)];
        let response = server.events(&tokens, None).header("Origin", PAGE).send().await.unwrap();
        assert_eq!(allowed(&response), Some(PAGE));
        let mut stream = crate::tests::EventReader::new(response);
        assert_eq!(stream.event().await.unwrap().1, json!({ "pending": 1 }));
        let (name, data) = stream.event().await.unwrap();
        assert_eq!(name, "rejected");
        assert_eq!(data["error"], "unauthorized");
        assert_eq!(data["code"], tokens[1].code().expose());
    }
}
