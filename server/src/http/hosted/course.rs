//! What comes next for somebody whom a client sent here: rules without effects.

use std::time::Duration;

use crate::{
    clock::UnixMillis,
    phones,
    store::{Confirm, KnownSession},
};

/// What a client asks of the sign-in itself.
#[allow(clippy::struct_excessive_bools)] // one for each value of `prompt`
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    /// `prompt=none`: nothing is shown.
    pub(super) silent: bool,
    /// `prompt=login`: the person signs in now, whoever is remembered.
    pub(super) login: bool,
    /// `prompt=select_account`: the person says who they are.
    pub(super) choose: bool,
    /// `prompt=consent`: the person is asked what the client may know, whatever they said before.
    pub(super) consent: bool,
    /// How long ago they may have signed in.
    pub(super) max_age: Option<Duration>,
    /// The least confirmation that counts.
    pub(super) least: Confirm,
    /// `login_hint`: who is expected.
    pub(super) hint: Option<String>,
    /// Whether people are asked what this client may know.
    pub(super) asks_consent: bool,
}

/// What has been done since the client asked, in this browser.
#[allow(clippy::struct_excessive_bools)] // each is something that was said by itself
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// They signed in.
    pub(super) signed_in: bool,
    /// They said that they are who is remembered.
    pub(super) chose: bool,
    /// They said that they are somebody else.
    pub(super) is_other: bool,
    /// They agreed to what the client may know.
    pub(super) agreed: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// They sign in.
    SignIn,
    /// They say whether they are who is remembered.
    Choose,
    /// They say what the client may know.
    Consent,
    /// The client is told who they are.
    Approve,
    /// The client is told why it is told nothing.
    Refuse(Silent),
}

/// Why nothing can be told without showing anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silent {
    LoginRequired,
    ConsentRequired,
}

/// What comes next for who is remembered, if anybody is; `agreed_before` tells whether they let the client know all this.
pub(super) fn next(
    wishes: &Wishes,
    session: Option<&KnownSession>,
    done: Done,
    agreed_before: bool,
    now: UnixMillis,
) -> Next {
    let Some(known) = session.filter(|known| is_enough(wishes, known, done, now)) else {
        return if wishes.silent { Next::Refuse(Silent::LoginRequired) } else { Next::SignIn };
    };
    let said_who = done.signed_in || done.chose;
    if !said_who && (wishes.choose || is_unexpected(wishes, known)) {
        return if wishes.silent { Next::Refuse(Silent::LoginRequired) } else { Next::Choose };
    }
    let agreed = done.agreed || (agreed_before && !wishes.consent);
    match (wishes.asks_consent && !agreed, wishes.silent) {
        (false, _) => Next::Approve,
        (true, true) => Next::Refuse(Silent::ConsentRequired),
        (true, false) => Next::Consent,
    }
}

/// Whether a session is one that the client takes. What began since the client asked is never too old.
fn is_enough(wishes: &Wishes, known: &KnownSession, done: Done, now: UnixMillis) -> bool {
    let session = &known.session;
    let age = now.since(session.auth_time);
    let is_recent = done.signed_in || (!wishes.login && wishes.max_age.is_none_or(|most| age <= most));
    !done.is_other && is_recent && session.confirmation >= wishes.least && now < session.expires_at
}

