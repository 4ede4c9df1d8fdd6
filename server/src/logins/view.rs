//! What somebody who waits for a login, or redeems it, is told of it.

use loggin_protocol::{
    ErrorCode, PhoneNeed,
    wire::{Progress, SessionBody, Timestamp},
};
use sha2::{Digest, Sha256};

use super::choices::Choices;
use crate::store::{Confirm, Login, State};

/// Who looks at a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Somebody who shows progress.
    Observer,
    /// Somebody who redeems it, named by the hash of an idempotency key.
    Redeemer([u8; 32]),
}

impl Viewer {
    /// The redeemer with this idempotency key.
    pub(crate) fn redeemer(idempotency_key: &[u8]) -> Self {
        Self::Redeemer(Sha256::digest(idempotency_key).into())
    }
}

/// What somebody takes of a login that has a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Takes {
    /// The least that they accept as confirmation.
    pub(crate) confirm: Confirm,
    /// Whether they need the phone number.
    pub(crate) phone: PhoneNeed,
}

impl Takes {
    /// Whether a redeemer can be handed this result.
    pub(crate) fn accepts(self, login: &Login) -> bool {
        login.confirm >= self.confirm && !self.lacks_phone(login)
    }

    fn lacks_phone(self, login: &Login) -> bool {
        self.phone == PhoneNeed::Required && login.phone.is_none()
    }
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Nothing has happened yet.
    Pending,
    /// It moved on, and has no result yet.
    Progress(Progress),
    /// There is a result that a redeemer must claim before being told.
    Claimable,
    /// There is a result.
    Verified(SessionBody),
    /// It ended otherwise.
    Rejected(ErrorCode),
}

/// What `viewer`, who takes so much, is told of a login as it is now.
pub(crate) fn view(login: &Login, viewer: Viewer, takes: Takes) -> View {
    let least = takes.confirm;
    match (login.state, viewer) {
        (State::Pending, _) => View::Pending,
        (State::MessageReceived, _) => View::Progress(Progress::MessageReceived),
        (State::AwaitingConfirmation, _) => View::Progress(awaiting(login)),
        // Whoever asked for more made it wait for that; nobody is handed out less in between.
        (State::Verified, Viewer::Observer) if login.confirm < least => View::Pending,
        (State::Claimed, _) if login.confirm < least => View::Rejected(ErrorCode::AlreadyUsed),
        (State::Verified, Viewer::Redeemer(_)) if takes.lacks_phone(login) => {
            View::Rejected(ErrorCode::PhoneHidden)
        }
        (State::Verified, Viewer::Redeemer(_)) => View::Claimable,
        (State::Verified | State::Claimed, Viewer::Observer) => session(login),
        (State::Claimed, Viewer::Redeemer(redeemer)) if login.claimed_by == Some(redeemer) => {
            if takes.lacks_phone(login) { View::Rejected(ErrorCode::PhoneHidden) } else { session(login) }
        }
        (State::Used, Viewer::Redeemer(redeemer)) if login.claimed_by == Some(redeemer) => {
            View::Rejected(ErrorCode::Expired)
        }
        (State::Claimed | State::Used, Viewer::Redeemer(_)) => View::Rejected(ErrorCode::AlreadyUsed),
        (State::Used, Viewer::Observer) | (State::Expired | State::Lapsed, _) => {
            View::Rejected(ErrorCode::Expired)
        }
        (State::Denied, _) => View::Rejected(ErrorCode::Denied),
        (State::PhoneHidden, _) => View::Rejected(ErrorCode::PhoneHidden),
    }
}

/// What the page has to show or to ask for.
fn awaiting(login: &Login) -> Progress {
    match Choices::of(login) {
        Some(choices) if login.confirm == Confirm::Match => Progress::AwaitingMatch(choices.right),
        _ => Progress::AwaitingConfirmation,
    }
}

fn session(login: &Login) -> View {
    // A login with a result has the moment; a tombstone, which has none, does not come here.
    let Some(verified_at) = login.verified_at else {
        return View::Rejected(ErrorCode::Expired);
    };
    // A node of an earlier version did not say of whom it is: whoever asks next has it said.
    let Some(person) = login.person else {
        return View::Pending;
    };
    View::Verified(SessionBody {
        app_key: login.code.app_key(),
        phone: login.phone.clone(),
        user_id: login.user_id.clone(),
        subject: person.subject,
        confirmation: login.confirm,
        assurance: person.assurance(),
        verified_at: Timestamp(verified_at.into()),
    })
}

/// A sentence for a developer about a login that ended without a result for who asks.
pub(crate) fn reason(error: ErrorCode) -> &'static str {
    match error {
        ErrorCode::AlreadyUsed => {
            "The token was redeemed before, with another idempotency key or with less confirmation than is asked for."
        }
        ErrorCode::Denied => "The person said that this sign-in was not theirs.",
        ErrorCode::Expired => "The sign-in was not finished, or its result not redeemed, in time.",
        ErrorCode::InvalidToken => "This is no token.",
        ErrorCode::PhoneHidden => "WhatsApp did not tell the person's phone number.",
        ErrorCode::Unauthorized => {
            "The secret key or the web page's origin does not belong to the token's app."
        }
        ErrorCode::UnknownApp => {
            "The token's app is not known here, is disabled, or is not the one that the call is for."
        }
        _ => "The sign-in ended.",
    }
}
