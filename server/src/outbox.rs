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
    limits,
    logins::{Digits, Progressed},
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

/// Sends what is put into the outbox, until `stopping` turns true; what is being sent then is finished.
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
            Some(answer) = answers.recv(), if sending.len() < limits::SENDS_AT_ONCE => {
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
