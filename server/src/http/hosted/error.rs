//! What the issuer's pages say where they cannot go on.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::pages::{Head, NoticePage, page};
use crate::{
    http::{ApiError, routes::link},
    languages::Language,
    store::StoreError,
    telemetry::metrics,
};

/// Why a page is not shown.
#[derive(Debug)]
pub(super) enum HostedError {
    /// The request was answered, has run out, or is another browser's.
    Over,
    /// A page of another site asked for it.
    OtherSite,
    /// A limit stands against it.
    Refused(ApiError),
    Store(StoreError),
}

impl From<ApiError> for HostedError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for HostedError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The same in somebody's language.
#[derive(Debug)]
pub(super) struct Said(HostedError, Language);

impl HostedError {
    /// In the language that a browser asks for.
    pub(super) fn in_language_of(self, headers: &HeaderMap) -> Said {
        Said(self, link::language(None::<&str>, headers))
    }

    /// In this language.
    pub(super) fn said_in(self, language: Language) -> Said {
        Said(self, language)
    }
}

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        let Self(error, language) = self;
        let t = language.pages();
        let mut retry_after = None;
        let (status, title, text) = match error {
            HostedError::Over => (StatusCode::BAD_REQUEST, t.over, t.over_hint),
            HostedError::OtherSite => (StatusCode::FORBIDDEN, t.over, t.over_hint),
            HostedError::Refused(refused) => {
                let refused = refused.into_response();
                retry_after = refused.headers().get(header::RETRY_AFTER).cloned();
                (refused.status(), t.error, t.error_hint)
            }
            HostedError::Store(failed) => {
                metrics::store_failed(failed.failure());
                tracing::warn!(error = %failed, "a page of the issuer could not be made");
                (StatusCode::SERVICE_UNAVAILABLE, t.error, t.error_hint)
            }
        };
        let head = Head::new(language, title.to_owned(), "");
        let mut response = page(status, &NoticePage { head, text: text.to_owned() });
        if let Some(delay) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, delay);
        }
        response
    }
}
