//! The pages as a browser gets them.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::*;
use crate::{
    config::DemoConfig,
    http::routes::openapi,
    limits,
    state::Settings,
    store::App,
    tests::{APP, APP_SECRET, OTP_SECRET, TestServer, demo_app, demo_key, error_of},
};

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// A second, and what a machine that is busy takes on top.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

/// A server with a demo that sends codes.
async fn start(change: impl FnOnce(&mut Settings)) -> TestServer {
    TestServer::start_with(|settings| {
        settings.demo = Some(DemoConfig { app_key: demo_app().app_key, codes: true });
        change(settings);
    })
    .await
}

async fn open(server: &TestServer, path: &str) -> Response {
    server.get(path).header("Accept", BROWSER).send().await.unwrap()
}

/// Asks until this server knows of a change in the store, which takes a second.
async fn until(is_known: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_known().await {
        assert!(begun.elapsed() < KNOWN_WITHIN, "it is known within a second");
    }
}

fn policy(response: &Response) -> &str {
    response.headers()["content-security-policy"].to_str().unwrap()
}

#[tokio::test]
async fn a_browser_is_shown_the_start_and_a_program_told_that_nothing_is_there() {
    let server = start(|_| {}).await;
    let response = open(&server, "/").await;
    assert_eq!((response.status().as_u16(), &response.headers()["vary"]), (200, &"accept".parse().unwrap()));
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let text = response.text().await.unwrap();
    assert!(text.contains("href=\"/demo\"") && text.contains("href=\"/docs\""), "{text}");
    for accept in ["*/*", "application/json", ""] {
        let response = server.get("/").header("Accept", accept).send().await.unwrap();
        assert_eq!(response.headers()["vary"], "accept");
        assert_eq!(error_of(response).await, (404, "not_found".to_owned()), "{accept}");
    }
    assert_eq!(
        error_of(server.post("/").send().await.unwrap()).await,
        (405, "method_not_allowed".to_owned())
    );
}

