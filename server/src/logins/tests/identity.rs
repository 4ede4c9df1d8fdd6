//! Who a login is of, and what a redeemer is handed of it.

use super::*;

fn session(view: View) -> loggin_protocol::wire::SessionBody {
    match view {
        View::Verified(session) => session,
        other => panic!("{other:?}"),
    }
}

/// An app with this policy.
async fn with_policy(phone_hidden: PhoneHidden) -> Environment {
    Environment::with_app(App { phone_hidden, ..demo_app() }).await
}

impl Environment {
    /// Another login, begun and with a message of these names; what its redeemer is told who takes this.
    async fn sign_in(&self, number: u8, names: Evidence, phone: PhoneNeed) -> View {
        let code = token(number).code();
        let message = Message { sender: names, ..self.message(None, None) };
        let received = CodeReceived { code, ..self.received(number, message) };
        self.logins.receive(vec![received]).await.unwrap();
        self.redeem(number, phone).await
    }

    async fn redeem(&self, number: u8, phone: PhoneNeed) -> View {
        let takes = Takes { phone, ..Takes::default() };
        let waited = self.logins.wait(&[token(number).code()], &Asks::default()).await.unwrap();
        let redeemer = Viewer::redeemer(&[number]);
        let Viewer::Redeemer(hash) = redeemer else { panic!() };
        view(&self.logins.claim(waited, hash, takes).await.unwrap()[0], redeemer, takes)
    }
}

fn names(number: Option<&str>, user: Option<&str>) -> Evidence {
    Evidence { phone: number.map(phone), user_id: user.map(str::to_owned), ..Evidence::default() }
}

const OTHER: &str = "919876543299";

#[tokio::test]
async fn whose_number_whatsapp_has_shown_is_asked_for_it_no_more() {
    for policy in [PhoneHidden::Ask, PhoneHidden::Allow] {
        let env = with_policy(policy).await;
        let shown = session(env.sign_in(1, names(Some(PHONE), Some("IN.1")), PhoneNeed::Required).await);
        let hidden = session(env.sign_in(2, names(None, Some("IN.1")), PhoneNeed::Required).await);
        assert_eq!(hidden.phone.unwrap().expose(), PHONE);
        assert_eq!(hidden.subject, shown.subject);
        // Somebody else is asked, or let in without.
        let stranger = env.sign_in(3, names(None, Some("IN.2")), PhoneNeed::Optional).await;
        match policy {
            PhoneHidden::Ask => assert_eq!(stranger, View::Progress(Progress::MessageReceived)),
            _ => assert_ne!(session(stranger).subject, shown.subject),
        }
    }
    let env = with_policy(PhoneHidden::Fail).await;
    session(env.sign_in(1, names(Some(PHONE), Some("IN.1")), PhoneNeed::Required).await);
    let hidden = env.sign_in(2, names(None, Some("IN.1")), PhoneNeed::Optional).await;
    assert_eq!(hidden, View::Rejected(ErrorCode::PhoneHidden));
}

#[tokio::test]
async fn who_shares_their_number_is_the_person_that_the_number_was_known_as() {
    let env = Environment::new().await;
    let by_number = session(env.sign_in(2, names(Some(PHONE), None), PhoneNeed::Required).await);
    env.wait().await;
    env.receive(1, env.message(None, Some("IN.1"))).await;
    assert_eq!(env.share(3, PHONE).await, [Received::Changed(State::Verified)]);
    assert_eq!(session(env.claim("key").await).subject, by_number.subject);
}

#[tokio::test]
async fn a_login_without_a_number_is_not_spent_on_who_needs_one() {
    let env = with_policy(PhoneHidden::Allow).await;
    let refused = env.sign_in(1, names(None, Some("IN.1")), PhoneNeed::Required).await;
    assert_eq!(refused, View::Rejected(ErrorCode::PhoneHidden));
    assert_eq!(env.redeem(1, PhoneNeed::Required).await, refused);
    let taken = session(env.redeem(1, PhoneNeed::Optional).await);
    assert_eq!((&taken.phone, taken.user_id.as_deref()), (&None, Some("IN.1")));
    // It is the same redeemer's, who is told again what it can take.
    assert_eq!(env.redeem(1, PhoneNeed::Required).await, refused);
    assert_eq!(session(env.redeem(1, PhoneNeed::Optional).await), taken);
}

