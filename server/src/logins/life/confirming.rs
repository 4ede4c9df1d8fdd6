//! How a login comes to be confirmed by more than its message: asked for, typed, chosen.

use super::{CONFIRMATION_ATTEMPTS, Next, PENDING, Seed, Unchanged, denied, ended, verified};
use crate::{
    clock::UnixMillis,
    store::{Confirm, Login, State},
};

/// The login, of which somebody asks for more than anybody did before. What was verified with less waits for the rest.
pub(super) fn raised(login: Login, confirm: Confirm, seed: impl FnOnce() -> Seed, now: UnixMillis) -> Login {
    let state = login.state;
    let login = Login { confirm, ..login };
    match (state, confirm) {
        // A reply follows the result and holds nothing up.
        (State::Verified, Confirm::None | Confirm::Reply) => with_buttons(login, seed()),
        (State::Verified, _) => {
            Login { verified_at: None, deadline: now + PENDING, ..awaiting(login, seed()) }
        }
        (State::AwaitingConfirmation, _) => awaiting(login, seed()),
        _ => login,
    }
}

/// The login with what names it in the buttons of messages about it.
pub(super) fn with_buttons(login: Login, seed: Seed) -> Login {
    let reference = login.reply_reference.clone().unwrap_or(seed.reference);
    Login { reply_reference: Some(reference), ..login }
}

/// The login, waiting for its sender to choose or to type digits. What they are derived from stays: a button of an earlier
/// message means the same as before.
pub(super) fn awaiting(login: Login, seed: Seed) -> Login {
    let confirmation = login.confirmation.or(Some(seed.confirmation));
    let login = with_buttons(login, seed);
    let attempts_left = CONFIRMATION_ATTEMPTS;
    Login { state: State::AwaitingConfirmation, confirmation, attempts_left, ..login }
}

/// A code was typed where the login began; `is_right` tells whether it was the one.
pub(crate) fn confirmed(
    login: Option<Login>,
    is_right: impl FnOnce(&Login) -> bool,
    now: UnixMillis,
) -> Next {
    let Some(login) = login.filter(awaits_code) else {
        return Next::Keep(Unchanged::Unconcerned);
    };
    if is_right(&login) {
        return Next::Replace(verified(login, now), None);
    }
    let attempts_left = login.attempts_left.saturating_sub(1);
    let login = Login { attempts_left, ..login };
    let login = if attempts_left == 0 { ended(login, State::Denied, now) } else { login };
    Next::Replace(login, None)
}

/// The link in WhatsApp was opened where the login began; `is_right` tells whether what it brought belongs to this login.
///
/// A wrong one is that of another login, such as an earlier one of the same browser: it is passed over.
pub(crate) fn returned(login: Option<Login>, is_right: impl FnOnce(&Login) -> bool, now: UnixMillis) -> Next {
    match login.filter(awaits_code) {
        Some(login) if is_right(&login) => Next::Replace(verified(login, now), None),
        _ => Next::Keep(Unchanged::Unconcerned),
    }
}

fn awaits_code(login: &Login) -> bool {
    login.state == State::AwaitingConfirmation && login.confirm == Confirm::Code
}

/// Digits were chosen in WhatsApp; `is_right` tells whether they are the ones that are shown where the login began, and
/// `None` where they cannot be told any more.
///
/// Wrong ones deny the login at any time: its sender does not see the page that asks for it.
pub(crate) fn chosen(
    login: Option<Login>,
    is_right: impl FnOnce(&Login) -> Option<bool>,
    is_old: bool,
    now: UnixMillis,
) -> Next {
    let Some(login) = login else {
        return Next::Keep(Unchanged::Unconcerned);
    };
    match (is_right(&login), login.state) {
        (None, _) => Next::Keep(Unchanged::Ended),
        (Some(false), _) => denied(Some(login), now),
        (Some(true), State::AwaitingConfirmation) if login.confirm == Confirm::Match => {
            if is_old {
                return Next::Keep(Unchanged::TooOld);
            }
            Next::Replace(verified(login, now), None)
        }
        (Some(true), _) => Next::Keep(Unchanged::Repeated),
    }
}
