//! Callers that hang up: the future of every handler that changes something is dropped at each of its await points. What was
//! stored by then is told all the same, and what a caller asks again is what it would have been told.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
    response::Response,
};
use loggin_protocol::Token;
use rusqlite::TransactionBehavior;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt;

use super::router;
use crate::{
    clock::Clock,
    logins::{Publisher, life},
    store::{App, Commit, CommitListener, Confirm, Login, State},
    tests::{
        EventReader, PHONE, START, TestServer, demo_app, demo_key, is_on_postgresql, sign, text_message,
        token, webhook,
    },
};

/// More await points than any handler has.
const MANY: usize = 200;

/// What only a defect takes longer than.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Polls a future until it has been pending so many times, and drops it then; its output where it ended before.
async fn dropped_after<T>(pending: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = pending;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A call of a web page or an SDK, as the router gets it.
fn call(path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Request<Body> {
    let peer: SocketAddr = "192.0.2.1:4711".parse().unwrap();
    let request = Request::post(path).header("Content-Type", "application/json").extension(ConnectInfo(peer));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Body::from(body)).unwrap()
}

fn json_call(path: &str, headers: &[(&str, &str)], body: &Value) -> Request<Body> {
    call(path, headers, body.to_string().into_bytes())
}

fn webhook_call(message: Value) -> Request<Body> {
    let body = webhook(&[message]).to_string();
    call("/webhooks/whatsapp", &[("X-Hub-Signature-256", &sign(body.as_bytes()))], body.into_bytes())
}

struct Environment {
    server: TestServer,
}

impl Environment {
    async fn new(confirm: Confirm) -> Self {
        let server = TestServer::start().await;
        let app = App { confirm, ..demo_app() };
        assert!(server.server.store.update_app(&app).await.unwrap());
        Self { server }
    }

    /// The response, or `None` where the caller hung up before there was one.
    async fn hang_up(&self, pending: usize, request: Request<Body>) -> Option<Response> {
        let answered = router(&self.server.server).oneshot(request);
        let response = dropped_after(pending, answered).await.map(Result::unwrap);
        // Everything that was on its way to the store is stored by the end of this.
        self.server.server.store.purge_outbox_counts(START, 1).await.unwrap();
        response
    }

    /// The response to a caller that stays.
    async fn hang_up_never(&self, request: Request<Body>) -> Response {
        router(&self.server.server).oneshot(request).await.unwrap()
    }

    async fn login(&self, token: &Token) -> Option<Login> {
        self.server.server.store.logins(&[token.code()]).await.unwrap().pop()
    }

    /// What a login owes is queued, whoever asked for the change.
    async fn assert_owed(&self, token: &Token, place: usize) {
        let Some(login) = self.login(token).await else { return };
        let due = self.server.server.store.due_messages(self.server.clock.now(), 1_000).await.unwrap();
        let queued = due.iter().find(|due| due.message.code == token.code()).map(|due| due.message.kind);
        assert_eq!(queued, life::message_owed(&login), "dropped at {place}");
    }
}

/// The next event of a stream, which must come.
async fn told(stream: &mut EventReader, place: usize) -> (String, Value) {
    let event = tokio::time::timeout(TIMEOUT, stream.event()).await;
    event.unwrap_or_else(|_| panic!("nobody was told; dropped at {place}")).unwrap()
}

fn tap(token: &Token, change: &Value) -> Request<Body> {
    webhook_call(text_message(&format!("Code: {}", token.code().expose()), change))
}

fn is_done(response: Option<&Response>) -> bool {
    response.is_some_and(|response| response.status() == StatusCode::OK)
}

/// Drops the future of a call at each await point in turn at which it has to wait; `at` plays one round, and tells
/// whether the call came to its end. Which points those are hangs on the machine: that between a commit and its response is
/// hit for certain by [`Gate`].
async fn at_every_await(mut at: impl AsyncFnMut(usize) -> bool) {
    for place in 0..MANY {
        if at(place).await {
            return;
        }
    }
    panic!("the call did not come to its end");
}

/// Stands between a commit and what follows it, and holds both up when it is told to.
#[derive(Debug)]
struct Gate {
    publisher: Arc<Publisher>,
    closed: AtomicBool,
    reached: Notify,
    opened: (Mutex<()>, Condvar),
}

impl CommitListener for Gate {
    fn committed(&self, commit: &Commit<'_>) {
        if self.closed.load(Ordering::SeqCst) && !commit.changes.is_empty() {
            self.reached.notify_one();
            let held = self.opened.0.lock().unwrap();
            drop(self.opened.1.wait_while(held, |()| self.closed.load(Ordering::SeqCst)).unwrap());
        }
        self.publisher.committed(commit);
    }
}

impl Gate {
    async fn start() -> (Environment, Arc<Self>) {
        let publisher = Arc::new(Publisher::default());
        let opened = (Mutex::new(()), Condvar::new());
        let gate = Self {
            publisher: Arc::clone(&publisher),
            closed: AtomicBool::new(false),
            reached: Notify::new(),
            opened,
        };
        let gate = Arc::new(gate);
        let server = TestServer::start_told(publisher, Arc::clone(&gate) as Arc<dyn CommitListener>).await;
        (Environment { server }, gate)
    }

    /// Makes a call whose caller hangs up when what it asked for has just been committed.
    async fn hang_up(&self, env: &Environment, request: Request<Body>) {
        self.closed.store(true, Ordering::SeqCst);
        let call = tokio::spawn(router(&env.server.server).oneshot(request));
        tokio::time::timeout(TIMEOUT, self.reached.notified()).await.expect("it is committed");
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled(), "there was no response yet");
        let held = self.opened.0.lock().unwrap();
        self.closed.store(false, Ordering::SeqCst);
        drop(held);
        self.opened.1.notify_all();
    }
}

