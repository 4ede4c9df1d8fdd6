//! What may become of a login: pure functions from what it is, and what happened, to what is next.
//!
//! `None` for a login means that there is none, or none any more. Time is judged here and nowhere else: a stored moment
//! that lies further ahead than its own span allows was written by a clock that was wrong, and counts as now.

mod confirming;

use std::time::Duration;

use loggin_protocol::{Code, PhoneNumber};

pub(crate) use confirming::{chosen, confirmed, returned};

use super::view::Takes;
use crate::{
    clock::UnixMillis,
    identity::Evidence,
    languages::Language,
    store::{App, Asker, Confirm, Login, MessageKind, PhoneHidden, Stage, State, Steps},
};

/// From the first wait to `expired`: the time to find the phone, read and tap.
pub(crate) const PENDING: Duration = Duration::from_secs(300);
/// How long a message is kept that nobody waits for yet: the phone can be faster than the server's call.
pub(crate) const EARLY: Duration = Duration::from_secs(120);
/// How long a result can be redeemed.
pub(crate) const REDEEMABLE: Duration = Duration::from_secs(300);
/// How long an ended login is remembered, so that a late wait is told of its end.
pub(crate) const TOMBSTONE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is remembered that somebody took back a result which had been redeemed: the app's session may last as long.
pub(crate) const TAKEN_BACK: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// The age from which on a message verifies nothing: WhatsApp delivers again for days.
pub(crate) const MESSAGE_AGE: Duration = Duration::from_secs(300);
/// Tries for the code that is typed where the login began.
pub(crate) const CONFIRMATION_ATTEMPTS: u8 = 5;

/// A message that carries a login's code.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who sent it.
    pub(crate) sender: Evidence,
    /// When it was sent.
    pub(crate) sent_at: UnixMillis,
    /// What it is written in, as far as that is known.
    pub(crate) language: Option<Language>,
}

/// What somebody who waits for a login asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    /// The least that they accept as confirmation.
    pub(crate) confirm: Confirm,
    /// The page that waits, where it is one.
    pub(crate) asker: Option<Asker>,
}

/// What a rule sees beside the login.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) now: UnixMillis,
    /// The number of whoever brings the change about, where their message hides it and WhatsApp has shown it before.
    pub(crate) known_phone: Option<PhoneNumber>,
}

/// Random parts of what follows a message, made before it is known whether they are needed.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    /// What the digits to be typed, or to be chosen, are derived from.
    pub(crate) confirmation: [u8; 32],
    /// Name of the login in the buttons of messages about it.
    pub(crate) reference: String,
}

/// What becomes of a login.
#[allow(clippy::large_enum_variant)] // it is taken apart where it is made
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It stays as it is.
    Keep(Unchanged),
    /// It becomes this one, and the person is owed a message where one is named.
    Replace(Login, Option<MessageKind>),
    /// It is forgotten.
    Delete,
}

/// Why a login stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchanged {
    /// Somebody else sent the code first.
    AnotherSender,
    /// The same sender sent it before, and there is nothing more to tell them.
    Repeated,
    /// It has ended.
    Ended,
    /// The message is too old.
    TooOld,
    /// The message names nobody who could be asked.
    NobodyNamed,
    /// What happened does not concern a login in its state, or there is none.
    Unconcerned,
}

/// The longest that a login stays as it is by time alone.
fn longest(login: &Login) -> Duration {
    match login.state {
        State::Pending | State::MessageReceived | State::AwaitingConfirmation => PENDING.max(EARLY),
        State::Verified | State::Claimed => REDEEMABLE,
        State::Denied if login.claimed_by.is_some() => TAKEN_BACK,
        State::Used | State::Expired | State::Denied | State::PhoneHidden | State::Lapsed => TOMBSTONE,
    }
}

/// The longest that a login of this stage stays in a state by time alone.
pub(crate) fn longest_of(stage: Stage) -> Duration {
    match stage {
        Stage::Living => PENDING.max(EARLY).max(REDEEMABLE),
        Stage::Ended => TOMBSTONE.max(TAKEN_BACK),
    }
}

/// The login with its deadline within what its state allows.
fn bounded(login: Login, now: UnixMillis) -> Login {
    let deadline = login.deadline.min(now + longest(&login));
    Login { deadline, ..login }
}

/// The login as it is now: what time alone does to it, done.
pub(crate) fn aged(login: Login, now: UnixMillis) -> Option<Login> {
    let mut login = bounded(login, now);
    while login.deadline <= now {
        let ended_at = login.deadline;
        login = ended(login.clone(), end_of(login.state)?, ended_at);
    }
    Some(login)
}

/// What a state becomes when its time is over; `None` where it is forgotten then.
fn end_of(state: State) -> Option<State> {
    match state {
        State::Pending => Some(State::Lapsed),
        State::MessageReceived | State::AwaitingConfirmation | State::Verified => Some(State::Expired),
        State::Claimed => Some(State::Used),
        State::Used | State::Expired | State::Denied | State::PhoneHidden | State::Lapsed => None,
    }
}

