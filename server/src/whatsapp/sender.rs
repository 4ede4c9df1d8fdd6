//! The client of WhatsApp's Graph API that sends messages.
//!
//! The API has no idempotency key: a message that is sent again after a response got lost may arrive twice. So nothing
//! here sends twice; [`SendError`] tells the caller what may be tried again.

use std::{fmt, time::Duration};

use loggin_protocol::PhoneNumber;
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER, redirect::Policy};
use serde_json::Value;
use url::{Host, Url};

use super::{
    outbound::{self, AuthTemplate, Recipient},
    send_error::SendError,
    webhook::{identity, json},
};
use crate::{
    config::AccessToken,
    telemetry::{
        SendKind,
        metrics::{self, SendResult},
        vitals,
    },
};

/// Time for a connection with TLS. It is part of [`CALL_TIMEOUT`], and shorter, so that what never left the machine
/// is told from what may have been sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Time for a whole call: shorter than the 10 s that a client of this server waits for a call which sends.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// How long an idle connection is kept: less than any server in front of the API keeps it, because a connection found
/// closed while a request goes out leaves open whether the message was sent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Most bytes of a response that are read; real ones have a few hundred.
const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// The longest pause that a `Retry-After` header is believed to ask for: a day.
const MAX_RETRY_AFTER_SECONDS: u64 = 24 * 60 * 60;

/// Where messages are sent from and through.
#[derive(Clone, Debug)]
pub(crate) struct GraphConfig {
    /// The API with its version, e.g. `https://graph.facebook.com/v26.0`.
    pub(crate) graph_url: Url,
    /// The business's number, as Meta names it.
    pub(crate) phone_number_id: String,
    /// The token.
    pub(crate) access_token: AccessToken,
}

/// Why there is no client for a configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphConfigError {
    /// The token would travel in clear, or it is no URL of a server.
    #[error("the Graph API's URL is not https (http is for this machine only)")]
    Url,
    /// It would change the path of the call.
    #[error("the phone number id is not a row of letters and digits")]
    PhoneNumberId,
    /// TLS has no certificates to start from.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Whether WhatsApp sends on what it took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendStatus {
    /// It does.
    Accepted,
    /// It keeps the message back until it has judged the template. The message may go out later, or fail.
    Held,
    /// The template is paused because of its quality: the message does not go out while it is.
    Paused,
}

/// A message that WhatsApp took over. Whether it arrives, the statuses tell.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SentMessage {
    /// WhatsApp's id of the message.
    pub(crate) id: String,
    /// Whether it is on its way. Only messages from templates are ever kept back.
    pub(crate) status: SendStatus,
    /// The number that WhatsApp delivers to, where it says so; it can differ from the one that was asked for.
    pub(crate) wa_id: Option<PhoneNumber>,
}

impl fmt::Debug for SentMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SentMessage").finish_non_exhaustive()
    }
}

/// Sends messages from one number of the business. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct GraphClient {
    client: Client,
    messages_url: Url,
    access_token: AccessToken,
}

impl GraphClient {
    /// Makes a client; it opens no connection.
    pub(crate) fn new(config: GraphConfig) -> Result<Self, GraphConfigError> {
        let plain = is_plain(&config.graph_url).ok_or(GraphConfigError::Url)?;
        let messages_url = messages_url(config.graph_url, &config.phone_number_id)?;
        Ok(Self {
            client: http_client(plain).map_err(GraphConfigError::Client)?,
            messages_url,
            access_token: config.access_token,
        })
    }

    /// Asks for the person's own number with a text of at most 1,024 characters.
    pub(crate) async fn request_contact(
        &self,
        recipient: &Recipient,
        body: &str,
    ) -> Result<SentMessage, SendError> {
        self.send(SendKind::ContactRequest, outbound::contact_request(recipient, body)).await
    }

    /// Sends a text of at most 1,024 characters with 1 to 3 buttons: an id of at most 256 characters and a title of
    /// at most 20 each.
    pub(crate) async fn send_buttons(
        &self,
        recipient: &Recipient,
        body: &str,
        buttons: &[(&str, &str)],
    ) -> Result<SentMessage, SendError> {
        self.send(SendKind::Buttons, outbound::buttons(recipient, body, buttons)).await
    }

