//! Redeeming and confirming a login, and who signed in.

use serde::{Deserialize, Serialize};

use super::{Timestamp, hidden::hidden_debug, lenient::confirmation};
use crate::{
    confirm::Confirm,
    identity::{Assurance, PhoneNeed, Subject},
    token::{AppKey, PhoneNumber},
};

/// `POST /tokens/verify`.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    /// The token to redeem.
    #[cfg_attr(feature = "openapi", schema(pattern = "^lgn1_[0-9A-HJKMNP-TV-Z]{8}_[0-9A-HJKMNP-TV-Z]{32}$"))]
    pub token: String,
    /// The app whose token it is: that of another is `unknown_app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9A-HJKMNP-TV-Z]{8}$"))]
    pub app_key: Option<String>,
    /// The least that the caller accepts as confirmation: a login that was verified with less is confirmed first. What the
    /// app itself asks for is never undercut.
    #[serde(default, skip_serializing_if = "Confirm::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(none|reply|match|code)$", required = false))]
    pub confirm: Confirm,
    /// `optional` from a caller that takes a session without a phone. For any other, such a login is `phone_hidden`, and
    /// is not spent by it.
    #[serde(default, skip_serializing_if = "PhoneNeed::is_required")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^(required|optional)$", required = false))]
    pub phone: PhoneNeed,
}

/// `POST /tokens/confirm`.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmRequest {
    /// The token whose login is confirmed.
    #[cfg_attr(feature = "openapi", schema(pattern = "^lgn1_[0-9A-HJKMNP-TV-Z]{8}_[0-9A-HJKMNP-TV-Z]{32}$"))]
    pub token: String,
    /// The six digits that WhatsApp showed, or what its link to the page brought there in their place.
    #[cfg_attr(feature = "openapi", schema(example = "482913"))]
    pub confirmation_code: String,
}

hidden_debug!(VerifyRequest, ConfirmRequest);

/// Who signed in, on the wire.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = Session))]
pub struct SessionBody {
    /// The app that the login is for.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "8XKPQ2WN"))]
    pub app_key: AppKey,
    /// Digits without `+`, as WhatsApp reports them. Null only for who asked with `"phone": "optional"`, where the person
    /// hides it, and for who observes.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, required = true, example = "919876543210"))]
    pub phone: Option<PhoneNumber>,
    /// The business-scoped WhatsApp user id, where WhatsApp told it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub user_id: Option<String>,
    /// The person at this app, whatever becomes of number and user id: the key of an app's table of users.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^lgsu_[0-9A-HJKMNP-TV-Z]{32}$"))]
    pub subject: Subject,
    /// What the person did to confirm the login: `none`, `reply`, `match` or `code`.
    #[serde(default, deserialize_with = "confirmation")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, required = true, example = "code"))]
    pub confirmation: Confirm,
    /// `normal`, or `changed` at the first login after the number or its owner became another one. Later versions may tell
    /// others.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "normal"))]
    pub assurance: Assurance,
    /// When the message arrived, or the login was confirmed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub verified_at: Timestamp,
}

/// The response of `POST /tokens/verify`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum VerifyResponse {
    /// Nothing has arrived yet.
    Pending,
    /// Somebody signed in.
    Verified(SessionBody),
}

/// The response of `POST /tokens/confirm`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ConfirmResponse {
    /// The digits, or what the link brought, were right.
    Verified,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_the_fields_of_the_protocol() {
        let body = r#"{"status":"verified","app_key":"8XKPQ2WN","phone":"919876543210","user_id":null,
            "subject":"lgsu_000G40R40M30E209185GR38E1W8124GK","assurance":"changed",
            "verified_at":"2026-11-22T08:00:00.5Z","new_field":[1]}"#;
        let VerifyResponse::Verified(session) = serde_json::from_str(body).unwrap() else { panic!("{body}") };
        assert_eq!(session.verified_at.to_string(), "2026-11-22T08:00:00.500Z");
        assert_eq!(session.phone.unwrap().expose(), "919876543210");
        assert_eq!(session.subject.expose(), "lgsu_000G40R40M30E209185GR38E1W8124GK");
        assert_eq!((session.confirmation, session.assurance), (Confirm::None, Assurance::Changed));
    }

    #[test]
    fn a_confirmation_that_is_not_known_counts_as_none() {
        for (written, confirmation) in
            [("\"match\"", Confirm::Match), ("\"passkey\"", Confirm::None), ("1", Confirm::None)]
        {
            let body = format!(
                r#"{{"app_key":"8XKPQ2WN","phone":null,"subject":"lgsu_000G40R40M30E209185GR38E1W8124GK",
                "confirmation":{written},"assurance":"normal","verified_at":"2026-11-22T08:00:00Z"}}"#
            );
            assert_eq!(serde_json::from_str::<SessionBody>(&body).unwrap().confirmation, confirmation);
        }
    }

    #[test]
    fn a_call_that_asks_for_nothing_more_is_written_as_before() {
        let phone = PhoneNeed::Required;
        let request = VerifyRequest { token: "t".to_owned(), app_key: None, confirm: Confirm::None, phone };
        assert_eq!(serde_json::to_string(&request).unwrap(), r#"{"token":"t"}"#);
        let request = VerifyRequest { confirm: Confirm::Match, phone: PhoneNeed::Optional, ..request };
        let written = r#"{"token":"t","confirm":"match","phone":"optional"}"#;
        assert_eq!(serde_json::to_string(&request).unwrap(), written);
    }
}
