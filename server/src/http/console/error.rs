//! What a page of the console says where it does not do what it was asked.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use url::form_urlencoded;

use super::{Head, kept, page};
use crate::{administration::AdministrationError, store::StoreError, telemetry::metrics};

/// Why a page is not shown, or a form not carried out.
#[derive(Debug)]
pub(super) enum ConsoleError {
    /// Nobody is signed in; where they wanted to go.
    SignedOut(String),
    /// They signed in too long ago for what they wanted to do there; the form that waits, where it is kept.
    NotRecent {
        wanted: String,
        kept: Option<Box<Cookie<'static>>>,
    },
    /// Their role does not let them.
    Forbidden,
    /// There is no such thing, as far as they can see.
    NotFound,
    /// A page of another site asked for it.
    OtherSite,
    /// What was typed cannot be taken: what is wrong, for people.
    Invalid(String),
    Store(StoreError),
}

impl From<StoreError> for ConsoleError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AdministrationError> for ConsoleError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::Forbidden(_) => Self::Forbidden,
            AdministrationError::NotFound(_) => Self::NotFound,
            AdministrationError::Store(error) => Self::Store(error),
            invalid @ (AdministrationError::Invalid { .. }
            | AdministrationError::NoOtpSecret
            | AdministrationError::NoWebhookSecret
            | AdministrationError::Refused(_)) => Self::Invalid(invalid.to_string()),
        }
    }
}

#[derive(Template)]
#[template(path = "console/notice.html")]
struct NoticePage {
    head: Head,
    title: &'static str,
    text: String,
}

/// Where somebody signs in who wanted to go there; `again` where they have signed in before.
pub(super) fn sign_in_address(wanted: &str, again: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("to", wanted);
    if again {
        query.append_pair("again", "1");
    }
    format!("/console/sign-in?{}", query.finish())
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Self::SignedOut(wanted) => {
                return Redirect::to(&sign_in_address(&wanted, false)).into_response();
            }
            Self::NotRecent { wanted, kept: None } => {
                return Redirect::to(&sign_in_address(&wanted, true)).into_response();
            }
            Self::NotRecent { kept: Some(form), .. } => {
                let jar = CookieJar::new().add(*form);
                return (jar, Redirect::to(&sign_in_address(kept::PATH, true))).into_response();
            }
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not yours to do",
                "Your role does not let you do this: an owner can give you another one.".to_owned(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such thing, or it is of an app that you do not see.".to_owned(),
            ),
            Self::OtherSite => (
                StatusCode::FORBIDDEN,
                "Not from here",
                "This was asked for by a page of another site, and was not done.".to_owned(),
            ),
            Self::Invalid(text) => (StatusCode::UNPROCESSABLE_ENTITY, "That was not taken", text),
            Self::Store(error) => {
                metrics::store_failed(error.failure());
                tracing::warn!(%error, "a page of the console could not be made");
                let text = "The database did not answer: try again in a moment.".to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, "Not now", text)
            }
        };
        page(status, &NoticePage { head: Head::of_nobody(), title, text })
    }
}
