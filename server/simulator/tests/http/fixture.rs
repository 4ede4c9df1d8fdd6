//! A simulator on a free port, and the webhook that it calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;
use whatsapp_simulator::{Config, Number, Running, SecretString, Secrets};

pub(crate) const ACCESS_TOKEN: &str = "EAAG-test-access-token";
pub(crate) const APP_SECRET: &str = "test_app_secret";
pub(crate) const VERIFY_TOKEN: &str = "test-verify-token";
pub(crate) const PHONE_NUMBER_ID: &str = "200000000000002";
pub(crate) const BUSINESS: &str = "15550001111";
pub(crate) const ANA: &str = "15550002222";
pub(crate) const RAVI: &str = "919876543210";
/// Hides her number.
pub(crate) const SHEENA: &str = "15550003333";

/// What ends a test that would otherwise wait for ever.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One webhook call as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// `value` of the only change.
    pub(crate) fn value(&self) -> Value {
        self.json()["entry"][0]["changes"][0]["value"].clone()
    }

    pub(crate) fn message(&self) -> Value {
        self.value()["messages"][0].clone()
    }

    pub(crate) fn status(&self) -> Value {
        self.value()["statuses"][0].clone()
    }

    pub(crate) fn is_signed(&self) -> bool {
        let mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).unwrap().chain_update(&self.body);
        let expected = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
        self.headers.get("x-hub-signature-256").is_some_and(|given| given == expected.as_str())
    }
}

struct Inbox {
    calls: Mutex<Vec<Call>>,
    responses: Mutex<VecDeque<u16>>,
    count: watch::Sender<usize>,
}

/// Takes webhook calls; answers 200 unless a test wants something else.
#[derive(Clone)]
pub(crate) struct Receiver {
    inbox: Arc<Inbox>,
    pub(crate) base: String,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        // The clients of the tests are made of the same library; whoever is first chooses for the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let inbox = Arc::new(Inbox {
            calls: Mutex::default(),
            responses: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/webhook", get(echo).post(take))
            .route("/l/{code}", get(redirect))
            .layer(DefaultBodyLimit::disable())
            .with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inbox, base }
    }

    /// The origin of its pages.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/webhook", self.base)
    }

    /// The next calls are answered with these statuses.
    pub(crate) fn respond_with(&self, statuses: &[u16]) {
        self.inbox.responses.lock().unwrap().extend(statuses);
    }

    /// Waits until this many calls have come, and gives all there are.
    pub(crate) async fn calls(&self, count: usize) -> Vec<Call> {
        let mut changes = self.inbox.count.subscribe();
        tokio::time::timeout(TIMEOUT, changes.wait_for(|seen| *seen >= count)).await.unwrap().unwrap();
        self.inbox.calls.lock().unwrap().clone()
    }

    pub(crate) fn seen(&self) -> usize {
        self.inbox.calls.lock().unwrap().len()
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inbox.calls.lock().unwrap().push(Call { headers, body });
    inbox.count.send_modify(|count| *count += 1);
    let status = inbox.responses.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

async fn echo(RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let value =
        |wanted: &str| query.split('&').find_map(|pair| pair.strip_prefix(wanted)).unwrap_or("").to_owned();
    if value("hub.mode=") == "subscribe" && value("hub.verify_token=") == VERIFY_TOKEN {
        value("hub.challenge=").into_response()
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn redirect(axum::extract::Path(code): axum::extract::Path<String>) -> Response {
    let location = format!("https://wa.me/{BUSINESS}?text=Code%3A%20{code}");
    (StatusCode::FOUND, [("location", location)]).into_response()
}

/// A simulator and its webhook.
pub(crate) struct Fixture {
    pub(crate) receiver: Receiver,
    pub(crate) base: String,
    pub(crate) client: reqwest::Client,
    _running: Running,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let receiver = Receiver::start().await;
        let url = receiver.url();
        Self::with(receiver, &url, |_| {}).await
    }

    pub(crate) async fn with(receiver: Receiver, webhook: &str, change: impl FnOnce(&mut Config)) -> Self {
        let secrets = Secrets {
            app_secret: SecretString::from(APP_SECRET),
            verify_token: SecretString::from(VERIFY_TOKEN),
            access_token: SecretString::from(ACCESS_TOKEN),
        };
        let number = Number::parse(BUSINESS).unwrap();
        let mut config = Config::new(webhook.parse().unwrap(), number, PHONE_NUMBER_ID, secrets);
        config.retry_delays = vec![Duration::from_millis(1); 3];
        config.status_pause = Duration::ZERO;
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = whatsapp_simulator::start(config, listener).unwrap();
        let base = format!("http://{}", running.address());
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { receiver, base, client: client.build().unwrap(), _running: running }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).timeout(TIMEOUT)
    }

    /// A call of the control API that must succeed.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let response =
            self.request(Method::POST, &format!("/control/{path}")).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// A text from a phone.
    pub(crate) async fn text(&self, phone: &str, text: &str) -> Value {
        self.control(&format!("phones/{phone}/messages"), json!({ "text": text })).await
    }

    pub(crate) async fn fault(&self, body: Value) {
        self.control("faults", body).await;
    }

    /// The messages of a chat; waits until there is one after the message numbered `after`.
    pub(crate) async fn chat(&self, phone: &str, after: u64) -> Vec<Value> {
        let body =
            self.get(&format!("/control/phones/{phone}/messages?after={after}&timeout_ms=10000")).await;
        body["messages"].as_array().unwrap().clone()
    }

    /// A call of the messages endpoint: status and body.
    pub(crate) async fn graph(&self, body: Value) -> (u16, Value) {
        let path = format!("/v26.0/{PHONE_NUMBER_ID}/messages");
        let response =
            self.request(Method::POST, &path).bearer_auth(ACCESS_TOKEN).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// A message of the business that must be taken; its id.
    pub(crate) async fn sent(&self, body: Value) -> String {
        let (status, body) = self.graph(body).await;
        assert_eq!(status, 200, "{body}");
        body["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The error code of a message of the business that must be refused.
    pub(crate) async fn refused(&self, body: Value) -> u64 {
        let (status, body) = self.graph(body).await;
        assert!(status >= 400, "{body}");
        body["error"]["code"].as_u64().unwrap()
    }
}

pub(crate) fn text_to(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": format!("+{to}"),
        "type": "text", "text": {"body": "You are signed in."}})
}

pub(crate) fn code_to(to: &str, code: &str) -> Value {
    let parameters = json!([{"type": "text", "text": code}]);
    json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "template", "template": {
        "name": "verification_code", "language": {"code": "en_US"}, "components": [
            {"type": "body", "parameters": parameters},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters}]}})
}

pub(crate) fn buttons_to(to: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": format!("+{to}"), "type": "interactive", "interactive": {
        "type": "button", "body": {"text": "Signed in to Acme."}, "footer": {"text": "Acme"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "deny", "title": "Not me"}}]}}})
}
