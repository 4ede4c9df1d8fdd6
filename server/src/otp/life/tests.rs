//! Each rule by itself, in virtual time.

use loggin_protocol::{AppKey, PhoneNumber};
use proptest::prelude::*;

use super::*;
use crate::tests::{APP, PHONE, START};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn session(number: u128) -> OtpSession {
    OtpSession {
        session_id: id(number),
        app_key: AppKey::parse(APP).unwrap(),
        subject: [1; 32],
        phone: Some(PhoneNumber::parse(PHONE).unwrap()),
        meta: None,
        code_mac: [0; 32],
        digits: 6,
        is_test: false,
        is_gateway: false,
        used: false,
        created_at: START,
        accepted: true,
        failure: None,
        delivery: None,
        wa_id: None,
        user_id: None,
    }
}

fn started(phone: OtpPhone, number: u128, now: UnixMillis) -> OtpPhone {
    match start(phone, id(number), true, now) {
        Start::Send(phone) => sent(phone, id(number), now).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn live() -> OtpPhone {
    started(fresh([1; 32], START), 1, START)
}

fn wrong(phone: &OtpPhone, number: u128, now: UnixMillis) -> Typed {
    typed(&session(number), Some(phone.clone()), Some(|| false), now)
}

/// A phone whose live code was guessed wrong so often, and what was left after the last.
fn guessed(phone: OtpPhone, number: u128, times: usize, now: UnixMillis) -> (OtpPhone, u8) {
    let mut guessed = (phone, u8::MAX);
    for _ in 0..times {
        guessed = match wrong(&guessed.0, number, now) {
            Typed::Wrong(phone, left) => (phone, left),
            other => panic!("{other:?}"),
        };
    }
    guessed
}

/// Guesses with a new code for each five until the phone is blocked: how many guesses that took, and until when.
fn guessed_out(mut phone: OtpPhone, from: UnixMillis) -> (usize, UnixMillis) {
    let (mut now, mut guesses) = (from, 0);
    for number in 2.. {
        phone = match start(phone, id(number), true, now) {
            Start::Send(phone) => sent(phone, id(number), now).unwrap(),
            Start::Blocked(until) => return (guesses, until),
            Start::Wait(_) => panic!("nothing is on its way"),
        };
        while let Typed::Wrong(next, _) = wrong(&phone, number, now) {
            phone = next;
            guesses += 1;
        }
        now = now + COOLDOWN;
    }
    unreachable!()
}

#[test]
fn a_code_can_be_typed_for_five_minutes() {
    let phone = live();
    let at = |now| typed(&session(1), Some(phone.clone()), Some(|| true), now);
    assert!(matches!(at(START + SECOND * 299), Typed::Right(_)));
    assert!(matches!(at(START + LIFETIME - MILLISECOND), Typed::Right(_)));
    assert_eq!(at(START + LIFETIME), Typed::Expired);
    assert_eq!(at(START + SECOND * 301), Typed::Expired);
}

#[test]
fn a_code_is_typed_once() {
    let Typed::Right(phone) = typed(&session(1), Some(live()), Some(|| true), START) else { panic!() };
    assert_eq!(phone.live, None);
    let used = OtpSession { used: true, ..session(1) };
    assert_eq!(typed(&used, Some(phone), Some(|| true), START), Typed::AlreadyUsed);
}

#[test]
fn a_later_code_takes_the_place_of_the_live_one_once_it_is_sent() {
    let now = START + COOLDOWN;
    let Start::Send(phone) = start(live(), id(2), true, now) else { panic!() };
    assert!(matches!(typed(&session(1), Some(phone.clone()), Some(|| true), now), Typed::Right(_)));
    assert_eq!(wrong(&phone, 2, now), Typed::Expired);
    let not_taken = not_sent(phone.clone(), id(2), now).unwrap();
    assert!(matches!(typed(&session(1), Some(not_taken), Some(|| true), now), Typed::Right(_)));
    let taken = sent(phone, id(2), now).unwrap();
    assert_eq!(wrong(&taken, 1, now), Typed::Expired);
    assert!(matches!(typed(&session(2), Some(taken), Some(|| true), now), Typed::Right(_)));
}

#[test]
fn between_two_codes_there_is_a_pause_that_a_right_code_ends() {
    let almost = START + COOLDOWN - MILLISECOND;
    assert_eq!(start(live(), id(2), true, almost), Start::Wait(MILLISECOND));
    assert!(matches!(start(live(), id(2), true, START + COOLDOWN), Start::Send(_)));
    let Typed::Right(phone) = typed(&session(1), Some(live()), Some(|| true), START) else { panic!() };
    assert!(matches!(start(phone, id(2), true, START), Start::Send(_)));
}

#[test]
fn one_code_is_on_its_way_at_a_time_and_not_for_ever() {
    let Start::Send(phone) = start(fresh([1; 32], START), id(1), true, START) else { panic!() };
    assert_eq!(start(phone.clone(), id(2), true, START), Start::Wait(SENDING));
    let Start::Send(later) = start(phone, id(2), true, START + SENDING) else { panic!() };
    // The first comes back after all, and is too late.
    assert_eq!(sent(later.clone(), id(1), START + SENDING), None);
    assert_eq!(not_sent(later, id(1), START + SENDING), None);
}

#[test]
fn a_pause_counts_from_the_last_code_that_was_taken() {
    let Start::Send(phone) = start(fresh([1; 32], START), id(1), true, START) else { panic!() };
    let phone = not_sent(phone, id(1), START).unwrap();
    assert!(matches!(start(phone, id(2), true, START), Start::Send(_)));
}

#[test]
fn five_tries_a_code() {
    for (times, left) in [(1, 4), (4, 1), (5, 0)] {
        assert_eq!(guessed(live(), 1, times, START).1, left);
    }
    let (phone, _) = guessed(live(), 1, 5, START);
    assert_eq!(wrong(&phone, 1, START), Typed::Blocked(None));
    assert_eq!(
        typed(&session(1), Some(phone.clone()), Some(|| panic!("compared")), START),
        Typed::Blocked(None)
    );
    assert!(matches!(start(phone, id(2), true, START + COOLDOWN), Start::Send(_)));
}

#[test]
fn an_attempt_is_counted_before_the_code_is_looked_at() {
    let mut asked = false;
    let result = typed(
        &session(1),
        Some(live()),
        Some(|| {
            asked = true;
            false
        }),
        START,
    );
    assert!(asked);
    let Typed::Wrong(phone, _) = result else { panic!() };
    assert_eq!((phone.wrong_at.len(), phone.wrong_in_row), (1, 1));
}

#[test]
fn ten_wrong_guesses_in_any_hour_whatever_is_sent() {
    let (guesses, until) = guessed_out(fresh([1; 32], START), START);
    assert_eq!(guesses, WRONG_AN_HOUR);
    assert_eq!(until, START + HOUR);
}

#[test]
fn the_last_guesses_of_an_hour_end_a_code_early() {
    let (phone, _) = guessed(live(), 1, 5, START);
    let now = START + COOLDOWN;
    let (phone, left) = guessed(started(phone, 2, now), 2, 3, now);
    assert_eq!(left, 2);
    let Typed::Right(phone) = typed(&session(2), Some(phone), Some(|| true), now) else { panic!() };
    assert_eq!((phone.wrong_in_row, phone.wrong_at.len()), (0, 8), "the hour goes on");
    let (phone, left) = guessed(started(phone, 3, now), 3, 2, now);
    assert_eq!(left, 0, "the hour's tenth is the last, at the code's second");
    let until = START + HOUR;
    assert_eq!(typed(&session(3), Some(phone.clone()), Some(|| true), now), Typed::Blocked(Some(until)));
    assert_eq!(start(phone.clone(), id(4), true, now + COOLDOWN), Start::Blocked(until));
    assert!(matches!(start(phone, id(4), true, until), Start::Send(_)));
}

#[test]
fn fifty_wrong_guesses_in_a_row_block_for_a_day() {
    let mut phone = fresh([1; 32], START);
    let mut now = START;
    for number in 0..10 {
        phone = guessed(started(phone, number, now), number, 5, now).0;
        now = now + HOUR;
    }
    let until = now - HOUR + ROW_FORGOTTEN;
    assert_eq!(start(phone.clone(), id(99), true, now), Start::Blocked(until));
    let Start::Send(phone) = start(phone, id(99), true, until) else { panic!() };
    let phone = sent(phone, id(99), until).unwrap();
    assert_eq!(guessed(phone, 99, 1, until).0.wrong_in_row, 1);
}

#[test]
fn a_code_that_nobody_asked_for_is_cancelled() {
    let phone = cancelled(live(), id(1), START).unwrap();
    assert_eq!(typed(&session(1), Some(phone.clone()), Some(|| true), START), Typed::Expired);
    assert_eq!(cancelled(phone, id(1), START), None);
    assert_eq!(cancelled(live(), id(2), START), None);
}

/// Guesses at codes of so many digits, one code after the other and hours apart, until a day's pause.
fn guesses_in_a_row(digits: u8) -> u32 {
    let (mut phone, mut now, mut guesses) = (fresh([1; 32], START), START, 0);
    for number in 1..100 {
        let Start::Send(next) = start(phone, id(number), true, now) else { break };
        phone = sent(next, id(number), now).unwrap();
        let session = OtpSession { digits, ..session(number) };
        while let Typed::Wrong(next, left) = typed(&session, Some(phone.clone()), Some(|| false), now) {
            phone = next;
            guesses += 1;
            let end = typed(&session, Some(phone.clone()), Some(|| false), now);
            assert_eq!(left == 0, matches!(end, Typed::Blocked(_)), "what is left is told as it is");
        }
        now = now + HOUR;
    }
    guesses
}

#[test]
fn codes_of_fewer_digits_have_fewer_guesses_in_a_row() {
    for (digits, most) in [(4, 10), (5, 25), (6, 50), (8, 50), (0, 50)] {
        assert_eq!(guesses_in_a_row(digits), most, "{digits}");
    }
}

#[test]
fn a_message_that_failed_gives_its_pause_back_and_takes_its_code_along() {
    let phone = failed(live(), id(1), START).unwrap();
    assert_eq!(wrong(&phone, 1, START), Typed::Expired);
    assert!(matches!(start(phone.clone(), id(2), true, START), Start::Send(_)));
    assert_eq!(failed(phone, id(1), START), None);
    // That of an earlier code ends nothing of a later one.
    let later = started(live(), 2, START + COOLDOWN);
    assert_eq!(failed(later, id(1), START + COOLDOWN), None);
    let Start::Send(sending) = start(fresh([1; 32], START), id(1), true, START) else { panic!() };
    let phone = failed(sending, id(1), START).unwrap();
    assert!(matches!(start(phone, id(2), true, START), Start::Send(_)));
}

#[test]
fn what_cannot_be_the_code_costs_nothing() {
    let (phone, _) = guessed(live(), 1, 2, START);
    let rubbish = |phone: &OtpPhone| typed(&session(1), Some(phone.clone()), None::<fn() -> bool>, START);
    assert_eq!(rubbish(&phone), Typed::Unreadable(3));
    let (phone, _) = guessed(phone, 1, 3, START);
    assert_eq!(rubbish(&phone), Typed::Blocked(None));
}

#[test]
fn two_phones_that_are_one_account_add_up() {
    let (one, _) = guessed(live(), 1, 3, START);
    let later = START + SECOND * 60;
    let (other, _) = guessed(started(fresh([2; 32], later), 2, later), 2, 4, later);
    let joined = joined(one.clone(), &other, later);
    assert_eq!((joined.subject, joined.version), (one.subject, one.version + 1));
    assert_eq!((joined.wrong_in_row, joined.wrong_at.len()), (7, 7));
    assert!(joined.wrong_at.is_sorted());
    assert_eq!(joined.cooldown_until, later + COOLDOWN);
    assert_eq!(joined.live.map(|live| live.session_id), Some(id(2)), "the later code is the live one");
}

#[derive(Clone, Debug)]
enum Step {
    Start,
    Wrong,
    Right,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Start),
        8 => Just(Step::Wrong),
        1 => Just(Step::Right),
        3 => (1..4_000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..200)
}

proptest! {
    /// From whatever a clock wrote that was wrong, nobody waits for longer than for what happens now, and a look later
    /// nobody waits for longer than that.
    #[test]
    fn no_clock_blocks_anybody_for_longer_than_the_longest_span(
        offsets in proptest::collection::vec(-9_000_000_000..9_000_000_000_i64, 15),
        wrong in 0..12_usize,
        in_row in 0..120_u32,
        gap in 0..400_000_000_i64,
    ) {
        let at = |index: usize| UnixMillis(START.0 + offsets[index]);
        let mut wrong_at: Vec<UnixMillis> = (3..3 + wrong).map(at).collect();
        wrong_at.sort_unstable();
        let phone = OtpPhone {
            live: Some(LiveCode { session_id: id(1), expires_at: at(0), attempts_left: 5 }),
            sending: Some(Sending { session_id: id(2), until: at(1) }),
            cooldown_until: at(2),
            wrong_at,
            wrong_in_row: in_row,
            ..fresh([1; 32], START)
        };
        let kept = timely(phone, START);
        prop_assert_eq!(timely(kept.clone(), START), kept.clone(), "a second look changes nothing");
        let longest = START + ROW_FORGOTTEN;
        match start(kept.clone(), id(3), true, START) {
            Start::Send(_) => {}
            Start::Wait(delay) => prop_assert!(delay <= COOLDOWN.max(SENDING)),
            Start::Blocked(until) => prop_assert!(until <= longest),
        }
        let later = UnixMillis(START.0 + gap);
        if later >= longest {
            let free = start(timely(kept, later), id(3), true, later);
            prop_assert!(matches!(free, Start::Send(_)));
        }
    }

    /// Whatever is done in whatever order: no hour has more than ten wrong guesses, and no row more than fifty.
    #[test]
    fn no_sequence_buys_more_guesses(steps in steps()) {
        let (mut phone, mut now, mut number) = (fresh([1; 32], START), START, 0);
        let (mut wrong_at, mut in_row) = (Vec::new(), 0);
        for step in steps {
            match step {
                Step::Wait(seconds) => now = now + SECOND * u32::try_from(seconds).unwrap(),
                Step::Start => {
                    if let Start::Send(next) = start(phone.clone(), id(number + 1), true, now) {
                        number += 1;
                        phone = sent(next, id(number), now).unwrap();
                    }
                }
                Step::Wrong => {
                    if let Typed::Wrong(next, _) = wrong(&phone, number, now) {
                        let last: Option<&UnixMillis> = wrong_at.last();
                        in_row = if last.is_none_or(|last| *last + ROW_FORGOTTEN <= now) { 1 } else { in_row + 1 };
                        wrong_at.push(now);
                        phone = next;
                    }
                }
                Step::Right => {
                    if let Typed::Right(next) = typed(&session(number), Some(phone.clone()), Some(|| true), now) {
                        in_row = 0;
                        phone = next;
                    }
                }
            }
            let recent = wrong_at.iter().filter(|moment| now < **moment + HOUR).count();
            prop_assert!(recent <= WRONG_AN_HOUR && in_row <= WRONG_IN_ROW);
        }
    }
}
