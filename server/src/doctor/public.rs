//! The server as others reach it: through its public URL, whatever stands in front.

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::{Host, Url};

use super::unreached::Unreached;
use crate::{
    limits,
    whatsapp::{self, AppSecret},
};

/// A webhook in which nothing happened: a server takes it and does nothing.
pub(super) const EMPTY_WEBHOOK: &str = r#"{"object":"whatsapp_business_account","entry":[]}"#;

const WEBHOOK: &str = "/webhooks/whatsapp";
pub(super) const EVENTS: &str = "/api/v1/tokens/events";

/// The server behind the public URL.
#[derive(Debug)]
pub(crate) struct Public {
    client: Option<Client>,
    url: Url,
    knock: OnceCell<Knock>,
}

/// What a signed webhook in which nothing happened came to.
#[derive(Clone, Debug)]
pub(super) enum Knock {
    Unreached(Unreached),
    Response(Answer),
}

/// A response, as far as the doctor looks at it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The code of an error as this program writes them.
    pub(super) error: Option<String>,
    pub(super) text: String,
}

impl Public {
    pub(super) fn new(url: &Url) -> Self {
        let plain = url.scheme() == "http" && is_loopback(url);
        Self { client: whatsapp::http_client(plain).ok(), url: url.clone(), knock: OnceCell::new() }
    }

    /// Where WhatsApp posts webhooks.
    pub(super) fn webhook_url(&self) -> String {
        format!("{}{WEBHOOK}", self.url.origin().ascii_serialization())
    }

    /// Whether the URL leads to this machine and nowhere else.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// A call that is not followed where it is redirected.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Option<RequestBuilder> {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(self.client.as_ref()?.request(method, url))
    }

    /// Posts a signed webhook.
    pub(super) async fn post_webhook(&self, secret: &AppSecret, body: String) -> Knock {
        let Some(request) = self.request(Method::POST, WEBHOOK, &[]) else {
            return Knock::Unreached(Unreached::NoConnection);
        };
        let signature = whatsapp::sign(secret, body.as_bytes());
        let request =
            request.header(CONTENT_TYPE, "application/json").header("x-hub-signature-256", signature);
        send(request.timeout(limits::DOCTOR_UPLOAD).body(body)).await
    }

    /// Makes the handshake with which Meta finds out whether the address is its operator's.
    pub(super) async fn ask_for_challenge(&self, verify_token: &str, challenge: &str) -> Knock {
        let query =
            [("hub.mode", "subscribe"), ("hub.challenge", challenge), ("hub.verify_token", verify_token)];
        match self.request(Method::GET, WEBHOOK, &query) {
            Some(request) => send(request).await,
            None => Knock::Unreached(Unreached::NoConnection),
        }
    }

    /// Whether a webhook is taken, asked once.
    pub(super) async fn knock(&self, secret: &AppSecret) -> &Knock {
        self.knock.get_or_init(|| self.post_webhook(secret, EMPTY_WEBHOOK.to_owned())).await
    }
}

impl Knock {
    /// Whether this program responded.
    pub(super) fn is_loggin(&self) -> bool {
        match self {
            Self::Unreached(_) => false,
            Self::Response(answer) => answer.status == StatusCode::OK || answer.error.is_some(),
        }
    }
}

async fn send(request: RequestBuilder) -> Knock {
    match request.send().await {
        Ok(response) => Knock::Response(read(response).await),
        Err(error) => Knock::Unreached(Unreached::of(&error)),
    }
}

/// Reads a response, of which no more than the beginning matters.
pub(super) async fn read(mut response: Response) -> Answer {
    let status = response.status();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > limits::DOCTOR_RESPONSE {
            break;
        }
    }
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    // Only this program's errors have a code, a message and the call's id.
    let is_ours = |json: &Value| json["request_id"].is_string() && json["message"].is_string();
    let error = json.filter(is_ours).and_then(|json| json["error"].as_str().map(str::to_owned));
    Answer { status, error, text: String::from_utf8_lossy(&body).into_owned() }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}
