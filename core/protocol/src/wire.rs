//! The JSON bodies of the HTTP API, used by client and server alike.
//!
//! Unknown fields are ignored on both sides. What cannot be read as one of these types is an
//! `invalid_response` for a client and an `invalid_request` for a server.

mod denied;
mod progress;

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    time::{Duration, SystemTime},
};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

pub use denied::{DeniedRequest, DeniedResponse, MAX_LOGIN_IDS};
pub use progress::{Progress, Status};

use crate::{
    error::{Error, ErrorCode},
    token::{AppKey, Code, PhoneNumber},
};

/// Most tokens of one stream.
pub const MAX_TOKENS: usize = 10_000;
/// Most tokens of one stream that shows no secret key.
pub const MAX_TOKENS_WITHOUT_KEY: usize = 100;
/// The path of the event stream below the base URL.
pub const EVENTS_PATH: &str = "api/v1/tokens/events";
/// The path of redeeming below the base URL.
pub const VERIFY_PATH: &str = "api/v1/tokens/verify";
/// The path of asking which logins were denied, below the base URL.
pub const DENIED_PATH: &str = "api/v1/tokens/denied";
/// The path of the confirmation code below the base URL.
pub const CONFIRM_PATH: &str = "api/v1/tokens/confirm";
/// The path of sending a one-time code below the base URL.
pub const OTP_START_PATH: &str = "api/v1/auth/start";
/// The path of a one-time code that was typed, below the base URL.
pub const OTP_VERIFY_PATH: &str = "api/v1/auth/verify";
/// The header that makes a repeated call the same call.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The header that names a request.
pub const REQUEST_ID: &str = "X-Request-Id";

/// `POST /tokens/events`.
#[derive(Clone, Deserialize, Serialize)]
pub struct EventsRequest {
    /// The tokens to wait for, as they were given: a malformed one is answered on its own.
    pub tokens: Vec<String>,
    /// Whether this stream redeems what it is told of.
    #[serde(default)]
    pub claim: bool,
    /// The app whose tokens these are: those of others are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
    /// Of a long poll: the progress that its caller was told of already. What no server of this version tells is left
    /// out.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "HashMap::is_empty")]
    pub known: HashMap<Code, Progress>,
}

fn known<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<HashMap<Code, Progress>, D::Error> {
    deserializer.deserialize_map(Known)
}

/// Reads codes with their progress, and keeps nothing of what is neither: the values are open.
struct Known;

impl<'de> Visitor<'de> for Known {
    type Value = HashMap<Code, Progress>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of codes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut known = HashMap::new();
        while let Some((code, status)) = fields.next_entry::<Cow<'de, str>, Cow<'de, str>>()? {
            if let (Ok(code), Some(status)) = (Code::parse(&code), Progress::parse(&status))
                && status.rank().is_some()
            {
                known.insert(code, status);
            }
        }
        Ok(known)
    }
}

/// `POST /tokens/verify`.
#[derive(Clone, Deserialize, Serialize)]
pub struct VerifyRequest {
    /// The token to redeem.
    pub token: String,
    /// The app whose token it is: that of another is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_key: Option<String>,
}

/// `POST /tokens/confirm`.
#[derive(Clone, Deserialize, Serialize)]
pub struct ConfirmRequest {
    /// The token whose login is confirmed.
    pub token: String,
    /// The digits that WhatsApp showed.
    pub confirmation_code: String,
}

/// `POST /auth/start`.
#[derive(Clone, Deserialize, Serialize)]
pub struct OtpStartRequest {
    /// The number that the code is sent to.
    pub phone: String,
    /// The region of a number without country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// Digits of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otp_length: Option<u32>,
    /// The app's own JSON, which comes back with the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<RawValue>>,
}

/// `POST /auth/verify`.
#[derive(Clone, Deserialize, Serialize)]
pub struct OtpVerifyRequest {
    /// The session that the code was sent for.
    pub session_id: String,
    /// The digits that were typed.
    pub otp_code: String,
}

macro_rules! hidden_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

hidden_debug!(
    EventsRequest,
    VerifyRequest,
    ConfirmRequest,
    OtpStartRequest,
    OtpVerifyRequest,
    OtpVerifyResponse
);

/// Event `ready`: every token is registered.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct ReadyEvent {
    /// Tokens that have no result yet.
    pub pending: usize,
}

