//! What may become of a phone's codes at an app: pure functions from what is, and what happened, to what is next.
//!
//! Guesses count for the phone, not for a code, a key, an address or a node: whoever has another code sent does not
//! buy more guesses with it (NIST SP 800-63B-4, section 3.2.2).

use std::time::Duration;

use uuid::Uuid;

use crate::{
    clock::UnixMillis,
    phones,
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
    /// It is nothing that the code can be, and costs no try; so many are left.
    Unreadable(u8),
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Its code is on its way, or can be typed.
    Pending,
    /// Its code was typed.
    Verified,
    /// It is over otherwise.
    Expired,
    /// No code is taken for now.
    Blocked,
    /// Its message did not arrive where it was to.
    Failed,
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

/// The phone with no moment in it that lies further ahead than such moments can, as a clock that was ahead writes them.
///
/// What it changes has to be kept, or the moment would move on with the clock.
pub(crate) fn timely(phone: OtpPhone, now: UnixMillis) -> OtpPhone {
    let live =
        |live: LiveCode| LiveCode { expires_at: live.expires_at.no_later_than(now + LIFETIME), ..live };
    let sending = |sending: Sending| Sending { until: sending.until.no_later_than(now + SENDING), ..sending };
    OtpPhone {
        live: phone.live.map(live),
        sending: phone.sending.map(sending),
        cooldown_until: phone.cooldown_until.no_later_than(now + COOLDOWN),
        wrong_at: phone.wrong_at.into_iter().map(|moment| moment.no_later_than(now)).collect(),
        ..phone
    }
}

/// The phone as it is, written once more.
pub(crate) fn kept(phone: OtpPhone, now: UnixMillis) -> OtpPhone {
    next(phone, now)
}

/// A code is asked for; `cooldown` tells whether there is a pause between two.
pub(crate) fn start(phone: OtpPhone, session_id: Uuid, cooldown: bool, now: UnixMillis) -> Start {
    if let Some(until) = blocked_until(&phone, now) {
        return Start::Blocked(until);
    }
    if cooldown && now < phone.cooldown_until {
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
    is_sending(&phone, session_id).then(|| made_live(next(phone, now), session_id, now))
}

/// The code of a phone that was just started is not to be sent: it is the live one at once.
pub(crate) fn made_live(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> OtpPhone {
    OtpPhone {
        live: Some(LiveCode { session_id, expires_at: now + LIFETIME, attempts_left: ATTEMPTS }),
        sending: None,
        cooldown_until: now + COOLDOWN,
        ..phone
    }
}

/// WhatsApp did not take the code; what was live still is.
pub(crate) fn not_sent(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    is_sending(&phone, session_id).then(|| OtpPhone { sending: None, ..next(phone, now) })
}

/// WhatsApp took the code over, and delivers it to another account: it never becomes a live one. `None` where it is no
/// longer sent.
pub(crate) fn sent_elsewhere(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    is_sending(&phone, session_id).then(|| OtpPhone {
        sending: None,
        cooldown_until: now + COOLDOWN,
        ..next(phone, now)
    })
}

/// The code that WhatsApp took will not arrive: its pause ends, and it is worth nothing. `None` where it is neither on
/// its way nor the live one.
pub(crate) fn failed(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    if is_sending(&phone, session_id) {
        return not_sent(phone, session_id, now);
    }
    is_live(&phone, session_id).then(|| OtpPhone {
        live: None,
        cooldown_until: phone.cooldown_until.no_later_than(now),
        ..next(phone, now)
    })
}

/// What is known of two phones that turned out to be one account: guesses of both count, the longer pause holds, and of
/// two live codes the later one is live.
pub(crate) fn joined(into: OtpPhone, from: &OtpPhone, now: UnixMillis) -> OtpPhone {
    let wrong_in_row = wrong_in_row(&into, now).saturating_add(wrong_in_row(from, now));
    let mut wrong_at = into.wrong_at.clone();
    wrong_at.extend(&from.wrong_at);
    wrong_at.sort_unstable();
    let mut joined = OtpPhone {
        live: into.live.into_iter().chain(from.live).max_by_key(|live| live.expires_at),
        sending: into.sending.or(from.sending),
        cooldown_until: into.cooldown_until.max(from.cooldown_until),
        wrong_at,
        wrong_in_row,
        ..next(into, now)
    };
    keep_latest(&mut joined.wrong_at);
    joined
}

/// A code was typed; `is_right` tells whether it is the session's, and is none for what no code can be. The attempt is
/// counted before that is asked.
pub(crate) fn typed(
    session: &OtpSession,
    phone: Option<OtpPhone>,
    is_right: Option<impl FnOnce() -> bool>,
    now: UnixMillis,
) -> Typed {
    if session.used {
        return Typed::AlreadyUsed;
    }
    let Some((phone, live)) =
        phone.and_then(|phone| live_code(session, &phone, now).map(|live| (phone, live)))
    else {
        return Typed::Expired;
    };
    let until = blocked_until(&phone, now);
    if until.is_some() || live.attempts_left == 0 {
        return Typed::Blocked(until);
    }
    let weight = weight(session.digits);
    let Some(is_right) = is_right else {
        return Typed::Unreadable(attempts_left(&phone, weight, now));
    };
    let counted = counted(phone.clone(), live, weight, now);
    if is_right() {
        return Typed::Right(OtpPhone {
            // A test number's code goes on being that of its other sessions.
            live: phone.live.filter(|_| session.is_test),
            cooldown_until: now,
            wrong_in_row: 0,
            ..next(phone, now)
        });
    }
    let left = attempts_left(&counted, weight, now);
    Typed::Wrong(counted, left)
}

/// How far a session has come.
pub(crate) fn progress(session: &OtpSession, phone: Option<&OtpPhone>, now: UnixMillis) -> Progress {
    if session.used {
        return Progress::Verified;
    }
    if session.failure.is_some() || is_elsewhere(session) {
        return Progress::Failed;
    }
    let Some(phone) = phone else {
        return Progress::Expired;
    };
    let is_sent_now = |sending: Sending| sending.session_id == session.session_id && now < sending.until;
    match live_code(session, phone, now) {
        Some(live) if live.attempts_left == 0 || blocked_until(phone, now).is_some() => Progress::Blocked,
        Some(_) => Progress::Pending,
        None if phone.sending.is_some_and(is_sent_now) => Progress::Pending,
        None => Progress::Expired,
    }
}

/// The code that can be typed for this session; `None` where it is over.
fn live_code(session: &OtpSession, phone: &OtpPhone, now: UnixMillis) -> Option<LiveCode> {
    if session.phone.is_none() || session.failure.is_some() || is_elsewhere(session) {
        return None;
    }
    let live = phone.live?;
    let expires_at = if session.is_test {
        // Its code is that of the number, so that a later session does not revoke it: tests may run side by side.
        session.created_at.no_later_than(now) + LIFETIME
    } else {
        Some(live.expires_at).filter(|_| live.session_id == session.session_id)?
    };
    (now < expires_at).then_some(live)
}

/// Whether WhatsApp delivers to another account than the one that was asked for.
pub(super) fn is_elsewhere(session: &OtpSession) -> bool {
    let both = session.phone.as_ref().zip(session.wa_id.as_ref());
    both.is_some_and(|(asked, reported)| !phones::same_account(asked, reported))
}

/// The recipient had not asked for the code.
pub(crate) fn cancelled(phone: OtpPhone, session_id: Uuid, now: UnixMillis) -> Option<OtpPhone> {
    is_live(&phone, session_id).then(|| OtpPhone { live: None, ..next(phone, now) })
}

fn next(phone: OtpPhone, now: UnixMillis) -> OtpPhone {
    OtpPhone { version: phone.version + 1, changed_at: now, ..phone }
}

fn is_live(phone: &OtpPhone, session_id: Uuid) -> bool {
    phone.live.is_some_and(|live| live.session_id == session_id)
}

fn is_sending(phone: &OtpPhone, session_id: Uuid) -> bool {
    phone.sending.is_some_and(|sending| sending.session_id == session_id)
}

/// What a wrong guess counts in a row of [`WRONG_IN_ROW`]. A code of fewer digits than six is guessed sooner, so that fewer guesses are
/// made of it: ten a day of four digits, which find one phone's code in a thousand days, and 25 of five.
const fn weight(digits: u8) -> u32 {
    match digits {
        // Not kept for sessions that an earlier version of this program began.
        0 | 6.. => 1,
        5 => 2,
        1..=4 => 5,
    }
}

/// The phone with one more wrong guess.
fn counted(phone: OtpPhone, live: LiveCode, weight: u32, now: UnixMillis) -> OtpPhone {
    let in_row = wrong_in_row(&phone, now).saturating_add(weight);
    let mut counted = next(phone, now);
    counted.live = Some(LiveCode { attempts_left: live.attempts_left.saturating_sub(1), ..live });
    counted.wrong_in_row = in_row;
    counted.wrong_at.push(now);
    keep_latest(&mut counted.wrong_at);
    counted
}

/// Leaves out the moments of wrong guesses that no budget asks for.
fn keep_latest(wrong_at: &mut Vec<UnixMillis>) {
    let excess = wrong_at.len().saturating_sub(WRONG_AN_HOUR);
    wrong_at.drain(..excess);
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
fn attempts_left(phone: &OtpPhone, weight: u32, now: UnixMillis) -> u8 {
    let of_code = phone.live.map_or(0, |live| live.attempts_left);
    let of_hour = WRONG_AN_HOUR.saturating_sub(wrong_in_hour(phone, now));
    let of_row = WRONG_IN_ROW.saturating_sub(wrong_in_row(phone, now)).div_ceil(weight);
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
