//! Answers to people, sent through WhatsApp behind the webhook's back: that has to be answered at once.
//!
//! An answer that cannot be sent is logged and dropped. Its login then expires, and the person taps again.

use std::{fmt, sync::Arc, time::Duration};

use loggin::{ErrorCode, wire::Timestamp};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    digits::Digits,
    limits,
    logins::Progressed,
    store::{Confirm, State},
    whatsapp::{GraphClient, Recipient, SendError},
};

/// What stands before a login's reference in the id of its "not me" button.
pub(crate) const NOT_ME: &str = "not-me:";

/// The button's words; WhatsApp shows at most 20 characters.
const NOT_ME_TITLE: &str = "Not me";

/// Tries of one answer, the first among them. Only what certainly was not sent is tried again.
const TRIES: usize = 3;

/// The pause before another try, where WhatsApp asks for none.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest pause that is waited for: most of a login's time would be gone.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One answer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    to: Recipient,
    app_name: String,
    words: Words,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    /// The phone number is asked for.
    SharePhone,
    /// These digits are to be typed where the login began.
    Type(Digits),
    /// Somebody signed in, and it may be undone.
    SignedIn { reference: String, at: Timestamp },
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answer").field("to", &self.to).finish_non_exhaustive()
    }
}

impl Answer {
    /// What is to be answered to a message that brought this about, if anything.
    pub(crate) fn to(progressed: Progressed) -> Option<Self> {
        let Progressed { login, app, digits } = progressed;
        let words = match (login.state, app.confirm) {
            (State::MessageReceived, _) => Words::SharePhone,
            (State::AwaitingConfirmation, _) => Words::Type(digits),
            (State::Verified, Confirm::Reply) => Words::SignedIn {
                reference: login.reply_reference?,
                at: Timestamp(login.verified_at?.into()),
            },
            _ => return None,
        };
        // With the number where it is known: WhatsApp then goes on telling it.
        let to = match (login.phone, login.user_id) {
            (Some(phone), _) => Recipient::Phone(phone),
            (None, Some(user_id)) => Recipient::UserId(user_id),
            (None, None) => return None,
        };
        Some(Self { to, app_name: app.name.clone(), words })
    }

    /// The code to be typed that it holds.
    #[cfg(test)]
    pub(crate) fn digits(&self) -> Option<String> {
        match &self.words {
            Words::Type(digits) => Some(digits.expose().to_owned()),
            _ => None,
        }
    }

    async fn send(&self, client: &GraphClient) -> Result<(), SendError> {
        let app = &self.app_name;
        let sent = match &self.words {
            Words::SharePhone => {
                let text = format!("To sign in to {app}, share your phone number with the button below.");
                client.request_contact(&self.to, &text).await
            }
            Words::Type(digits) => {
                let text = format!(
                    "{} is your code to sign in to {app}. Type it where you began to sign in. If you did not, ignore \
                     this message.",
                    digits.expose()
                );
                client.send_text(&self.to, &text, None).await
            }
            Words::SignedIn { reference, at } => {
                let text = format!("You signed in to {app} at {}.", minute(*at));
                let button = format!("{NOT_ME}{reference}");
                client.send_buttons(&self.to, &text, &[(&button, NOT_ME_TITLE)]).await
            }
        };
        sent.map(drop)
    }
}

/// A moment for people, such as `2026-11-22 08:00 UTC`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    // The form is fixed: date, `T`, hour and minute come first.
    let (date, time) = text.split_once('T').unwrap_or_default();
    format!("{date} {} UTC", time.get(..5).unwrap_or_default())
}

/// Where answers are put.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(mpsc::Sender<Answer>);

impl Outbox {
    /// An outbox, and its other end.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Answer>) {
        let (sender, receiver) = mpsc::channel(limits::OUTBOX);
        (Self(sender), receiver)
    }

    /// Has an answer sent.
    pub(crate) fn put(&self, answer: Answer) {
        if self.0.try_send(answer).is_err() {
            tracing::warn!("an answer was dropped: too many wait to be sent");
        }
    }
}

/// Sends what is put into the outbox, until `stopping` turns true or nobody can put in more; what is being sent then
/// is finished.
pub(crate) async fn run(
    mut answers: mpsc::Receiver<Answer>,
    client: GraphClient,
    stopping: watch::Receiver<bool>,
) {
    let client = Arc::new(client);
    let mut stop = stopping.clone();
    let mut sending = JoinSet::new();
    loop {
        tokio::select! {
            answer = answers.recv(), if sending.len() < limits::SENDS_AT_ONCE => {
                let Some(answer) = answer else { break };
                let client = Arc::clone(&client);
                let stopping = stopping.clone();
                sending.spawn(async move { deliver(&answer, &client, stopping).await });
            }
            Some(_) = sending.join_next() => {}
            _ = stop.wait_for(|stopping| *stopping) => break,
        }
    }
    while sending.join_next().await.is_some() {}
}