/// What is to be written of a login because of the time alone.
///
/// A login that still lives is never forgotten at once, however long ago it ended: it becomes a tombstone first, which
/// every process tells those who wait.
pub(crate) fn swept(login: Login, now: UnixMillis) -> Next {
    let was = login.clone();
    let login = bounded(login, now);
    if login.deadline > now {
        return if login == was { Next::Keep(Unchanged::Unconcerned) } else { Next::Replace(login, None) };
    }
    let Some(state) = end_of(login.state) else {
        return Next::Delete;
    };
    let ended_at = if login.deadline + TOMBSTONE > now { login.deadline } else { now };
    Next::Replace(ended(login, state, ended_at), None)
}

/// Whether it has ended, and nothing of a person is in it.
#[cfg(test)]
pub(crate) fn is_tombstone(login: &Login) -> bool {
    login.state >= State::Used
}

/// A tombstone: the person is taken out of it.
fn ended(login: Login, state: State, at: UnixMillis) -> Login {
    let login = Login {
        state,
        phone: None,
        user_id: None,
        person: None,
        confirmation: None,
        language: None,
        asker: None,
        ..login
    };
    Login { deadline: at + longest(&login), ..login }
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
        person: None,
        verified_at: None,
        claimed_by: None,
        confirmation: None,
        attempts_left: 0,
        reply_reference: None,
        language: None,
        confirm: Confirm::None,
        asker: None,
        steps: Steps::default(),
    }
}

/// Somebody waits. What an early message's sender is to be told is told now: before, nobody had asked for it.
///
/// Who asks for more than anybody before has the login confirmed by that, also where it was verified with less. `seed` is
/// called where that needs digits.
pub(crate) fn waited(
    login: Option<Login>,
    code: Code,
    asks: &Asks,
    seed: impl FnOnce() -> Seed,
    now: UnixMillis,
) -> Next {
    let Some(login) = login else {
        let (confirm, asker) = (asks.confirm, asks.asker.clone().map(Box::new));
        let steps = Steps { started_at: Some(now), message_at: None };
        let login =
            Login { waited_for: true, confirm, asker, steps, ..fresh(code, State::Pending, now + PENDING) };
        return Next::Replace(login, None);
    };
    if login.state > State::Verified {
        return Next::Keep(Unchanged::Ended);
    }
    let is_raised = asks.confirm > login.confirm;
    let introduced = introduced(&login, asks);
    if login.waited_for && !is_raised && introduced.is_none() {
        return Next::Keep(Unchanged::Repeated);
    }
    let was_owed = message_owed(&login);
    let mut login = if login.waited_for { login } else { first_waited(login, now) };
    if introduced.is_some() {
        login.asker = introduced;
    }
    if is_raised {
        login = confirming::raised(login, asks.confirm, seed, now);
    }
    let message = message_owed(&login).filter(|message| was_owed != Some(*message));
    Next::Replace(login, message)
}

/// The page that asks, where this call says more of it than is known; of a login that has a result, nobody is told any more.
fn introduced(login: &Login, asks: &Asks) -> Option<Box<Asker>> {
    let new = asks.asker.as_ref().filter(|_| login.state < State::Verified)?;
    match &login.asker {
        Some(known) => known.joined(new).map(Box::new),
        None => Some(Box::new(new.clone())),
    }
}

/// An early message's login, now that somebody waits for it.
fn first_waited(login: Login, now: UnixMillis) -> Login {
    let deadline = match login.verified_at {
        Some(verified_at) => verified_at.min(now) + REDEEMABLE,
        None => now + PENDING,
    };
    let steps = Steps { started_at: Some(now), ..login.steps };
    Login { waited_for: true, deadline, steps, ..login }
}

/// A message with the login's code came.
pub(crate) fn received(
    login: Option<Login>,
    code: Code,
    app: &App,
    message: &Message,
    seed: &Seed,
    Seen { now, known_phone }: Seen,
) -> Next {
    if now.since(message.sent_at) > MESSAGE_AGE {
        return Next::Keep(Unchanged::TooOld);
    }
    let login = login.unwrap_or_else(|| fresh(code, State::Pending, now + EARLY));
    if login.state != State::Pending {
        return repeated(login, message);
    }
    let Evidence { phone, user_id, .. } = &message.sender;
    let steps = Steps { message_at: Some(now), ..login.steps };
    let login = Login { user_id: user_id.clone(), language: message.language, steps, ..login };
    // An app that lets nobody hide the number takes none from memory either.
    let known_phone = known_phone.filter(|_| app.phone_hidden != PhoneHidden::Fail);
    match (phone.clone().or(known_phone), user_id, app.phone_hidden) {
        (Some(phone), _, _) => identified(login, Some(phone), app, seed, now),
        (None, Some(_), PhoneHidden::Ask) => replace(Login { state: State::MessageReceived, ..login }),
        (None, Some(_), PhoneHidden::Fail) => replace(ended(login, State::PhoneHidden, now)),
        (None, Some(_), PhoneHidden::Allow) => identified(login, None, app, seed, now),
        (None, None, _) => Next::Keep(Unchanged::NobodyNamed),
    }
}

