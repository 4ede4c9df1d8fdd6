//! What a wait or a call came to, as the plain tuples that the package makes its own types of.

use std::time::SystemTime;

use loggin::{Cause, ClientState, LoginStatus, OtpResult, OtpSession, PhoneNumber, Session, Update};
use pyo3::prelude::*;

/// A session of which the package's own types say whether there is always a phone.
pub(crate) type AnySession = Session<Option<PhoneNumber>>;

/// App key, phone, user id, subject, confirmation, assurance and the time of a session.
pub(crate) type SessionFields =
    (String, Option<String>, Option<String>, String, &'static str, String, SystemTime);

/// How far a login has come, the digits to show, and in the end its session.
pub(crate) type UpdateFields = (String, Option<String>, Option<SessionFields>);

/// Session id, seconds until it expires, whether the code was sent, and the codes left in the month.
pub(crate) type OtpSessionFields = (String, u64, bool, Option<u64>);

/// Status, phone, time, and the app's own JSON as text.
pub(crate) type OtpResultFields = (&'static str, String, SystemTime, Option<String>);

/// Whether a client is connected, since when, why not, and the proxy.
pub(crate) type StateFields = (bool, Option<SystemTime>, Option<String>, Option<String>);

/// Any of them, on its way to an asyncio future.
#[derive(IntoPyObject)]
pub(crate) enum Fields {
    Session(Option<SessionFields>),
    OtpSession(OtpSessionFields),
    OtpResult(OtpResultFields),
    LoginIds(Vec<String>),
    Status(String),
    Update(UpdateFields),
    Nothing(()),
}

pub(crate) fn session(session: AnySession) -> SessionFields {
    let Session { app_key, phone, user_id, subject, confirmation, assurance, verified_at, .. } = session;
    let (phone, user_id) = (phone.map(|phone| phone.expose().to_owned()), user_id.map(String::from));
    let (subject, assurance) = (subject.expose(), assurance.as_str().to_owned());
    (app_key.to_string(), phone, user_id, subject, confirmation.as_str(), assurance, verified_at)
}

pub(crate) fn status(status: LoginStatus) -> String {
    status.as_str().to_owned()
}

pub(crate) fn update(update: Update<AnySession>) -> UpdateFields {
    match update {
        Update::Progress(progress) => {
            let digits = progress.match_digits().map(|digits| digits.to_string());
            (progress.as_str().to_owned(), digits, None)
        }
        Update::Verified(verified) => (status(LoginStatus::Verified), None, Some(session(verified))),
    }
}

pub(crate) fn state(state: ClientState) -> StateFields {
    (state.is_connected, state.since, state.cause.map(Cause::name), state.proxy)
}

pub(crate) fn otp_session(session: OtpSession) -> OtpSessionFields {
    let OtpSession { session_id, expires_in, sent_via_engine, quota_remaining, .. } = session;
    (session_id.into(), expires_in.as_secs(), sent_via_engine, quota_remaining)
}

pub(crate) fn otp_result(result: OtpResult) -> OtpResultFields {
    let OtpResult { status, phone, verified_at, meta, .. } = result;
    let meta = meta.map(|meta| meta.as_str().to_owned());
    (status.as_str(), phone.expose().to_owned(), verified_at, meta)
}
