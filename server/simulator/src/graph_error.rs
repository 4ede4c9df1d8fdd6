//! Errors of the Graph API: codes, titles and HTTP statuses as Meta documents them.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Code, HTTP status and title. The titles are for people only; a client decides by the code.
const CODES: [(u32, u16, &str); 47] = [
    (0, 401, "AuthException"),
    (1, 500, "API Unknown"),
    (2, 503, "API Service"),
    (3, 500, "API Method"),
    (4, 400, "API Too Many Calls"),
    (10, 403, "API Permission Denied"),
    (15, 400, "This method must be called with an app access_token."),
    (33, 400, "Parameter value is not valid"),
    (100, 400, "Invalid parameter"),
    (104, 400, "An access token is required to request this resource."),
    (190, 401, "Invalid OAuth access token - Cannot parse access token"),
    (368, 403, "Temporarily blocked for policies violations"),
    (2_200, 400, "Callback verification failed"),
    (80_007, 400, "Rate limit issues"),
    (130_403, 403, "Business has blocked this user"),
    (130_429, 429, "Rate limit hit"),
    (130_472, 400, "User's number is part of an experiment"),
    (130_497, 403, "Business account is restricted from messaging users in this country."),
    (131_000, 500, "Something went wrong"),
    (131_005, 403, "Access denied"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_016, 503, "Service unavailable"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_030, 400, "Recipient phone number not in allowed list"),
    (131_031, 403, "Account has been locked"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_045, 500, "Incorrect certificate"),
    (131_047, 400, "Re-engagement message"),
    (131_048, 400, "Spam rate limit hit"),
    (131_049, 400, "This message was not delivered to maintain healthy ecosystem engagement."),
    (131_050, 400, "User has stopped marketing messages"),
    (131_051, 400, "Unsupported message type"),
    (131_056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131_057, 500, "Account in maintenance mode"),
    (131_062, 400, "Recipient user id is not supported for this message"),
    (131_064, 400, "Messaging limit reached"),
    (132_000, 400, "Template Param Count Mismatch"),
    (132_001, 404, "Template does not exist"),
    (132_005, 400, "Template Hydrated Text Too Long"),
    (132_007, 400, "Template Format Character Policy Violated"),
    (132_012, 400, "Template Parameter Format Mismatch"),
    (132_015, 400, "Template is Paused"),
    (132_016, 400, "Template is Disabled"),
    (133_010, 400, "Phone number not registered"),
    (137_000, 400, "Recipient identity key hash mismatch"),
];

/// Where Meta explains its codes.
const HREF: &str = "/documentation/business-messaging/whatsapp/support/error-codes";

/// The subcode of an object that does not exist.
const SUBCODE_NO_OBJECT: u32 = 33;

/// An error of the Graph API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphError {
    code: u32,
    http_status: u16,
    message: String,
    details: Option<String>,
    subcode: Option<u32>,
    retry_after: Option<u64>,
}

impl GraphError {
    /// The error with this code, as Meta words it.
    pub(crate) fn new(code: u32) -> Self {
        let (_, http_status, title) =
            CODES.iter().find(|(known, ..)| *known == code).copied().unwrap_or((code, 400, "Error"));
        let message =
            if matches!(code, 0 | 104 | 190) { title.to_owned() } else { format!("(#{code}) {title}") };
        Self { code, http_status, message, details: None, subcode: None, retry_after: None }
    }

    /// A parameter that must be there is not.
    pub(crate) fn required(parameter: &str) -> Self {
        Self { message: format!("(#100) The parameter {parameter} is required."), ..Self::new(100) }
    }

    /// A parameter that is there is wrong.
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        Self::new(131_009).details(details)
    }

    /// There is no such object for this token.
    pub(crate) fn no_object(method: &str) -> Self {
        let message = format!(
            "Unsupported {method} request. The object does not exist, cannot be loaded due to missing permissions, \
             or does not support this operation."
        );
        Self { message, subcode: Some(SUBCODE_NO_OBJECT), ..Self::new(100) }
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    pub(crate) fn with_status(mut self, http_status: Option<u16>, retry_after: Option<u64>) -> Self {
        self.http_status = http_status.unwrap_or(self.http_status);
        self.retry_after = retry_after;
        self
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> u32 {
        self.code
    }

    /// The entry of `errors[]` in a failed status.
    pub(crate) fn in_status(&self) -> Value {
        let (_, title) = self.message.split_once(") ").unwrap_or(("", &self.message));
        let details = self.details.as_deref().unwrap_or(title);
        json!({
            "code": self.code,
            "title": title,
            "message": title,
            "error_data": { "details": details },
            "href": HREF,
        })
    }

    /// The response to the call.
    pub(crate) fn respond(self, trace: &str) -> Response {
        let status = StatusCode::from_u16(self.http_status).unwrap_or(StatusCode::BAD_REQUEST);
        let kind = if self.subcode.is_some() { "GraphMethodException" } else { "OAuthException" };
        let mut error =
            json!({ "message": self.message, "type": kind, "code": self.code, "fbtrace_id": trace });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(details) = self.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"OAuth "Facebook Platform" "invalid_token""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_listed_once_and_in_order() {
        assert!(CODES.is_sorted_by_key(|(code, ..)| *code));
        assert!(CODES.windows(2).all(|pair| pair[0].0 != pair[1].0));
    }

    #[test]
    fn an_unknown_code_is_answered_too() {
        let response = GraphError::new(999).respond("A1");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_throttle_says_how_long() {
        let response = GraphError::new(130_429).with_status(None, Some(7)).respond("A1");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
    }

    #[test]
    fn a_failed_status_carries_code_and_details() {
        let error = GraphError::new(131_049).in_status();
        assert_eq!(error["code"], 131_049);
        assert!(error["error_data"]["details"].is_string() && error["title"].is_string());
    }
}
