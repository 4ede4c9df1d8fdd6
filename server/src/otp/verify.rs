//! Typing a code.

use loggin_protocol::{AppKey, ErrorCode};
use uuid::Uuid;

use super::{
    Meter, NamedCall, Otp, OtpError, OtpResponse, Refusal,
    life::{self, Typed},
    responses::Known,
};
use crate::{
    clock::UnixMillis,
    crypto::Digits,
    events::{self, AboutCode, Blocked},
    history, limits,
    store::{AppEvent, Ending, GuardCount, OtpPhone, OtpSession, OtpWrite, StoreError},
};

/// Digits that a code has.
pub(crate) const CODE_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;

/// A session of an app, and its phone, as they were at one moment.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) session: OtpSession,
    pub(super) phone: Option<OtpPhone>,
}

impl Found {
    /// The user id of whom WhatsApp has delivered the code to, where it has said so.
    pub(crate) fn user_id(&self) -> Option<String> {
        self.session.user_id.clone()
    }
}

impl Otp {
    /// The session of this name, if it is one of this app whose code can be typed here.
    pub(crate) async fn find(&self, app_key: AppKey, session_id: &str) -> Result<Option<Found>, StoreError> {
        let found = self.find_any(app_key, session_id).await?;
        Ok(found.filter(|found| !found.session.is_gateway))
    }

    /// The session of this name, if it is one of this app, whoever made its code.
    pub(crate) async fn find_any(
        &self,
        app_key: AppKey,
        session_id: &str,
    ) -> Result<Option<Found>, StoreError> {
        let Ok(session_id) = Uuid::parse_str(session_id.trim()) else {
            return Ok(None);
        };
        let found = self.store.otp_session_and_phone(session_id).await?;
        let found = found.filter(|(session, _)| session.app_key == app_key);
        Ok(found.map(|(session, phone)| Found { session, phone }))
    }

    /// Takes a typed code; `code` is none where what was typed is no digits.
    pub(crate) async fn verify(
        &self,
        found: Found,
        code: Option<&Digits>,
        call: Option<&NamedCall>,
        meter: Option<&Meter>,
    ) -> Result<OtpResponse, OtpError> {
        let Found { mut session, mut phone } = found;
        for _ in 0..limits::CONFLICTS {
            if let Known::Responded(response) = self.known(call).await? {
                return Ok(response);
            }
            let now = self.clock.now();
            let owner = *session.session_id.as_bytes();
            let code = code.filter(|code| can_be_code(&session, code));
            let is_right = code
                .map(|code| || self.keys.codes.check(&session.code_mac, &owner, code.expose().as_bytes()));
            let timely = phone.clone().map(|phone| life::timely(phone, now));
            let changed = timely.clone().filter(|timely| Some(timely) != phone.as_ref());
            let typed = life::typed(&session, timely, is_right, now);
            if !matches!(typed, Typed::Right(_) | Typed::Wrong(..)) {
                self.keep_row(changed, Vec::new(), now).await?;
            }
            let (response, phone_then) = match typed {
                // Not kept: it is the same whenever it is asked.
                Typed::AlreadyUsed => return Err(Refusal::new(ErrorCode::AlreadyUsed).into()),
                Typed::Expired => (refused(ErrorCode::Expired), None),
                Typed::Blocked(until) => (blocked(until, now), None),
                Typed::Right(phone) => (verified(&session, now)?, Some((phone, true))),
                Typed::Wrong(phone, 0) => (refused(ErrorCode::MaxAttempts), Some((phone, false))),
                Typed::Wrong(phone, left) => (wrong(left), Some((phone, false))),
                Typed::Unreadable(left) => (wrong(left), None),
            };
            let mut writes = self.attempt(&session, &response, phone_then, call, now)?;
            if matches!(response, OtpResponse::Verified { .. }) {
                writes.extend(self.recount(&session, GuardCount::Verified).await?);
            }
            if writes.is_empty() || self.write(meter, writes).await?.is_ok() {
                return Ok(response);
            }
            let latest = self.store.otp_session_and_phone(session.session_id).await?;
            (session, phone) = latest.ok_or(StoreError::Busy)?;
        }
        Err(StoreError::Busy.into())
    }

    /// The session's row of the history.
    pub(super) fn end(&self, session: &OtpSession, ending: Ending, now: UnixMillis) -> OtpWrite {
        let entry = history::of_code(session, ending, &self.recipients, now);
        OtpWrite::End { session_id: session.session_id, entry }
    }

    /// What is written of an attempt.
    fn attempt(
        &self,
        session: &OtpSession,
        response: &OtpResponse,
        phone: Option<(OtpPhone, bool)>,
        call: Option<&NamedCall>,
        now: UnixMillis,
    ) -> Result<Vec<OtpWrite>, StoreError> {
        let mut writes: Vec<OtpWrite> = self.keep(call, None, response)?.into_iter().collect();
        if let Some((phone, used)) = phone {
            writes.push(OtpWrite::Phone(phone));
            // Also where it is not used: a right code and a wrong one take the same writes, and so the same time.
            writes.push(OtpWrite::Used { session_id: session.session_id, used });
            writes.extend(event(session, response, now).map(|event| OtpWrite::Event(Box::new(event))));
            writes.extend(ending(response).map(|ending| self.end(session, ending, now)));
        }
        Ok(writes)
    }
}

/// Whether digits are as many as the session's code has.
fn can_be_code(session: &OtpSession, code: &Digits) -> bool {
    let count = usize::from(session.digits);
    // Not kept for sessions that an earlier version of this program began.
    code.count() == count || (count == 0 && CODE_DIGITS.contains(&code.count()))
}

/// What the app is told of an attempt.
fn event(session: &OtpSession, response: &OtpResponse, now: UnixMillis) -> Option<AppEvent> {
    let about = AboutCode::of(session);
    match response {
        OtpResponse::Verified { .. } => Some(events::code_verified(&about, now)),
        OtpResponse::Refused(refusal) if refusal.code == ErrorCode::MaxAttempts => {
            Some(events::code_blocked(&about, Blocked::MaxAttempts, now))
        }
        _ => None,
    }
}

/// How an attempt ended the session, if it did.
fn ending(response: &OtpResponse) -> Option<Ending> {
    match response {
        OtpResponse::Verified { .. } => Some(Ending::Typed),
        OtpResponse::Refused(refusal) if refusal.code == ErrorCode::MaxAttempts => {
            Some(Ending::TooManyGuesses)
        }
        _ => None,
    }
}

fn refused(code: ErrorCode) -> OtpResponse {
    OtpResponse::Refused(Refusal::new(code))
}

fn blocked(until: Option<UnixMillis>, now: UnixMillis) -> OtpResponse {
    let retry_after = until.map(|until| until.since(now));
    OtpResponse::Refused(Refusal { retry_after, ..Refusal::new(ErrorCode::Blocked) })
}

fn wrong(left: u8) -> OtpResponse {
    OtpResponse::Refused(Refusal { attempts_left: Some(left), ..Refusal::new(ErrorCode::InvalidCode) })
}

fn verified(session: &OtpSession, now: UnixMillis) -> Result<OtpResponse, StoreError> {
    // Without one it would be over.
    let phone = session.phone.clone().ok_or(StoreError::Unreadable("session"))?;
    Ok(OtpResponse::Verified { phone, verified_at: now, meta: session.meta.clone() })
}