async fn deliver(answer: &Answer, client: &GraphClient, mut stopping: watch::Receiver<bool>) {
    for tried in 1..=TRIES {
        let after = match answer.send(client).await {
            Ok(()) => return,
            Err(SendError::Retryable { after }) if tried < TRIES => after.unwrap_or(PAUSE),
            Err(error) => {
                tracing::warn!(%error, code = ErrorCode::SendFailed.as_str(), "an answer was not sent");
                return;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(after.min(LONGEST_PAUSE)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{Json, Router, http::StatusCode, routing::post};
    use loggin::PhoneNumber;
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        clock::UnixMillis,
        store::{App, Login},
        testing::{CountingRandom, START, demo_app, token},
        whatsapp::{AccessToken, GraphConfig},
    };

    fn progressed(state: State, confirm: Confirm, phone: Option<&str>) -> Progressed {
        let login = Login {
            code: token(1).code(),
            state,
            version: 1,
            deadline: UnixMillis(START.0 + 1),
            waited_for: true,
            phone: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
            user_id: Some("IN.1".to_owned()),
            verified_at: Some(START),
            claimed_by: None,
            confirmation: None,
            attempts_left: 0,
            reply_reference: Some("reference".to_owned()),
        };
        let app = Arc::new(App { confirm, ..demo_app() });
        Progressed { login, app, digits: Digits::random(&CountingRandom::default(), 6) }
    }

    /// A Graph API that answers each call with the next of these, and notes what was asked of it.
    async fn graph(answers: Vec<(u16, Value)>) -> (GraphClient, Arc<Mutex<Vec<Value>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        let handler = move |Json(message): Json<Value>| {
            let mut notes = notes.lock().unwrap();
            let (status, body) = answers[notes.len()].clone();
            notes.push(message);
            let headers = [("retry-after", "0")];
            async move { (StatusCode::from_u16(status).unwrap(), headers, Json(body)) }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v26.0", listener.local_addr().unwrap());
        let router = Router::new().route("/v26.0/1/messages", post(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = GraphConfig {
            graph_url: url.parse().unwrap(),
            phone_number_id: "1".to_owned(),
            access_token: AccessToken::new("access").unwrap(),
        };
        (GraphClient::new(config).unwrap(), asked)
    }

    fn taken() -> (u16, Value) {
        (200, json!({ "messages": [{ "id": "wamid.1" }] }))
    }

    fn refused(code: u32) -> (u16, Value) {
        (400, json!({ "error": { "code": code } }))
    }

    async fn deliver_once(progressed: Progressed, answers: Vec<(u16, Value)>) -> Vec<Value> {
        let (client, asked) = graph(answers).await;
        let (_stop, stopping) = watch::channel(false);
        deliver(&Answer::to(progressed).unwrap(), &client, stopping).await;
        let asked = asked.lock().unwrap();
        asked.clone()
    }

    #[tokio::test]
    async fn each_state_has_its_answer() {
        let hidden = progressed(State::MessageReceived, Confirm::None, None);
        let asked = deliver_once(hidden, vec![taken()]).await;
        assert_eq!(asked[0]["recipient"], "IN.1");
        assert_eq!(asked[0]["interactive"]["type"], "request_contact_info");

        let code = progressed(State::AwaitingConfirmation, Confirm::Code, Some("919876543210"));
        let digits = code.digits.expose().to_owned();
        let asked = deliver_once(code, vec![taken()]).await;
        assert_eq!(asked[0]["to"], "+919876543210");
        assert!(asked[0]["text"]["body"].as_str().unwrap().contains(&digits));

        let reply = progressed(State::Verified, Confirm::Reply, Some("919876543210"));
        let asked = deliver_once(reply, vec![taken()]).await;
        let buttons = &asked[0]["interactive"]["action"]["buttons"];
        assert_eq!(buttons[0]["reply"]["id"], "not-me:reference");
        let text = asked[0]["interactive"]["body"]["text"].as_str().unwrap();
        assert!(text.contains("Demo") && text.contains("2026-09-26 10:00 UTC"), "{text}");
    }

    #[test]
    fn most_logins_are_not_answered() {
        assert!(Answer::to(progressed(State::Verified, Confirm::None, Some("919876543210"))).is_none());
        assert!(Answer::to(progressed(State::PhoneHidden, Confirm::Reply, None)).is_none());
    }

    #[tokio::test]
    async fn what_was_certainly_not_sent_is_tried_again_and_nothing_else() {
        let one = || progressed(State::MessageReceived, Confirm::None, None);
        assert_eq!(deliver_once(one(), vec![refused(131_016), taken()]).await.len(), 2);
        assert_eq!(deliver_once(one(), vec![refused(131_016); 9]).await.len(), TRIES);
        assert_eq!(deliver_once(one(), vec![refused(131_026); 9]).await.len(), 1);
        assert_eq!(deliver_once(one(), vec![(200, json!({})); 9]).await.len(), 1);
    }

    #[tokio::test]
    async fn what_is_put_in_is_sent_and_what_is_too_much_is_dropped() {
        let (outbox, mut answers) = Outbox::channel();
        let answer = Answer::to(progressed(State::MessageReceived, Confirm::None, None)).unwrap();
        for _ in 0..=limits::OUTBOX {
            outbox.put(answer.clone());
        }
        let mut waiting = 0;
        while answers.try_recv().is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, limits::OUTBOX);

        let (client, asked) = graph(vec![taken(); 3]).await;
        let (stop, stopping) = watch::channel(false);
        let running = tokio::spawn(run(answers, client, stopping));
        for _ in 0..3 {
            outbox.put(answer.clone());
        }
        drop(outbox);
        // With nobody left to put anything in, what is there is sent before the end is heeded.
        running.await.unwrap();
        assert_eq!(asked.lock().unwrap().len(), 3);
        drop(stop);
    }
}
