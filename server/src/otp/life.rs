//! What may become of a phone's codes at an app: pure functions from what is, and what happened, to what is next.
//!
//! Guesses count for the phone, not for a code, a key, an address or a node: whoever has another code sent does not
//! buy more guesses with it (NIST SP 800-63B-4, section 3.2.2).

use std::time::Duration;

use uuid::Uuid;

use crate::{
    clock::UnixMillis,
    store::{LiveCode, OtpPhone, OtpSession, Sending},
};

/// How long a code can be typed: the time to find the phone, read and type.
pub(crate) const LIFETIME: Duration = Duration::from_secs(300);
/// Tries for one code: with six digits, one in 200,000 guesses them.
pub(crate) const ATTEMPTS: u8 = 5;
/// From one code to the next, so that an impatient person does not get five: WhatsApp is slow at times.
pub(crate) const COOLDOWN: Duration = Duration::from_secs(30);
/// Wrong guesses in any hour: two codes' worth.
pub(crate) const WRONG_AN_HOUR: usize = 10;
/// See [`WRONG_AN_HOUR`].
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
/// Wrong guesses in a row: half of the 100 that NIST permits.
pub(crate) const WRONG_IN_ROW: u32 = 50;
/// How long a row of that length blocks. It ends by itself, or whoever knows a number could lock its owner out for
/// good; a day keeps a guesser of six digits busy for 28 years on average.
pub(crate) const ROW_FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a code can be on its way: longer than a whole call of WhatsApp's API with its second try.
pub(crate) const SENDING: Duration = Duration::from_secs(20);

/// Whether a code may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// It may, and this is the phone from now on.
    Send(OtpPhone),
    /// Not before so long.
    Wait(Duration),
    /// Too many wrong guesses were made; until then no code is of use.
    Blocked(UnixMillis),
}

/// What a typed code means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The session's code was typed before.
    AlreadyUsed,
    /// The session is over: out of time, replaced by a later one, or cancelled.
    Expired,
    /// No code is taken; of another code until then, where that is so.
    Blocked(Option<UnixMillis>),
    /// It is right.
    Right(OtpPhone),
    /// It is wrong; so many tries are left.
    Wrong(OtpPhone, u8),
}

/// A phone that nothing is known of.
pub(crate) fn fresh(subject: [u8; 32], now: UnixMillis) -> OtpPhone {
    OtpPhone {
        subject,
        version: 0,
        live: None,
        sending: None,
        cooldown_until: now,
        wrong_at: Vec::new(),
        wrong_in_row: 0,
        changed_at: now,
    }
}

/// A code is asked for.
pub(crate) fn start(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Start {
    if let Some(until) = blocked_until(&phone, now) {
        return Start::Blocked(until);
    }
    if now < phone.cooldown_until {
        return Start::Wait(phone.cooldown_until.since(now));
    }
    if let Some(sending) = phone.sending.filter(|sending| now < sending.until) {
        return Start::Wait(sending.until.since(now));
    }
    let sending = Some(Sending { session_id, until: now + SENDING });
    Start::Send(OtpPhone { sending, ..next(phone, now) })
}

/// WhatsApp took the code over: it is the live one now, in place of any other. `None` where it is no longer sent.
pub(crate) fn sent(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    is_sending(&phone, session_id).then(|| OtpPhone {
        live: Some(LiveCode { session_id, expires_at: now + LIFETIME, attempts_left: ATTEMPTS }),
        sending: None,
        cooldown_until: now + COOLDOWN,
        ..next(phone, now)
    })
}

/// WhatsApp did not take the code; what was live still is.
pub(crate) fn not_sent(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    is_sending(&phone, session_id).then(|| OtpPhone { sending: None, ..next(phone, now) })
}

/// A code was typed; `is_right` tells whether it is the session's. The attempt is counted before that is asked.
pub(crate) fn typed(
    session: &OtpSession,
    phone: Option<OtpPhone>,
    is_right: impl FnOnce() -> bool,
    now: UnixMillis,
) -> Typed {
    if session.used {
        return Typed::AlreadyUsed;
    }
    let live = |phone: &OtpPhone| phone.live.filter(|live| live.session_id == session.session_id);
    let Some((phone, live)) = phone.and_then(|phone| live(&phone).map(|live| (phone, live))) else {
        return Typed::Expired;
    };
    if live.expires_at <= now {
        return Typed::Expired;
    }
    let until = blocked_until(&phone, now);
    if until.is_some() || live.attempts_left == 0 {
        return Typed::Blocked(until);
    }
    let counted = counted(phone.clone(), live, now);
    if is_right() {
        return Typed::Right(OtpPhone {
            live: None,
            cooldown_until: now,
            wrong_in_row: 0,
            ..next(phone, now)
        });
    }
    let left = attempts_left(&counted, now);
    Typed::Wrong(counted, left)
}

/// The recipient had not asked for the code.
pub(crate) fn cancelled(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    let is_live = phone.live.is_some_and(|live| live.session_id == session_id);
    is_live.then(|| OtpPhone { live: None, ..next(phone, now) })
}

fn next(phone: OtpPhone, now: UnixMillis) -> OtpPhone {
    OtpPhone { version: phone.version + 1, changed_at: now, ..phone }
}

fn is_sending(phone: &OtpPhone, session_id: Uuid) -> bool {
    phone.sending.is_some_and(|sending| sending.session_id == session_id)
}

/// The phone with one more wrong guess.
fn counted(phone: OtpPhone, live: LiveCode, now: UnixMillis) -> OtpPhone {
    let in_row = wrong_in_row(&phone, now).saturating_add(1);
    let mut counted = next(phone, now);
    counted.live = Some(LiveCode { attempts_left: live.attempts_left.saturating_sub(1), ..live });
    counted.wrong_in_row = in_row;
    counted.wrong_at.push(now);
    let excess = counted.wrong_at.len().saturating_sub(WRONG_AN_HOUR);
    counted.wrong_at.drain(..excess);
    counted
}

fn wrong_in_row(phone: &OtpPhone, now: UnixMillis) -> u32 {
    let last = phone.wrong_at.last();
    let forgotten = last.is_none_or(|last| *last + ROW_FORGOTTEN <= now);
    if forgotten { 0 } else { phone.wrong_in_row }
}

fn wrong_in_hour(phone: &OtpPhone, now: UnixMillis) -> usize {
    phone.wrong_at.iter().filter(|moment| now < **moment + HOUR).count()
}

/// Tries left for the live code, which end early where the phone's budgets do.
fn attempts_left(phone: &OtpPhone, now: UnixMillis) -> u8 {
    let of_code = phone.live.map_or(0, |live| live.attempts_left);
    let of_hour = WRONG_AN_HOUR.saturating_sub(wrong_in_hour(phone, now));
    let of_row = WRONG_IN_ROW.saturating_sub(wrong_in_row(phone, now));
    of_code.min(u8::try_from(of_hour).unwrap_or(u8::MAX)).min(u8::try_from(of_row).unwrap_or(u8::MAX))
}

/// Until when the phone's budgets are used up; `None` where they are not.
fn blocked_until(phone: &OtpPhone, now: UnixMillis) -> Option<UnixMillis> {
    let hour = phone.wrong_at.iter().rev().nth(WRONG_AN_HOUR - 1).map(|oldest| *oldest + HOUR);
    let last = phone.wrong_at.last().filter(|_| phone.wrong_in_row >= WRONG_IN_ROW);
    let row = last.map(|last| *last + ROW_FORGOTTEN);
    hour.max(row).filter(|until| now < *until)
}

#[cfg(test)]
mod tests;
