//! Who calls: a program with an access key, held to its rights, to its apps and to a rate.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use loggin_protocol::ErrorCode;

use crate::{
    administration::{AccessError, Actor, Administration, AdministrationError},
    http::{ApiError, caller},
    limits,
    state::Server,
    telemetry::metrics::{self, Limit},
};

/// One call.
pub(super) struct AdminCall {
    server: Arc<Server>,
    pub(super) actor: Actor,
}

impl AdminCall {
    /// What there is to be done.
    pub(super) fn administration(&self) -> &Administration {
        &self.server.administration
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }
}

impl FromRequestParts<Arc<Server>> for AdminCall {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, ApiError> {
        const UNKNOWN: ApiError = ApiError::new(ErrorCode::Unauthorized, "This call needs an access key.");
        let shown = caller::shown_key(&parts.headers)?.ok_or(UNKNOWN)?;
        let (id, actor) = server.administration.access().authenticate(shown).await?;
        if !server.admin_counts.count(id, 1, server.clock.now()) {
            metrics::limit_hit(Limit::AdminCalls);
            return Err(ApiError::new(ErrorCode::RateLimited, "This access key makes too many calls.")
                .with_retry_after(limits::CALLS_WINDOW));
        }
        Ok(Self { server: Arc::clone(server), actor })
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Wrong => Self::new(ErrorCode::Unauthorized, "The access key is not valid."),
            AccessError::Store(error) => error.into(),
        }
    }
}

impl From<AdministrationError> for ApiError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::Forbidden(right) => Self::with_message(
                ErrorCode::Unauthorized,
                format!(
                    "This call needs the scope `{}`, and for all apps where it concerns no single one.",
                    right.as_str()
                ),
            )
            .with_status(403),
            AdministrationError::NotFound(_) => Self::new(
                ErrorCode::NotFound,
                "There is no such thing, or it is of an app that this access key does not reach.",
            ),
            AdministrationError::Invalid { field, message } => {
                Self::with_message(ErrorCode::InvalidRequest, format!("`{field}` {message}."))
            }
            AdministrationError::Refused(message) => {
                Self::with_message(ErrorCode::InvalidRequest, format!("Nothing was changed: {message}."))
                    .with_status(409)
            }
            AdministrationError::NoOtpSecret => Self::new(
                ErrorCode::InvalidRequest,
                "LOGGIN_OTP_SECRET is not set, and the secrets of gateways are kept under it.",
            )
            .with_status(409),
            AdministrationError::NoWebhookSecret => Self::new(
                ErrorCode::InvalidRequest,
                "LOGGIN_WEBHOOK_SECRET is not set, and the secrets of webhooks are kept under it.",
            )
            .with_status(409),
            AdministrationError::Store(error) => error.into(),
        }
    }
}