/// Event `progress`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ProgressEvent {
    /// The login that moved on.
    pub code: Code,
    /// How far it has come.
    pub status: Progress,
}

/// Event `verified`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct VerifiedEvent {
    /// The login that ended well.
    pub code: Code,
    /// Who it was.
    pub session: SessionBody,
}

/// Event `rejected`. Exactly one of `code` and `token_index` is there.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct RejectedEvent {
    /// The login that ended, where its token could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The position of a malformed token in the request, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_index: Option<usize>,
    /// An error code.
    pub error: Cow<'static, str>,
    /// The reason in words for a developer. It only informs: what is no text is none.
    #[serde(default, deserialize_with = "text")]
    pub message: Cow<'static, str>,
}

/// One event of the stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum TokenEvent {
    /// Every token is registered.
    Ready(ReadyEvent),
    /// A login moved on.
    Progress(ProgressEvent),
    /// A login ended well.
    Verified(VerifiedEvent),
    /// A login ended otherwise.
    Rejected(RejectedEvent),
}

impl TokenEvent {
    /// Reads one event of the stream. `None` for one that this version does not know, and for what cannot be read: it
    /// concerns its own login alone. An end that cannot be read is one with `invalid_response`, where it says whose.
    pub fn parse(name: &str, data: &str) -> Option<Self> {
        let event = match name {
            // Its name says all that has to be known.
            "ready" => Some(Self::Ready(serde_json::from_str(data).unwrap_or_default())),
            "progress" => serde_json::from_str(data).ok().map(Self::Progress),
            "verified" => serde_json::from_str(data).ok().map(Self::Verified),
            "rejected" => serde_json::from_str(data).ok().map(Self::Rejected),
            _ => return None,
        };
        event.or_else(|| matches!(name, "verified" | "rejected").then(|| Self::unreadable(data)).flatten())
    }

    /// The end of a login that cannot be read, as far as it says which login that is.
    fn unreadable(data: &str) -> Option<Self> {
        let data: serde_json::Value = serde_json::from_str(data).ok()?;
        let code =
            data.get("code").and_then(serde_json::Value::as_str).and_then(|code| Code::parse(code).ok());
        let index = data.get("token_index").and_then(serde_json::Value::as_u64);
        let token_index = index.and_then(|index| usize::try_from(index).ok()).filter(|_| code.is_none());
        (code.is_some() || token_index.is_some()).then(|| {
            let error = invalid_response();
            Self::Rejected(RejectedEvent {
                code,
                token_index,
                error: error.code().as_str().into(),
                message: error.message().to_owned().into(),
            })
        })
    }

    /// The event's name and data as they stand on the stream.
    pub fn to_parts(&self) -> (&'static str, String) {
        let (name, data) = match self {
            Self::Ready(data) => ("ready", serde_json::to_string(data)),
            Self::Progress(data) => ("progress", serde_json::to_string(data)),
            Self::Verified(data) => ("verified", serde_json::to_string(data)),
            Self::Rejected(data) => ("rejected", serde_json::to_string(data)),
        };
        // These types have string keys and no failing serializer, so there is always data.
        (name, data.unwrap_or_default())
    }
}

/// The response of the long poll.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct EventsResponse {
    /// Ends, and progress that the request did not know of; empty when nothing happened in time.
    pub events: Vec<TokenEvent>,
}

impl EventsResponse {
    /// Reads what a long poll was told; `None` where it is no such response. As on a stream, each event is read by itself.
    pub fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Response<'a> {
            #[serde(borrow)]
            events: Vec<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct Event<'a> {
            event: Cow<'a, str>,
            #[serde(borrow)]
            data: &'a RawValue,
        }
        let response: Response<'_> = serde_json::from_slice(body).ok()?;
        let events = response.events.into_iter().filter_map(|event| {
            let Event { event, data } = serde_json::from_str(event.get()).ok()?;
            TokenEvent::parse(&event, data.get())
        });
        Some(Self { events: events.collect() })
    }
}

/// Who signed in, on the wire.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionBody {
    /// The app that the login is for.
    pub app_key: AppKey,
    /// The phone number; null only for a browser that observes an app which hides it.
    pub phone: Option<PhoneNumber>,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    #[serde(default)]
    pub user_id: Option<String>,
    /// When the message arrived.
    pub verified_at: Timestamp,
}

/// The response of `POST /tokens/verify`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum VerifyResponse {
    /// Nothing has arrived yet.
    Pending,
    /// Somebody signed in.
    Verified(SessionBody),
}

