//! Each rule of a login's life, against a real store and a clock that is turned by hand.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use loggin_protocol::{AppKey, Assurance, Code, ErrorCode, PhoneNeed, PhoneNumber, Subject, wire::Progress};
use tempfile::TempDir;

use super::{
    Asks, CodeReceived, Confirmation, ConfirmationCodes, Logins, LoginsParts, Message, PhoneShared, Received,
    Takes, Unchanged, View, Viewer,
    life::{self, Seen},
    view,
};
use crate::{
    apps::Apps,
    clock::{Clock, UnixMillis},
    identity::Evidence,
    limits,
    logins::Waiters,
    phones::RecipientKeys,
    store::{App, Confirm, Login, MessageId, MessageKind, PhoneHidden, Recognised, State, Store},
    tests::{CountingRandom, ManualClock, PHONE, demo_app, store, store_in, token, token_of},
};

const SECOND: Duration = Duration::from_secs(1);

/// What a rule sees that is walked without a store.
fn at(now: UnixMillis) -> Seen {
    Seen { now, known_phone: None }
}

/// The login with whom it is of, as the store would have it.
fn recognised(login: Login) -> Login {
    let is_known = matches!(login.state, State::AwaitingConfirmation | State::Verified | State::Claimed);
    let somebody = Recognised { subject: Subject::from_random([7; 20]), changes: 0 };
    Login { person: is_known.then_some(somebody), ..login }
}

struct Environment {
    logins: Arc<Logins>,
    store: Arc<dyn Store>,
    waiters: Arc<Waiters>,
    clock: Arc<ManualClock>,
    app: App,
    folder: TempDir,
}

impl Environment {
    async fn new() -> Self {
        Self::with_app(demo_app()).await
    }

    async fn with_app(app: App) -> Self {
        let (store, publisher, folder) = store().await;
        store.insert_app(&app).await.unwrap();
        let (clock, waiters) = (ManualClock::new(), Arc::clone(&publisher.waiters));
        let logins = logins(&store, &waiters, &clock);
        Self { logins: Arc::new(logins), store, waiters, clock, app, folder }
    }

    async fn wait(&self) -> Login {
        self.wait_asking(Confirm::None).await
    }

    /// Somebody waits who accepts no less than this as confirmation.
    async fn wait_asking(&self, confirm: Confirm) -> Login {
        let asks = Asks { confirm, asker: None };
        self.logins.wait(&[code()], &asks).await.unwrap().remove(0)
    }

    async fn seen(&self, viewer: Viewer) -> View {
        view(&self.wait().await, viewer, Takes::default())
    }

    async fn claim(&self, key: &str) -> View {
        self.claim_asking(key, Confirm::None).await
    }

    /// Somebody redeems who accepts no less than this as confirmation.
    async fn claim_asking(&self, key: &str, confirm: Confirm) -> View {
        let redeemer = Viewer::redeemer(key.as_bytes());
        let Viewer::Redeemer(hash) = redeemer else { panic!() };
        let login = self.wait_asking(confirm).await;
        let takes = Takes { confirm, ..Takes::default() };
        let logins = self.logins.claim(vec![login], hash, takes).await.unwrap();
        view(&logins[0], redeemer, takes)
    }

    fn received(&self, id: u8, message: Message) -> CodeReceived {
        let id = MessageId { phone_number_id: "1".to_owned(), hash: [id; 32], received_at: self.clock.now() };
        CodeReceived { code: code(), app: Arc::new(self.app.clone()), id, message }
    }

    async fn receive(&self, id: u8, message: Message) -> Received {
        let received = self.logins.receive(vec![self.received(id, message)]).await.unwrap();
        assert_eq!(received.len(), 1);
        received[0]
    }

    /// A message of the usual sender, sent now.
    async fn tap(&self) -> Received {
        self.receive(1, self.message(Some(PHONE), None)).await
    }

