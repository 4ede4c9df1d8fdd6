//! Webhooks to apps, by [Standard Webhooks](https://www.standardwebhooks.com): their secrets, signatures and events.
//!
//! What is signed is `id.timestamp.payload`, with HMAC-SHA-256. A call has as many signatures as there are secrets while
//! one is replaced, and one that matches is enough.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;

use crate::{
    error::{Error, ErrorCode},
    wire::Timestamp,
};

/// The header with the event's id, which is the same at every delivery of it.
pub const ID_HEADER: &str = "webhook-id";

/// The header with the seconds since 1970 at which this delivery was signed.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";

/// The header with the signatures, each after its version, with spaces between.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far a delivery's timestamp may be from the receiver's clock, before and after: what Standard Webhooks says.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Bytes of a secret that is made here: as many as the hash gives.
pub const SECRET_BYTES: usize = 32;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// What a signature of this kind begins with.
const VERSION: &str = "v1,";

/// Bytes that a secret may have, by Standard Webhooks.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What the webhooks of one endpoint are signed with. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// A secret of these random bytes.
    pub fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads `whsec_` and base64, as it was shown when the endpoint was added. White space around it is cut off, and
    /// `whsec_` may be missing.
    ///
    /// # Errors
    /// `invalid_config` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bytes = BASE64.decode(text.strip_prefix(PREFIX).unwrap_or(text).as_bytes()).ok();
        bytes.filter(|bytes| BYTES.contains(&bytes.len())).map(Self).ok_or_else(|| {
            Error::new(ErrorCode::InvalidConfig, "The webhook's secret must be `whsec_` and base64.")
        })
    }

    /// The secret itself, for who shows it to the app's owner, or keeps it sealed.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", BASE64.encode(&self.0))
    }

    /// The signature of a delivery, as it stands in its header.
    pub fn sign(&self, id: &str, timestamp: u64, payload: &[u8]) -> String {
        format!("{VERSION}{}", BASE64.encode(&self.mac(id, timestamp, payload).finalize().into_bytes()))
    }

    fn mac(&self, id: &str, timestamp: u64, payload: &[u8]) -> Hmac<Sha256> {
        // It takes keys of any length.
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0);
        let mac = mac.unwrap_or_else(|_| Hmac::new(&hmac::digest::array::Array::default()));
        mac.chain_update(format!("{id}.{timestamp}.")).chain_update(payload)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(<redacted>)")
    }
}

/// Something that happened at an app, as its server was told.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// Names the event. A delivery may come twice, and has the same id then.
    pub id: String,
    /// What happened, e.g. `login.verified`. Later versions of the server tell of more: pass over what you do not know.
    pub kind: String,
    /// When it happened.
    pub timestamp: SystemTime,
    /// What is told of it, as JSON.
    pub data: String,
}

/// Without the data, in which people are.
impl fmt::Debug for WebhookEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, kind, timestamp, .. } = self;
        let mut debug = formatter.debug_struct("WebhookEvent");
        debug.field("id", id).field("kind", kind).field("timestamp", timestamp).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Checks that a webhook comes from the server, now, and reads it. `payload` is the body as it arrived, before anything
/// has parsed it; the names of headers may be in any case, and other headers are passed over.
///
/// # Errors
/// `invalid_config` where the secret is none, `invalid_signature` where a header is missing, no signature matches or the
/// timestamp is further than [`TOLERANCE`] from `now`, and `invalid_response` where what is signed is no event.
pub fn verify<'h>(
    payload: &[u8],
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    secret: &str,
    now: SystemTime,
) -> Result<WebhookEvent, Error> {
    let secret = WebhookSecret::parse(secret)?;
    let headers = Headers::read(headers)?;
    // Checked before anything of the payload is believed.
    if !headers.signatures.iter().any(|signature| secret.has_made(signature, &headers, payload)) {
        return Err(refused("The webhook's signature is not of this secret."));
    }
    let signed_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(headers.timestamp));
    let distance =
        signed_at.map(|signed_at| now.duration_since(signed_at).unwrap_or_else(|after| after.duration()));
    if distance.is_none_or(|distance| distance > TOLERANCE) {
        return Err(refused("The webhook was signed too long ago, or this machine's clock is wrong."));
    }
    let payload: Payload<'_> = serde_json::from_slice(payload)
        .map_err(|_| Error::new(ErrorCode::InvalidResponse, "The webhook's payload is no event."))?;
    Ok(WebhookEvent {
        id: headers.id.to_owned(),
        kind: payload.kind,
        timestamp: payload.timestamp.0,
        data: payload.data.get().to_owned(),
    })
}

