//! The shapes of bodies as the OpenAPI document describes them.
//!
//! The wire types belong to the core, which knows nothing of OpenAPI: these stand for them, and a test holds them to
//! each other.

#![allow(dead_code)] // described, never made
#![allow(clippy::struct_field_names)] // the names of the wire

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct EventsRequest {
    /// 1 to 10,000 tokens; without a secret key at most 100.
    #[schema(min_items = 1, max_items = 10_000)]
    tokens: Vec<String>,
    /// Whether this call redeems what it is told of.
    #[schema(default = false, required = false)]
    claim: bool,
    /// The app whose tokens these are: those of others are `unknown_app`.
    #[schema(pattern = "^[0-9A-HJKMNP-TV-Z]{8}$")]
    app_key: Option<String>,
    /// Of a long poll: the status by code that its caller was told of already.
    #[schema(required = false)]
    known: HashMap<String, String>,
}

/// One event of the stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamEvent {
    /// `ready`, `progress`, `verified` or `rejected`.
    event: Option<String>,
    /// JSON.
    data: Option<String>,
    /// Milliseconds after which to come back: the server is being restarted.
    retry: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EventsResponse {
    /// Ends of logins, and progress that the request did not know of; empty when nothing happened in time.
    events: Vec<TokenEvent>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenEvent)]
pub(crate) struct TokenEvent {
    event: EventName,
    data: EventData,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventName {
    Progress,
    Verified,
    Rejected,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EventData {
    Progress {
        code: String,
        /// `message_received` or `awaiting_confirmation`; later versions may tell others.
        status: String,
    },
    Verified {
        code: String,
        session: Session,
    },
    Rejected(RejectedEvent),
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RejectedEvent {
    code: Option<String>,
    /// Position of a malformed token, from 0.
    token_index: Option<usize>,
    error: String,
    message: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(example = "8XKPQ2WN")]
    app_key: String,
    /// Digits without `+`, as WhatsApp reports it.
    #[schema(required = true, example = "919876543210")]
    phone: Option<String>,
    /// The business-scoped WhatsApp user id.
    #[schema(required = true)]
    user_id: Option<String>,
    #[schema(format = DateTime)]
    verified_at: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerifyRequest {
    #[schema(pattern = "^lgn1_[0-9A-HJKMNP-TV-Z]{8}_[0-9A-HJKMNP-TV-Z]{32}$")]
    token: String,
    /// The app whose token it is: that of another is `unknown_app`.
    #[schema(pattern = "^[0-9A-HJKMNP-TV-Z]{8}$")]
    app_key: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum VerifyResponse {
    Pending { status: PendingStatus },
    Verified(VerifiedResponse),
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PendingStatus {
    Pending,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerifiedResponse {
    status: VerifiedStatus,
    #[serde(flatten)]
    session: Session,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerifiedStatus {
    Verified,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeniedRequest {
    /// The first 16 bytes, in hexadecimal, of SHA-256 of `loggin login id v1`, a line feed and the login's code.
    #[schema(min_items = 1, max_items = 100, example = json!(["8b3c5ab4ab84e97a35ac2cbb29ba4a87"]))]
    login_ids: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeniedResponse {
    denied: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmRequest {
    #[schema(pattern = "^lgn1_[0-9A-HJKMNP-TV-Z]{8}_[0-9A-HJKMNP-TV-Z]{32}$")]
    token: String,
    /// The six digits that WhatsApp showed.
    #[schema(example = "482913")]
    confirmation_code: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmResponse {
    status: VerifiedStatus,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OtpStartRequest {
    /// A number with its country code, or as it is written in `country_code`.
    #[schema(max_length = 40, example = "+919876543210")]
    phone: String,
    /// A region, for numbers without their country code.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "IN")]
    country_code: Option<String>,
    /// Digits of the code.
    #[schema(minimum = 4, maximum = 8, default = 6)]
    otp_length: Option<u8>,
    /// Any JSON of the app's own, given back when the code was typed.
    meta: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OtpStartResponse {
    #[schema(format = "uuid")]
    session_id: String,
    /// Seconds.
    #[schema(example = 300)]
    expires_in: u64,
    /// Whether WhatsApp took the message over; false for a test number.
    sent_via_engine: bool,
    /// Codes left in the month; null without a quota.
    #[schema(required = true)]
    quota_remaining: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OtpVerifyRequest {
    #[schema(format = "uuid")]
    session_id: String,
    /// What was typed: digits of any script, with white space, hyphens or marks among them.
    #[schema(example = "483920")]
    otp_code: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OtpVerifyResponse {
    status: VerifiedStatus,
    /// The number that was asked for: digits without `+`.
    #[schema(example = "919876543210")]
    phone: String,
    #[schema(format = DateTime)]
    verified_at: String,
    /// What the app gave when it asked for the code.
    #[schema(required = true)]
    meta: Option<serde_json::Value>,
}

/// The response itself: no SDK reads it yet.
#[derive(Serialize, ToSchema)]
pub(crate) struct OtpStatusResponse {
    pub(crate) status: OtpProgress,
    /// Null before WhatsApp has taken the message, and for a test number.
    #[schema(required = true)]
    pub(crate) delivery: Option<OtpDelivery>,
    /// Why the message does not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<OtpFailure>,
}

/// `pending`: the code can be typed, or is on its way. `blocked`: no code is taken for now. `failed`: it does not arrive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtpProgress {
    Pending,
    Verified,
    Expired,
    Blocked,
    Failed,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtpDelivery {
    Accepted,
    Sent,
    Delivered,
    Read,
    Failed,
}

/// `undeliverable` and `other_account`: this person needs another way. `temporary`: try again. `operator`: the server's
/// operator has to fix something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtpFailure {
    Undeliverable,
    OtherAccount,
    Temporary,
    Operator,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Error {
    /// One of the protocol's error codes.
    #[schema(example = "invalid_token")]
    error: String,
    /// For a developer.
    message: String,
    /// To be named when asking the server's operator.
    request_id: String,
    /// Tries left for a code.
    attempts_left: Option<u32>,
    /// Seconds to wait before the next try.
    retry_after: Option<u64>,
}
