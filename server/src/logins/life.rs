//! What may become of a login: pure functions from what it is, and what happened, to what it is next.
//!
//! `None` for a login means that there is none, or none any more; `None` for what is next, that nothing changes.

use std::time::Duration;

use loggin::{Code, PhoneNumber};

use crate::{
    clock::UnixMillis,
    store::{App, Confirm, Login, PhoneHidden, State},
};

/// From the first wait to `expired`: the time to find the phone, read and tap.
pub(crate) const PENDING: Duration = Duration::from_secs(300);
/// How long a message is kept that nobody waits for yet: the phone can be faster than the server's call.
pub(crate) const EARLY: Duration = Duration::from_secs(120);
/// How long a result can be redeemed.
pub(crate) const REDEEMABLE: Duration = Duration::from_secs(300);
/// How long an ended login is remembered, so that a late wait is told of its end.
pub(crate) const TOMBSTONE: Duration = Duration::from_secs(24 * 60 * 60);
/// The age from which on a message verifies nothing: WhatsApp delivers again for days.
pub(crate) const MESSAGE_AGE: Duration = Duration::from_secs(300);
/// Tries for the code that is typed where the login began.
pub(crate) const CONFIRMATION_ATTEMPTS: u8 = 5;

/// A message that carries a login's code.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) user_id: Option<String>,
    /// When it was sent.
    pub(crate) sent_at: UnixMillis,
}

/// Random parts of an answer, made before it is known whether one is needed.
#[derive(Clone, Debug)]
pub(crate) struct AnswerSeed {
    /// MAC of the code to be typed.
    pub(crate) confirmation: [u8; 32],
    /// Name of the login in a "not me" button.
    pub(crate) reference: String,
}

/// The login as it is now: what time alone does to it, done.
pub(crate) fn aged(login: Login, now: UnixMillis) -> Option<Login> {
    let mut login = login;
    while login.deadline <= now {
        let ended_at = login.deadline;
        let state = match login.state {
            State::Pending | State::MessageReceived | State::AwaitingConfirmation | State::Verified => {
                State::Expired
            }
            State::Claimed => State::Used,
            State::Used | State::Expired | State::Denied | State::PhoneHidden => return None,
        };
        login = ended(login, state, ended_at);
    }
    Some(login)
}

/// Whether it has ended, and nothing of a person is in it.
pub(crate) fn is_tombstone(login: &Login) -> bool {
    login.state >= State::Used
}

/// A tombstone: the person is taken out of it.
fn ended(login: Login, state: State, at: UnixMillis) -> Login {
    Login { state, deadline: at + TOMBSTONE, phone: None, user_id: None, confirmation: None, ..login }
}

fn fresh(code: Code, state: State, deadline: UnixMillis) -> Login {
    Login {
        code,
        state,
        version: 0,
        deadline,
        waited_for: false,
        phone: None,
        user_id: None,
        verified_at: None,
        claimed_by: None,
        confirmation: None,
        attempts_left: 0,
        reply_reference: None,
    }
}

/// Somebody waits.
pub(crate) fn waited(login: Option<Login>, code: Code, now: UnixMillis) -> Option<Login> {
    let Some(login) = login else {
        return Some(Login { waited_for: true, ..fresh(code, State::Pending, now + PENDING) });
    };
    if login.waited_for || login.state > State::Verified {
        return None;
    }
    let deadline = match login.verified_at {
        Some(verified_at) => verified_at + REDEEMABLE,
        None => now + PENDING,
    };
    Some(Login { waited_for: true, deadline, ..login })
}

/// A message with the login's code came.
pub(crate) fn received(
    login: Option<Login>,
    code: Code,
    app: &App,
    message: &Message,
    seed: &AnswerSeed,
    now: UnixMillis,
) -> Option<Login> {
    if now.since(message.sent_at) > MESSAGE_AGE {
        return None;
    }
    let login = login.unwrap_or_else(|| fresh(code, State::Pending, now + EARLY));
    if login.state != State::Pending {
        return None;
    }
    let login = Login { user_id: message.user_id.clone(), ..login };
    match (&message.phone, &message.user_id, app.phone_hidden) {
        (Some(phone), _, _) => Some(identified(login, phone.clone(), app, seed, now)),
        (None, Some(_), PhoneHidden::Ask) => Some(Login { state: State::MessageReceived, ..login }),
        (None, Some(_), PhoneHidden::Fail) => Some(ended(login, State::PhoneHidden, now)),
        // Nobody is named who could be asked.
        (None, None, _) => None,
    }
}

/// The sender of a login that waits for the phone number shared it.
pub(crate) fn phone_shared(
    login: Login,
    phone: &PhoneNumber,
    app: &App,
    seed: &AnswerSeed,
    now: UnixMillis,
) -> Option<Login> {
    (login.state == State::MessageReceived).then(|| identified(login, phone.clone(), app, seed, now))
}

/// The sender is known: what follows is the app's choice.
fn identified(login: Login, phone: PhoneNumber, app: &App, seed: &AnswerSeed, now: UnixMillis) -> Login {
    let login = Login { phone: Some(phone), ..login };
    match app.confirm {
        Confirm::None => verified(login, now),
        Confirm::Reply => Login { reply_reference: Some(seed.reference.clone()), ..verified(login, now) },
        Confirm::Code => Login {
            state: State::AwaitingConfirmation,
            confirmation: Some(seed.confirmation),
            attempts_left: CONFIRMATION_ATTEMPTS,
            ..login
        },
    }
}

fn verified(login: Login, now: UnixMillis) -> Login {
    // Nobody waits for an early message yet, so its shorter time goes on.
    let deadline = if login.waited_for { now + REDEEMABLE } else { login.deadline };
    Login { state: State::Verified, verified_at: Some(now), deadline, ..login }
}

/// Somebody redeems the result.
pub(crate) fn claimed(login: Login, redeemer: [u8; 32]) -> Option<Login> {
    (login.state == State::Verified).then_some(Login {
        state: State::Claimed,
        claimed_by: Some(redeemer),
        ..login
    })
}

/// A code was typed where the login began; `right` tells whether it was the one.
pub(crate) fn confirmed(login: Login, right: bool, now: UnixMillis) -> Option<Login> {
    if login.state != State::AwaitingConfirmation {
        return None;
    }
    if right {
        return Some(verified(login, now));
    }
    let attempts_left = login.attempts_left.saturating_sub(1);
    let login = Login { attempts_left, ..login };
    Some(if attempts_left == 0 { ended(login, State::Denied, now) } else { login })
}

/// The sender said "not me", which also takes back a result.
pub(crate) fn denied(login: Login, now: UnixMillis) -> Option<Login> {
    (!matches!(login.state, State::Denied | State::PhoneHidden)).then(|| ended(login, State::Denied, now))
}
