//! What WhatsApp posts: a message with a login's code, and its signature.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// Each message is of another person, numbered from here: the server counts messages of one.
const FIRST_PHONE: u64 = 919_800_000_000;

/// The path that it is posted to.
pub(crate) const PATH: &str = "/webhooks/whatsapp";

/// The body of the message with this number, sent at this time in seconds.
pub(crate) fn body(phone_number_id: &str, number: u64, code: &str, timestamp: u64) -> String {
    let phone = (FIRST_PHONE + number).to_string();
    let message = json!({
        "from": phone,
        "id": format!("wamid.bench{number}"),
        "timestamp": timestamp.to_string(),
        "type": "text",
        "text": { "body": format!("Send this message to sign in. Code: {code}") },
    });
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001111", "phone_number_id": phone_number_id },
        "messages": [message],
    });
    let changes = json!([{ "field": "messages", "value": value }]);
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] }).to_string()
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn signature(app_secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("any length will do");
    mac.update(body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}
