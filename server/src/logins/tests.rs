//! Each rule of a login's life, against a real store and a clock that is turned by hand.

use std::{sync::Arc, time::Duration};

use loggin::{Code, ErrorCode, PhoneNumber, wire::Progress};
use tempfile::TempDir;

use super::{CodeReceived, Confirmation, KEY_DOMAIN, Logins, Message, Progressed, View, Viewer, life, view};
use crate::{
    clock::{Clock, UnixMillis},
    mac_keys::MacKeys,
    store::{App, Confirm, Login, MessageId, PhoneHidden, State, Store},
    testing::{CountingRandom, ManualClock, PHONE, demo_app, store, token},
    waiters::Waiters,
};

const SECOND: Duration = Duration::from_secs(1);

struct World {
    logins: Arc<Logins>,
    store: Arc<dyn Store>,
    waiters: Arc<Waiters>,
    clock: Arc<ManualClock>,
    app: App,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with_app(demo_app()).await
    }

    async fn with_app(app: App) -> Self {
        let (store, folder) = store().await;
        let waiters = Arc::new(Waiters::default());
        let clock = ManualClock::new();
        let logins = Logins::new(
            Arc::clone(&store),
            Arc::clone(&waiters),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::new(CountingRandom::default()),
            MacKeys::derive([b"secret".as_slice()], KEY_DOMAIN),
        );
        Self { logins: Arc::new(logins), store, waiters, clock, app, folder }
    }

    async fn wait(&self) -> Login {
        self.logins.wait(&[code()]).await.unwrap().remove(0)
    }

    async fn seen(&self, viewer: Viewer) -> View {
        view(&self.wait().await, viewer)
    }

    async fn claim(&self, key: &str) -> View {
        let redeemer = Viewer::redeemer(key.as_bytes());
        let Viewer::Redeemer(hash) = redeemer else { panic!() };
        let login = self.wait().await;
        let logins = self.logins.claim(vec![login], hash).await.unwrap();
        view(&logins[0], redeemer)
    }

    async fn receive(&self, id: u8, message: Message) -> Option<Progressed> {
        let received = CodeReceived {
            code: code(),
            app: Arc::new(self.app.clone()),
            id: MessageId { phone_number_id: "1".to_owned(), hash: [id; 32], received_at: self.clock.now() },
            message,
        };
        self.logins.receive(vec![received]).await.unwrap().pop()
    }

    /// A message of the usual sender, sent now.
    async fn tap(&self) -> Option<Progressed> {
        self.receive(1, self.message(Some(PHONE), None)).await
    }

    fn message(&self, number: Option<&str>, user_id: Option<&str>) -> Message {
        Message { phone: number.map(phone), user_id: user_id.map(str::to_owned), sent_at: self.clock.now() }
    }

    async fn share(&self, number: &str) -> Vec<Progressed> {
        let waiting = self.store.awaiting_phone("IN.1", 10).await.unwrap();
        let app = Arc::new(self.app.clone());
        let logins = waiting.into_iter().map(|login| (login, Arc::clone(&app))).collect();
        self.logins.share_phone(logins, &phone(number)).await.unwrap()
    }

    async fn stored(&self) -> Option<Login> {
        self.store.logins(&[code()]).await.unwrap().pop()
    }
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
    let world = World::new().await;
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
    let progressed = world.tap().await.unwrap();
    assert_eq!(progressed.login.state, State::Verified);
    assert_eq!(phone_of(world.seen(Viewer::Observer).await), PHONE);
    assert_eq!(phone_of(world.claim("first").await), PHONE);
    assert_eq!(world.claim("second").await, View::Rejected(ErrorCode::AlreadyUsed));
    assert_eq!(phone_of(world.claim("first").await), PHONE);
    assert_eq!(phone_of(world.seen(Viewer::Observer).await), PHONE);
}