#[tokio::test]
async fn who_hangs_up_right_after_the_commit_keeps_nobody_from_being_told() {
    let (env, gate) = Gate::start().await;
    let app = App { confirm: Confirm::Code, ..demo_app() };
    assert!(env.server.server.store.update_app(&app).await.unwrap());
    let token = token(1);
    let mut stream = env.server.stream(&[token], Some("key")).await;
    assert_eq!(told(&mut stream, 0).await.0, "ready");
    gate.hang_up(&env, tap(&token, &json!({}))).await;
    assert_eq!(told(&mut stream, 0).await.0, "progress");
    env.assert_owed(&token, 0).await;
    let digits = env.server.digits(&token).await;
    let body = json!({ "token": token.expose(), "confirmation_code": digits });
    gate.hang_up(&env, json_call("/api/v1/tokens/confirm", &[], &body)).await;
    assert_eq!(told(&mut stream, 0).await.0, "verified");
}

#[tokio::test]
async fn a_message_whose_webhook_hangs_up_is_told_to_who_waits() {
    for confirm in [Confirm::None, Confirm::Reply, Confirm::Code] {
        let env = Environment::new(confirm).await;
        at_every_await(async |place| {
            let token = token(u8::try_from(place).unwrap());
            let mut stream = env.server.stream(&[token], Some("key")).await;
            assert_eq!(told(&mut stream, place).await.0, "ready");
            let from =
                json!({ "from": format!("91987654{place:04}"), "from_user_id": format!("IN.{place}") });
            let done = is_done(env.hang_up(place, tap(&token, &from)).await.as_ref());
            let state = env.login(&token).await.unwrap().state;
            match state {
                State::Pending => assert!(!done),
                State::AwaitingConfirmation => assert_eq!(told(&mut stream, place).await.0, "progress"),
                _ => assert_eq!(told(&mut stream, place).await.0, "verified"),
            }
            env.assert_owed(&token, place).await;
            done
        })
        .await;
    }
}

#[tokio::test]
async fn a_shared_number_whose_webhook_hangs_up_is_told_to_who_waits() {
    let env = Environment::new(Confirm::None).await;
    at_every_await(async |place| {
        let token = token(u8::try_from(place).unwrap());
        let mut stream = env.server.stream(&[token], Some("key")).await;
        assert_eq!(told(&mut stream, place).await.0, "ready");
        let user_id = format!("IN.{place}");
        let hidden = json!({ "from": null, "from_user_id": user_id });
        assert!(is_done(env.hang_up(MANY, tap(&token, &hidden)).await.as_ref()));
        assert_eq!(told(&mut stream, place).await.0, "progress");
        let phones = json!([{ "phone": format!("+{PHONE}"), "wa_id": PHONE, "type": "CELL" }]);
        let contacts = json!([{ "origin": "contact_request", "phones": phones }]);
        let change = json!({ "from": null, "from_user_id": user_id, "type": "contacts", "text": null,
            "contacts": contacts });
        let shared = webhook_call(text_message("", &change));
        let done = is_done(env.hang_up(place, shared).await.as_ref());
        if env.login(&token).await.unwrap().state == State::MessageReceived {
            assert!(!done);
        } else {
            assert_eq!(told(&mut stream, place).await.0, "verified");
        }
        done
    })
    .await;
}

