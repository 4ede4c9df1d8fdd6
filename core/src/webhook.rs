//! Webhooks of the server, as an app's own server takes them.

use std::time::SystemTime;

use loggin_protocol::{
    Error,
    webhook::{self, WebhookEvent},
};

/// Checks that a webhook comes from the Loggin server, now, and reads it.
///
/// `payload` is the body as it arrived: before anything has parsed it. Headers are those of the call, with names in any
/// case; `secret` is the endpoint's, `whsec_…`, as `loggin-server webhook add` showed it. While a secret is replaced, the
/// old and the new one are both good.
///
/// An event may come twice: its `id` is the same then. Answer 2xx within ten seconds, and work afterwards.
///
/// ```
/// # let (payload, headers) = (b"", [("webhook-id", "evt_1")]);
/// # let secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
/// match loggin::verify_webhook(payload, headers, secret) {
///     Ok(event) if event.kind == "login.revoked" => println!("{}", event.data),
///     Ok(_) => {}
///     Err(error) => eprintln!("refused: {error}"),
/// }
/// ```
///
/// # Errors
/// `invalid_signature` where a header is missing, no signature is of this secret, or it was signed more than five minutes
/// ago or ahead; `invalid_config` where the secret is none; `invalid_response` where what is signed is no event.
pub fn verify_webhook<'h>(
    payload: impl AsRef<[u8]>,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    secret: &str,
) -> Result<WebhookEvent, Error> {
    webhook::verify(payload.as_ref(), headers, secret, SystemTime::now())
}

/// The same at a moment that is given, where there is one: for the tests of the languages.
///
/// # Errors
/// Those of [`verify_webhook`].
pub fn verify_webhook_at(
    payload: &[u8],
    headers: &[(String, String)],
    secret: &str,
    now: Option<SystemTime>,
) -> Result<WebhookEvent, Error> {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    webhook::verify(payload, headers, secret, now.unwrap_or_else(SystemTime::now))
}
