//! Takes updates to the webhook: signs, posts, tries again, and lets faults have their way.

pub(crate) mod verification;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::OwnedSemaphorePermit;

use crate::chat::Tick;
use crate::faults::{Plan, WebhookFault};
use crate::number::Number;
use crate::signing::{self, Escaping, Signing};
use crate::simulator::Simulator;
use crate::webhook::journal::Attempt;
use crate::webhook::payload::{self, Account, Item, Update};

/// Too many deliveries wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many webhook deliveries are waiting")]
pub(crate) struct BusyError;

/// What came of handing an update over.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A fault holds it back.
    Held,
    /// The first round of calls: one, unless a fault asked for copies.
    Posted(Vec<Attempt>),
}

/// The bytes of one call; a retry sends the same.
struct Parcel {
    body: Bytes,
    message_ids: Vec<String>,
    chats: Vec<(Number, String)>,
    updates: usize,
}

impl Simulator {
    /// Hands an update over and waits for the first round of calls; retries go on behind.
    pub(crate) async fn deliver(self: &Arc<Self>, update: Update) -> Result<Outcome, BusyError> {
        self.journal.keep(update.clone());
        let plan = self.faults().plan(update);
        match plan {
            Plan::Held => Ok(Outcome::Held),
            Plan::Together(updates, fault) => self.dispatch(&updates, fault).await.map(Outcome::Posted),
            Plan::OneByOne(updates, fault) => {
                let mut attempts = Vec::new();
                for update in updates {
                    attempts.extend(self.dispatch(&[update], fault.clone()).await?);
                }
                Ok(Outcome::Posted(attempts))
            }
        }
    }

    /// Hands updates over as one call.
    pub(crate) async fn deliver_together(
        self: &Arc<Self>,
        updates: Vec<Update>,
    ) -> Result<Vec<Attempt>, BusyError> {
        let fault = match updates.first() {
            Some(update) => self.faults().take_webhook(&update.item),
            None => return Ok(Vec::new()),
        };
        for update in &updates {
            self.journal.keep(update.clone());
        }
        self.dispatch(&updates, fault).await
    }

    /// Posts updates that were delivered before, or held back, as one call and without faults.
    pub(crate) async fn redeliver(self: &Arc<Self>, updates: &[Update]) -> Result<Vec<Attempt>, BusyError> {
        self.dispatch(updates, WebhookFault::default()).await
    }

    /// Posts a body that a test has made, once.
    pub(crate) async fn deliver_raw(&self, body: Bytes, signing: Signing) -> Attempt {
        let parcel = Parcel { body, message_ids: Vec::new(), chats: Vec::new(), updates: 0 };
        self.attempt(&parcel, 1, signing).await
    }

    /// The calls run in a task of their own: a caller that goes away must not cut them short.
    async fn dispatch(
        self: &Arc<Self>,
        updates: &[Update],
        fault: WebhookFault,
    ) -> Result<Vec<Attempt>, BusyError> {
        let place = self.courier.queue.clone().try_acquire_owned().map_err(|_| BusyError)?;
        let parcel = Arc::new(self.pack(updates, &fault));
        let simulator = self.clone();
        let round = tokio::spawn(async move { simulator.first_round(parcel, fault, place).await });
        Ok(round.await.unwrap_or_default())
    }

    async fn first_round(
        self: Arc<Self>,
        parcel: Arc<Parcel>,
        fault: WebhookFault,
        place: OwnedSemaphorePermit,
    ) -> Vec<Attempt> {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        if fault.drop {
            return vec![self.write_down(&parcel, 1, Err("dropped"), Duration::ZERO)];
        }
        let calls = (0..=fault.duplicate).map(|_| self.attempt(&parcel, 1, fault.signature));
        let attempts = if fault.concurrent {
            join_all(calls).await
        } else {
            let mut attempts = Vec::new();
            for call in calls {
                attempts.push(call.await);
            }
            attempts
        };
        if attempts.iter().any(Attempt::accepted) {
            self.mark(&parcel.chats, Tick::Delivered);
        } else {
            self.mark(&parcel.chats, Tick::Sent);
            tokio::spawn(self.retry(parcel, place));
        }
        attempts
    }

    async fn retry(self: Arc<Self>, parcel: Arc<Parcel>, _place: OwnedSemaphorePermit) {
        for (ordinal, delay) in (2..).zip(self.config.retry_delays.clone()) {
            tokio::time::sleep(delay).await;
            if self.attempt(&parcel, ordinal, Signing::Valid).await.accepted() {
                return self.mark(&parcel.chats, Tick::Delivered);
            }
        }
        tracing::warn!(updates = parcel.updates, "gave a webhook delivery up");
        self.mark(&parcel.chats, Tick::Failed);
    }

    async fn attempt(&self, parcel: &Parcel, ordinal: u32, signing: Signing) -> Attempt {
        let (status, took) = self.courier.post(parcel.body.clone(), signing).await;
        self.write_down(parcel, ordinal, status, took)
    }

    fn write_down(
        &self,
        parcel: &Parcel,
        ordinal: u32,
        status: Result<u16, &'static str>,
        took: Duration,
    ) -> Attempt {
        let ms = took.as_secs_f64() * 1_000.0;
        let error = status.err();
        tracing::info!(
            status = status.ok(),
            error,
            ms,
            attempt = ordinal,
            updates = parcel.updates,
            "webhook"
        );
        self.journal.record(Attempt {
            seq: 0,
            ordinal,
            message_ids: parcel.message_ids.clone(),
            updates: parcel.updates,
            bytes: parcel.body.len(),
            status: status.ok(),
            error,
            ms,
        })
    }

    fn pack(&self, updates: &[Update], fault: &WebhookFault) -> Parcel {
        let account = Account { waba_id: &self.config.waba_id, number: &self.config.number };
        let escaping = if fault.plain_utf8 { Escaping::None } else { Escaping::Ascii };
        let body = signing::encode(&payload::envelope(account, updates), escaping);
        let from_people = updates.iter().filter(|update| matches!(update.item, Item::Message(_)));
        Parcel {
            body: body.into(),
            message_ids: updates.iter().map(|update| update.message_id.clone()).collect(),
            chats: from_people
                .filter_map(|update| Some((update.phone.clone()?, update.message_id.clone())))
                .collect(),
            updates: updates.len(),
        }
    }

    fn mark(&self, chats: &[(Number, String)], tick: Tick) {
        let mut world = self.world();
        for (number, id) in chats {
            if let Some(phone) = world.phones.get_mut(number)
                && phone.chat.advance(id, tick)
            {
                phone.touch();
            }
        }
    }
}
