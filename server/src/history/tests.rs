//! What a change leaves in the history.

use std::time::Duration;

use super::*;
use crate::{
    store::{Outcome, PACE, Steps, tests::login},
    tests::{PHONE, START},
};

fn keys() -> RecipientKeys {
    RecipientKeys::derive([b"secret".as_slice()])
}

fn row(before: Option<&Login>, after: &Login) -> Option<HistoryEntry> {
    of_login(before, after, &keys(), START).map(|entry| *entry)
}

fn known(state: State) -> Login {
    let phone = PhoneNumber::parse(PHONE).unwrap();
    let steps = Steps { started_at: Some(START), message_at: Some(START + Duration::from_secs(1)) };
    Login { phone: Some(phone), steps, ..login(1, state) }
}

#[test]
fn each_end_has_its_row_once() {
    let cases = [
        (State::Pending, State::Pending, None),
        (State::Pending, State::MessageReceived, None),
        (State::MessageReceived, State::AwaitingConfirmation, None),
        (State::AwaitingConfirmation, State::Verified, None),
        (State::Verified, State::Claimed, Some((Ending::Redeemed, true))),
        (State::Claimed, State::Used, None),
        (State::Pending, State::Lapsed, Some((Ending::NoMessage, true))),
        (State::MessageReceived, State::Expired, Some((Ending::NoNumber, true))),
        (State::AwaitingConfirmation, State::Expired, Some((Ending::NotConfirmed, true))),
        (State::Verified, State::Expired, Some((Ending::NotRedeemed, true))),
        (State::Pending, State::PhoneHidden, Some((Ending::PhoneHidden, true))),
        (State::AwaitingConfirmation, State::Denied, Some((Ending::NotMe, true))),
        (State::Verified, State::Denied, Some((Ending::TakenBack, true))),
        // There is a row already, and the second does not count as another login.
        (State::Claimed, State::Denied, Some((Ending::TakenBack, false))),
        (State::Used, State::Denied, Some((Ending::TakenBack, false))),
        (State::Expired, State::Denied, Some((Ending::NotMe, false))),
        (State::Denied, State::Denied, None),
    ];
    for (before, after, expected) in cases {
        let row = row(Some(&known(before)), &login(1, after));
        assert_eq!(row.map(|row| (row.ending, row.is_first)), expected, "{before:?} to {after:?}");
    }
    let last_try = Login { attempts_left: 1, ..known(State::AwaitingConfirmation) };
    let typed = row(Some(&last_try), &login(1, State::Denied));
    assert_eq!(typed.map(|row| row.ending), Some(Ending::TooManyDigits));
    let early = Login { waited_for: false, ..login(1, State::Expired) };
    assert_eq!(row(Some(&known(State::Verified)), &early), None, "nobody has asked for it");
}

#[test]
fn a_row_has_the_person_of_what_it_was_and_no_number() {
    let after = Login { verified_at: Some(START + Duration::from_secs(2)), ..known(State::Claimed) };
    let row = row(Some(&known(State::Verified)), &Login { phone: None, ..after.clone() }).unwrap();
    assert_eq!(
        (row.country.as_deref(), row.phone_end.as_deref()),
        (Some("IN"), Some(&PHONE[PHONE.len() - 4..]))
    );
    assert_eq!(row.recipient, Some(keys().of_phone(&PhoneNumber::parse(PHONE).unwrap())));
    assert_eq!(row.name, after.code.login_id());
    assert!(!format!("{row:?}").contains(PHONE) && !format!("{row:?}").contains(&after.code.expose()));
    let steps = [Some(row.started_at), row.message_at, row.verified_at];
    assert_eq!(steps, [0, 1, 2].map(|seconds| Some(START + Duration::from_secs(seconds))));
}

#[test]
fn what_an_earlier_version_began_has_the_moments_that_are_known() {
    let verified_at = Some(START - Duration::from_secs(9));
    let after = Login { verified_at, ..login(1, State::Claimed) };
    let row = row(Some(&Login { verified_at, ..login(1, State::Verified) }), &after).unwrap();
    assert_eq!((Some(row.started_at), row.message_at, row.ended_at), (verified_at, verified_at, START));
}

#[test]
fn a_result_is_on_a_step_of_the_scale() {
    let of = |millis: i64| {
        let verified_at = Some(UnixMillis(START.0 + millis));
        let after = Login { verified_at, ..known(State::Claimed) };
        row(Some(&known(State::Verified)), &after).unwrap().pace()
    };
    let last = i64::try_from(PACE.len()).unwrap();
    let cases = [(0, 0), (1_000, 0), (1_001, 1), (300_000, last - 1), (300_001, last), (-5, 0)];
    for (millis, step) in cases {
        assert_eq!(of(millis), Some(step), "{millis}");
    }
    assert!(PACE.is_sorted());
}

#[test]
fn every_outcome_and_reason_asks_for_the_rows_that_have_it() {
    for ending in Ending::ALL {
        assert!(row::endings(Some(ending.outcome()), ending.reason()).contains(&ending));
    }
    assert_eq!(row::endings(Some(Outcome::Revoked), None), [Ending::TakenBack]);
    assert_eq!(row::endings(None, Some("not_me")), [Ending::NotMe, Ending::TakenBack]);
    assert_eq!(row::endings(Some(Outcome::Blocked), Some("not_me")), []);
}

#[test]
fn a_cursor_reads_back_and_nothing_else_is_one() {
    for id in [0, 1, 4_711, i64::MAX] {
        assert_eq!(row::Cursor(id).to_string().parse(), Ok(row::Cursor(id)));
    }
    for text in ["", "1", "AAAA", "no cursor", "AAAAAAAAAAAAAAAAAAAA"] {
        assert!(text.parse::<row::Cursor>().is_err(), "{text}");
    }
}

#[test]
fn the_end_of_a_number_is_told_from_a_whole_one() {
    for (text, end) in [
        ("3210", Some("3210")),
        ("…3210", Some("3210")),
        ("+919876543210", None),
        ("321", None),
        ("12a4", None),
    ] {
        assert_eq!(row::end_of_masked(text), end, "{text}");
    }
}
