//! Signing in by a code that is typed, where somebody has trouble with the link: the app's one-time codes, with its guards,
//! limits and tries.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use loggin_protocol::{
    ErrorCode,
    wire::{SessionBody, Timestamp},
};

use super::{
    attempt::{Attempt, Sent},
    error::HostedError,
    pages::{CodePage, page},
    visit::Visit,
};
use crate::{
    crypto::Digits,
    http::{ApiError, auth_call::AuthCall, client_address},
    identity::Evidence,
    languages::Language,
    limits::{self, customer},
    otp::{OtpResponse, StartOrder},
    phones,
    store::Confirm,
    telemetry::metrics::{self, Limit},
};

/// Digits of a code, as calls have it that do not say.
const DIGITS: u8 = 6;

/// Shows the form for the number, or for the code where one was sent.
pub(super) fn show(visit: Visit<'_>, typed: &str, wrong: Option<&str>) -> Response {
    let sent = visit.attempt.as_ref().and_then(|attempt| attempt.sent.as_ref());
    let hint = visit.target.asked().and_then(|asked| asked.login_hint.as_deref());
    // A hint may be anything; what is no number helps nobody.
    let hint = hint.filter(|hint| phones::read(hint, None).is_some()).unwrap_or_default();
    let form = CodePage {
        head: visit.head(),
        t: visit.t(),
        request: &visit.name,
        sent_to: sent.map(|sent| visit.language.filled(visit.t().otp_sent_to, &[("phone", &sent.to)])),
        phone: if typed.is_empty() { hint } else { typed },
        wrong,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let response = page(status, &form);
    visit.with_cookies(response)
}

/// Sends a code.
pub(super) async fn send(mut visit: Visit<'_>, typed: &str) -> Result<Response, HostedError> {
    match start(&visit, typed).await {
        Ok(sent) => {
            visit.attempt = Some(Attempt { sent: Some(sent), ..visit.attempt() });
            Ok(show(visit, "", None))
        }
        Err(error) => {
            let wrong = says(visit.language, &error);
            Ok(show(visit, typed, Some(&wrong)))
        }
    }
}

async fn start(visit: &Visit<'_>, typed: &str) -> Result<Sent, ApiError> {
    let server = visit.server;
    let address = client_address::of(server, visit.peer, visit.headers);
    let call = call(visit)?;
    if server.settings.counts_addresses
        && !server.hosted_codes.count(customer(address), 1, server.clock.now())
    {
        metrics::limit_hit(Limit::HostedCodes);
        return Err(ApiError::new(ErrorCode::RateLimited, "This address has too many codes sent.")
            .with_retry_after(limits::HOSTED_CODES_WINDOW));
    }
    call.check_used_up()?;
    let recipient = call.otp.recipient(&visit.app, typed, None).await?;
    let to = recipient.phone().map(phones::masked).unwrap_or_default();
    let order = StartOrder {
        app: Arc::clone(&visit.app),
        recipient,
        length: DIGITS,
        foreign: None,
        meta: None,
        client_ip: Some(address),
        call: None,
        meter: Some(Arc::clone(&call.meter)),
    };
    let otp = Arc::clone(&call.otp);
    // On a task of its own: a browser that goes does not leave a code half sent.
    let started = call.otp.spawn(async move { otp.start(&order).await }).await;
    let started = started.map_err(|_| ApiError::new(ErrorCode::Internal, "The server failed."))?;
    match call.counted(started.map_err(ApiError::from)).await? {
        OtpResponse::Started { session_id, .. } => Ok(Sent { session_id: session_id.to_string(), to }),
        OtpResponse::Refused(refusal) => Err(refusal.into()),
        OtpResponse::Verified { .. } => Err(ApiError::invalid_request("No code was typed yet.")),
    }
}

/// Takes what was typed, and remembers whose number it was sent to; what was wrong with it, for people.
pub(super) async fn verify(visit: &mut Visit<'_>, typed: &str) -> Result<Option<String>, HostedError> {
    match typed_right(visit, typed).await {
        Ok(person) => {
            visit.remember(&person, None).await?;
            Ok(None)
        }
        Err(error) => {
            // A code that can no longer be typed gives way to another.
            if error.code() != ErrorCode::InvalidCode
                && let Some(attempt) = &mut visit.attempt
            {
                attempt.sent = None;
            }
            Ok(Some(says(visit.language, &error)))
        }
    }
}

async fn typed_right(visit: &Visit<'_>, typed: &str) -> Result<SessionBody, ApiError> {
    const NONE: ApiError = ApiError::new(ErrorCode::SessionNotFound, "No code was sent to this browser.");
    let call = call(visit)?;
    let sent = visit.attempt.as_ref().and_then(|attempt| attempt.sent.clone()).ok_or(NONE)?;
    call.check_used_up()?;
    let app_key = visit.app.app_key;
    let found = call.otp.find(app_key, &sent.session_id).await?.ok_or(NONE)?;
    // Whom WhatsApp delivered it to, where that is known by now: a number may have another owner than it had.
    let user_id = found.user_id();
    let digits = Digits::typed(typed);
    let verified = call.otp.verify(found, digits.as_ref(), None, Some(&call.meter)).await;
    match call.counted(verified.map_err(ApiError::from)).await? {
        OtpResponse::Verified { phone, verified_at, .. } => {
            let evidence =
                Evidence { phone: Some(phone.clone()), user_id: user_id.clone(), ..Evidence::default() };
            let known = visit.server.people.recognise(app_key, &evidence, &*visit.server.random).await?;
            Ok(SessionBody {
                app_key,
                phone: Some(phone),
                user_id,
                subject: known.subject,
                confirmation: Confirm::Code,
                assurance: known.assurance(),
                verified_at: Timestamp(verified_at.into()),
            })
        }
        OtpResponse::Refused(refusal) => Err(refusal.into()),
        OtpResponse::Started { .. } => Err(NONE),
    }
}

/// A call for the app of this visit, where it may be made.
fn call(visit: &Visit<'_>) -> Result<AuthCall, ApiError> {
    const NONE: ApiError = ApiError::new(ErrorCode::NotFound, "No codes are sent here.");
    let otp = visit.server.otp.clone().filter(|_| visit.can_use_code()).ok_or(NONE)?;
    Ok(AuthCall::for_app(otp, Arc::clone(&visit.app)))
}

/// What people are told who can do something about it.
fn says(language: Language, error: &ApiError) -> String {
    let t = language.pages();
    let body = error.body("");
    let number = |number: f64| format!("{number:.0}");
    match error.code() {
        ErrorCode::InvalidPhone => t.otp_invalid_phone.to_owned(),
        ErrorCode::RateLimited => {
            let seconds = number(body.retry_after.unwrap_or_default().ceil());
            language.filled(t.otp_rate_limited, &[("seconds", &seconds)])
        }
        ErrorCode::QuotaExceeded => t.otp_quota_exceeded.to_owned(),
        ErrorCode::SendFailed => t.otp_send_failed.to_owned(),
        ErrorCode::InvalidCode => {
            let left = body.attempts_left.unwrap_or_default().to_string();
            language.filled(t.wrong_code, &[("count", &left)])
        }
        ErrorCode::MaxAttempts => t.otp_max_attempts.to_owned(),
        ErrorCode::Blocked => t.otp_blocked.to_owned(),
        ErrorCode::Expired | ErrorCode::SessionNotFound | ErrorCode::AlreadyUsed => t.otp_expired.to_owned(),
        _ => t.otp_unavailable.to_owned(),
    }
}
