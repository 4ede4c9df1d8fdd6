//! What went wrong, as the server says it.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};

use super::lenient::{lenient, text};
use crate::error::Error;

/// The body of every error response.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Error))]
pub struct ErrorBody {
    /// One of the protocol's error codes.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "invalid_token"))]
    pub error: Cow<'static, str>,
    /// What went wrong, in words for a developer. This and what follows only inform: what has another form is none.
    #[serde(default, deserialize_with = "text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = true))]
    pub message: Cow<'static, str>,
    /// The server's id of the request, to be named when asking its operator.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = true))]
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
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

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
    fn what_only_informs_does_not_make_an_error_unreadable() {
        let body =
            r#"{"error":"denied","message":null,"request_id":7,"attempts_left":-1,"retry_after":"soon"}"#;
        let error = serde_json::from_str::<ErrorBody>(body).unwrap().into_error(403);
        assert_eq!(error, Error::new(ErrorCode::Denied, "").with_status(403));
    }
}
