//! The rows of the history: each made with the change that ends a login or a session of a one-time code.

pub(crate) mod csv;
pub(crate) mod row;
pub(crate) mod usage;

use loggin_protocol::{AppKey, Confirm, PhoneNumber};
use uuid::Uuid;

use crate::{
    clock::UnixMillis,
    phones::{self, RecipientKeys},
    store::{Ending, HistoryEntry, HistoryKind, Login, OtpSession, State},
};

/// The row that a change of a login adds, if it ends it: also the redeeming, though the result can be taken back later, which
/// adds another row. A login that nobody has waited for has none: whoever knows the app's key can send codes.
pub(crate) fn of_login(
    before: Option<&Login>,
    after: &Login,
    keys: &RecipientKeys,
    now: UnixMillis,
) -> Option<Box<HistoryEntry>> {
    let was = before.map(|login| login.state);
    if !after.waited_for || was == Some(after.state) {
        return None;
    }
    let ending = ending(before, after)?;
    // A tombstone has no person in it: who it was stands in what it was.
    let phone = after.phone.as_ref().or_else(|| before?.phone.as_ref());
    let (steps, verified_at) = (after.steps, after.verified_at);
    Some(Box::new(HistoryEntry {
        kind: HistoryKind::Login,
        ending,
        name: after.code.login_id(),
        is_first: was.is_none_or(|was| was < State::Claimed),
        confirm: after.confirm,
        started_at: steps.started_at.or(steps.message_at).or(verified_at).unwrap_or(now),
        message_at: steps.message_at.or(verified_at),
        verified_at,
        ..of_person(after.code.app_key(), phone, keys, now)
    }))
}

fn ending(before: Option<&Login>, after: &Login) -> Option<Ending> {
    Some(match (after.state, before.map(|login| login.state)) {
        (State::Claimed, _) => Ending::Redeemed,
        (State::Lapsed, _) => Ending::NoMessage,
        (State::PhoneHidden, _) => Ending::PhoneHidden,
        (State::Expired, Some(State::MessageReceived)) => Ending::NoNumber,
        (State::Expired, Some(State::AwaitingConfirmation)) => Ending::NotConfirmed,
        (State::Expired, _) => Ending::NotRedeemed,
        (State::Denied, Some(State::Verified | State::Claimed | State::Used)) => Ending::TakenBack,
        (State::Denied, _) if after.typed_last_try(before) => Ending::TooManyDigits,
        (State::Denied, _) => Ending::NotMe,
        (
            State::Pending
            | State::MessageReceived
            | State::AwaitingConfirmation
            | State::Verified
            | State::Used,
            _,
        ) => return None,
    })
}

/// The row of a session of a one-time code that ended so.
pub(crate) fn of_code(
    session: &OtpSession,
    ending: Ending,
    keys: &RecipientKeys,
    now: UnixMillis,
) -> Box<HistoryEntry> {
    let is_typed = ending == Ending::Typed;
    let is_taken = is_typed || session.accepted || session.delivery.is_some();
    Box::new(HistoryEntry {
        kind: match session {
            OtpSession { is_test: true, .. } => HistoryKind::TestCode,
            OtpSession { is_gateway: true, .. } => HistoryKind::Gateway,
            _ => HistoryKind::Code,
        },
        ending,
        name: session.session_id.to_string(),
        started_at: session.created_at,
        message_at: is_taken.then_some(session.created_at),
        // Where an earlier version of this program took the code, nobody noted when.
        verified_at: is_typed.then_some(now),
        ..of_person(session.app_key, session.phone.as_ref(), keys, now)
    })
}

/// The row of a one-time code that a guard refused: nothing was sent, and there is no session of this name.
pub(crate) fn of_refused(
    app_key: AppKey,
    (kind, name): (HistoryKind, Uuid),
    phone: &PhoneNumber,
    ending: Ending,
    keys: &RecipientKeys,
    now: UnixMillis,
) -> Box<HistoryEntry> {
    Box::new(HistoryEntry {
        kind,
        ending,
        name: name.to_string(),
        ..of_person(app_key, Some(phone), keys, now)
    })
}

/// What is known of whom a row is about.
fn of_person(
    app_key: AppKey,
    phone: Option<&PhoneNumber>,
    keys: &RecipientKeys,
    now: UnixMillis,
) -> HistoryEntry {
    HistoryEntry {
        app_key,
        kind: HistoryKind::Login,
        ending: Ending::Redeemed,
        name: String::new(),
        is_first: true,
        confirm: Confirm::None,
        started_at: now,
        message_at: None,
        verified_at: None,
        ended_at: now,
        country: phone.and_then(phones::country),
        phone_end: phone.map(|phone| phones::end_of(phone).to_owned()),
        recipient: phone.map(|phone| keys.of_phone(phone)),
    }
}

#[cfg(test)]
mod tests;