impl WebhookSecret {
    fn has_made(&self, signature: &str, headers: &Headers<'_>, payload: &[u8]) -> bool {
        let signature = signature.strip_prefix(VERSION).and_then(|text| BASE64.decode(text.as_bytes()).ok());
        // In a time that does not tell how nearly it matches.
        signature.is_some_and(|signature| {
            self.mac(headers.id, headers.timestamp, payload).verify_slice(&signature).is_ok()
        })
    }
}

/// What the three headers say.
struct Headers<'h> {
    id: &'h str,
    timestamp: u64,
    signatures: Vec<&'h str>,
}

impl<'h> Headers<'h> {
    fn read(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<Self, Error> {
        let (mut ids, mut timestamps, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in headers {
            match name.to_ascii_lowercase().as_str() {
                ID_HEADER => ids.push(value),
                TIMESTAMP_HEADER => timestamps.push(value.trim()),
                SIGNATURE_HEADER => signatures.extend(value.split_ascii_whitespace()),
                _ => {}
            }
        }
        let ([id], [timestamp]) = (&ids[..], &timestamps[..]) else {
            return Err(refused("The call has not the headers of a webhook."));
        };
        let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let timestamp = timestamp.parse().ok().filter(|_| is_number);
        let timestamp =
            timestamp.ok_or_else(|| refused("The webhook's timestamp is no number of seconds."))?;
        Ok(Self { id, timestamp, signatures })
    }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorCode::InvalidSignature, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &[u8] =
        br#"{"type":"login.verified","timestamp":"2026-11-22T08:00:00.000Z","data":{"phone":"919876543210"}}"#;

    fn secret(byte: u8) -> WebhookSecret {
        WebhookSecret::from_bytes([byte; SECRET_BYTES])
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn check(
        signature: &str,
        with: &WebhookSecret,
        payload: &[u8],
        now: u64,
    ) -> Result<WebhookEvent, ErrorCode> {
        let headers =
            [("Webhook-Id", "evt_1"), ("webhook-timestamp", "1000"), ("WEBHOOK-SIGNATURE", signature)];
        verify(payload, headers, &with.expose(), at(now)).map_err(|error| error.code())
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        let signature = secret(1).sign("evt_1", 1_000, PAYLOAD);
        let event = check(&signature, &secret(1), PAYLOAD, 1_000).unwrap();
        assert_eq!((event.id.as_str(), event.kind.as_str()), ("evt_1", "login.verified"));
        assert_eq!(event.data, r#"{"phone":"919876543210"}"#);
        assert!(!format!("{event:?}").contains("919876543210"));
        assert_eq!(check(&signature, &secret(2), PAYLOAD, 1_000), Err(ErrorCode::InvalidSignature));
        for cut in 0..PAYLOAD.len() {
            assert_eq!(
                check(&signature, &secret(1), &PAYLOAD[..cut], 1_000),
                Err(ErrorCode::InvalidSignature)
            );
        }
        for cut in 0..signature.len() {
            assert_eq!(
                check(&signature[..cut], &secret(1), PAYLOAD, 1_000),
                Err(ErrorCode::InvalidSignature)
            );
        }
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let both = [secret(2).sign("evt_1", 1_000, PAYLOAD), secret(1).sign("evt_1", 1_000, PAYLOAD)];
        let text = format!("v2,AAAA {} {}", both[0], both[1]);
        assert!(check(&text, &secret(1), PAYLOAD, 1_000).is_ok());
        assert!(check(&text, &secret(2), PAYLOAD, 1_000).is_ok());
        assert!(check(&text, &secret(3), PAYLOAD, 1_000).is_err());
    }

    #[test]
    fn what_was_signed_five_minutes_from_now_is_refused() {
        let signature = secret(1).sign("evt_1", 1_000, PAYLOAD);
        for (now, is_timely) in [(700, true), (1_300, true), (699, false), (1_301, false)] {
            assert_eq!(check(&signature, &secret(1), PAYLOAD, now).is_ok(), is_timely, "{now}");
        }
    }

    #[test]
    fn a_secret_is_read_as_it_was_shown_and_never_printed() {
        assert_eq!(WebhookSecret::parse(&format!(" {}\n", secret(7).expose())).unwrap(), secret(7));
        assert!(!format!("{:?}", secret(7)).contains(&secret(7).expose()[6..]));
        for text in ["", "whsec_", "whsec_AAAA", "lgsk_8XKPQ2WN_0", "whsec_!!!!"] {
            assert_eq!(
                WebhookSecret::parse(text).map_err(|error| error.code()),
                Err(ErrorCode::InvalidConfig)
            );
        }
    }
}