#[tokio::test]
async fn no_page_has_a_script_or_style_of_its_own_or_loads_from_elsewhere() {
    let server = start(|_| {}).await;
    for path in ["/", "/demo", "/docs"] {
        let response = open(&server, path).await;
        assert_eq!(policy(&response), POLICY, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer", "{path}");
        let text = response.text().await.unwrap();
        let tags: Vec<&str> = text.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
        for tag in tags {
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/assets/"), "{path}: {tag}");
            assert!(!tag.starts_with("style") && !tag.contains(" style="), "{path}: {tag}");
            let handler = tag.split(" on").skip(1).any(|rest| rest.split('"').next().unwrap().ends_with('='));
            assert!(!handler, "{path}: {tag}");
            for attribute in [" src=\"", " href=\""] {
                for address in tag.split(attribute).skip(1) {
                    assert!(address.starts_with(['/', '#']), "{path}: {tag}");
                }
            }
        }
    }
}

#[tokio::test]
async fn no_page_holds_a_secret() {
    let server = start(|_| {}).await;
    let key = demo_key();
    for path in ["/", "/demo", "/docs", "/assets/demo.js"] {
        let text = open(&server, path).await.text().await.unwrap();
        for secret in [APP_SECRET, OTP_SECRET, "verify me", key.expose().as_str()] {
            assert!(!text.contains(secret), "{path}");
        }
    }
}

#[tokio::test]
async fn a_file_is_sent_once_and_asked_for_each_time() {
    let server = start(|_| {}).await;
    for (path, kind) in [
        ("/assets/loggin.js", "text/javascript; charset=utf-8"),
        ("/assets/pages.css", "text/css; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
    ] {
        let response = server.get(path).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(
            (&headers["content-type"], &headers["cache-control"]),
            (&kind.parse().unwrap(), &"no-cache".parse().unwrap())
        );
        let tag = headers["etag"].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}")] {
            let again = server.get(path).header("If-None-Match", known).send().await.unwrap();
            assert_eq!(
                (again.status().as_u16(), &again.headers()["etag"]),
                (304, &tag.parse().unwrap()),
                "{path}"
            );
        }
        let other = server.get(path).header("If-None-Match", "\"other\"").send().await.unwrap();
        assert_eq!(other.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn the_reference_has_every_call_field_object_and_error() {
    let server = start(|_| {}).await;
    let text = open(&server, "/docs").await.text().await.unwrap();
    let document = serde_json::to_value(openapi::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let endpoint =
                format!("<span class=\"method\">{}</span> <code>{path}</code>", method.to_uppercase());
            assert!(text.contains(&format!("id=\"{id}\"")) && text.contains(&endpoint), "{method} {path}");
            for status in operation["responses"].as_object().unwrap().keys() {
                assert!(text.contains(&format!("<dt><code>{status}</code>")), "{id}: {status}");
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(text.contains(&format!("id=\"schema-{name}\"")), "{name}");
        for field in schema["properties"].as_object().into_iter().flatten().map(|(field, _)| field) {
            assert!(text.contains(&format!("<dt><code>{field}</code>")), "{name}.{field}");
        }
    }
    for code in ErrorCode::ALL.into_iter().filter(|code| code.http_status().is_some()) {
        assert!(text.contains(&format!("<code>{code}</code>")), "{code}");
    }
    for link in text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(text.contains(&format!("id=\"{link}\"")), "{link}");
    }
    for bound in ["integer or null, 4 to 8", "list of string, 1 to 100 entries"] {
        assert!(text.contains(bound), "{bound}");
    }
    let address = format!("curl -X POST &#34;{}/api/v1/tokens/verify&#34;", server.url);
    assert!(text.contains(&address));
}

#[tokio::test]
async fn there_is_a_demo_only_where_its_app_works() {
    let server = TestServer::start().await;
    assert_eq!(open(&server, "/demo").await.status(), 404);
    assert!(!open(&server, "/").await.text().await.unwrap().contains("/demo"));
    let server = start(|_| {}).await;
    let disabled = App { disabled_at: Some(demo_app().created_at), ..demo_app() };
    assert!(server.server.store.update_app(&disabled).await.unwrap());
    until(async || open(&server, "/demo").await.status() == 404).await;
}

#[tokio::test]
async fn the_demo_has_this_servers_address_and_shows_a_phone_only_in_development() {
    let server = start(|_| {}).await;
    let text = open(&server, "/demo").await.text().await.unwrap();
    let mut shown = vec![format!("base_url=&#34;{}&#34;", server.url), format!("data-app-key=\"{APP}\"")];
    shown.push("data-redeems=\"true\"".to_owned());
    for part in shown {
        assert!(text.contains(&part), "{part}");
    }
    assert!(!text.contains("<iframe"));
    let guarded = App { require_secret_key: true, ..demo_app() };
    assert!(server.server.store.update_app(&guarded).await.unwrap());
    until(async || open(&server, "/demo").await.text().await.unwrap().contains("data-redeems=\"false\""))
        .await;
    let server = start(|settings| {
        settings.development = true;
        settings.link_base = "http://127.0.0.1:8788".parse().unwrap();
    })
    .await;
    let response = open(&server, "/demo").await;
    assert_eq!(policy(&response), format!("{POLICY}; frame-src 'self' http://127.0.0.1:8788"));
    assert!(response.text().await.unwrap().contains("src=\"http://127.0.0.1:8788/15550001111\""));
}

/// What the demo's page asks of its server.
fn ask(server: &TestServer, call: &str, body: &Value) -> RequestBuilder {
    server.post(&format!("/demo/codes/{call}")).json(body)
}

async fn send_code(server: &TestServer, number: u32) -> Response {
    let body = json!({ "phone": format!("+9198765432{number:02}") });
    ask(server, "start", &body).header("Sec-Fetch-Site", "same-origin").send().await.unwrap()
}

#[tokio::test]
async fn the_demo_sends_a_code_and_takes_it() {
    let server = start(|_| {}).await;
    let response = send_code(&server, 10).await;
    assert_eq!(response.status(), 200);
    let session: Value = response.json().await.unwrap();
    let body = json!({ "session_id": session["session_id"], "otp_code": server.codes.last() });
    // A browser that does not say where a call comes from names the page's origin all the same.
    let call = ask(&server, "verify", &body).header("Origin", &server.url);
    let verified: Value = call.send().await.unwrap().json().await.unwrap();
    assert_eq!(verified["phone"], "919876543210");
}

#[tokio::test]
async fn only_its_own_page_may_have_a_code_sent() {
    let server = start(|_| {}).await;
    let body = json!({ "phone": "+919876543210" });
    let refused = (401, "unauthorized".to_owned());
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Accept", "*/*"),
    ] {
        for call in ["start", "verify"] {
            let response = ask(&server, call, &body).header(name, value).send().await.unwrap();
            assert!(!response.headers().contains_key("access-control-allow-origin"));
            assert_eq!(error_of(response).await, refused, "{call}, {name}: {value}");
        }
    }
    let both =
        ask(&server, "start", &body).header("Sec-Fetch-Site", "cross-site").header("Origin", &server.url);
    assert_eq!(error_of(both.send().await.unwrap()).await, refused);
    assert_eq!(server.codes.count(), 0);
}

#[tokio::test]
async fn no_code_is_sent_unless_that_is_said() {
    let silent = TestServer::start_with(|settings| {
        settings.demo = Some(DemoConfig { app_key: demo_app().app_key, codes: false });
    })
    .await;
    for server in [silent, TestServer::start().await] {
        assert_eq!(error_of(send_code(&server, 10).await).await, (404, "not_found".to_owned()));
        assert_eq!(server.codes.count(), 0);
    }
}

#[tokio::test]
async fn an_address_has_few_codes_sent_and_types_few() {
    let server = start(|_| {}).await;
    for number in 0..limits::DEMO_CODES_PER_ADDRESS {
        assert_eq!(send_code(&server, number).await.status(), 200);
    }
    let response = send_code(&server, 50).await;
    assert_eq!(response.headers()["retry-after"], "3600");
    assert_eq!(error_of(response).await, (429, "rate_limited".to_owned()));
    assert_eq!(server.codes.count(), 3);
    let typed = json!({ "session_id": "0b9f3a52-7c41-4c1e-9d0a-5f1f6c2a7e10", "otp_code": "000000" });
    let verify = || ask(&server, "verify", &typed).header("Sec-Fetch-Site", "same-origin");
    for _ in 0..limits::DEMO_TRIES_PER_ADDRESS {
        assert_eq!(error_of(verify().send().await.unwrap()).await, (404, "session_not_found".to_owned()));
    }
    assert_eq!(error_of(verify().send().await.unwrap()).await, (429, "rate_limited".to_owned()));
    server.clock.advance(Duration::from_secs(3_600));
    assert_eq!(send_code(&server, 50).await.status(), 200);
}
