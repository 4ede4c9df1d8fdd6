//! What WhatsApp may answer to a code, and what becomes of the session then.

use super::*;
use crate::whatsapp::{SendError, SendStatus, SentMessage};

const RETRYABLE: SendError = SendError::Retryable { after: None };

async fn refused(responses: Vec<Result<SentMessage, SendError>>) -> (Environment, Refusal) {
    let env = Environment::new().await;
    env.codes.will_respond(responses);
    let refusal = refusal_of(env.otp.start(&env.order(PHONE)).await);
    (env, refusal)
}

#[tokio::test]
async fn what_certainly_was_not_sent_is_sent_once_more() {
    let env = Environment::new().await;
    env.codes.will_respond([Err(RETRYABLE)]);
    env.start(PHONE).await;
    assert_eq!(env.codes.count(), 2);
    let (env, refusal) = refused(vec![Err(RETRYABLE); 2]).await;
    assert_eq!((refusal.code, refusal.retry_after.is_some()), (ErrorCode::Unavailable, true));
    assert_eq!(env.codes.count(), 2);
    // Nothing of it is left, so that the next call starts anew.
    env.start(PHONE).await;
}

#[tokio::test]
async fn a_pause_that_whatsapp_asks_for_is_passed_on() {
    let pair_limit = SendError::Retryable { after: Some(SECOND * 6) };
    let (env, refusal) = refused(vec![Err(pair_limit)]).await;
    assert_eq!((refusal.code, refusal.retry_after), (ErrorCode::Unavailable, Some(SECOND * 6)));
    assert_eq!(env.codes.count(), 1);
}

#[tokio::test]
async fn each_class_of_error_is_told_as_what_it_is() {
    let cases = [
        (SendError::Permanent { code: 131_026 }, ErrorCode::SendFailed, None),
        (SendError::Misconfigured { code: 132_001 }, ErrorCode::SendFailed, None),
        (SendError::Operator { code: 190 }, ErrorCode::Unavailable, Some(SECOND * 60)),
        (SendError::Ambiguous, ErrorCode::Unavailable, Some(SECOND * 5)),
    ];
    for (error, code, retry_after) in cases {
        let (env, refusal) = refused(vec![Err(error)]).await;
        assert_eq!((refusal.code, refusal.retry_after), (code, retry_after), "{error:?}");
        assert_eq!(env.codes.count(), 1, "{error:?}");
    }
}

#[tokio::test]
async fn a_code_that_was_not_sent_costs_nothing_and_leaves_the_live_one() {
    let env = Environment::with_app(App { monthly_quota: Some(2), ..demo_app() }).await;
    let first = env.start(PHONE).await;
    let code = env.codes.last();
    env.clock.advance(life::COOLDOWN);
    env.codes.will_respond([Err(SendError::Permanent { code: 131_026 })]);
    assert_eq!(refusal_of(env.otp.start(&env.order(PHONE)).await).code, ErrorCode::SendFailed);
    let month = month(env.clock.now()).0;
    assert_eq!(env.store.otp_sends(env.app.app_key, month).await.unwrap(), 1);
    assert_eq!(env.typed(first, &code).await, None);
}

#[tokio::test]
async fn what_a_paused_template_keeps_back_is_not_sent_and_what_a_judged_one_keeps_back_may_be() {
    let kept = |status| SentMessage { id: "wamid.1".to_owned(), status, wa_id: None };
    let (env, refusal) = refused(vec![Ok(kept(SendStatus::Paused))]).await;
    assert_eq!((refusal.code, refusal.retry_after), (ErrorCode::Unavailable, Some(SECOND * 60)));
    let month = month(env.clock.now()).0;
    assert_eq!(env.store.otp_sends(env.app.app_key, month).await.unwrap(), 0);
    env.codes.will_respond([Ok(kept(SendStatus::Held))]);
    let session = env.start(PHONE).await;
    assert_eq!(env.typed(session, &env.codes.last()).await, None);
}

#[tokio::test]
async fn a_later_code_revokes_the_one_before_it() {
    let env = Environment::new().await;
    let first = env.start(PHONE).await;
    let code = env.codes.last();
    let wait = refusal_of(env.otp.start(&env.order(PHONE)).await);
    assert_eq!((wait.code, wait.retry_after), (ErrorCode::RateLimited, Some(life::COOLDOWN)));
    env.clock.advance(life::COOLDOWN);
    let second = env.start(PHONE).await;
    assert_eq!(env.typed(first, &code).await, Some(ErrorCode::Expired));
    assert_eq!(env.typed(second, &env.codes.last()).await, None);
}

#[tokio::test]
async fn while_nobody_knows_whether_a_code_was_sent_no_other_is() {
    let (env, _) = refused(vec![Err(SendError::Ambiguous)]).await;
    let wait = refusal_of(env.otp.start(&env.order(PHONE)).await);
    assert_eq!((wait.code, wait.retry_after), (ErrorCode::RateLimited, Some(life::SENDING)));
    env.clock.advance(life::SENDING);
    env.start(PHONE).await;
    assert_eq!(env.codes.count(), 2);
}

