//! What the calls for one-time codes share: an app's server that makes itself known, the rate of its calls, and what
//! a refusal is on the wire.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use loggin_protocol::ErrorCode;

use crate::{
    http::{ApiError, caller, request::idempotency_key},
    otp::{Meter, NamedCall, Otp, OtpError, Refusal},
    state::Server,
    store::App,
    telemetry::metrics::{self, Limit},
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// One call of an app's server.
pub(crate) struct AuthCall {
    pub(crate) otp: Arc<Otp>,
    pub(crate) app: Arc<App>,
    /// What it is counted by.
    pub(crate) meter: Arc<Meter>,
}

impl AuthCall {
    /// Who calls; the secret key is needed.
    pub(crate) async fn new(server: &Server, headers: &HeaderMap) -> Result<Self, ApiError> {
        const UNKNOWN: ApiError =
            ApiError::new(ErrorCode::Unauthorized, "This call needs the app's secret key.");
        let app = caller::authenticate(server, headers).await?.ok_or(UNKNOWN)?;
        let otp = server.otp.clone().ok_or(ApiError::new(
            ErrorCode::NotFound,
            "This server sends no one-time codes: WHATSAPP_OTP_TEMPLATE and LOGGIN_OTP_SECRET are not set.",
        ))?;
        Ok(Self::for_app(otp, app))
    }

    /// A call that the server itself makes in an app's name.
    pub(crate) fn for_app(otp: Arc<Otp>, app: Arc<App>) -> Self {
        let meter = Arc::new(Meter::new(Arc::clone(&app)));
        Self { otp, app, meter }
    }

    /// Refuses the call where the app has used up its calls, before anything is done for it.
    pub(crate) fn check_used_up(&self) -> Result<(), ApiError> {
        Ok(self.otp.check_used_up(&self.meter)?)
    }

    /// The result, unless the call is one too many. It is counted here where nothing was written for it.
    pub(crate) async fn counted<T>(&self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        self.otp.count(&self.meter).await?;
        result
    }

    /// The call by its `Idempotency-Key`, where it has one.
    pub(crate) fn named(
        &self,
        headers: &HeaderMap,
        route: &str,
        body: &[u8],
    ) -> Result<Option<NamedCall>, ApiError> {
        let key = idempotency_key(headers)?;
        Ok(key.map(|key| self.otp.named_call(self.app.app_key, route, key, body)))
    }

    /// The response, with how many calls are left.
    pub(crate) fn respond(&self, result: Result<impl IntoResponse, ApiError>) -> Response {
        let mut response = result.into_response();
        if let Some(rate) = self.meter.rate() {
            // Whole seconds, and none too few: whoever comes then is let in.
            let reset = u64::try_from(rate.reset.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
            let headers = response.headers_mut();
            headers.insert(RATE_LIMIT, HeaderValue::from(rate.limit));
            headers.insert(RATE_REMAINING, HeaderValue::from(rate.remaining));
            headers.insert(RATE_RESET, HeaderValue::from(reset));
        }
        response
    }
}

impl From<OtpError> for ApiError {
    fn from(error: OtpError) -> Self {
        match error {
            OtpError::Store(error) => error.into(),
            OtpError::TooManyCalls(reset) => {
                metrics::limit_hit(Limit::CallsPerMinute);
                Self::new(ErrorCode::RateLimited, "This key makes too many calls a minute.")
                    .with_retry_after(reset.max(Duration::from_secs(1)))
            }
            OtpError::OtherBody => {
                Self::invalid_request("This `Idempotency-Key` was used with another body.")
            }
            OtpError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        // Guards are counted by themselves.
        if let Some(limit) = limit(refusal.code).filter(|_| !refusal.by_guard) {
            metrics::limit_hit(limit);
        }
        let message = if refusal.by_guard { GUARDED } else { message(refusal.code) };
        let error = Self::new(refusal.code, message);
        // A session that is over is a mistake in the form's field here, not a page that is gone.
        let error = if refusal.code == ErrorCode::Expired { error.with_status(422) } else { error };
        let error = match refusal.attempts_left {
            Some(attempts) => error.with_attempts_left(attempts.into()),
            None => error,
        };
        match refusal.retry_after {
            Some(delay) => error.with_retry_after(delay),
            None => error,
        }
    }
}

/// What a guard's refusal says to a developer: which one it was is in the server's history.
const GUARDED: &str = "The app's guards send no code to this number now: offer a sign-in by link, which costs nothing to misuse.";

/// The limit that a refusal is about.
fn limit(code: ErrorCode) -> Option<Limit> {
    match code {
        ErrorCode::Blocked | ErrorCode::MaxAttempts => Some(Limit::Guesses),
        ErrorCode::QuotaExceeded => Some(Limit::MonthlyQuota),
        ErrorCode::RateLimited => Some(Limit::PhoneCooldown),
        _ => None,
    }
}

fn message(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AlreadyUsed => "The code of this session was typed before.",
        ErrorCode::Blocked => "Too many wrong codes were typed for this phone, or for this session.",
        ErrorCode::Expired => "This session is over: out of time, replaced by a later one, or cancelled.",
        ErrorCode::InvalidCode => "This is not the code that was sent.",
        ErrorCode::InvalidPhone => {
            "This is no phone number that a message can be sent to; `country_code`, if it is given, is a region such as \
             `IN`."
        }
        ErrorCode::MaxAttempts => "This is not the code that was sent, and it was the last try.",
        ErrorCode::QuotaExceeded => "The app's codes of this month are used up.",
        ErrorCode::RateLimited => "A code was sent to this phone a moment ago.",
        ErrorCode::SendFailed => "WhatsApp does not deliver to this number.",
        ErrorCode::SessionNotFound => "The app has no such session.",
        _ => "WhatsApp takes no messages at the moment, or does not say whether it took this one.",
    }
}