/// The response of `POST /tokens/confirm`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ConfirmResponse {
    /// The digits were right.
    Verified,
}

/// The response of `POST /auth/start`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OtpStartResponse {
    /// The session that a code is verified for.
    pub session_id: String,
    /// Seconds that the code is valid.
    pub expires_in: u64,
    /// Whether the code went out. A server that does not say so answers an error where it did not.
    #[serde(default = "is_sent")]
    pub sent_via_engine: bool,
    /// Codes left in the month. It only informs: what is no such number is none.
    #[serde(default, deserialize_with = "whole_number")]
    pub quota_remaining: Option<u64>,
}

/// Reads a value that only informs: one of another form is none.
fn lenient<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    lenient::<D, String>(deserializer).map(|text| text.unwrap_or_default().into())
}

fn is_sent() -> bool {
    true
}

fn whole_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(|value| value.as_u64())
}

/// What a session of one-time codes came to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OtpStatus {
    /// The code was the one that was sent.
    Verified,
}

impl OtpStatus {
    /// The status as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
        }
    }
}

/// The response of `POST /auth/verify`.
#[derive(Clone, Deserialize, Serialize)]
pub struct OtpVerifyResponse {
    /// Always the same: what failed is an error.
    pub status: OtpStatus,
    /// The number that the code was sent to: digits with country code. Other servers write a `+` before it.
    pub phone: String,
    /// When the code was typed.
    pub verified_at: Timestamp,
    /// The app's own JSON.
    #[serde(default)]
    pub meta: Option<Box<RawValue>>,
}

/// The body of every error response.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ErrorBody {
    /// An error code.
    pub error: Cow<'static, str>,
    /// What went wrong in words for a developer. This and what follows only inform: what has another form is none.
    #[serde(default, deserialize_with = "text")]
    pub message: Cow<'static, str>,
    /// The server's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub request_id: Option<String>,
    /// Tries left for a code.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub attempts_left: Option<u32>,
    /// Seconds to wait before the next try; written as a whole number, read as any.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "whole_seconds",
        deserialize_with = "lenient"
    )]
    pub retry_after: Option<f64>,
}

impl ErrorBody {
    /// The error that a client raises for this response.
    pub fn into_error(self, status: u16) -> Error {
        let seconds = self.retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Error::from_server(&self.error, &self.message)
            .with_status(status)
            .with_retry_after(seconds)
            .with_attempts_left(self.attempts_left)
            .with_request_id(self.request_id.as_deref())
    }
}

#[allow(clippy::ref_option, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // serde's form; `as` saturates
fn whole_seconds<S: serde::Serializer>(seconds: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    seconds.map(|seconds| seconds.ceil() as u64).serialize(serializer)
}

/// A moment, RFC 3339 in UTC on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(self.0).fmt(formatter)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        // RFC 3339 has two ways to write UTC.
        let text = text.strip_suffix("+00:00").map_or(text.clone(), |local| format!("{local}Z").into());
        humantime::parse_rfc3339(&text)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not an RFC 3339 time in UTC"))
    }
}

