//! How every store keeps the messages that people are owed.

use std::time::Duration;

use loggin_protocol::Code;

use super::logins::{NOW, insert, login};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Attempt, Begun, Change, ChangeOutcome, DueMessage, Ended, MessageKind, MessageState, Owed, State,
        Store,
    },
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs the suite, as `store_suite` does.
macro_rules! outbox_suite {
    ($open:path) => {
        outbox_suite!($open:
            a_message_is_queued_with_its_change_or_not_at_all,
            a_message_is_taken_once,
            a_message_that_was_taken_is_due_again_when_nobody_came_back,
            a_recipient_has_turns_and_holds_nobody_else_up,
            a_pause_of_a_recipient_keeps_all_their_messages_back,
            another_kind_takes_the_place_and_the_old_end_changes_nothing,
            a_moment_too_far_ahead_is_due,
            the_oldest_that_waits_is_known,
        );
    };
    ($open:path: $($test:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $test() {
            // A store whose database is not installed is passed over, which has been said.
            let Some((store, _kept)) = $open().await else { return };
            $crate::store::tests::outbox::$test(&store).await;
        }
    )+};
}
pub(in crate::store) use outbox_suite;

fn owed(kind: MessageKind, recipient: u8, now: UnixMillis) -> Owed {
    Owed { kind, recipient: [recipient; 32], now, most_per_day: None }
}

/// A login that owes a message to this recipient.
fn owing(number: u8, recipient: u8) -> Change {
    let login = login(number, State::AwaitingConfirmation);
    Change { owed: Some(owed(MessageKind::ConfirmationCode, recipient, NOW)), ..insert(login) }
}

fn attempt(due: &DueMessage, now: UnixMillis, burst: u32) -> Attempt {
    let message = &due.message;
    Attempt {
        code: message.code,
        serial: message.serial,
        recipient: message.recipient,
        now,
        until: now + SECOND * 20,
        pause: SECOND * 6,
        burst,
    }
}

async fn due_codes(store: &impl Store, now: UnixMillis) -> Vec<Code> {
    store.due_messages(now, 10).await.unwrap().iter().map(|due| due.message.code).collect()
}

async fn first_due(store: &impl Store, now: UnixMillis) -> DueMessage {
    store.due_messages(now, 10).await.unwrap().remove(0)
}

fn code(number: u8) -> Code {
    login(number, State::Pending).code
}

pub(in crate::store) async fn a_message_is_queued_with_its_change_or_not_at_all(store: &impl Store) {
    assert_eq!(store.next_message().await.unwrap(), None);
    let again = owing(1, 1);
    let outcomes = store.apply(vec![owing(1, 1), again]).await.unwrap();
    assert_eq!(outcomes, [ChangeOutcome::Applied, ChangeOutcome::Conflict]);
    let due = first_due(store, NOW).await;
    assert_eq!((due.message.code, due.message.kind), (code(1), MessageKind::ConfirmationCode));
    assert_eq!((due.message.serial, due.message.tries), (1, 0));
    assert_eq!(due.login.map(|login| login.state), Some(State::AwaitingConfirmation));
    assert_eq!(due_codes(store, NOW).await.len(), 1);
    assert_eq!(due_codes(store, NOW - SECOND).await, []);
    assert_eq!(store.next_message().await.unwrap(), Some(NOW));
}

pub(in crate::store) async fn a_message_is_taken_once(store: &impl Store) {
    store.apply(vec![owing(1, 1)]).await.unwrap();
    let due = first_due(store, NOW).await;
    let take = || store.begin_message(attempt(&due, NOW, 10));
    let (one, other) = tokio::join!(take(), take());
    let mut both = [one.unwrap(), other.unwrap()];
    both.sort_by_key(|begun| *begun != Begun::Taken);
    assert_eq!(both, [Begun::Taken, Begun::Gone]);
    assert_eq!(due_codes(store, NOW).await, []);
    let sent = Ended::Finally { state: MessageState::Sent, again: NOW + SECOND };
    store.end_message(due.message.code, due.message.serial, sent, due.message.recipient).await.unwrap();
    assert_eq!(due_codes(store, NOW + SECOND * 60).await, []);
    assert_eq!(take().await.unwrap(), Begun::Gone);
}

pub(in crate::store) async fn a_message_that_was_taken_is_due_again_when_nobody_came_back(
    store: &impl Store,
) {
    store.apply(vec![owing(1, 1)]).await.unwrap();
    let due = first_due(store, NOW).await;
    store.begin_message(attempt(&due, NOW, 10)).await.unwrap();
    assert_eq!(due_codes(store, NOW + SECOND * 19).await, []);
    let left = first_due(store, NOW + SECOND * 20).await;
    assert_eq!((left.message.state, left.message.tries), (MessageState::Sending, 1));
}

