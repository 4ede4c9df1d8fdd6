//! Messages to people: sent through WhatsApp from the store, where each was put with the change that brings it about.
//!
//! A message is sent at most once, until its login ends. Waiting costs nothing but a row: a pause is a due time, so no
//! recipient, whatever WhatsApp thinks of them, keeps another one's message back.

#[cfg(test)]
mod tests;
pub(crate) mod webhooks;
mod words;

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

pub(crate) use words::NOT_ME;

use crate::{
    apps::Apps,
    clock::{Clock, Random, UnixMillis, random_below},
    limits,
    logins::{ConfirmationCodes, life},
    store::{
        Attempt, Begun, DueMessage, Ended, Login, MessageKind, MessageState, OutboxMessage, Store, StoreError,
    },
    telemetry::{ReplyKind, ReplyOutcome, metrics},
    whatsapp::{GraphClient, SendError},
};

/// How often the store is looked at where nothing calls for it: a call that got lost delays by this much.
const LOOK: Duration = Duration::from_secs(1);

/// The pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_millis(200);

/// Sends what people are owed.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) apps: Arc<Apps>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) confirmation: Arc<ConfirmationCodes>,
    pub(crate) client: GraphClient,
    /// Rung when a message was queued.
    pub(crate) queued: Arc<Notify>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// WhatsApp took it.
    Sent,
    /// WhatsApp may have taken it, so it is not sent again.
    Ambiguous,
    /// WhatsApp refuses it.
    Refused,
    /// It is tried again later.
    Retried,
    /// Its login ends before it could be tried again.
    TooLate,
    /// Its login ended, or moved on, before it was sent.
    Obsolete,
}

impl From<Outcome> for ReplyOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Sent => Self::Sent,
            Outcome::Ambiguous => Self::Ambiguous,
            Outcome::Refused => Self::Refused,
            Outcome::Retried => Self::Delayed,
            Outcome::TooLate | Outcome::Obsolete => Self::Expired,
        }
    }
}

impl From<MessageKind> for ReplyKind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::SharePhone => Self::SharePhone,
            MessageKind::ConfirmationCode => Self::Digits,
            MessageKind::MatchDigits => Self::Match,
            MessageKind::SignedIn => Self::SignedIn,
        }
    }
}

