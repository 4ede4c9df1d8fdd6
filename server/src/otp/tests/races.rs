//! Many at once: what is counted is counted exactly.

use super::*;
use crate::whatsapp::SendError;

/// People who type at the same time.
const AT_ONCE: usize = 50;

/// Rounds of each race; `make races` runs the thousand.
fn rounds() -> usize {
    std::env::var("RACE_ROUNDS").map_or(25, |rounds| rounds.parse().unwrap())
}

/// Everybody types this code at once; how often each response came.
async fn all_type(env: &Environment, session: Uuid, code: &str) -> Vec<Option<ErrorCode>> {
    let mut typing = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (otp, app_key, code) = (Arc::clone(&env.otp), env.app.app_key, code.to_owned());
        typing.spawn(async move {
            let found = otp.find(app_key, &session.to_string()).await.unwrap().unwrap();
            match otp.verify(found, Digits::typed(&code).as_ref(), None, None).await {
                Ok(OtpResponse::Verified { .. }) => None,
                other => Some(refusal_of(other).code),
            }
        });
    }
    typing.join_all().await
}

fn count(responses: &[Option<ErrorCode>], response: Option<ErrorCode>) -> usize {
    responses.iter().filter(|known| **known == response).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_right_codes_at_once_exactly_one_succeeds() {
    let env = Environment::new().await;
    for round in 0..rounds() {
        let session = env.start(&format!("9198765{round:05}")).await;
        let responses = all_type(&env, session, &env.codes.last()).await;
        let used = count(&responses, Some(ErrorCode::AlreadyUsed));
        assert_eq!((count(&responses, None), used), (1, AT_ONCE - 1), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_wrong_codes_at_once_exactly_five_count() {
    let env = Environment::new().await;
    for round in 0..rounds() {
        let phone = format!("9198765{round:05}");
        let session = env.start(&phone).await;
        let responses = all_type(&env, session, &env.wrong()).await;
        let counted = [ErrorCode::InvalidCode, ErrorCode::MaxAttempts, ErrorCode::Blocked];
        let counted = counted.map(|code| count(&responses, Some(code)));
        assert_eq!(counted, [4, 1, AT_ONCE - 5], "round {round}");
        let row = env.store.otp_session(session).await.unwrap().unwrap();
        let row = env.store.otp_phone(&row.subject).await.unwrap().unwrap();
        assert_eq!((row.wrong_in_row, row.wrong_at.len()), (5, 5), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_ask_at_once_for_a_code_one_gets_it() {
    let env = Arc::new(Environment::new().await);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let env = Arc::clone(&env);
        asking.spawn(async move { env.otp.start(&env.order(PHONE)).await.is_ok() });
    }
    let started = asking.join_all().await.into_iter().filter(|started| *started).count();
    assert_eq!((started, env.codes.count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_quota_and_a_rate_hold_when_all_come_at_once() {
    let app = App { monthly_quota: Some(7), calls_per_minute: 9, ..demo_app() };
    let env = Arc::new(Environment::with_app(app).await);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let env = Arc::clone(&env);
        asking.spawn(async move {
            let meter = Some(Arc::new(Meter::new(Arc::clone(&env.app))));
            let order = StartOrder { meter, ..env.order(&format!("9198765432{number:02}")) };
            env.otp.start(&order).await
        });
    }
    let outcomes = asking.join_all().await;
    let too_many =
        |outcome: &&Result<OtpResponse, OtpError>| matches!(outcome, Err(OtpError::TooManyCalls(_)));
    assert_eq!(outcomes.iter().filter(too_many).count(), AT_ONCE - 9);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
    assert_eq!(env.codes.count(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_call_made_many_times_at_once_is_one_call() {
    let env = Arc::new(Environment::new().await);
    for round in 0..rounds() {
        let (key, phone) = (format!("key {round}"), format!("9198765{round:05}"));
        let mut calling = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (env, order) = (Arc::clone(&env), env.named_order(&key, &phone));
            calling.spawn(async move { env.otp.start(&order).await });
        }
        let mut sessions = HashSet::new();
        for result in calling.join_all().await {
            match result {
                Ok(response) => drop(sessions.insert(session_of(&response))),
                // It came while the first was being answered, and is told to ask again.
                Err(error) => {
                    assert_eq!(refusal_of(Err(error)).code, ErrorCode::Unavailable, "round {round}");
                }
            }
        }
        assert_eq!((sessions.len(), env.codes.count()), (1, round + 1), "round {round}");

        let (session, wrong) = (sessions.into_iter().next().unwrap(), env.wrong());
        let mut typing = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (env, key, wrong) = (Arc::clone(&env), key.clone(), wrong.clone());
            typing.spawn(async move { refusal_of(env.named_verify(&key, session, &wrong).await) });
        }
        let told = typing.join_all().await;
        assert!(told.iter().all(|refusal| refusal.attempts_left == Some(4)), "round {round}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_that_was_not_sent_is_given_back_once() {
    let env = Arc::new(Environment::new().await);
    for round in 0..rounds() {
        let order = env.named_order(&format!("key {round}"), &format!("9198765{round:05}"));
        env.codes.will_respond([Err(SendError::Ambiguous)]);
        assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::Unavailable);
        let lost = env.codes.sent.lock().unwrap().last().unwrap().2;
        env.otp.note_statuses(&[status(lost, DeliveryStatus::Failed)]).await.unwrap();
        let (order, mut calling) = (Arc::new(order), tokio::task::JoinSet::new());
        for _ in 0..AT_ONCE {
            let (env, order) = (Arc::clone(&env), Arc::clone(&order));
            calling.spawn(async move { env.otp.start(&order).await.is_ok() });
        }
        assert!(calling.join_all().await.contains(&true), "round {round}");
        let month = month(env.clock.now()).0;
        let sends = env.store.otp_sends(env.app.app_key, month).await.unwrap();
        assert_eq!(usize::try_from(sends).unwrap(), round + 1, "round {round}: those that were sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tests_that_start_at_once_do_not_wait_for_each_other() {
    let env = Environment::new().await;
    let mut starting = tokio::task::JoinSet::new();
    // Of those that are in each other's way, one comes through at a time.
    for _ in 0..limits::CONFLICTS {
        let (otp, order) = (Arc::clone(&env.otp), env.test_order());
        starting.spawn(async move { session_of(&otp.start(&order).await.unwrap()) });
    }
    for session in starting.join_all().await {
        assert_eq!(env.typed(session, "123456").await, None);
    }
    assert_eq!(env.codes.count(), 0);
}