    /// Sends a one-time code. WhatsApp sends these to phone numbers only.
    pub(crate) async fn send_auth_template(
        &self,
        phone: &PhoneNumber,
        template: &AuthTemplate<'_>,
    ) -> Result<SentMessage, SendError> {
        self.send(SendKind::OneTimeCode, outbound::auth_template(phone, template)).await
    }

    async fn send(&self, kind: SendKind, message: Value) -> Result<SentMessage, SendError> {
        let counted = metrics::send(kind);
        let result = self.call(message).await;
        counted(result.as_ref().map_or_else(|error| error.result(), |_| SendResult::Sent));
        if let Err(error) = result
            && let Some(code) = error.code()
        {
            vitals::send_refused(error.result(), code);
        }
        result
    }

    async fn call(&self, message: Value) -> Result<SentMessage, SendError> {
        let request = self
            .client
            .post(self.messages_url.clone())
            .bearer_auth(self.access_token.expose())
            .json(&message);
        let response = request.send().await.map_err(|error| without_response(&error))?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let body = read_response(response).await;
        match sent_message(&body) {
            Some(sent) if status.is_success() => {
                if sent.status != SendStatus::Accepted {
                    tracing::warn!(status = ?sent.status, "WhatsApp keeps a message back: look at its template");
                }
                Ok(sent)
            }
            _ => Err(SendError::of_response(status, retry_after, &body)),
        }
    }
}

/// What a call that ended without a response means. Without a connection nothing can have been sent.
fn without_response(error: &reqwest::Error) -> SendError {
    if error.is_connect() {
        return SendError::Retryable { after: None };
    }
    if error.is_builder() {
        return SendError::Misconfigured { code: StatusCode::BAD_REQUEST.as_u16().into() };
    }
    SendError::Ambiguous
}

/// The response as JSON; null where it is none, is too long or breaks off.
pub(super) async fn read_response(mut response: Response) -> Value {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Value::Null;
        }
        body.extend_from_slice(&chunk);
    }
    json::read(&body).unwrap_or(Value::Null)
}

fn sent_message(body: &Value) -> Option<SentMessage> {
    let message = json::elements(body, "messages")?.first()?;
    let contact = json::elements(body, "contacts").and_then(<[Value]>::first);
    Some(SentMessage {
        id: json::id(message, "id")?,
        status: match json::text(message, "message_status") {
            Some("held_for_quality_assessment") => SendStatus::Held,
            Some("paused") => SendStatus::Paused,
            _ => SendStatus::Accepted,
        },
        wa_id: contact.and_then(|contact| json::text(contact, "wa_id")).and_then(identity::phone),
    })
}

/// The pause that the response asks for.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER_SECONDS)))
}

/// Whether calls go without TLS, which they may to this machine only; `None` for a URL that must not be called.
pub(super) fn is_plain(url: &Url) -> Option<bool> {
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    match url.scheme() {
        "https" => Some(false),
        "http" if loopback => Some(true),
        _ => None,
    }
}

fn messages_url(mut url: Url, phone_number_id: &str) -> Result<Url, GraphConfigError> {
    if phone_number_id.is_empty() || !phone_number_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(GraphConfigError::PhoneNumberId);
    }
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut()
        .map_err(|()| GraphConfigError::Url)?
        .pop_if_empty()
        .extend([phone_number_id, "messages"]);
    Ok(url)
}

/// A client whose calls are made once, and end in time; `plain` for this machine without TLS.
pub(crate) fn http_client(plain: bool) -> Result<Client, reqwest::Error> {
    // The first caller in the process sets the provider; that it is there already is no failure.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
    if plain {
        // This machine is reached without a proxy, and without the system's certificates, which may not be there.
        return builder.no_proxy().tls_certs_only([]).build();
    }
    builder.build()
}

#[cfg(test)]
mod tests;