pub(in crate::store) async fn a_recipient_has_turns_and_holds_nobody_else_up(store: &impl Store) {
    store.apply(vec![owing(1, 1), owing(2, 1), owing(3, 1), owing(4, 2)]).await.unwrap();
    let mut later = Vec::new();
    for due in store.due_messages(NOW, 10).await.unwrap() {
        if let Begun::Later(moment) = store.begin_message(attempt(&due, NOW, 2)).await.unwrap() {
            later.push((due.message.recipient, moment));
        }
    }
    assert_eq!(later, [([1; 32], NOW + SECOND * 6)]);
    assert_eq!(due_codes(store, NOW).await, []);
    assert_eq!(store.next_message().await.unwrap(), Some(NOW + SECOND * 6));
    let due = first_due(store, NOW + SECOND * 6).await;
    assert_eq!(due.message.tries, 0, "it was not tried");
    let begun = store.begin_message(attempt(&due, NOW + SECOND * 6, 2)).await.unwrap();
    assert_eq!(begun, Begun::Taken);
}

pub(in crate::store) async fn a_pause_of_a_recipient_keeps_all_their_messages_back(store: &impl Store) {
    store.apply(vec![owing(1, 1), owing(2, 1)]).await.unwrap();
    let burst = limits::RECIPIENT_BURST;
    let due = first_due(store, NOW).await;
    store.begin_message(attempt(&due, NOW, burst)).await.unwrap();
    let due_at = NOW + SECOND * 60;
    let ended = Ended::Retry { due_at, recipient_pauses: true };
    store.end_message(due.message.code, due.message.serial, ended, due.message.recipient).await.unwrap();
    let other = first_due(store, NOW).await;
    assert_ne!(other.message.code, due.message.code);
    let Begun::Later(later) = store.begin_message(attempt(&other, NOW, burst)).await.unwrap() else {
        panic!("it was taken");
    };
    assert!(later >= due_at, "{later:?}");
}

pub(in crate::store) async fn another_kind_takes_the_place_and_the_old_end_changes_nothing(
    store: &impl Store,
) {
    let asked = Change {
        owed: Some(owed(MessageKind::SharePhone, 1, NOW)),
        ..insert(login(1, State::MessageReceived))
    };
    store.apply(vec![asked]).await.unwrap();
    let due = first_due(store, NOW).await;
    store.begin_message(attempt(&due, NOW, 10)).await.unwrap();
    let confirmed = crate::store::Login { version: 2, ..login(1, State::AwaitingConfirmation) };
    let confirmed = Change {
        expected: Some(1),
        owed: Some(owed(MessageKind::ConfirmationCode, 1, NOW)),
        ..insert(confirmed)
    };
    assert_eq!(store.apply(vec![confirmed]).await.unwrap(), [ChangeOutcome::Applied]);
    let sent = Ended::Finally { state: MessageState::Sent, again: NOW + SECOND };
    store.end_message(due.message.code, due.message.serial, sent, due.message.recipient).await.unwrap();
    let now = first_due(store, NOW).await.message;
    assert_eq!((now.kind, now.serial), (MessageKind::ConfirmationCode, 2));
    store.end_message(now.code, now.serial, Ended::Obsolete, now.recipient).await.unwrap();
    assert_eq!(store.next_message().await.unwrap(), None);
}

pub(in crate::store) async fn a_moment_too_far_ahead_is_due(store: &impl Store) {
    let ahead = NOW + SECOND * 3_600;
    let change = Change {
        owed: Some(owed(MessageKind::ConfirmationCode, 1, ahead)),
        ..insert(login(1, State::Pending))
    };
    store.apply(vec![change]).await.unwrap();
    assert_eq!(due_codes(store, NOW).await, [code(1)]);
}

pub(in crate::store) async fn the_oldest_that_waits_is_known(store: &impl Store) {
    assert_eq!(store.oldest_message().await.unwrap(), None);
    let later = NOW + SECOND;
    let second = Change {
        owed: Some(owed(MessageKind::ConfirmationCode, 2, later)),
        ..insert(login(2, State::AwaitingConfirmation))
    };
    store.apply(vec![second, owing(1, 1)]).await.unwrap();
    assert_eq!(store.oldest_message().await.unwrap(), Some(NOW));
}