#[tokio::test]
async fn a_phone_gets_no_more_messages_than_whatsapp_takes_whatever_app_they_are_of() {
    let env = Environment::new().await;
    let apps: Vec<Arc<App>> = (0..=limits::RECIPIENT_BURST)
        .map(|number| {
            Arc::new(App { app_key: AppKey::parse(&format!("{number:08}")).unwrap(), ..demo_app() })
        })
        .collect();
    let mut refusals = Vec::new();
    for app in &apps {
        let order = StartOrder { app: Arc::clone(app), ..env.order(PHONE) };
        if let Err(error) = env.otp.start(&order).await {
            refusals.push(refusal_of(Err(error)));
        }
    }
    assert_eq!(refusals, [Refusal::after(ErrorCode::RateLimited, limits::RECIPIENT_PAUSE)]);
    env.clock.advance(limits::RECIPIENT_PAUSE);
    let last = Arc::clone(apps.last().unwrap());
    env.otp.start(&StartOrder { app: last, ..env.order(PHONE) }).await.unwrap();
}

#[tokio::test]
async fn a_number_that_whatsapp_writes_otherwise_is_kept_beside_the_one_that_was_asked_for() {
    let env = Environment::new().await;
    let wa_id = PhoneNumber::parse("5215512345678").unwrap();
    env.codes.will_respond([Ok(SentMessage {
        id: "wamid.1".to_owned(),
        status: SendStatus::Accepted,
        wa_id: Some(wa_id.clone()),
    })]);
    let session = env.start("525512345678").await;
    let row = env.store.otp_session(session).await.unwrap().unwrap();
    assert_eq!(row.wa_id, Some(wa_id));
    let OtpResponse::Verified { phone, .. } = env.verify(session, &env.codes.last()).await.unwrap() else {
        panic!()
    };
    assert_eq!(phone.expose(), "525512345678");
}

/// A WhatsApp that takes a code once it is told to.
#[derive(Debug, Default)]
struct Slow(tokio::sync::Notify);

#[async_trait::async_trait]
impl CodeSender for Slow {
    async fn send(&self, _: &PhoneNumber, _: &CodeText, session_id: Uuid) -> Result<SentMessage, SendError> {
        self.0.notified().await;
        Ok(SentMessage { id: format!("wamid.{session_id}"), status: SendStatus::Accepted, wa_id: None })
    }
}

#[tokio::test]
async fn a_code_whose_caller_has_left_is_waited_for_at_the_end() {
    let env = Environment::new().await;
    let whatsapp = Arc::new(Slow::default());
    let otp = Arc::new(Otp::new(
        Arc::clone(&env.store),
        Arc::clone(&env.clock) as Arc<dyn Clock>,
        Arc::clone(&env.random) as Arc<dyn Random>,
        Arc::clone(&whatsapp) as Arc<dyn CodeSender>,
        [OTP_SECRET.as_bytes()].into_iter(),
        RecipientKeys::derive([APP_SECRET.as_bytes()]),
    ));
    let (order, sending) = (env.order(PHONE), Arc::clone(&otp));
    drop(otp.spawn(async move { drop(sending.start(&order).await) }));
    let mut end = std::pin::pin!(otp.finish_tasks());
    assert!(futures_util::poll!(end.as_mut()).is_pending());
    whatsapp.0.notify_one();
    end.await;
    let subject = otp.subjects(env.app.app_key, &PhoneNumber::parse(PHONE).unwrap())[0];
    assert!(env.store.otp_phone(&subject).await.unwrap().unwrap().live.is_some());
}

#[tokio::test]
async fn a_failure_that_is_told_before_the_send_returns_is_not_overlooked() {
    /// Tells that the message failed before the call that sends it returns.
    #[derive(Debug)]
    struct Failing(std::sync::OnceLock<Arc<Otp>>);

    #[async_trait::async_trait]
    impl CodeSender for Failing {
        async fn send(&self, _: &PhoneNumber, _: &CodeText, id: Uuid) -> Result<SentMessage, SendError> {
            let failed = status(id, DeliveryStatus::Failed);
            self.0.get().unwrap().note_statuses(&[failed]).await.unwrap();
            Ok(SentMessage { id: format!("wamid.{id}"), status: SendStatus::Accepted, wa_id: None })
        }
    }

    let env = Environment::with_app(App { monthly_quota: Some(1), ..demo_app() }).await;
    let whatsapp = Arc::new(Failing(std::sync::OnceLock::new()));
    let otp = Arc::new(Otp::new(
        Arc::clone(&env.store),
        Arc::clone(&env.clock) as Arc<dyn Clock>,
        Arc::clone(&env.random) as Arc<dyn Random>,
        Arc::clone(&whatsapp) as Arc<dyn CodeSender>,
        [OTP_SECRET.as_bytes()].into_iter(),
        RecipientKeys::derive([APP_SECRET.as_bytes()]),
    ));
    whatsapp.0.set(Arc::clone(&otp)).unwrap();
    assert_eq!(refusal_of(otp.start(&env.order(PHONE)).await).code, ErrorCode::SendFailed);
    // Neither the pause nor the quota stands against another try.
    env.start(PHONE).await;
}