#[tokio::test]
async fn a_confirmation_whose_caller_hangs_up_is_told_to_who_waits() {
    let env = Environment::new(Confirm::Code).await;
    at_every_await(async |place| {
        let token = token(u8::try_from(place).unwrap());
        let mut stream = env.server.stream(&[token], Some("key")).await;
        assert_eq!(told(&mut stream, place).await.0, "ready");
        let from = json!({ "from": format!("91987654{place:04}"), "from_user_id": format!("IN.{place}") });
        assert!(is_done(env.hang_up(MANY, tap(&token, &from)).await.as_ref()));
        assert_eq!(told(&mut stream, place).await.0, "progress");
        let digits = env.server.digits(&token).await;
        let body = json!({ "token": token.expose(), "confirmation_code": digits });
        let confirm = json_call("/api/v1/tokens/confirm", &[], &body);
        let done = is_done(env.hang_up(place, confirm).await.as_ref());
        if env.login(&token).await.unwrap().state == State::AwaitingConfirmation {
            assert!(!done);
        } else {
            assert_eq!(told(&mut stream, place).await.0, "verified");
        }
        done
    })
    .await;
}

#[tokio::test]
async fn a_redeemer_that_hangs_up_and_asks_again_gets_its_session() {
    for path in ["/api/v1/tokens/verify", "/api/v1/tokens/events"] {
        let env = Environment::new(Confirm::Reply).await;
        at_every_await(async |place| {
            let token = token(u8::try_from(place).unwrap());
            let from =
                json!({ "from": format!("91987654{place:04}"), "from_user_id": format!("IN.{place}") });
            assert!(is_done(env.hang_up(MANY, tap(&token, &from)).await.as_ref()));
            let body = if path.ends_with("verify") {
                json!({ "token": token.expose() })
            } else {
                json!({ "tokens": [token.expose()], "claim": true })
            };
            let redeem = json_call(path, &[("Idempotency-Key", "key")], &body);
            let done = is_done(env.hang_up(place, redeem).await.as_ref());
            // That somebody waits is what the message to the sender waited for.
            env.assert_owed(&token, place).await;
            let again: Value = env.server.verify(&token, "key").await.json().await.unwrap();
            assert_eq!(again["status"], "verified", "dropped at {place}");
            done
        })
        .await;
    }
}

#[tokio::test]
async fn a_typed_code_whose_caller_hangs_up_is_answered_when_it_is_typed_again() {
    let env = Environment::new(Confirm::None).await;
    let key = format!("Bearer {}", demo_key().expose());
    at_every_await(async |place| {
        let phone = format!("+9198765{place:05}");
        let started = env.server.auth("start", &json!({ "phone": phone })).await;
        let started: Value = started.json().await.unwrap();
        let body = json!({ "session_id": started["session_id"], "otp_code": env.server.codes.last() });
        let name = format!("call {place}");
        let headers = [("Authorization", key.as_str()), ("Idempotency-Key", name.as_str())];
        let verify = || json_call("/api/v1/auth/verify", &headers, &body);
        let done = is_done(env.hang_up(place, verify()).await.as_ref());
        let again = env.hang_up(MANY, verify()).await.unwrap();
        assert_eq!(again.status(), StatusCode::OK, "dropped at {place}");
        done
    })
    .await;
}

#[tokio::test]
async fn a_disk_that_stalls_delays_what_it_holds_up_and_loses_none_of_it() {
    if is_on_postgresql() {
        return;
    }
    let env = Environment::new(Confirm::Code).await;
    let token = token(1);
    let mut stream = env.server.stream(&[token], Some("key")).await;
    assert_eq!(told(&mut stream, 0).await.0, "ready");
    let mut stalls = env.server.database();
    let stall = stalls.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let tapped = tokio::spawn(router(&env.server.server).oneshot(tap(&token, &json!({}))));
    // The time that this takes is what readiness waits for a write.
    assert_eq!(env.server.get("/readyz").send().await.unwrap().status(), 503);
    assert_eq!(env.server.get("/healthz").send().await.unwrap().status(), 200);
    assert!(!tapped.is_finished(), "nothing is answered that is not stored");
    stall.rollback().unwrap();
    assert_eq!(tapped.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(told(&mut stream, 0).await.0, "progress");
    env.assert_owed(&token, 0).await;
}

#[tokio::test]
async fn a_disk_that_stalls_for_too_long_is_said_to_whoever_delivers_and_a_redelivery_counts() {
    if is_on_postgresql() {
        return;
    }
    let env = Environment::new(Confirm::None).await;
    let token = token(1);
    let mut stream = env.server.stream(&[token], Some("key")).await;
    assert_eq!(told(&mut stream, 0).await.0, "ready");
    let message = text_message(&token.code().expose(), &json!({}));
    let mut stalls = env.server.database();
    let stall = stalls.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    // SQLite gives up after some seconds.
    let refused = env.hang_up_never(webhook_call(message.clone())).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    stall.rollback().unwrap();
    let delivered = env.hang_up_never(webhook_call(message)).await;
    assert_eq!(delivered.status(), StatusCode::OK);
    assert_eq!(told(&mut stream, 0).await.0, "verified");
}
