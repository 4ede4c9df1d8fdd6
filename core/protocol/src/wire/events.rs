//! Waiting for logins: the request, and the events of a stream or of a long poll.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    MatchDigits, Progress, SessionBody,
    hidden::hidden_debug,
    invalid_response,
    lenient::{lenient, text},
};
use crate::{confirm::Confirm, identity::PhoneNeed, token::Code};

/// Longest address of a page that a link in WhatsApp leads back to, in characters.
pub const MAX_RETURN_TO: usize = 200;

/// `POST /tokens/events`.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventsRequest {
    /// 1 to 10,000 tokens; without a secret key at most 100. A malformed one is rejected on its own.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 10_000))]
    pub tokens: Vec<String>,
    /// Whether this call redeems what it is told of.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(default = false, required = false))]
    pub claim: bool,
    /// The app whose tokens these are: those of others are `unknown_app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9A-HJKMNP-TV-Z]{8}$"))]
    pub app_key: Option<String>,
    /// The least that the caller accepts as confirmation of these logins: one that was verified with less is confirmed
    /// first. What the app itself asks for is never undercut.
    #[serde(default, skip_serializing_if = "Confirm::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(none|reply|match|code)$", required = false))]
    pub confirm: Confirm,
    /// The page where the login began, on the phone itself: where the app asks for `code`, the message that shows the digits
    /// has a link to it as well. It is of an origin that the app allows, without a query and of at most 200
    /// characters; any other is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "https://shop.example/login"))]
    pub return_to: Option<String>,
    /// `optional` from a caller that takes sessions without a phone. For any other that redeems, such a login is
    /// `phone_hidden`, and is not spent by it.
    #[serde(default, skip_serializing_if = "PhoneNeed::is_required")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(required|optional)$", required = false))]
    pub phone: PhoneNeed,
    /// Of a long poll: the progress by code that its caller was told of already. What this version does not know is
    /// left out.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "HashMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = HashMap<String, String>, required = false))]
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
                && status.is_known()
            {
                known.insert(code, status);
            }
        }
        Ok(known)
    }
}

hidden_debug!(EventsRequest);

/// Event `ready`: every token is registered.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadyEvent {
    /// Tokens that have no result yet.
    pub pending: usize,
}

/// Event `progress`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(from = "ProgressBody", into = "ProgressBody")]
pub struct ProgressEvent {
    /// The login that moved on.
    pub code: Code,
    /// How far it has come.
    pub status: Progress,
}

/// Event `progress`.
#[derive(Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct ProgressBody {
    /// The login that moved on.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    code: Code,
    /// `message_received`, `awaiting_confirmation` or `awaiting_match`; later versions may tell others.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    status: Progress,
    /// Of `awaiting_match`: the two digits to show where the login began.
    #[serde(
        default,
        rename = "match",
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "42"))]
    digits: Option<MatchDigits>,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ProgressEvent {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        <ProgressBody as utoipa::PartialSchema>::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ProgressEvent {}

impl From<ProgressBody> for ProgressEvent {
    fn from(body: ProgressBody) -> Self {
        Self { code: body.code, status: body.status.with_digits(body.digits) }
    }
}

impl From<ProgressEvent> for ProgressBody {
    fn from(event: ProgressEvent) -> Self {
        Self { code: event.code, status: event.status, digits: event.status.match_digits() }
    }
}

/// Event `verified`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedEvent {
    /// The login that ended well.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Code,
    /// Who it was.
    pub session: SessionBody,
}

/// Event `rejected`. Exactly one of `code` and `token_index` is there.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectedEvent {
    /// The login that ended, where its token could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub code: Option<Code>,
    /// The position of a malformed token in the request, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_index: Option<usize>,
    /// An error code.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub error: Cow<'static, str>,
    /// The reason in words for a developer. It only informs: what is no text is none.
    #[serde(default, deserialize_with = "text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub message: Cow<'static, str>,
}

/// One event of the stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventsResponse {
    /// Ends of logins, and progress that the request did not know of; empty when nothing happened in time.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::{Assurance, Subject},
        token::{PhoneNumber, Token},
        wire::Timestamp,
    };
    use std::time::{Duration, SystemTime};

    fn code() -> Code {
        Token::parse("lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK").unwrap().code()
    }

    #[test]
    fn events_read_back_as_they_were_written() {
        let session = SessionBody {
            app_key: code().app_key(),
            phone: Some(PhoneNumber::parse("919876543210").unwrap()),
            user_id: Some("IN.13491208655302741918".into()),
            subject: Subject::from_random([7; 20]),
            confirmation: Confirm::Code,
            assurance: Assurance::Changed,
            verified_at: Timestamp(SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_416_800_123)),
        };
        let events = [
            TokenEvent::Ready(ReadyEvent { pending: 3 }),
            TokenEvent::Progress(ProgressEvent { code: code(), status: Progress::AwaitingConfirmation }),
            TokenEvent::Progress(ProgressEvent {
                code: code(),
                status: Progress::AwaitingMatch(MatchDigits::of_number(7)),
            }),
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
    fn digits_stand_beside_their_status_and_without_them_it_is_one_of_the_unknown() {
        let parse = |data: &str| match TokenEvent::parse("progress", data) {
            Some(TokenEvent::Progress(event)) => event.status,
            other => panic!("{other:?}"),
        };
        let data = |rest: &str| format!(r#"{{"code":"{}","status":{rest}}}"#, code().expose());
        let status = parse(&data(r#""awaiting_match","match":"07""#));
        assert_eq!(status, Progress::AwaitingMatch(MatchDigits::of_number(7)));
        for rest in
            [r#""awaiting_match""#, r#""awaiting_match","match":7"#, r#""awaiting_match","match":"7""#]
        {
            let status = parse(&data(rest));
            assert_eq!(
                (status.as_str(), status.match_digits(), status.rank()),
                ("awaiting_match", None, None)
            );
        }
        assert_eq!(parse(&data(r#""message_received","match":"07""#)), Progress::MessageReceived);
    }

    #[test]
    fn what_a_poll_knows_is_read_as_far_as_this_version_does() {
        let code = code();
        let body = serde_json::json!({ "tokens": [], "known": {
            code.expose(): "awaiting_confirmation", "rubbish": "message_received",
        } });
        let request: EventsRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.known, HashMap::from([(code, Progress::AwaitingConfirmation)]));
        assert_eq!((request.confirm, request.phone), (Confirm::None, PhoneNeed::Required));
        let known = serde_json::json!({ code.expose(): "awaiting_match" });
        let body =
            serde_json::json!({ "tokens": [], "confirm": "code", "phone": "optional", "known": known });
        let request: EventsRequest = serde_json::from_value(body).unwrap();
        assert_eq!((request.known[&code].as_str(), request.confirm), ("awaiting_match", Confirm::Code));
        assert_eq!(request.phone, PhoneNeed::Optional);
        let body = serde_json::json!({ "tokens": [], "known": { code.expose(): "of_a_newer_client" } });
        let request: EventsRequest = serde_json::from_value(body).unwrap();
        assert_eq!(request.known, HashMap::new());
        for known in [serde_json::json!([]), serde_json::json!({ code.expose(): 1 }), serde_json::json!(null)]
        {
            let body = serde_json::json!({ "tokens": [], "known": known });
            assert!(serde_json::from_value::<EventsRequest>(body).is_err(), "{known}");
        }
    }
}