/// Whether somebody else is expected. A hint that is no phone number expects nobody.
fn is_unexpected(wishes: &Wishes, known: &KnownSession) -> bool {
    let hinted = wishes.hint.as_deref().and_then(|hint| phones::read(hint, None));
    match (hinted, &known.phone) {
        (Some(hinted), Some(phone)) => !phones::same_account(&hinted.current, phone),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use loggin_protocol::{AppKey, PhoneNumber, Subject};
    use uuid::Uuid;

    use super::*;
    use crate::{
        store::IssuerSession,
        tests::{APP, START},
    };

    const HOUR: Duration = Duration::from_secs(3_600);
    const NOW: UnixMillis = UnixMillis(START.0 + 3_600_000);

    /// Somebody who signed in an hour ago.
    fn remembered() -> KnownSession {
        KnownSession {
            session: IssuerSession {
                secret_hash: [1; 32],
                session_id: Uuid::from_u128(1),
                app_key: AppKey::parse(APP).unwrap(),
                subject: Subject::from_random([1; 20]),
                code: None,
                auth_time: START,
                confirmation: Confirm::Match,
                is_changed: false,
                expires_at: START + HOUR * 24,
            },
            phone: Some(PhoneNumber::parse("919876543210").unwrap()),
            user_id: None,
        }
    }

    fn silent() -> Wishes {
        Wishes { silent: true, ..Wishes::default() }
    }

    fn seen(wishes: &Wishes, done: Done) -> Next {
        next(wishes, Some(&remembered()), done, false, NOW)
    }

    #[test]
    fn who_is_remembered_goes_on_and_who_is_not_signs_in() {
        let plain = Wishes::default();
        assert_eq!(seen(&plain, Done::default()), Next::Approve);
        assert_eq!(seen(&silent(), Done::default()), Next::Approve);
        let nobody = |wishes: &Wishes| next(wishes, None, Done::default(), true, NOW);
        assert_eq!(nobody(&plain), Next::SignIn);
        assert_eq!(nobody(&silent()), Next::Refuse(Silent::LoginRequired));
        let late = START + HOUR * 24;
        assert_eq!(next(&plain, Some(&remembered()), Done::default(), true, late), Next::SignIn);
    }

    #[test]
    fn prompt_max_age_and_confirmation_are_kept_to() {
        let second = Duration::from_secs(1);
        let aged = |most| Wishes { max_age: Some(most), ..Wishes::default() };
        let least = |least| Wishes { least, ..Wishes::default() };
        let login = Wishes { login: true, ..Wishes::default() };
        for (wishes, expected) in [
            (aged(HOUR), Next::Approve),
            (aged(HOUR.checked_sub(second).unwrap()), Next::SignIn),
            (aged(Duration::ZERO), Next::SignIn),
            (login, Next::SignIn),
            (least(Confirm::Match), Next::Approve),
            (least(Confirm::Code), Next::SignIn),
        ] {
            assert_eq!(seen(&wishes, Done::default()), expected, "{wishes:?}");
            let asked_silently = Wishes { silent: true, ..wishes.clone() };
            let refused = Next::Refuse(Silent::LoginRequired);
            let expected = if expected == Next::Approve { expected } else { refused };
            assert_eq!(seen(&asked_silently, Done::default()), expected, "{wishes:?}");
            // Who has signed in since is not asked for ever.
            let done = Done { signed_in: true, ..Done::default() };
            let expected = if wishes.least == Confirm::Code { Next::SignIn } else { Next::Approve };
            assert_eq!(seen(&wishes, done), expected, "{wishes:?}");
        }
    }

    #[test]
    fn people_say_who_they_are_where_that_is_asked_or_somebody_else_is_expected() {
        let choose = Wishes { choose: true, ..Wishes::default() };
        assert_eq!(seen(&choose, Done::default()), Next::Choose);
        assert_eq!(seen(&choose, Done { chose: true, ..Done::default() }), Next::Approve);
        assert_eq!(seen(&choose, Done { signed_in: true, ..Done::default() }), Next::Approve);
        assert_eq!(seen(&choose, Done { is_other: true, ..Done::default() }), Next::SignIn);
        for (hint, expected) in [
            ("+91 98765 43210", Next::Approve),
            ("919876543210", Next::Approve),
            ("+91 98765 43211", Next::Choose),
            ("somebody@example.org", Next::Approve),
            ("", Next::Approve),
        ] {
            let hinted = Wishes { hint: Some(hint.to_owned()), ..Wishes::default() };
            assert_eq!(seen(&hinted, Done::default()), expected, "{hint}");
            let asked_silently = Wishes { silent: true, ..hinted };
            let refused = Next::Refuse(Silent::LoginRequired);
            let expected = if expected == Next::Choose { refused } else { expected };
            assert_eq!(seen(&asked_silently, Done::default()), expected, "{hint}");
        }
    }

    #[test]
    fn a_client_that_asks_is_told_what_people_agreed_to() {
        let asks = Wishes { asks_consent: true, ..Wishes::default() };
        let again = Wishes { consent: true, ..asks.clone() };
        let of = |wishes: &Wishes, agreed, before| {
            let done = Done { agreed, ..Done::default() };
            next(wishes, Some(&remembered()), done, before, NOW)
        };
        assert_eq!(of(&asks, false, false), Next::Consent);
        assert_eq!(of(&asks, true, false), Next::Approve);
        assert_eq!(of(&asks, false, true), Next::Approve);
        assert_eq!(of(&again, false, true), Next::Consent);
        assert_eq!(of(&again, true, true), Next::Approve);
        let asked_silently = Wishes { silent: true, ..asks };
        assert_eq!(of(&asked_silently, false, false), Next::Refuse(Silent::ConsentRequired));
        assert_eq!(of(&asked_silently, false, true), Next::Approve);
    }
}
