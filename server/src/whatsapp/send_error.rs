//! Why a message was not sent, told by WhatsApp's error codes.
//!
//! The HTTP status says little (throttling comes as 400, 403 and 429), and titles are going away: the code decides,
//! and the status only where there is none or a new one.
//!
//! A message that was sent must not be sent again, so only what certainly was not sent counts as [`SendError::Retryable`].
//! A response of a gateway, or of a server that failed in a way of its own, does not say that: the message may be out.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::webhook::json;
use crate::telemetry::metrics::SendResult;

/// The pause after too many messages to one person: one is permitted every 6 s.
const PAIR_LIMIT_PAUSE: Duration = Duration::from_secs(6);

/// The pause while WhatsApp raises the throughput of the business's number: at most a minute.
const UPGRADE_PAUSE: Duration = Duration::from_mins(1);

/// Most characters of a trace id that are logged; WhatsApp's have about 25.
const MAX_TRACE_CHARS: usize = 64;

/// Why a message was not sent. `code` is WhatsApp's error code, or the HTTP status of a response without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// The request was out and no response came that says what became of it. Sending again may send twice.
    #[error("WhatsApp did not say whether it took the message")]
    Ambiguous,
    /// The server's setting or message is wrong: no message like this one will pass.
    #[error("WhatsApp does not understand the message (code {code})")]
    Misconfigured {
        /// The error code.
        code: u32,
    },
    /// Only the operator can fix it: token, permissions, payment, registration, policy.
    #[error("WhatsApp takes no messages from this account (code {code})")]
    Operator {
        /// The error code.
        code: u32,
    },
    /// WhatsApp refuses this recipient or this message.
    #[error("WhatsApp refuses the message (code {code})")]
    Permanent {
        /// The error code.
        code: u32,
    },
    /// It was not sent, and may be later.
    #[error("WhatsApp takes no message for the moment")]
    Retryable {
        /// How long to wait at least, where that is known.
        after: Option<Duration>,
    },
}

impl SendError {
    /// What counters call it.
    pub(super) fn result(self) -> SendResult {
        match self {
            Self::Ambiguous => SendResult::Ambiguous,
            Self::Misconfigured { .. } => SendResult::Misconfigured,
            Self::Operator { .. } => SendResult::Operator,
            Self::Permanent { .. } => SendResult::Permanent,
            Self::Retryable { .. } => SendResult::Retryable,
        }
    }

    /// The code with which WhatsApp refused, where that means something.
    pub(super) fn code(self) -> Option<u32> {
        match self {
            Self::Ambiguous | Self::Retryable { .. } => None,
            Self::Misconfigured { code } | Self::Operator { code } | Self::Permanent { code } => Some(code),
        }
    }

    /// Reads a response that is no success.
    pub(super) fn of_response(status: StatusCode, retry_after: Option<Duration>, body: &Value) -> Self {
        let error = body.get("error").unwrap_or(&Value::Null);
        let code = json::integer(error, "code").and_then(|code| code.try_into().ok());
        log(status, code, error);
        let Some(code) = code else {
            return Self::of_status(status, retry_after);
        };
        let is_transient = error.get("is_transient") == Some(&Value::Bool(true));
        Self::of_code(code, retry_after).unwrap_or_else(|| match status {
            _ if is_transient => Self::Retryable { after: retry_after },
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Self::Retryable { after: retry_after }
            }
            status if status.is_server_error() => Self::Ambiguous,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Operator { code },
            _ => Self::Permanent { code },
        })
    }

    /// The class of a code; `None` for one that this version does not know.
    fn of_code(code: u32, retry_after: Option<Duration>) -> Option<Self> {
        let at_least = |pause: Duration| Some(retry_after.map_or(pause, |after| after.max(pause)));
        Some(match code {
            131_056 => Self::Retryable { after: at_least(PAIR_LIMIT_PAUSE) },
            131_057 => Self::Retryable { after: at_least(UPGRADE_PAUSE) },
            1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 => Self::Retryable { after: retry_after },
            130_403 | 130_472 | 131_021 | 131_026 | 131_030 | 131_047 | 131_049 | 131_050 | 131_062
            | 137_000 => Self::Permanent { code },
            0
            | 3
            | 10
            | 33
            | 190
            | 200..=299
            | 368
            | 130_497
            | 131_005
            | 131_031
            | 131_042
            | 131_045
            | 131_048
            | 131_064
            | 133_010 => Self::Operator { code },
            // All of 132,000 to 132,999 are about templates and flows: what the operator has set up, not the person.
            100 | 131_008 | 131_009 | 131_051 | 132_000..=132_999 => Self::Misconfigured { code },
            _ => return None,
        })
    }

    /// The class of a code that stands in the status of a message which WhatsApp had taken; a new one concerns this
    /// message.
    pub(crate) fn of_status_code(code: u32) -> Self {
        Self::of_code(code, None).unwrap_or(Self::Permanent { code })
    }

    /// The class of a response without a code: nobody says that the Graph API read the message, or that it did not.
    fn of_status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        let code = status.as_u16().into();
        match status {
            // A success that names neither a message nor an error, and whatever failed behind a gateway.
            status if status.is_success() || status.is_server_error() => Self::Ambiguous,
            // Both are given in place of reading the message.
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Self::Retryable { after: retry_after }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Operator { code },
            _ => Self::Misconfigured { code },
        }
    }
}

