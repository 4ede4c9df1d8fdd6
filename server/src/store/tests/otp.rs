//! The behaviour that every store must show of one-time codes.

use std::time::Duration;

use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::logins::NOW;
use crate::{
    clock::UnixMillis,
    store::{
        CallCount, CountedCalls, LiveCode, OtpCall, OtpDelivery, OtpPhone, OtpPurge, OtpRefusal, OtpSession,
        OtpWrite, Sending, Store, TestNumber,
    },
    whatsapp::DeliveryStatus,
};

/// Runs the suite against what `$open` makes: a store with nothing in it, and whatever must outlive it.
macro_rules! otp_store_suite {
    ($open:path) => {
        otp_store_suite!($open:
            a_phone_reads_back_as_it_was_written,
            a_session_reads_back_as_it_was_written,
            a_stale_phone_is_refused_and_nothing_is_written_with_it,
            of_two_writes_of_one_version_one_is_made,
            a_code_beyond_the_quota_is_refused,
            calls_are_counted_in_windows,
            a_call_is_counted_whatever_becomes_of_its_writes,
            a_recipient_has_turns,
            a_call_is_begun_once_and_answered_once,
            deliveries_only_grow,
            people_leave_before_sessions_do,
            what_a_clock_wrote_that_was_ahead_is_as_old_as_it_is_young,
            phones_that_are_one_account_have_one_row,
            a_message_fails_once,
            a_late_status_brings_nobody_back,
            test_numbers_are_kept,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            // A store whose database is not installed is passed over, which has been said.
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::otp::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use otp_store_suite;

const SECOND: Duration = Duration::from_secs(1);

fn app_key() -> AppKey {
    AppKey::parse("8XKPQ2WN").unwrap()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn number(digits: &str) -> PhoneNumber {
    PhoneNumber::parse(digits).unwrap()
}

pub(super) fn phone(version: i64) -> OtpPhone {
    OtpPhone {
        subject: [1; 32],
        version,
        live: Some(LiveCode { session_id: id(1), expires_at: NOW + SECOND, attempts_left: 4 }),
        sending: Some(Sending { session_id: id(2), until: NOW + SECOND * 2 }),
        cooldown_until: NOW + SECOND * 3,
        wrong_at: vec![NOW, NOW + SECOND],
        wrong_in_row: 2,
        changed_at: NOW,
    }
}

pub(super) fn session(number_: u128) -> OtpSession {
    OtpSession {
        session_id: id(number_),
        app_key: app_key(),
        subject: [1; 32],
        phone: Some(number("919876543210")),
        meta: Some("{}".to_owned()),
        code_mac: [2; 32],
        digits: 6,
        is_test: true,
        is_gateway: true,
        used: false,
        created_at: NOW,
        accepted: false,
        failure: None,
        delivery: None,
        wa_id: None,
        user_id: None,
    }
}

fn call(number: u8) -> OtpCall {
    OtpCall { hash: [number; 32], body_mac: [9; 32] }
}

fn begin(session: u128, instead_of: Option<u128>) -> OtpWrite {
    OtpWrite::Begin { call: call(1), session_id: id(session), instead_of: instead_of.map(id), now: NOW }
}

fn response(session: Option<u128>, text: &str) -> OtpWrite {
    OtpWrite::Response { call: call(1), session_id: session.map(id), response: text.into(), now: NOW }
}

/// A call of a key that may make two in a minute.
fn call_at(now: UnixMillis) -> CallCount {
    CallCount { app_key: app_key(), now, since: now - SECOND * 60, most: 2 }
}

/// Makes one write; why not, where it is refused.
async fn one(store: &impl Store, write: OtpWrite) -> Option<OtpRefusal> {
    store.write(vec![write]).await.unwrap().err()
}

pub(in crate::store) async fn a_phone_reads_back_as_it_was_written(store: &impl Store) {
    assert_eq!(store.otp_phone(&[1; 32]).await.unwrap(), None);
    let bare = OtpPhone { live: None, sending: None, wrong_at: Vec::new(), ..phone(2) };
    for phone in [phone(1), bare] {
        assert_eq!(one(store, OtpWrite::Phone(phone.clone())).await, None);
        assert_eq!(store.otp_phone(&[1; 32]).await.unwrap(), Some(phone));
    }
}

pub(in crate::store) async fn a_session_reads_back_as_it_was_written(store: &impl Store) {
    let bare = OtpSession { phone: None, meta: None, is_test: false, is_gateway: false, ..session(2) };
    let writes = vec![OtpWrite::Session(session(1)), OtpWrite::Session(bare.clone())];
    store.write(writes).await.unwrap().unwrap();
    assert_eq!(store.otp_session(id(1)).await.unwrap(), Some(session(1)));
    assert_eq!(store.otp_session(id(2)).await.unwrap(), Some(bare.clone()));
    assert_eq!(store.otp_session(id(3)).await.unwrap(), None);
    let wa_id = Some(number("5215512345678"));
    let sent =
        OtpWrite::Sent { session_id: id(1), message_hash: [7; 32], wa_id: wa_id.clone(), failure: Some(0) };
    store.write(vec![sent, OtpWrite::Used { session_id: id(1), used: true }]).await.unwrap().unwrap();
    let found = store.otp_session_of_message(&[7; 32]).await.unwrap();
    assert_eq!(found, Some(OtpSession { used: true, accepted: true, failure: Some(0), wa_id, ..session(1) }));
    assert_eq!(store.otp_session_of_message(&[8; 32]).await.unwrap(), None);
    let both = store.otp_session_and_phone(id(2)).await.unwrap();
    assert_eq!(both, Some((bare.clone(), None)));
    assert_eq!(one(store, OtpWrite::Phone(phone(1))).await, None);
    assert_eq!(store.otp_session_and_phone(id(2)).await.unwrap(), Some((bare, Some(phone(1)))));
    assert_eq!(store.otp_session_and_phone(id(3)).await.unwrap(), None);
}

pub(in crate::store) async fn a_stale_phone_is_refused_and_nothing_is_written_with_it(store: &impl Store) {
    assert_eq!(one(store, OtpWrite::Phone(phone(2))).await, Some(OtpRefusal::Stale));
    assert_eq!(one(store, OtpWrite::Phone(phone(1))).await, None);
    assert_eq!(one(store, OtpWrite::Phone(phone(1))).await, Some(OtpRefusal::Stale));
    let count = OtpWrite::CountSend { app_key: app_key(), month: 202_611, most: None };
    let writes = vec![OtpWrite::Session(session(1)), count, OtpWrite::Phone(phone(3))];
    assert_eq!(store.write(writes).await.unwrap(), Err(OtpRefusal::Stale));
    assert_eq!(store.otp_session(id(1)).await.unwrap(), None);
    assert_eq!(store.otp_sends(app_key(), 202_611).await.unwrap(), 0);
}

pub(in crate::store) async fn of_two_writes_of_one_version_one_is_made(store: &impl Store) {
    let other = OtpPhone { wrong_in_row: 9, ..phone(1) };
    let both =
        tokio::join!(one(store, OtpWrite::Phone(phone(1))), one(store, OtpWrite::Phone(other.clone())));
    let winner = match both {
        (None, Some(OtpRefusal::Stale)) => phone(1),
        (Some(OtpRefusal::Stale), None) => other,
        neither => panic!("{neither:?}"),
    };
    assert_eq!(store.otp_phone(&[1; 32]).await.unwrap(), Some(winner));
}

pub(in crate::store) async fn a_code_beyond_the_quota_is_refused(store: &impl Store) {
    let send = |month, most| OtpWrite::CountSend { app_key: app_key(), month, most };
    assert_eq!(one(store, send(202_611, Some(0))).await, Some(OtpRefusal::Quota));
    for expected in [1, 2] {
        let counts = store.write(vec![send(202_611, Some(2))]).await.unwrap().unwrap();
        assert_eq!(counts.sends, Some(expected));
    }
    assert_eq!(one(store, send(202_611, Some(2))).await, Some(OtpRefusal::Quota));
    assert_eq!(one(store, OtpWrite::UncountSend { app_key: app_key(), month: 202_610 }).await, None);
    assert_eq!(store.otp_sends(app_key(), 202_611).await.unwrap(), 2);
    assert_eq!(one(store, OtpWrite::UncountSend { app_key: app_key(), month: 202_611 }).await, None);
    assert_eq!(one(store, send(202_611, None)).await, None);
    assert_eq!(one(store, send(202_612, Some(1))).await, None);
    assert_eq!(store.otp_sends(app_key(), 202_612).await.unwrap(), 1);
}

pub(in crate::store) async fn calls_are_counted_in_windows(store: &impl Store) {
    let count = async |now: UnixMillis| {
        let (counted, outcome) = store.write_counted(Some(call_at(now)), Vec::new()).await.unwrap();
        let CountedCalls { calls, since } = counted.unwrap();
        (calls, since, outcome.err())
    };
    assert_eq!(count(NOW).await, (1, NOW, None));
    assert_eq!(count(NOW + SECOND * 59).await, (2, NOW, None));
    assert_eq!(count(NOW + SECOND * 59).await, (3, NOW, Some(OtpRefusal::Rate)));
    assert_eq!(count(NOW + SECOND * 60).await, (1, NOW + SECOND * 60, None));
    assert_eq!(one(store, OtpWrite::CountNotRequested { app_key: app_key() }).await, None);
    assert_eq!(count(NOW + SECOND * 60).await, (2, NOW + SECOND * 60, None));
}

pub(in crate::store) async fn a_call_is_counted_whatever_becomes_of_its_writes(store: &impl Store) {
    let write = async |version| {
        let writes = vec![OtpWrite::Phone(phone(version)), OtpWrite::Session(session(1))];
        let (counted, outcome) = store.write_counted(Some(call_at(NOW)), writes).await.unwrap();
        (counted.unwrap().calls, outcome.err())
    };
    assert_eq!(write(2).await, (1, Some(OtpRefusal::Stale)));
    assert_eq!(store.otp_session(id(1)).await.unwrap(), None);
    assert_eq!(write(1).await, (2, None));
    assert_eq!(write(2).await, (3, Some(OtpRefusal::Rate)));
    assert_eq!(store.otp_phone(&[1; 32]).await.unwrap(), Some(phone(1)), "a call too many writes nothing");
}

pub(in crate::store) async fn a_recipient_has_turns(store: &impl Store) {
    let turn = |recipient, now: UnixMillis| OtpWrite::Turn {
        recipient: [recipient; 32],
        now,
        pause: SECOND * 6,
        until: now + SECOND * 12,
    };
    for refusal in [None, None, Some(OtpRefusal::Turn)] {
        assert_eq!(one(store, turn(1, NOW)).await, refusal);
    }
    assert_eq!(one(store, turn(2, NOW)).await, None);
    assert_eq!(one(store, turn(1, NOW + SECOND * 6)).await, None);
    assert_eq!(one(store, turn(1, NOW + SECOND * 6)).await, Some(OtpRefusal::Turn));
}

pub(in crate::store) async fn a_call_is_begun_once_and_answered_once(store: &impl Store) {
    assert!(store.otp_call(&[1; 32]).await.unwrap().is_none());
    assert_eq!(one(store, begin(1, None)).await, None);
    assert_eq!(one(store, begin(2, None)).await, Some(OtpRefusal::Known));
    assert_eq!(one(store, begin(2, Some(3))).await, Some(OtpRefusal::Known));
    assert_eq!(one(store, begin(2, Some(1))).await, None);
    let known = store.otp_call(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((known.session_id, known.response, known.body_mac), (Some(id(2)), None, [9; 32]));
    for other in [Some(1), None] {
        assert_eq!(one(store, response(other, "other")).await, Some(OtpRefusal::Known));
        if let Some(session_id) = other.map(id) {
            assert_eq!(one(store, OtpWrite::Forget { call: call(1), session_id }).await, None);
        }
    }
    assert_eq!(one(store, response(Some(2), "answer")).await, None);
    assert_eq!(one(store, response(Some(2), "another")).await, Some(OtpRefusal::Known));
    assert_eq!(one(store, begin(3, Some(2))).await, Some(OtpRefusal::Known));
    assert_eq!(one(store, OtpWrite::Forget { call: call(1), session_id: id(2) }).await, None);
    let known = store.otp_call(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(known.response.as_deref(), Some(b"answer".as_slice()));
}

pub(in crate::store) async fn deliveries_only_grow(store: &impl Store) {
    one(store, OtpWrite::Session(session(1))).await;
    let delivery = |session, delivery, wa_id: Option<&str>| OtpDelivery {
        session_id: id(session),
        delivery,
        wa_id: wa_id.map(number),
        user_id: wa_id.map(|_| "IN.1".to_owned()),
        event: None,
    };
    let told = vec![
        delivery(1, DeliveryStatus::Read, Some("919876543210")),
        delivery(1, DeliveryStatus::Sent, None),
        delivery(2, DeliveryStatus::Sent, None),
    ];
    store.deliveries(told).await.unwrap();
    let kept = store.otp_session(id(1)).await.unwrap().unwrap();
    assert_eq!((kept.delivery, kept.wa_id), (Some(DeliveryStatus::Read), Some(number("919876543210"))));
    assert_eq!(kept.user_id.as_deref(), Some("IN.1"));
    assert_eq!(store.otp_session(id(2)).await.unwrap(), None);
}

pub(in crate::store) async fn people_leave_before_sessions_do(store: &impl Store) {
    let late = OtpSession { created_at: NOW + SECOND, ..session(2) };
    let writes = vec![
        OtpWrite::Session(session(1)),
        OtpWrite::Session(late),
        OtpWrite::Phone(phone(1)),
        begin(1, None),
        OtpWrite::Turn { recipient: [1; 32], now: NOW, pause: SECOND, until: NOW + SECOND * 9 },
    ];
    store.write(writes).await.unwrap().unwrap();
    let purge = async |now: UnixMillis, person_kept, kept| {
        store.purge_otp(OtpPurge { now, person_kept, kept, turns: SECOND * 60 }, 10).await.unwrap()
    };
    assert_eq!(purge(NOW, SECOND * 2, SECOND * 2).await, 0);
    let after = NOW + SECOND * 2;
    assert_eq!(purge(after, SECOND, SECOND * 9).await, 2, "a person, and a row of turns");
    let of =
        async |number| store.otp_session(id(number)).await.unwrap().map(|session| session.phone.is_some());
    assert_eq!((of(1).await, of(2).await), (Some(false), Some(true)));
    assert_eq!(purge(after, SECOND * 9, SECOND).await, 3);
    assert_eq!((of(1).await, of(2).await), (None, Some(true)));
    assert!(store.otp_phone(&[1; 32]).await.unwrap().is_none());
    assert!(store.otp_call(&[1; 32]).await.unwrap().is_none());
}

pub(in crate::store) async fn what_a_clock_wrote_that_was_ahead_is_as_old_as_it_is_young(store: &impl Store) {
    let ahead = NOW + SECOND * 1_000;
    let phone = OtpPhone { changed_at: ahead, ..phone(1) };
    let turn = |recipient, now: UnixMillis| OtpWrite::Turn {
        recipient: [recipient; 32],
        now,
        pause: SECOND * 6,
        until: now + SECOND * 6,
    };
    let writes = vec![
        OtpWrite::Session(OtpSession { created_at: ahead, ..session(1) }),
        OtpWrite::Phone(phone),
        turn(1, ahead),
        turn(2, ahead),
    ];
    store.write(writes).await.unwrap().unwrap();
    assert_eq!(one(store, turn(1, NOW)).await, None, "nobody waits for such a turn");
    assert_eq!(one(store, turn(1, NOW)).await, Some(OtpRefusal::Turn));
    let purge = OtpPurge { now: NOW, person_kept: SECOND * 9, kept: SECOND * 90, turns: SECOND * 60 };
    // The session goes, first its person; the turns of the other recipient go.
    assert_eq!(store.purge_otp(purge, 10).await.unwrap(), 3);
    assert!(store.otp_session(id(1)).await.unwrap().is_none());
    // Counts of guesses stay, from now on for as long as any.
    assert_eq!(store.otp_phone(&[1; 32]).await.unwrap().unwrap().changed_at, NOW);
    let (counted, _) = store.write_counted(Some(call_at(ahead)), Vec::new()).await.unwrap();
    assert_eq!(counted.unwrap().since, ahead);
    let (counted, _) = store.write_counted(Some(call_at(NOW)), Vec::new()).await.unwrap();
    assert_eq!(counted, Some(CountedCalls { calls: 2, since: NOW }));
}

pub(in crate::store) async fn phones_that_are_one_account_have_one_row(store: &impl Store) {
    let other = OtpPhone { subject: [2; 32], ..phone(1) };
    let join = |from, version, into| OtpWrite::Join { from: [from; 32], version, into: [into; 32] };
    assert_eq!(one(store, OtpWrite::Phone(phone(1))).await, None);
    assert_eq!(one(store, OtpWrite::Phone(other.clone())).await, None);
    // Both must be as they were read.
    for (version, next) in [(2, 2), (1, 3), (0, 2)] {
        let writes = vec![OtpWrite::Phone(phone(next)), join(2, version, 1)];
        assert_eq!(store.write(writes).await.unwrap(), Err(OtpRefusal::Stale));
        assert_eq!(store.otp_phone(&[2; 32]).await.unwrap(), Some(other.clone()));
    }
    let writes = vec![OtpWrite::Phone(phone(2)), join(2, 1, 1), join(3, 0, 1)];
    store.write(writes).await.unwrap().unwrap();
    for subject in [1, 2, 3] {
        assert_eq!(store.otp_phone(&[subject; 32]).await.unwrap(), Some(phone(2)));
    }
    // A row of a name that leads elsewhere is not made again.
    assert_eq!(one(store, OtpWrite::Phone(other)).await, Some(OtpRefusal::Stale));
    let session = OtpSession { subject: [2; 32], ..session(1) };
    assert_eq!(one(store, OtpWrite::Session(session)).await, None);
    assert_eq!(store.otp_session_and_phone(id(1)).await.unwrap().unwrap().1, Some(phone(2)));
    // The account is joined with a further one: all lead there, in one step.
    let last = OtpPhone { subject: [4; 32], ..phone(1) };
    store.write(vec![OtpWrite::Phone(last.clone()), join(1, 2, 4)]).await.unwrap().unwrap();
    for subject in [1, 2, 3, 4] {
        assert_eq!(store.otp_phone(&[subject; 32]).await.unwrap(), Some(last.clone()));
    }
    let purge = OtpPurge { now: NOW + SECOND, person_kept: SECOND, kept: Duration::ZERO, turns: SECOND };
    store.purge_otp(purge, 10).await.unwrap();
    assert_eq!(store.otp_phone(&[2; 32]).await.unwrap(), None);
    let again = OtpPhone { subject: [2; 32], ..phone(1) };
    assert_eq!(one(store, OtpWrite::Phone(again)).await, None, "nothing leads from it any more");
}

pub(in crate::store) async fn a_message_fails_once(store: &impl Store) {
    let failed = || OtpWrite::Failed { session_id: id(1), failure: 131_026 };
    assert_eq!(one(store, failed()).await, Some(OtpRefusal::Known), "there is no such session");
    one(store, OtpWrite::Session(session(1))).await;
    assert_eq!(one(store, failed()).await, None);
    assert_eq!(one(store, failed()).await, Some(OtpRefusal::Known));
    let kept = store.otp_session(id(1)).await.unwrap().unwrap();
    assert_eq!((kept.delivery, kept.failure), (Some(DeliveryStatus::Failed), Some(131_026)));
}

pub(in crate::store) async fn a_late_status_brings_nobody_back(store: &impl Store) {
    one(store, OtpWrite::Session(session(1))).await;
    let purge = OtpPurge { now: NOW + SECOND, person_kept: Duration::ZERO, kept: SECOND * 9, turns: SECOND };
    store.purge_otp(purge, 10).await.unwrap();
    let person = Some(number("919876543210"));
    let status = OtpDelivery {
        session_id: id(1),
        delivery: DeliveryStatus::Read,
        wa_id: person.clone(),
        user_id: Some("IN.1".to_owned()),
        event: None,
    };
    store.deliveries(vec![status]).await.unwrap();
    let sent = OtpWrite::Sent { session_id: id(1), message_hash: [7; 32], wa_id: person, failure: None };
    assert_eq!(one(store, sent).await, None);
    let kept = store.otp_session(id(1)).await.unwrap().unwrap();
    assert_eq!((kept.phone, kept.meta, kept.wa_id, kept.user_id), (None, None, None, None));
    assert_eq!(kept.delivery, Some(DeliveryStatus::Read));
}

pub(in crate::store) async fn test_numbers_are_kept(store: &impl Store) {
    let (first, second) = (number("15550001111"), number("15550002222"));
    let test = |code: &str, cooldown| TestNumber { code: code.to_owned(), cooldown };
    store.put_test_number(&first, &test("123456", true)).await.unwrap();
    store.put_test_number(&second, &test("0000", true)).await.unwrap();
    store.put_test_number(&first, &test("654321", false)).await.unwrap();
    assert!(store.remove_test_number(&second).await.unwrap());
    assert!(!store.remove_test_number(&second).await.unwrap());
    let kept: Vec<(String, TestNumber)> = store.test_numbers().await.unwrap().into_iter().collect();
    assert_eq!(kept, [("15550001111".to_owned(), test("654321", false))]);
}