/// The code of a login came again. Who sent it first is told again what they may not have got; nothing else changes.
fn repeated(login: Login, message: &Message) -> Next {
    if login.state >= State::Used {
        return Next::Keep(Unchanged::Ended);
    }
    if !is_sender(&login, message.sender.phone.as_ref(), message.sender.user_id.as_deref()) {
        return Next::Keep(Unchanged::AnotherSender);
    }
    match message_owed(&login) {
        // That somebody signed in is said once.
        None | Some(MessageKind::SignedIn) => Next::Keep(Unchanged::Repeated),
        again => Next::Replace(login, again),
    }
}

/// Whether this person sent the login's message, by what the login knows of them.
pub(crate) fn is_sender(login: &Login, phone: Option<&PhoneNumber>, user_id: Option<&str>) -> bool {
    let same_user = login.user_id.is_some() && login.user_id.as_deref() == user_id;
    let same_phone = login.phone.is_some() && login.phone.as_ref() == phone;
    same_user || same_phone
}

/// What the sender of a login is to be told in the chat, once somebody waits for the login.
pub(crate) fn message_owed(login: &Login) -> Option<MessageKind> {
    if !login.waited_for {
        return None;
    }
    match login.state {
        State::MessageReceived => Some(MessageKind::SharePhone),
        State::AwaitingConfirmation if login.confirm == Confirm::Match => Some(MessageKind::MatchDigits),
        State::AwaitingConfirmation => Some(MessageKind::ConfirmationCode),
        // Who chose or typed digits knows that they signed in.
        State::Verified | State::Claimed => {
            (login.confirm == Confirm::Reply).then_some(MessageKind::SignedIn)
        }
        State::Pending
        | State::Used
        | State::Expired
        | State::Denied
        | State::PhoneHidden
        | State::Lapsed => None,
    }
}

/// The login moved on; its sender is told of it where its state says so.
fn replace(login: Login) -> Next {
    let message = message_owed(&login);
    Next::Replace(login, message)
}

/// The sender of a login that waits for the phone number shared it, in a message of this moment.
pub(crate) fn phone_shared(
    login: Option<Login>,
    phone: &PhoneNumber,
    sent_at: UnixMillis,
    app: &App,
    seed: &Seed,
    now: UnixMillis,
) -> Next {
    if now.since(sent_at) > MESSAGE_AGE {
        return Next::Keep(Unchanged::TooOld);
    }
    match login {
        Some(login) if login.state == State::MessageReceived => {
            identified(login, Some(phone.clone()), app, seed, now)
        }
        _ => Next::Keep(Unchanged::Unconcerned),
    }
}

/// The sender is known: what follows is the choice of the app, or of whoever waits and asks for more.
fn identified(login: Login, phone: Option<PhoneNumber>, app: &App, seed: &Seed, now: UnixMillis) -> Next {
    let login = Login { phone, confirm: login.confirm.max(app.confirm), ..login };
    replace(match login.confirm {
        Confirm::None => verified(login, now),
        Confirm::Reply => verified(confirming::with_buttons(login, seed.clone()), now),
        Confirm::Match | Confirm::Code => confirming::awaiting(login, seed.clone()),
    })
}

fn verified(login: Login, now: UnixMillis) -> Login {
    // Nobody waits for an early message yet, so its shorter time goes on.
    let deadline = if login.waited_for { now + REDEEMABLE } else { login.deadline };
    Login { state: State::Verified, verified_at: Some(now), deadline, ..login }
}

/// Somebody redeems the result, as far as they take it: what they do not take is not spent.
pub(crate) fn claimed(login: Option<Login>, redeemer: [u8; 32], takes: Takes) -> Next {
    match login {
        Some(login) if login.state == State::Verified && takes.accepts(&login) => {
            Next::Replace(Login { state: State::Claimed, claimed_by: Some(redeemer), ..login }, None)
        }
        _ => Next::Keep(Unchanged::Unconcerned),
    }
}

/// The sender said "not me", which also takes back a result.
pub(crate) fn denied(login: Option<Login>, now: UnixMillis) -> Next {
    match login {
        // A lapsed one was sent by nobody, so nobody has its button.
        Some(login) if !matches!(login.state, State::Denied | State::PhoneHidden | State::Lapsed) => {
            Next::Replace(ended(login, State::Denied, now), None)
        }
        Some(_) => Next::Keep(Unchanged::Ended),
        None => Next::Keep(Unchanged::Unconcerned),
    }
}