#[tokio::test]
async fn a_change_is_said_by_the_next_session_that_is_redeemed_and_by_every_copy_of_it() {
    let env = Environment::new().await;
    let owner = session(env.sign_in(1, names(Some(PHONE), Some("IN.1")), PhoneNeed::Required).await);
    assert_eq!(owner.assurance, Assurance::Normal);
    let moved = names(Some(OTHER), Some("IN.1"));
    // Verified, and never redeemed: it tells nobody.
    let unredeemed = CodeReceived {
        code: token(2).code(),
        ..env.received(2, Message { sender: moved.clone(), ..env.message(None, None) })
    };
    env.logins.receive(vec![unredeemed]).await.unwrap();
    let after = session(env.sign_in(3, moved.clone(), PhoneNeed::Required).await);
    assert_eq!((after.subject, &after.assurance), (owner.subject, &Assurance::Changed));
    assert_eq!(session(env.sign_in(4, moved, PhoneNeed::Required).await).assurance, Assurance::Normal);
    // Told again to the same redeemer, it is what it was.
    assert_eq!(session(env.redeem(3, PhoneNeed::Required).await), after);
    let stranger = session(env.sign_in(5, names(Some(PHONE), Some("IN.2")), PhoneNeed::Required).await);
    assert_ne!(stranger.subject, owner.subject);
    assert_eq!(stranger.assurance, Assurance::Changed, "the number was another's");
}