    fn message(&self, number: Option<&str>, user_id: Option<&str>) -> Message {
        Message {
            sender: Evidence {
                phone: number.map(phone),
                user_id: user_id.map(str::to_owned),
                ..Evidence::default()
            },
            sent_at: self.clock.now(),
            language: None,
        }
    }

    async fn share(&self, id: u8, number: &str) -> Vec<Received> {
        let id = MessageId { phone_number_id: "1".to_owned(), hash: [id; 32], received_at: self.clock.now() };
        let (user_id, phone) = ("IN.1".to_owned(), phone(number));
        let shared =
            PhoneShared { id, user_id, phone, sender: Evidence::default(), sent_at: self.clock.now() };
        self.logins.share_phone(&shared).await.unwrap()
    }

    async fn owed(&self) -> Vec<MessageKind> {
        let due = self.store.due_messages(self.clock.now(), 100).await.unwrap();
        due.iter().map(|due| due.message.kind).collect()
    }

    async fn digits(&self) -> String {
        let login = self.stored().await.unwrap();
        self.logins.digits(&login).unwrap().expose().to_owned()
    }

    async fn stored(&self) -> Option<Login> {
        self.store.logins(&[code()]).await.unwrap().pop()
    }
}

fn logins(store: &Arc<dyn Store>, waiters: &Arc<Waiters>, clock: &Arc<ManualClock>) -> Logins {
    Logins::new(LoginsParts {
        store: Arc::clone(store),
        apps: Arc::new(Apps::new(Arc::clone(store), Arc::clone(clock) as Arc<dyn Clock>, true)),
        waiters: Arc::clone(waiters),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::new(CountingRandom::default()),
        confirmation: Arc::new(ConfirmationCodes::new([b"secret".as_slice()])),
        recipients: RecipientKeys::derive([b"secret".as_slice()]),
    })
}

fn just_before(duration: Duration) -> Duration {
    duration.saturating_sub(SECOND)
}

fn code() -> Code {
    token(1).code()
}

fn phone(number: &str) -> PhoneNumber {
    PhoneNumber::parse(number).unwrap()
}

