//! Calls with an `Idempotency-Key`: a repeated one is the same call.

use super::*;
use crate::whatsapp::SendError;

impl Environment {
    fn named(&self, key: &str, body: &str) -> NamedCall {
        self.otp.named_call(self.app.app_key, "start", key.as_bytes(), body.as_bytes())
    }

    pub(super) fn named_order(&self, key: &str, phone: &str) -> StartOrder {
        StartOrder { call: Some(self.named(key, phone)), ..self.order(phone) }
    }

    pub(super) async fn named_verify(
        &self,
        key: &str,
        session: Uuid,
        code: &str,
    ) -> Result<OtpResponse, OtpError> {
        let found = self.otp.find(self.app.app_key, &session.to_string()).await.unwrap().unwrap();
        let call = self.otp.named_call(self.app.app_key, "verify", key.as_bytes(), code.as_bytes());
        self.otp.verify(found, Digits::typed(code).as_ref(), Some(&call), None).await
    }
}

#[tokio::test]
async fn a_repeated_start_sends_nothing_again() {
    let env = Environment::new().await;
    let first = session_of(&env.otp.start(&env.named_order("key", PHONE)).await.unwrap());
    env.clock.advance(SECOND * 24 * 60 * 60);
    let again = session_of(&env.otp.start(&env.named_order("key", PHONE)).await.unwrap());
    assert_eq!((again, env.codes.count()), (first, 1));
    let other = session_of(&env.otp.start(&env.named_order("another", PHONE)).await.unwrap());
    assert_ne!(other, first);
}

#[tokio::test]
async fn a_name_belongs_to_one_body() {
    let env = Environment::new().await;
    env.otp.start(&env.named_order("key", PHONE)).await.unwrap();
    let other = env.otp.start(&env.named_order("key", "919876543211")).await;
    assert!(matches!(other, Err(OtpError::OtherBody)));
    assert_eq!(env.codes.count(), 1);
}

#[tokio::test]
async fn a_name_belongs_to_one_app_and_route() {
    let env = Environment::new().await;
    let app = AppKey::parse("00000000").unwrap();
    let names = [
        env.otp.named_call(env.app.app_key, "start", b"key", b"body"),
        env.otp.named_call(env.app.app_key, "verify", b"key", b"body"),
        env.otp.named_call(app, "start", b"key", b"body"),
    ];
    env.otp.start(&StartOrder { call: Some(names[0].clone()), ..env.order(PHONE) }).await.unwrap();
    for (name, is_new) in names.iter().zip([false, true, true]) {
        let known = env.otp.known(Some(name)).await.unwrap();
        assert_eq!(matches!(known, responses::Known::New), is_new);
    }
}

#[tokio::test]
async fn a_repeated_wrong_code_costs_one_attempt() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    for _ in 0..10 {
        let refusal = refusal_of(env.named_verify("key", session, &env.wrong()).await);
        assert_eq!((refusal.code, refusal.attempts_left), (ErrorCode::InvalidCode, Some(4)));
    }
    let refusal = refusal_of(env.named_verify("another", session, &env.wrong()).await);
    assert_eq!(refusal.attempts_left, Some(3));
}

#[tokio::test]
async fn a_repeated_right_code_is_right_again() {
    let env = Environment::new().await;
    let session = env.start(PHONE).await;
    let code = env.codes.last();
    let first = env.named_verify("key", session, &code).await.unwrap();
    env.clock.advance(SECOND * 60 * 60);
    env.otp.purge().await.unwrap();
    assert!(env.named_verify("key", session, &code).await.unwrap() == first);
    let unknown = refusal_of(env.named_verify("another", session, &code).await);
    assert_eq!(unknown.code, ErrorCode::AlreadyUsed);
}

#[tokio::test]
async fn what_is_temporary_is_not_kept() {
    let env = Environment::new().await;
    env.start(PHONE).await;
    let order = env.named_order("key", PHONE);
    assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::RateLimited);
    env.clock.advance(life::COOLDOWN);
    env.codes.will_respond([Err(SendError::Permanent { code: 131_026 })]);
    assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::SendFailed);
    let session = session_of(&env.otp.start(&order).await.unwrap());
    assert_eq!(env.typed(session, &env.codes.last()).await, None);
}

#[tokio::test]
async fn a_refusal_that_stays_true_is_kept() {
    let env = Environment::new().await;
    let order = StartOrder { recipient: Recipient::Invalid, ..env.named_order("key", PHONE) };
    for _ in 0..2 {
        assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::InvalidPhone);
    }
    assert!(matches!(
        env.otp.known(order.call.as_ref()).await.unwrap(),
        responses::Known::Responded(OtpResponse::Refused(_))
    ));
}

#[tokio::test]
async fn a_status_tells_that_a_code_was_sent_after_all() {
    let env = Environment::new().await;
    let order = env.named_order("key", PHONE);
    env.codes.will_respond([Err(SendError::Ambiguous)]);
    assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::Unavailable);
    assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::Unavailable);
    let session = env.codes.sent.lock().unwrap()[0].2;
    env.otp.note_statuses(&[status(session, DeliveryStatus::Sent)]).await.unwrap();
    assert_eq!(session_of(&env.otp.start(&order).await.unwrap()), session);
    assert_eq!(env.codes.count(), 1, "never a second time");
    assert_eq!(env.typed(session, &env.codes.last()).await, None);
}

#[tokio::test]
async fn a_code_of_which_nothing_is_heard_is_given_up() {
    for failed in [false, true] {
        let env = Environment::new().await;
        let order = env.named_order("key", PHONE);
        env.codes.will_respond([Err(SendError::Ambiguous)]);
        assert_eq!(refusal_of(env.otp.start(&order).await).code, ErrorCode::Unavailable);
        let lost = env.codes.sent.lock().unwrap()[0].2;
        if failed {
            env.otp.note_statuses(&[status(lost, DeliveryStatus::Failed)]).await.unwrap();
        } else {
            env.clock.advance(life::SENDING);
        }
        let session = session_of(&env.otp.start(&order).await.unwrap());
        assert_ne!(session, lost);
        assert_eq!(session_of(&env.otp.start(&order).await.unwrap()), session);
        assert_eq!(env.codes.count(), 2);
    }
}

#[tokio::test]
async fn a_call_for_a_test_number_that_broke_off_goes_on_with_its_session() {
    let env = Environment::new().await;
    let session = session_of(&env.otp.start(&env.test_order()).await.unwrap());
    let order = StartOrder { call: Some(env.named("key", "body")), ..env.test_order() };
    assert!(matches!(env.otp.known(order.call.as_ref()).await.unwrap(), responses::Known::New));
    // All that the broken call wrote.
    let begun = env.otp.begin(order.call.as_ref(), session, None).unwrap();
    env.store.write(vec![begun]).await.unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(session_of(&env.otp.start(&order).await.unwrap()), session);
    }
    assert!(matches!(env.otp.known(order.call.as_ref()).await.unwrap(), responses::Known::Responded(_)));
    assert_eq!(env.typed(session, "123456").await, None);
}