#[tokio::test]
async fn several_messages_of_one_person_in_one_call_are_one_person() {
    let env = Environment::new().await;
    let sends = [(PHONE, "IN.1"), (OTHER, "IN.1"), (PHONE, "IN.2"), (PHONE, "IN.1")];
    let received = (1..).zip(sends).map(|(number, (phone, user))| CodeReceived {
        code: token(number).code(),
        ..env.received(number, Message { sender: names(Some(phone), Some(user)), ..env.message(None, None) })
    });
    let outcomes = env.logins.receive(received.collect()).await.unwrap();
    assert_eq!(outcomes, [Received::Changed(State::Verified); 4]);
    let mut subjects = Vec::new();
    for number in 1..=4 {
        subjects.push(session(env.redeem(number, PhoneNeed::Required).await).subject);
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
    assert_eq!(subjects[0], subjects[3]);
}

#[tokio::test]
async fn of_many_first_logins_of_one_person_at_once_all_are_of_one_subject() {
    let env = Environment::new().await;
    let sends = (1..=20_u8).map(|number| {
        let message = Message { sender: names(Some(PHONE), Some("IN.1")), ..env.message(None, None) };
        let received = CodeReceived { code: token(number).code(), ..env.received(number, message) };
        let logins = Arc::clone(&env.logins);
        tokio::spawn(async move { logins.receive(vec![received]).await.unwrap() })
    });
    for send in sends.collect::<Vec<_>>() {
        assert_eq!(send.await.unwrap(), [Received::Changed(State::Verified)]);
    }
    let mut subjects = std::collections::HashSet::new();
    for number in 1..=20 {
        subjects.insert(session(env.redeem(number, PhoneNeed::Required).await).subject);
    }
    assert_eq!(subjects.len(), 1);
}

#[tokio::test]
async fn a_login_that_an_earlier_version_let_in_is_recognised_when_somebody_asks() {
    for state in [State::Verified, State::Claimed] {
        for observes in [true, false] {
            let env = Environment::new().await;
            let Viewer::Redeemer(hash) = Viewer::redeemer(b"key") else { panic!() };
            let earlier = Login {
                code: code(),
                phone: Some(phone(PHONE)),
                user_id: Some("IN.1".to_owned()),
                verified_at: Some(env.clock.now()),
                deadline: env.clock.now() + life::REDEEMABLE,
                claimed_by: (state == State::Claimed).then_some(hash),
                ..crate::store::tests::login(1, state)
            };
            let change = crate::store::tests::insert(earlier);
            env.store.apply(vec![change]).await.unwrap();
            let seen = if observes { env.seen(Viewer::Observer).await } else { env.claim("key").await };
            let seen = session(seen);
            let stored = env.stored().await.unwrap();
            assert_eq!(
                (stored.state, stored.person.unwrap().subject),
                (if observes { state } else { State::Claimed }, seen.subject,)
            );
            let later = env.sign_in(2, names(Some(PHONE), Some("IN.1")), PhoneNeed::Required).await;
            assert_eq!(session(later).subject, seen.subject);
        }
    }
}

#[tokio::test]
async fn a_login_that_an_earlier_version_asked_to_be_confirmed_is_of_the_person_who_is_known() {
    let env = Environment::new().await;
    let known = session(env.sign_in(2, names(Some(PHONE), Some("IN.1")), PhoneNeed::Required).await);
    let earlier = Login {
        phone: Some(phone(PHONE)),
        user_id: Some("IN.1".to_owned()),
        deadline: env.clock.now() + life::PENDING,
        confirmation: Some([1; 32]),
        attempts_left: life::CONFIRMATION_ATTEMPTS,
        confirm: Confirm::Code,
        ..crate::store::tests::login(1, State::AwaitingConfirmation)
    };
    let digits = env.logins.digits(&earlier).unwrap();
    env.store.apply(vec![crate::store::tests::insert(earlier)]).await.unwrap();
    let confirmed = env.logins.confirm(code(), digits.expose()).await.unwrap();
    assert_eq!(confirmed, Confirmation::Verified);
    assert_eq!(session(env.claim("key").await).subject, known.subject);
}

#[tokio::test]
async fn a_shared_number_is_a_message_like_any_other() {
    let env = Environment::new().await;
    env.wait().await;
    env.receive(1, env.message(None, Some("IN.1"))).await;
    let shared = |id: u8, age: Duration| PhoneShared {
        id: MessageId { phone_number_id: "1".to_owned(), hash: [id; 32], received_at: env.clock.now() },
        user_id: "IN.1".to_owned(),
        phone: phone(PHONE),
        sender: Evidence::default(),
        sent_at: env.clock.now() - age,
    };
    let old = shared(2, life::MESSAGE_AGE + SECOND);
    let taken = env.logins.share_phone(&old).await.unwrap();
    assert_eq!(taken, [Received::Unchanged(Unchanged::TooOld)]);
    // All that wait for it are finished by one message, and it counts once.
    let second = CodeReceived { code: token(2).code(), ..env.received(3, env.message(None, Some("IN.1"))) };
    env.logins.receive(vec![second]).await.unwrap();
    let taken = env.logins.share_phone(&shared(4, SECOND)).await.unwrap();
    assert_eq!(taken, [Received::Changed(State::Verified); 2]);
    // At another app nobody knows the number yet.
    let other = App { app_key: AppKey::parse("00000000").unwrap(), ..demo_app() };
    assert!(env.store.insert_app(&other).await.unwrap());
    let received = env.received(5, env.message(None, Some("IN.1")));
    let code = token_of("00000000", 3).code();
    env.logins.receive(vec![CodeReceived { code, app: Arc::new(other), ..received }]).await.unwrap();
    assert_eq!(env.logins.share_phone(&shared(4, SECOND)).await.unwrap(), [Received::Redelivered]);
}

#[tokio::test]
async fn a_hidden_number_that_is_not_shared_ends_with_the_login_time() {
    let env = Environment::new().await;
    env.wait().await;
    env.receive(1, env.message(None, Some("IN.1"))).await;
    env.clock.advance(life::PENDING);
    assert_eq!(env.seen(Viewer::Observer).await, View::Rejected(ErrorCode::Expired));
    assert_eq!(env.share(2, PHONE).await, [Received::Unchanged(Unchanged::Unconcerned)]);
}

#[tokio::test]
async fn a_hidden_number_fails_where_the_app_says_so() {
    let env = Environment::with_app(App { phone_hidden: PhoneHidden::Fail, ..demo_app() }).await;
    env.wait().await;
    env.receive(1, env.message(None, Some("IN.1"))).await;
    assert_eq!(env.claim("key").await, View::Rejected(ErrorCode::PhoneHidden));
    assert_eq!(env.stored().await.unwrap().user_id, None);
}