/// The error for a response that is none of this protocol.
pub fn invalid_response() -> Error {
    Error::new(ErrorCode::InvalidResponse, "The server's response is none of this protocol.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Token;

    fn code() -> Code {
        Token::parse("lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK").unwrap().code()
    }

    #[test]
    fn events_read_back_as_they_were_written() {
        let session = SessionBody {
            app_key: code().app_key(),
            phone: Some(PhoneNumber::parse("919876543210").unwrap()),
            user_id: None,
            verified_at: Timestamp(SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_416_800_123)),
        };
        let events = [
            TokenEvent::Ready(ReadyEvent { pending: 3 }),
            TokenEvent::Progress(ProgressEvent { code: code(), status: Progress::AwaitingConfirmation }),
            TokenEvent::Verified(VerifiedEvent { code: code(), session }),
            TokenEvent::Rejected(RejectedEvent {
                code: None,
                token_index: Some(4),
                error: "invalid_token".into(),
                message: "".into(),
            }),
        ];
        for event in events {
            let (name, data) = event.to_parts();
            assert_eq!(TokenEvent::parse(name, &data), Some(event));
        }
    }

    #[test]
    fn what_a_poll_is_told_is_read_event_by_event() {
        let rejected = |error: &'static str| {
            let (error, message) = (error.into(), "".into());
            TokenEvent::Rejected(RejectedEvent { code: Some(code()), token_index: None, error, message })
        };
        let response = EventsResponse { events: vec![rejected("denied"), rejected("expired")] };
        let body = serde_json::to_string(&response).unwrap();
        assert_eq!(EventsResponse::parse(body.as_bytes()), Some(response.clone()));
        for odd in
            [r#"{"event":"novelty","data":[]}"#, r#"{"event":"verified","data":1}"#, "null", "[]", "{}"]
        {
            let body = body.replacen("[{", &format!("[{odd},{{"), 1);
            assert_eq!(EventsResponse::parse(body.as_bytes()), Some(response.clone()), "{odd}");
        }
        for none in ["", "[]", "{}", r#"{"events":{}}"#, r#"{"events":[}"#] {
            assert_eq!(EventsResponse::parse(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_session_has_the_fields_of_the_protocol() {
        let body = r#"{"status":"verified","app_key":"8XKPQ2WN","phone":"919876543210","user_id":null,
            "verified_at":"2026-11-22T08:00:00.5Z","new_field":[1]}"#;
        let VerifyResponse::Verified(session) = serde_json::from_str(body).unwrap() else { panic!("{body}") };
        assert_eq!(session.verified_at.to_string(), "2026-11-22T08:00:00.500Z");
        assert_eq!(session.phone.unwrap().expose(), "919876543210");
    }

    #[test]
    fn utc_is_written_in_two_ways() {
        let read = |text| serde_json::from_value::<Timestamp>(serde_json::json!(text)).ok();
        let time = read("2026-11-22T08:00:00.5Z");
        assert!(time.is_some());
        assert_eq!(read("2026-11-22T08:00:00.500+00:00"), time);
        for other in ["2026-11-22T08:00:00", "2026-11-22T08:00:00+01:00", "2026-11-22", "+00:00", ""] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_delay_that_is_no_delay_is_left_out() {
        for seconds in [f64::NAN, -1.0, f64::INFINITY] {
            let body = ErrorBody {
                error: "rate_limited".into(),
                retry_after: Some(seconds),
                ..ErrorBody::default()
            };
            assert_eq!(body.into_error(429).retry_after(), None);
        }
    }

    #[test]
    fn what_a_poll_knows_is_read_as_far_as_this_version_does() {
        let code = code();
        let body = serde_json::json!({ "tokens": [], "known": {
            code.expose(): "awaiting_confirmation", "rubbish": "message_received",
        } });
        let request: EventsRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.known, HashMap::from([(code, Progress::AwaitingConfirmation)]));
        let body = serde_json::json!({ "tokens": [], "known": { code.expose(): "of_a_newer_client" } });
        let request: EventsRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.known, HashMap::new());
        for known in [serde_json::json!([]), serde_json::json!({ code.expose(): 1 }), serde_json::json!(null)]
        {
            let body = serde_json::json!({ "tokens": [], "known": known });
            assert!(serde_json::from_value::<EventsRequest>(body).is_err(), "{known}");
        }
    }

    #[test]
    fn every_progress_is_read_as_it_is_written() {
        for progress in ["message_received", "awaiting_confirmation", "scanned", &"x".repeat(39)] {
            let read: Progress = serde_json::from_value(serde_json::json!(progress)).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), progress);
        }
        for none in ["", "Scanned", "two words", "+919876543210", &"x".repeat(40), &"x".repeat(300)] {
            assert_eq!(Progress::parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_only_informs_does_not_make_an_error_unreadable() {
        let body =
            r#"{"error":"denied","message":null,"request_id":7,"attempts_left":-1,"retry_after":"soon"}"#;
        let error = serde_json::from_str::<ErrorBody>(body).unwrap().into_error(403);
        assert_eq!(error, Error::new(ErrorCode::Denied, "").with_status(403));
    }

    #[test]
    fn requests_do_not_show_their_tokens() {
        let request = EventsRequest {
            tokens: vec!["lgn1_secret".into()],
            claim: true,
            app_key: None,
            known: HashMap::new(),
        };
        assert_eq!(format!("{request:?}"), "EventsRequest { .. }");
        let request = OtpVerifyRequest { session_id: "s".into(), otp_code: "123456".into() };
        assert_eq!(format!("{request:?}"), "OtpVerifyRequest { .. }");
    }
}