impl Outbox {
    /// Sends until `stopping` turns true; what is being sent then is finished.
    pub(crate) async fn run(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        let mut sending = JoinSet::new();
        loop {
            let pause = if sending.len() < limits::SENDS_AT_ONCE {
                self.fill(&mut sending).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "messages to people cannot be read; trying again");
                    STORE_PAUSE
                })
            } else {
                LOOK
            };
            let has_room = sending.len() < limits::SENDS_AT_ONCE;
            tokio::select! {
                () = self.queued.notified(), if has_room => {}
                () = tokio::time::sleep(pause), if has_room => {}
                Some(_) = sending.join_next() => {}
                // An error means that whoever would tell is gone, which is the end too.
                _ = stopping.wait_for(|stopping| *stopping) => break,
            }
        }
        let finish = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::SHUTDOWN, finish).await.is_err() {
            tracing::warn!("some messages to people were being sent, and may have been");
        }
    }

    /// Begins to send what is due, as far as there are places; returns when to look again.
    async fn fill(self: &Arc<Self>, sending: &mut JoinSet<()>) -> Result<Duration, StoreError> {
        let room = limits::SENDS_AT_ONCE.saturating_sub(sending.len());
        let now = self.clock.now();
        let due = self.store.due_messages(now, u32::try_from(room).unwrap_or(u32::MAX)).await?;
        let is_full = due.len() >= room;
        let taken = join_all(due.into_iter().map(|due| self.take(due))).await;
        for taken in taken {
            if let Some((message, login)) = taken? {
                let outbox = Arc::clone(self);
                sending.spawn(async move { outbox.deliver(message, login).await });
            }
        }
        if is_full {
            return Ok(Duration::ZERO);
        }
        let next = self.store.next_message().await?;
        Ok(next.map_or(LOOK, |next| next.since(now)).min(LOOK))
    }

    /// Takes a message that is due; `None` where there is nothing to be sent of it now.
    async fn take(&self, due: DueMessage) -> Result<Option<(OutboxMessage, Login)>, StoreError> {
        let DueMessage { message, login } = due;
        let now = self.clock.now();
        if message.state == MessageState::Sending {
            // Whoever sent it did not come back, or the clock went back meanwhile.
            self.end(&message, Outcome::Ambiguous, now).await?;
            return Ok(None);
        }
        let login = login.and_then(|login| life::aged(login, now));
        let Some(login) = login.filter(|login| life::message_owed(login) == Some(message.kind)) else {
            self.end(&message, Outcome::Obsolete, now).await?;
            return Ok(None);
        };
        let attempt = Attempt {
            code: message.code,
            serial: message.serial,
            recipient: message.recipient,
            now,
            until: now + limits::MESSAGE_SENDING,
            pause: limits::RECIPIENT_PAUSE,
            burst: limits::RECIPIENT_BURST,
        };
        let begun = self.store.begin_message(attempt).await?;
        Ok((begun == Begun::Taken).then_some((message, login)))
    }

    async fn deliver(&self, message: OutboxMessage, login: Login) {
        let sent = self.send(&message, &login).await;
        if let Err(error) = self.conclude(&message, &login, sent).await {
            // Its time runs out, and then it counts as ambiguous.
            tracing::warn!(%error, "what became of a message to a person cannot be stored");
        }
    }

    async fn send(&self, message: &OutboxMessage, login: &Login) -> Result<(), SendError> {
        let app = self.apps.find(login.code.app_key()).await.ok().flatten();
        let Some(app) = app else { return Err(SendError::Retryable { after: None }) };
        words::send(&self.client, message.kind, login, &app.name, &self.confirmation).await
    }

    async fn conclude(
        &self,
        message: &OutboxMessage,
        login: &Login,
        sent: Result<(), SendError>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (after, asked) = match sent {
            Ok(()) => return self.end(message, Outcome::Sent, now).await,
            Err(SendError::Ambiguous) => return self.end(message, Outcome::Ambiguous, now).await,
            Err(SendError::Permanent { .. } | SendError::Misconfigured { .. }) => {
                return self.end(message, Outcome::Refused, now).await;
            }
            Err(SendError::Operator { .. }) => (limits::MESSAGE_PAUSE_OPERATOR, false),
            Err(SendError::Retryable { after }) => (self.pause(message.tries, after), after.is_some()),
        };
        let due_at = now + after.min(limits::MESSAGE_PAUSE_MAX);
        if due_at >= login.deadline {
            return self.end(message, Outcome::TooLate, now).await;
        }
        let ended = Ended::Retry { due_at, recipient_pauses: asked };
        self.store.end_message(message.code, message.serial, ended, message.recipient).await?;
        note(message, Outcome::Retried);
        Ok(())
    }

    /// The pause before the next try: doubling and spread, and no shorter than WhatsApp asks for.
    fn pause(&self, tries: u32, asked: Option<Duration>) -> Duration {
        let doubled = limits::MESSAGE_PAUSE.saturating_mul(1 << tries.min(8));
        let longest = doubled.min(limits::MESSAGE_PAUSE_MAX_OWN);
        let millis = u32::try_from(longest.as_millis()).unwrap_or(u32::MAX).max(2);
        let spread = Duration::from_millis(random_below(&*self.random, millis / 2).into());
        asked.unwrap_or_default().max(longest / 2) + spread
    }

    async fn end(
        &self,
        message: &OutboxMessage,
        outcome: Outcome,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let again = now + limits::RECIPIENT_PAUSE;
        let ended = match outcome {
            Outcome::Sent => Ended::Finally { state: MessageState::Sent, again },
            Outcome::Ambiguous => Ended::Finally { state: MessageState::Ambiguous, again },
            Outcome::Refused | Outcome::TooLate | Outcome::Retried => {
                Ended::Finally { state: MessageState::Refused, again }
            }
            Outcome::Obsolete => Ended::Obsolete,
        };
        self.store.end_message(message.code, message.serial, ended, message.recipient).await?;
        note(message, outcome);
        Ok(())
    }

    /// Sends what is due now, and waits for the end of it.
    #[cfg(test)]
    pub(crate) async fn round(self: &Arc<Self>) -> Duration {
        let mut sending = JoinSet::new();
        let pause = self.fill(&mut sending).await.unwrap();
        while let Some(sent) = sending.join_next().await {
            sent.unwrap();
        }
        pause
    }
}

/// Logs and counts what became of an attempt, once it is stored.
fn note(message: &OutboxMessage, outcome: Outcome) {
    let app_key = message.code.app_key();
    let (kind, result) = (ReplyKind::from(message.kind), ReplyOutcome::from(outcome));
    metrics::reply(kind, result);
    let (kind, outcome_name) = (kind.as_str(), result.as_str());
    match outcome {
        Outcome::Sent | Outcome::Retried | Outcome::Obsolete => {
            tracing::debug!(%app_key, kind, outcome = outcome_name, "a message to a person");
        }
        Outcome::Ambiguous | Outcome::Refused | Outcome::TooLate => {
            tracing::warn!(
                %app_key,
                kind,
                outcome = outcome_name,
                "a message to a person was not sent, or may not have been"
            );
        }
    }
}
