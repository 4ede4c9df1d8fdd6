//! One-time codes: sent, and typed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Timestamp, hidden::hidden_debug, lenient::whole_number};

/// `POST /auth/start`.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtpStartRequest {
    /// The number that the code is sent to: with its country code, or as it is written in `country_code`.
    #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "+919876543210"))]
    pub phone: String,
    /// The region of a number without country code: two letters of ISO 3166-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z]{2}$", example = "IN"))]
    pub country_code: Option<String>,
    /// Digits of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 4, maximum = 8, default = 6))]
    pub otp_length: Option<u32>,
    /// The app's own JSON, which comes back with the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub meta: Option<Box<RawValue>>,
    /// The address of the person at the app, by which the server's guards tell people apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 45, example = "203.0.113.7"))]
    pub client_ip: Option<String>,
}

/// The response of `POST /auth/start`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtpStartResponse {
    /// The session that a code is verified for.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub session_id: String,
    /// Seconds that the code is valid.
    #[cfg_attr(feature = "openapi", schema(example = 300))]
    pub expires_in: u64,
    /// Whether WhatsApp took the message over; false for a test number. A server that does not say so responds with an
    /// error where it did not.
    #[serde(default = "is_sent")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub sent_via_engine: bool,
    /// Codes left in the month; null without a quota. It only informs: what is no such number is none.
    #[serde(default, deserialize_with = "whole_number")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub quota_remaining: Option<u64>,
}

fn is_sent() -> bool {
    true
}

/// `POST /auth/verify`.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtpVerifyRequest {
    /// The session that the code was sent for.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub session_id: String,
    /// What was typed: digits of any script, with white space, hyphens or marks among them.
    #[cfg_attr(feature = "openapi", schema(example = "483920"))]
    pub otp_code: String,
}

/// What a session of one-time codes came to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtpVerifyResponse {
    /// Always the same: what failed is an error.
    pub status: OtpStatus,
    /// The number that the code was sent to: digits with country code. Other servers write a `+` before it.
    #[cfg_attr(feature = "openapi", schema(example = "919876543210"))]
    pub phone: String,
    /// When the code was typed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub verified_at: Timestamp,
    /// What the app gave when it asked for the code.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>, required = true))]
    pub meta: Option<Box<RawValue>>,
}

hidden_debug!(OtpStartRequest, OtpVerifyRequest, OtpVerifyResponse);