/// Logs what Meta's support asks for. Messages and details are left out: they can name the recipient.
fn log(status: StatusCode, code: Option<u32>, error: &Value) {
    let trace: String = json::text(error, "fbtrace_id")
        .unwrap_or_default()
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || "_-".contains(*character))
        .take(MAX_TRACE_CHARS)
        .collect();
    let subcode = json::integer(error, "error_subcode");
    tracing::warn!(status = status.as_u16(), code, subcode, trace, "WhatsApp did not take a message");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RETRY_AFTER: Option<Duration> = Some(Duration::from_secs(20));

    fn class(status: u16, error: &Value) -> SendError {
        SendError::of_response(StatusCode::from_u16(status).unwrap(), None, &json!({ "error": error }))
    }

    fn of_code(code: u32) -> SendError {
        // The status that comes with a code says nothing.
        let classes = [400, 403, 429, 500, 504].map(|status| class(status, &json!({ "code": code })));
        assert!(classes.iter().all(|class| *class == classes[0]), "{code}");
        classes[0]
    }

    #[test]
    fn what_may_pass_later() {
        for code in [1, 2, 4, 80_007, 130_429, 131_000, 131_016] {
            assert_eq!(of_code(code), SendError::Retryable { after: None });
        }
        assert_eq!(of_code(131_056), SendError::Retryable { after: Some(PAIR_LIMIT_PAUSE) });
        assert_eq!(of_code(131_057), SendError::Retryable { after: Some(UPGRADE_PAUSE) });
    }

    #[test]
    fn what_the_server_asks_for_is_a_lower_bound() {
        let after = |code| SendError::of_code(code, RETRY_AFTER);
        assert_eq!(after(4), Some(SendError::Retryable { after: RETRY_AFTER }));
        assert_eq!(after(131_056), Some(SendError::Retryable { after: RETRY_AFTER }));
        assert_eq!(after(131_057), Some(SendError::Retryable { after: Some(UPGRADE_PAUSE) }));
    }

    #[test]
    fn what_is_about_the_recipient() {
        for code in [131_026, 131_047, 131_049, 130_472, 131_050, 130_403, 131_021, 131_030, 131_062, 137_000]
        {
            assert_eq!(of_code(code), SendError::Permanent { code });
        }
    }

    #[test]
    fn what_the_operator_has_to_fix() {
        for code in [
            0, 3, 10, 190, 200, 250, 299, 131_005, 368, 131_031, 130_497, 131_042, 131_045, 133_010, 131_048,
            33,
        ] {
            assert_eq!(of_code(code), SendError::Operator { code });
        }
    }

    #[test]
    fn what_is_set_up_wrongly() {
        for code in [
            100, 131_008, 131_009, 131_051, 132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016,
            132_069,
        ] {
            assert_eq!(of_code(code), SendError::Misconfigured { code });
        }
    }

    #[test]
    fn a_new_code_is_judged_by_its_status() {
        let error = json!({"code": 139_999});
        assert_eq!(class(400, &error), SendError::Permanent { code: 139_999 });
        assert_eq!(class(401, &error), SendError::Operator { code: 139_999 });
        assert_eq!(class(429, &error), SendError::Retryable { after: None });
        let transient = json!({"code": 139_999, "is_transient": true});
        for status in [500, 502, 503, 504] {
            assert_eq!(class(status, &error), SendError::Ambiguous);
            assert_eq!(class(status, &transient), SendError::Retryable { after: None });
        }
        assert_eq!(class(400, &transient), SendError::Retryable { after: None });
    }

    #[test]
    fn no_server_error_without_a_known_code_counts_as_not_sent() {
        for status in 500..=599 {
            for error in
                [json!(null), json!({}), json!({"code": null}), json!({"code": -1}), json!({"code": 139_999})]
            {
                assert_eq!(class(status, &error), SendError::Ambiguous, "{status} {error}");
            }
        }
    }

    #[test]
    fn a_response_without_a_code_is_judged_by_its_status() {
        let cases = [
            (302, SendError::Misconfigured { code: 302 }),
            (400, SendError::Misconfigured { code: 400 }),
            (401, SendError::Operator { code: 401 }),
            (403, SendError::Operator { code: 403 }),
            (404, SendError::Misconfigured { code: 404 }),
            (408, SendError::Retryable { after: RETRY_AFTER }),
            (429, SendError::Retryable { after: RETRY_AFTER }),
            (200, SendError::Ambiguous),
            (500, SendError::Ambiguous),
            (502, SendError::Ambiguous),
            (503, SendError::Ambiguous),
            (504, SendError::Ambiguous),
            (529, SendError::Ambiguous),
        ];
        for (status, expected) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            for body in [
                json!(null),
                json!({"error": null}),
                json!({"error": "down"}),
                json!({"error": {"code": "x", "is_transient": true}}),
            ] {
                assert_eq!(SendError::of_response(status, RETRY_AFTER, &body), expected, "{status} {body}");
            }
        }
    }
}