fn phone_of(view: View) -> String {
    match view {
        View::Verified(session) => session.phone.unwrap().expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_login_is_pending_then_verified_then_claimed_by_one() {
    let env = Environment::new().await;
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
    assert_eq!(env.tap().await, Received::Changed(State::Verified));
    assert_eq!(phone_of(env.seen(Viewer::Observer).await), PHONE);
    assert_eq!(phone_of(env.claim("first").await), PHONE);
    assert_eq!(env.claim("second").await, View::Rejected(ErrorCode::AlreadyUsed));
    assert_eq!(phone_of(env.claim("first").await), PHONE);
    assert_eq!(phone_of(env.seen(Viewer::Observer).await), PHONE);
}

#[tokio::test]
async fn a_pending_login_expires_after_its_time_however_often_it_is_waited_for() {
    let env = Environment::new().await;
    env.wait().await;
    env.clock.advance(life::PENDING / 2);
    env.wait().await;
    env.clock.advance(just_before(life::PENDING / 2));
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
    env.clock.advance(SECOND);
    assert_eq!(env.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    assert_eq!(env.tap().await, Received::Unchanged(Unchanged::Ended));
    assert_eq!(env.claim("key").await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn an_ended_login_is_remembered_for_a_day_and_pending_anew_after_that() {
    let env = Environment::new().await;
    env.wait().await;
    env.clock.advance(just_before(life::PENDING + life::TOMBSTONE));
    assert_eq!(env.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    env.clock.advance(SECOND);
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
}

#[tokio::test]
async fn a_tombstone_holds_no_person() {
    let env = Environment::new().await;
    env.wait().await;
    env.receive(1, env.message(Some(PHONE), Some("IN.1"))).await;
    env.claim("key").await;
    env.clock.advance(life::REDEEMABLE);
    env.logins.expire().await.unwrap();
    let login = env.stored().await.unwrap();
    assert_eq!((login.state, login.phone, login.user_id), (State::Used, None, None));
    env.clock.advance(life::TOMBSTONE);
    env.logins.purge().await.unwrap();
    assert_eq!(env.stored().await, None);
}

#[tokio::test]
async fn an_early_message_is_kept_for_its_time_only() {
    let env = Environment::new().await;
    env.tap().await;
    env.clock.advance(just_before(life::EARLY));
    assert_eq!(phone_of(env.claim("key").await), PHONE);

    let env = Environment::new().await;
    env.tap().await;
    env.clock.advance(life::EARLY);
    assert_eq!(env.claim("key").await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn an_early_message_that_is_waited_for_is_redeemable_as_long_as_any() {
    let env = Environment::new().await;
    env.tap().await;
    env.wait().await;
    env.clock.advance(just_before(life::REDEEMABLE));
    assert_eq!(phone_of(env.claim("key").await), PHONE);
}

#[tokio::test]
async fn an_old_message_verifies_nothing_and_one_from_the_future_counts_as_now() {
    let env = Environment::new().await;
    env.wait().await;
    let mut message = env.message(Some(PHONE), None);
    message.sent_at = env.clock.now() - life::MESSAGE_AGE - SECOND;
    assert_eq!(env.receive(1, message.clone()).await, Received::Unchanged(Unchanged::TooOld));
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
    message.sent_at = env.clock.now() + Duration::from_secs(3_600);
    assert_eq!(env.receive(1, message).await, Received::Changed(State::Verified));
    assert_eq!(env.stored().await.unwrap().verified_at, Some(env.clock.now()));
}

#[tokio::test]
async fn the_first_sender_is_the_sender() {
    let env = Environment::new().await;
    env.wait().await;
    env.tap().await;
    let other = env.message(Some("15550002222"), None);
    assert_eq!(env.receive(2, other).await, Received::Unchanged(Unchanged::AnotherSender));
    assert_eq!(phone_of(env.claim("key").await), PHONE);
}

#[tokio::test]
async fn a_result_can_be_redeemed_for_its_time_and_then_is_gone() {
    let env = Environment::new().await;
    env.wait().await;
    env.clock.advance(just_before(life::PENDING));
    env.tap().await;
    env.clock.advance(just_before(life::REDEEMABLE));
    assert_eq!(phone_of(env.claim("first").await), PHONE);
    env.clock.advance(SECOND);
    assert_eq!(env.claim("first").await, View::Rejected(ErrorCode::Expired));
    assert_eq!(env.claim("second").await, View::Rejected(ErrorCode::AlreadyUsed));
    assert_eq!(env.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn a_redelivered_message_changes_nothing() {
    let env = Environment::new().await;
    env.wait().await;
    assert_eq!(env.tap().await, Received::Changed(State::Verified));
    assert_eq!(env.tap().await, Received::Unchanged(Unchanged::Repeated));
    // Not even when the login has gone and come again.
    env.clock.advance(life::REDEEMABLE + life::TOMBSTONE);
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
    assert_eq!(env.tap().await, Received::Redelivered);
    assert_eq!(env.seen(Viewer::Observer).await, View::Pending);
}

#[tokio::test]
async fn one_message_twice_in_one_call_counts_once() {
    let env = Environment::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    env.wait().await;
    let one = || env.received(1, env.message(Some(PHONE), None));
    let received = env.logins.receive(vec![one(), one()]).await.unwrap();
    assert_eq!(received, [Received::Changed(State::AwaitingConfirmation), Received::Redelivered]);
}

#[tokio::test]
async fn of_many_redeemers_at_once_exactly_one_wins() {
    let env = Arc::new(Environment::new().await);
    for round in 0..10_u8 {
        let code = token(round).code();
        let received = CodeReceived { code, ..env.received(round, env.message(Some(PHONE), None)) };
        env.logins.receive(vec![received]).await.unwrap();
        let login = env.store.logins(&[code]).await.unwrap().remove(0);
        let claims = (0..100_u8).map(|number| {
            let (logins, login) = (Arc::clone(&env.logins), login.clone());
            tokio::spawn(async move {
                let claimed = logins.claim(vec![login], [number; 32], Takes::default()).await.unwrap();
                matches!(
                    view(&claimed[0], Viewer::Redeemer([number; 32]), Takes::default()),
                    View::Verified(_)
                )
            })
        });
        let mut winners = 0;
        for claim in claims.collect::<Vec<_>>() {
            winners += usize::from(claim.await.unwrap());
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

#[tokio::test]
async fn a_hidden_number_is_asked_for_and_the_login_waits() {
    let env = Environment::new().await;
    env.wait().await;
    let hidden = env.message(None, Some("IN.1"));
    assert_eq!(env.receive(1, hidden).await, Received::Changed(State::MessageReceived));
    assert_eq!(env.owed().await, [MessageKind::SharePhone]);
    assert_eq!(env.seen(Viewer::Observer).await, View::Progress(Progress::MessageReceived));
    assert_eq!(env.claim("key").await, View::Progress(Progress::MessageReceived));
    assert_eq!(env.share(2, PHONE).await, [Received::Changed(State::Verified)]);
    assert_eq!(phone_of(env.claim("key").await), PHONE);
    // Asked once, answered once.
    assert_eq!(env.share(3, "15550002222").await, []);
}

#[tokio::test]
async fn the_reply_names_the_login_and_not_me_takes_the_result_back() {
    let env = Environment::with_app(App { confirm: Confirm::Reply, ..demo_app() }).await;
    env.wait().await;
    env.tap().await;
    assert_eq!(env.owed().await, [MessageKind::SignedIn]);
    let reference = env.stored().await.unwrap().reply_reference.unwrap();
    assert_eq!(phone_of(env.claim("key").await), PHONE);
    let named = env.store.by_reply(&reference).await.unwrap().unwrap();
    assert_eq!(env.logins.deny(named.code).await.unwrap(), Received::Changed(State::Denied));
    assert_eq!(env.logins.deny(named.code).await.unwrap(), Received::Unchanged(Unchanged::Ended));
    assert_eq!(env.claim("key").await, View::Rejected(ErrorCode::Denied));
    assert_eq!(env.stored().await.unwrap().phone, None);
}

#[tokio::test]
async fn a_typed_code_verifies_and_a_repeated_call_is_told_so_again() {
    let env = Environment::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    env.wait().await;
    assert_eq!(env.logins.confirm(code(), "000000").await.unwrap(), Confirmation::NotAwaited);
    env.tap().await;
    assert_eq!(env.owed().await, [MessageKind::ConfirmationCode]);
    let digits = env.digits().await;
    assert_eq!(env.claim("key").await, View::Progress(Progress::AwaitingConfirmation));
    assert_eq!(env.logins.confirm(code(), "wrong").await.unwrap(), Confirmation::Wrong(4));
    assert_eq!(env.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Verified);
    assert_eq!(phone_of(env.claim("key").await), PHONE);
    assert_eq!(env.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Verified);
    assert_eq!(env.logins.confirm(code(), "wrong").await.unwrap(), Confirmation::NotAwaited);
}

#[tokio::test]
async fn five_wrong_codes_end_the_login_also_when_typed_at_once() {
    let env = Environment::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    env.wait().await;
    env.tap().await;
    let digits = env.digits().await;
    let guesses = (0..20).map(|_| {
        let logins = Arc::clone(&env.logins);
        tokio::spawn(async move { logins.confirm(code(), "wrong").await.unwrap() })
    });
    let mut wrong = Vec::new();
    for guess in guesses.collect::<Vec<_>>() {
        if let Confirmation::Wrong(left) = guess.await.unwrap() {
            wrong.push(left);
        }
    }
    wrong.sort_unstable();
    assert_eq!(wrong, [1, 2, 3, 4]);
    assert_eq!(env.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Blocked);
    assert_eq!(env.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Denied));
}

#[tokio::test]
async fn what_changes_wakes_who_waits_and_expiry_does_too() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    env.wait().await;
    env.tap().await;
    let news = slot.news().await;
    assert_eq!(news.logins.iter().map(|login| login.state).collect::<Vec<_>>(), [State::Verified]);
    env.clock.advance(life::REDEEMABLE);
    env.logins.expire().await.unwrap();
    let news = slot.news().await;
    assert_eq!(news.logins.iter().map(|login| login.state).collect::<Vec<_>>(), [State::Expired]);
}

#[tokio::test]
async fn what_another_process_changes_wakes_too() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    let cursor = env.store.cursor().await.unwrap();
    env.wait().await;
    let (other, publisher) = store_in(&env.folder, 2).await;
    let elsewhere = logins(&other, &publisher.waiters, &env.clock);
    let received = env.received(1, env.message(Some(PHONE), None));
    elsewhere.receive(vec![received]).await.unwrap();
    env.logins.follow(cursor).await.unwrap();
    assert_eq!(slot.news().await.logins[0].state, State::Verified);
}

/// As on a server that was just started: somebody waits before it looks for the first time.
#[tokio::test]
async fn what_another_process_changes_before_the_first_look_wakes_too() {
    let env = Environment::new().await;
    let cursor = env.store.cursor().await.unwrap();
    let slot = env.waiters.register(&[code()]);
    env.wait().await;
    let (other, publisher) = store_in(&env.folder, 2).await;
    let elsewhere = logins(&other, &publisher.waiters, &env.clock);
    let received = env.received(1, env.message(Some(PHONE), None));
    elsewhere.receive(vec![received]).await.unwrap();
    tokio::select! {
        news = slot.news() => assert_eq!(news.logins[0].state, State::Verified),
        () = env.logins.look_after(cursor) => {}
    }
}

/// A row is read for its last change alone, and the last one here is this process's own.
#[tokio::test]
async fn what_another_process_changed_is_told_where_this_one_redeems_before_it_looked() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    env.wait().await;
    let cursor = env.store.cursor().await.unwrap();
    let (other, publisher) = store_in(&env.folder, 2).await;
    let elsewhere = logins(&other, &publisher.waiters, &env.clock);
    let received = env.received(1, env.message(Some(PHONE), None));
    elsewhere.receive(vec![received]).await.unwrap();
    assert_eq!(phone_of(env.claim("another").await), PHONE);
    env.logins.follow(cursor).await.unwrap();
    let news = slot.news().now_or_never().expect("who waits is told");
    assert_eq!(news.logins.iter().map(|login| login.state).collect::<Vec<_>>(), [State::Claimed]);
}

#[tokio::test]
async fn one_look_reads_all_that_other_processes_changed() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    let cursor = env.store.cursor().await.unwrap();
    let (other, publisher) = store_in(&env.folder, 2).await;
    let elsewhere = logins(&other, &publisher.waiters, &env.clock);
    let pages = limits::CHANGES_READ * 2 + 1;
    let codes = |first: u32| {
        (first..first + pages).map(|number| {
            let mut secret = [0; 20];
            secret[..4].copy_from_slice(&number.to_le_bytes());
            loggin_protocol::Token::from_secret(env.app.app_key, secret).code()
        })
    };
    // Of this process's own as many, which are passed over.
    elsewhere.wait(&codes(0).collect::<Vec<_>>(), &Asks::default()).await.unwrap();
    env.logins.wait(&codes(1 << 20).collect::<Vec<_>>(), &Asks::default()).await.unwrap();
    elsewhere.receive(vec![env.received(1, env.message(Some(PHONE), None))]).await.unwrap();
    let reached = env.logins.follow(cursor).await.unwrap();
    assert_eq!(slot.news().await.logins[0].state, State::Verified);
    assert_eq!(reached, env.store.cursor().await.unwrap());
}

#[tokio::test]
async fn nobody_is_written_to_for_a_code_that_nobody_waits_for() {
    for confirm in [Confirm::Reply, Confirm::Code] {
        let env = Environment::with_app(App { confirm, ..demo_app() }).await;
        env.tap().await;
        env.receive(2, env.message(Some(PHONE), None)).await;
        assert_eq!(env.owed().await, [], "{confirm:?}");
        // The first wait is what the message was for.
        env.wait().await;
        assert_eq!(env.owed().await.len(), 1, "{confirm:?}");
        env.wait().await;
        assert_eq!(env.owed().await.len(), 1, "{confirm:?}");
    }
    let env = Environment::new().await;
    env.receive(1, env.message(None, Some("IN.1"))).await;
    assert_eq!(env.owed().await, []);
    env.wait().await;
    assert_eq!(env.owed().await, [MessageKind::SharePhone]);
}

#[tokio::test]
async fn a_second_tap_of_the_sender_has_the_digits_sent_again_and_nobody_elses_does() {
    let env = Environment::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    env.wait().await;
    env.tap().await;
    let digits = env.digits().await;
    let first = env.store.due_messages(env.clock.now(), 1).await.unwrap().remove(0).message;
    // It still waits: one is enough.
    let again = |id| env.receive(id, env.message(Some(PHONE), None));
    assert_eq!(again(2).await, Received::ToldAgain);
    assert_eq!(env.owed().await.len(), 1);

    let now = env.clock.now();
    let sent = crate::store::Ended::Finally {
        state: crate::store::MessageState::Sent,
        again: now + limits::RECIPIENT_PAUSE,
    };
    env.store.end_message(first.code, first.serial, sent, first.recipient).await.unwrap();
    assert_eq!(env.owed().await, []);
    let unknown = env.message(Some("15550002222"), None);
    assert_eq!(env.receive(3, unknown).await, Received::Unchanged(Unchanged::AnotherSender));
    assert_eq!(again(2).await, Received::Redelivered);
    assert_eq!(env.owed().await, []);
    assert_eq!(again(4).await, Received::ToldAgain);
    assert_eq!(env.owed().await, [], "not before WhatsApp takes another");
    env.clock.advance(limits::RECIPIENT_PAUSE);
    assert_eq!(env.owed().await, [MessageKind::ConfirmationCode]);
    assert_eq!(env.digits().await, digits);
}

#[tokio::test]
async fn a_person_and_an_app_are_owed_so_many_messages_and_the_login_goes_on_without() {
    let env =
        Environment::with_app(App { confirm: Confirm::Reply, messages_per_day: Some(25), ..demo_app() })
            .await;
    let tap = async |number: u8, sender: &str| {
        let code = token(number).code();
        env.logins.wait(&[code], &Asks::default()).await.unwrap();
        let message = env.message(Some(sender), None);
        let received = CodeReceived { code, ..env.received(number, message) };
        env.logins.receive(vec![received]).await.unwrap()
    };
    for number in 0..30 {
        assert_eq!(tap(number, PHONE).await, [Received::Changed(State::Verified)]);
    }
    let person = usize::try_from(limits::MESSAGES_PER_PERSON).unwrap();
    assert_eq!(env.owed().await.len(), person);
    for number in 30..60 {
        tap(number, &format!("155500022{number}")).await;
    }
    // The person's own that were too many count for the app as little as for them.
    assert_eq!(env.owed().await.len(), 25);
    env.clock.advance(Duration::from_secs(24 * 60 * 60));
    tap(60, PHONE).await;
    assert_eq!(env.owed().await.len(), 26);
}

#[tokio::test]
async fn what_a_listener_missed_is_told_by_the_next_look() {
    let env = Environment::new().await;
    let slot = env.waiters.register(&[code()]);
    env.wait().await;
    let cursor = env.store.cursor().await.unwrap();
    // What this process has published is not read again.
    env.tap().await;
    assert_eq!(slot.news().await.logins.len(), 1);
    assert_eq!(env.store.changed_since(cursor, 10).await.unwrap().logins, []);
}

mod confirming;
mod ending;
mod explorer;
mod identity;
mod returning;
mod sequences;
mod time;