#[tokio::test]
async fn a_pending_login_expires_after_its_time_however_often_it_is_waited_for() {
    let world = World::new().await;
    world.wait().await;
    world.clock.advance(life::PENDING / 2);
    world.wait().await;
    world.clock.advance(just_before(life::PENDING / 2));
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
    world.clock.advance(SECOND);
    assert_eq!(world.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    assert!(world.tap().await.is_none());
    assert_eq!(world.claim("key").await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn an_ended_login_is_remembered_for_a_day_and_pending_anew_after_that() {
    let world = World::new().await;
    world.wait().await;
    world.clock.advance(just_before(life::PENDING + life::TOMBSTONE));
    assert_eq!(world.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    world.clock.advance(SECOND);
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
}

#[tokio::test]
async fn a_tombstone_holds_no_person() {
    let world = World::new().await;
    world.wait().await;
    world.receive(1, world.message(Some(PHONE), Some("IN.1"))).await.unwrap();
    world.claim("key").await;
    world.clock.advance(life::REDEEMABLE);
    world.logins.expire().await.unwrap();
    let login = world.stored().await.unwrap();
    assert_eq!((login.state, login.phone, login.user_id), (State::Used, None, None));
    world.clock.advance(life::TOMBSTONE);
    world.logins.purge().await.unwrap();
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn an_early_message_is_kept_for_its_time_only() {
    let world = World::new().await;
    world.tap().await.unwrap();
    world.clock.advance(just_before(life::EARLY));
    assert_eq!(phone_of(world.claim("key").await), PHONE);

    let world = World::new().await;
    world.tap().await.unwrap();
    world.clock.advance(life::EARLY);
    assert_eq!(world.claim("key").await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn an_early_message_that_is_waited_for_is_redeemable_as_long_as_any() {
    let world = World::new().await;
    world.tap().await.unwrap();
    world.wait().await;
    world.clock.advance(just_before(life::REDEEMABLE));
    assert_eq!(phone_of(world.claim("key").await), PHONE);
}

#[tokio::test]
async fn an_old_message_verifies_nothing_and_one_from_the_future_counts_as_now() {
    let world = World::new().await;
    world.wait().await;
    let mut message = world.message(Some(PHONE), None);
    message.sent_at = world.clock.now() - life::MESSAGE_AGE - SECOND;
    assert!(world.receive(1, message.clone()).await.is_none());
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
    message.sent_at = world.clock.now() + Duration::from_secs(3_600);
    let progressed = world.receive(1, message).await.unwrap();
    assert_eq!(progressed.login.verified_at, Some(world.clock.now()));
}

#[tokio::test]
async fn the_first_sender_is_the_sender() {
    let world = World::new().await;
    world.wait().await;
    world.tap().await.unwrap();
    assert!(world.receive(2, world.message(Some("15550002222"), None)).await.is_none());
    assert_eq!(phone_of(world.claim("key").await), PHONE);
}

#[tokio::test]
async fn a_result_can_be_redeemed_for_its_time_and_then_is_gone() {
    let world = World::new().await;
    world.wait().await;
    world.clock.advance(just_before(life::PENDING));
    world.tap().await.unwrap();
    world.clock.advance(just_before(life::REDEEMABLE));
    assert_eq!(phone_of(world.claim("first").await), PHONE);
    world.clock.advance(SECOND);
    assert_eq!(world.claim("first").await, View::Rejected(ErrorCode::Expired));
    assert_eq!(world.claim("second").await, View::Rejected(ErrorCode::AlreadyUsed));
    assert_eq!(world.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
}

#[tokio::test]
async fn a_redelivered_message_changes_nothing() {
    let world = World::new().await;
    world.wait().await;
    assert!(world.tap().await.is_some());
    assert!(world.tap().await.is_none());
    // Not even when the login has gone and come again.
    world.clock.advance(life::REDEEMABLE + life::TOMBSTONE);
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
    assert!(world.tap().await.is_none());
    assert_eq!(world.seen(Viewer::Observer).await, View::Pending);
}

#[tokio::test]
async fn one_message_twice_in_one_call_counts_once() {
    let world = World::new().await;
    let one = || CodeReceived {
        code: code(),
        app: Arc::new(world.app.clone()),
        id: MessageId { phone_number_id: "1".to_owned(), hash: [1; 32], received_at: world.clock.now() },
        message: world.message(Some(PHONE), None),
    };
    assert_eq!(world.logins.receive(vec![one(), one()]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_redeemers_at_once_exactly_one_wins() {
    let world = Arc::new(World::new().await);
    for round in 0..10_u8 {
        let code = token(round).code();
        let received = CodeReceived {
            code,
            app: Arc::new(world.app.clone()),
            id: MessageId {
                phone_number_id: "1".to_owned(),
                hash: [round; 32],
                received_at: world.clock.now(),
            },
            message: world.message(Some(PHONE), None),
        };
        let login = world.logins.receive(vec![received]).await.unwrap().remove(0).login;
        let claims = (0..100_u8).map(|number| {
            let (logins, login) = (Arc::clone(&world.logins), login.clone());
            tokio::spawn(async move {
                let claimed = logins.claim(vec![login], [number; 32]).await.unwrap();
                matches!(view(&claimed[0], Viewer::Redeemer([number; 32])), View::Verified(_))
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
    let world = World::new().await;
    world.wait().await;
    let asked = world.receive(1, world.message(None, Some("IN.1"))).await.unwrap();
    assert_eq!(asked.login.state, State::MessageReceived);
    assert_eq!(world.seen(Viewer::Observer).await, View::Progress(Progress::MessageReceived));
    assert_eq!(world.claim("key").await, View::Progress(Progress::MessageReceived));
    let shared = world.share(PHONE).await;
    assert_eq!(shared.len(), 1);
    assert_eq!(phone_of(world.claim("key").await), PHONE);
    // Asked once, answered once.
    assert!(world.share("15550002222").await.is_empty());
}

#[tokio::test]
async fn a_hidden_number_that_is_not_shared_ends_with_the_login_time() {
    let world = World::new().await;
    world.wait().await;
    world.receive(1, world.message(None, Some("IN.1"))).await.unwrap();
    world.clock.advance(life::PENDING);
    assert_eq!(world.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    assert!(world.share(PHONE).await.is_empty());
}

#[tokio::test]
async fn a_hidden_number_fails_where_the_app_says_so() {
    let world = World::with_app(App { phone_hidden: PhoneHidden::Fail, ..demo_app() }).await;
    world.wait().await;
    world.receive(1, world.message(None, Some("IN.1"))).await.unwrap();
    assert_eq!(world.claim("key").await, View::Rejected(ErrorCode::PhoneHidden));
    assert_eq!(world.stored().await.unwrap().user_id, None);
}

#[tokio::test]
async fn the_reply_names_the_login_and_not_me_takes_the_result_back() {
    let world = World::with_app(App { confirm: Confirm::Reply, ..demo_app() }).await;
    world.wait().await;
    let progressed = world.tap().await.unwrap();
    let reference = progressed.login.reply_reference.unwrap();
    assert_eq!(phone_of(world.claim("key").await), PHONE);
    let named = world.store.by_reply(&reference).await.unwrap().unwrap();
    assert!(world.logins.deny(named.code).await.unwrap());
    assert!(!world.logins.deny(named.code).await.unwrap());
    assert_eq!(world.claim("key").await, View::Rejected(ErrorCode::Denied));
    assert_eq!(world.stored().await.unwrap().phone, None);
}

#[tokio::test]
async fn a_typed_code_verifies_and_a_repeated_call_is_told_so_again() {
    let world = World::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    world.wait().await;
    assert_eq!(world.logins.confirm(code(), "000000").await.unwrap(), Confirmation::NotAwaited);
    let progressed = world.tap().await.unwrap();
    let digits = progressed.digits.expose().to_owned();
    assert_eq!(world.claim("key").await, View::Progress(Progress::AwaitingConfirmation));
    assert_eq!(world.logins.confirm(code(), "wrong").await.unwrap(), Confirmation::Wrong(4));
    assert_eq!(world.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Verified);
    assert_eq!(phone_of(world.claim("key").await), PHONE);
    assert_eq!(world.logins.confirm(code(), &digits).await.unwrap(), Confirmation::Verified);
    assert_eq!(world.logins.confirm(code(), "wrong").await.unwrap(), Confirmation::NotAwaited);
}

#[tokio::test]
async fn five_wrong_codes_end_the_login_also_when_typed_at_once() {
    let world = World::with_app(App { confirm: Confirm::Code, ..demo_app() }).await;
    world.wait().await;
    let digits = world.tap().await.unwrap().digits;
    let guesses = (0..20).map(|_| {
        let logins = Arc::clone(&world.logins);
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
    assert_eq!(world.logins.confirm(code(), digits.expose()).await.unwrap(), Confirmation::Blocked);
    assert_eq!(world.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Denied));
}

#[tokio::test]
async fn what_changes_wakes_who_waits_and_expiry_does_too() {
    let world = World::new().await;
    let slot = world.waiters.register(&[code()]);
    world.wait().await;
    world.tap().await.unwrap();
    let news = slot.news().await;
    assert_eq!(news.logins.iter().map(|login| login.state).collect::<Vec<_>>(), [State::Verified]);
    world.clock.advance(life::REDEEMABLE);
    world.logins.expire().await.unwrap();
    let news = slot.news().await;
    assert_eq!(news.logins.iter().map(|login| login.state).collect::<Vec<_>>(), [State::Expired]);
}

#[tokio::test]
async fn what_another_process_changes_wakes_too() {
    let world = World::new().await;
    let slot = world.waiters.register(&[code()]);
    let cursor = world.store.cursor().await.unwrap();
    world.wait().await;
    let path = world.folder.path().join("loggin.db");
    let other: Arc<dyn Store> = Arc::new(crate::store::SqliteStore::open(&path, 2).await.unwrap());
    let elsewhere = Logins::new(
        other,
        Arc::new(Waiters::default()),
        Arc::clone(&world.clock) as Arc<dyn Clock>,
        Arc::new(CountingRandom::default()),
        MacKeys::derive([b"secret".as_slice()], KEY_DOMAIN),
    );
    let received = CodeReceived {
        code: code(),
        app: Arc::new(world.app.clone()),
        id: MessageId { phone_number_id: "1".to_owned(), hash: [1; 32], received_at: world.clock.now() },
        message: world.message(Some(PHONE), None),
    };
    assert_eq!(elsewhere.receive(vec![received]).await.unwrap().len(), 1);
    world.logins.follow(cursor).await.unwrap();
    assert_eq!(slot.news().await.logins[0].state, State::Verified);
}

mod sequences {
    //! Whatever happens in whatever order, the laws of a login hold.

    use proptest::prelude::*;

    use super::*;
    use crate::logins::life::AnswerSeed;

    #[derive(Clone, Debug)]
    enum Step {
        Wait,
        Message { sender: u8, hidden: bool, age: u64 },
        Share { sender: u8 },
        Claim { redeemer: u8 },
        Confirm { right: bool },
        Deny,
        Pass { seconds: u64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => Just(Step::Wait),
            3 => (0..3_u8, any::<bool>(), 0..400_u64)
                .prop_map(|(sender, hidden, age)| Step::Message { sender, hidden, age }),
            1 => (0..3_u8).prop_map(|sender| Step::Share { sender }),
            3 => (0..3_u8).prop_map(|redeemer| Step::Claim { redeemer }),
            1 => any::<bool>().prop_map(|right| Step::Confirm { right }),
            1 => Just(Step::Deny),
            3 => (0..400_u64).prop_map(|seconds| Step::Pass { seconds }),
        ]
    }

    fn number(sender: u8) -> PhoneNumber {
        phone(&format!("9198765432{sender:02}"))
    }

    fn next(login: Option<Login>, step: &Step, app: &App, now: UnixMillis) -> Option<Login> {
        let seed = AnswerSeed { confirmation: [9; 32], reference: "reference".to_owned() };
        match *step {
            Step::Wait => life::waited(login, code(), now),
            Step::Message { sender, hidden, age } => {
                let message = Message {
                    phone: (!hidden).then(|| number(sender)),
                    user_id: Some(format!("IN.{sender}")),
                    sent_at: now - Duration::from_secs(age),
                };
                life::received(login, code(), app, &message, &seed, now)
            }
            Step::Share { sender } => {
                let login =
                    login.filter(|login| login.user_id.as_deref() == Some(&format!("IN.{sender}")))?;
                life::phone_shared(login, &number(sender), app, &seed, now)
            }
            Step::Claim { redeemer } => life::claimed(login?, [redeemer; 32]),
            Step::Confirm { right } => life::confirmed(login?, right, now),
            Step::Deny => life::denied(login?, now),
            Step::Pass { .. } => None,
        }
    }

    proptest! {
        #[test]
        fn the_laws_hold(
            steps in prop::collection::vec(step(), 1..40),
            confirm in prop::sample::select(vec![Confirm::None, Confirm::Reply, Confirm::Code]),
            phone_hidden in prop::sample::select(vec![PhoneHidden::Ask, PhoneHidden::Fail]),
        ) {
            let app = App { confirm, phone_hidden, ..demo_app() };
            let mut now = crate::testing::START;
            let mut login: Option<Login> = None;
            // Of one life, which ends when nothing remembers it.
            let mut winner: Option<[u8; 32]> = None;
            let mut sender: Option<String> = None;
            for step in steps {
                if let Step::Pass { seconds } = step {
                    now = now + Duration::from_secs(seconds);
                }
                login = login.and_then(|login| life::aged(login, now));
                if login.is_none() {
                    (winner, sender) = (None, None);
                }
                let before = login.clone();
                if let Some(changed) = next(login.clone(), &step, &app, now) {
                    if let Some(before) = &before {
                        // Nothing ended comes back, and nothing goes back.
                        prop_assert!(before.state < State::Used || changed.state == State::Denied);
                        prop_assert!(changed.state >= before.state);
                    }
                    prop_assert!(changed.deadline > now);
                    login = Some(changed);
                }
                let Some(login) = &login else { continue };
                if let Some(user_id) = &login.user_id {
                    prop_assert_eq!(sender.get_or_insert_with(|| user_id.clone()), user_id);
                }
                if let Some(claimed_by) = login.claimed_by {
                    prop_assert_eq!(*winner.get_or_insert(claimed_by), claimed_by);
                }
                prop_assert_eq!(login.state >= State::Used, life::is_tombstone(login));
                if life::is_tombstone(login) {
                    prop_assert!(login.phone.is_none() && login.user_id.is_none());
                    prop_assert!(login.deadline <= now + life::TOMBSTONE);
                }
                // A session tells the sender's number, to one redeemer at most.
                let redeemers = (0..3_u8).map(|redeemer| Viewer::Redeemer([redeemer; 32]));
                let told = redeemers.filter_map(|viewer| match view(login, viewer) {
                    View::Verified(session) => Some(session),
                    _ => None,
                });
                let told: Vec<_> = told.collect();
                prop_assert!(told.len() <= 1);
                for session in told {
                    prop_assert!(session.phone.is_some());
                    prop_assert!(login.deadline <= UnixMillis::from(session.verified_at.0) + life::REDEEMABLE);
                }
            }
        }
    }
}
