//! What happens to sessions from outside: WhatsApp tells how far a message has come, its recipient did not ask for
//! it, and time passes.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{Failure, Otp, guarded::not_sent, life, month, status};
use crate::{
    events::{self, AboutCode, Blocked},
    history, limits, phones,
    store::{AppEvent, Ending, OtpDelivery, OtpPurge, OtpSession, OtpWrite, StoreError},
    telemetry::metrics,
    whatsapp::{DeliveryStatus, Sender, StatusUpdate},
};

/// What stands in the button with which a recipient says that they asked for no code.
pub(crate) const DID_NOT_REQUEST_CODE: &str = "DID_NOT_REQUEST_CODE";

/// What stands for WhatsApp's reason where a failed message has none.
const OTHER_REASON: u32 = 1;

/// Failed messages of one webhook that are written at once.
const FAILURES_AT_ONCE: usize = 64;

/// How long sessions, responses and counts are kept: a response has to be for a day.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a session has a person in it: while its code can be sent and typed.
const PERSON_KEPT: Duration = life::LIFETIME.saturating_add(life::SENDING);

impl Otp {
    /// Notes how far messages have come. Statuses come in any order, and again: none takes a message back.
    pub(crate) async fn note_statuses(&self, statuses: &[StatusUpdate]) -> Result<(), StoreError> {
        let mut deliveries = Vec::new();
        let mut failures = Vec::new();
        for status in statuses {
            let session_id = status.callback_data.as_deref().and_then(|data| Uuid::parse_str(data).ok());
            let Some(session_id) = session_id else { continue };
            if status.status == DeliveryStatus::Failed {
                tracing::warn!(%session_id, errors = ?status.errors, "a code was not delivered");
                failures.push((session_id, status.errors.first().copied().unwrap_or(OTHER_REASON)));
                continue;
            }
            let event = self.event_of_status(session_id, status).await?;
            deliveries.push(OtpDelivery {
                session_id,
                delivery: status.status,
                wa_id: status.recipient_phone.clone(),
                user_id: status.recipient_user_id.clone(),
                event: event.map(Box::new),
            });
        }
        if !deliveries.is_empty() {
            self.store.deliveries(deliveries).await?;
        }
        // Each is a transaction, of which the store's writer makes one for many.
        let failed = stream::iter(failures).map(|(session_id, code)| self.note_failed(session_id, code));
        failed.buffer_unordered(FAILURES_AT_ONCE).try_collect::<()>().await
    }

    /// What the app is told of a status that is no failure: that the phone has the message, or another's has.
    async fn event_of_status(
        &self,
        session_id: Uuid,
        status: &StatusUpdate,
    ) -> Result<Option<AppEvent>, StoreError> {
        if status.status == DeliveryStatus::Sent {
            return Ok(None);
        }
        let session = self.store.otp_session(session_id).await?;
        let session = session.filter(|session| session.failure.is_none());
        Ok(session.map(|session| {
            let (about, now) = (AboutCode::of(&session), self.clock.now());
            let both = about.phone.zip(status.recipient_phone.as_ref());
            if both.is_some_and(|(asked, reported)| !phones::same_account(asked, reported)) {
                return events::code_failed(&about, Failure::OtherAccount.as_str(), now);
            }
            events::code_delivered(&about, now)
        }))
    }

    /// A message that WhatsApp took will not arrive: the code is worth nothing, the pause after it ends, and it does not
    /// count in the app's quota. All that once, however often it is told.
    async fn note_failed(&self, session_id: Uuid, code: u32) -> Result<(), StoreError> {
        for _ in 0..limits::CONFLICTS {
            let Some(session) = self.store.otp_session(session_id).await? else {
                return Ok(());
            };
            // Who typed the code has got it, and so has the phone that it was delivered to: WhatsApp may tell of other
            // devices of an account.
            let is_settled = session.delivery.is_some_and(|delivery| delivery != DeliveryStatus::Sent);
            if session.used || is_settled {
                return Ok(());
            }
            let phone = self.store.otp_phone(&session.subject).await?;
            let phone = phone.and_then(|phone| life::failed(phone, session_id, self.clock.now()));
            let mut writes = vec![OtpWrite::Failed { session_id, failure: code }];
            writes.extend(phone.map(OtpWrite::Phone));
            let month = month(session.created_at).0;
            writes.push(OtpWrite::UncountSend { app_key: session.app_key, month });
            writes.extend(self.recount(&session, not_sent(&session)).await?);
            let (about, why, now) = (AboutCode::of(&session), status::failure(code), self.clock.now());
            writes.push(OtpWrite::Event(Box::new(events::code_failed(&about, why.as_str(), now))));
            writes.push(self.end(&session, why.ending(), now));
            if self.store.write(writes).await?.is_ok() {
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// The recipient of a message says that they did not ask for its code: it is worth nothing from now on.
    ///
    /// It is counted for the app once, while the code is live: an app with many has its form misused.
    pub(crate) async fn not_requested(&self, message_id: &str, by: &Sender) -> Result<(), StoreError> {
        let Some(session) = self.session_of_message(message_id).await? else {
            return Ok(());
        };
        if !is_recipient(&session, by) {
            return Ok(());
        }
        let (app_key, session_id) = (session.app_key, session.session_id);
        for _ in 0..limits::CONFLICTS {
            let phone = self.store.otp_phone(&session.subject).await?;
            let now = self.clock.now();
            let Some(phone) = phone.and_then(|phone| life::cancelled(phone, session_id, now)) else {
                return Ok(());
            };
            let event = Box::new(events::code_blocked(&AboutCode::of(&session), Blocked::NotRequested, now));
            let end = self.end(&session, Ending::NotRequested, now);
            let count = OtpWrite::CountNotRequested { app_key };
            let writes = vec![OtpWrite::Phone(phone), count, OtpWrite::Event(event), end];
            if self.store.write(writes).await?.is_ok() {
                metrics::code_not_requested();
                tracing::warn!(%app_key, %session_id, "a code was cancelled: its recipient had not asked for it");
                return Ok(());
            }
        }
        Err(StoreError::Busy)
    }

    /// The session whose message has this id, which is known under the key that was in use when it was sent.
    async fn session_of_message(&self, message_id: &str) -> Result<Option<OtpSession>, StoreError> {
        for mac in self.keys.messages.macs(b"id", message_id.as_bytes()) {
            if let Some(session) = self.store.otp_session_of_message(&mac).await? {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    /// Writes down how sessions ended that time alone has ended, as long as there is a person in them.
    async fn end_what_is_over(&self) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let (before, beyond) = (now - life::LIFETIME, now + PERSON_KEPT);
            let over = self.store.unended_sessions(before, beyond, limits::SWEEP).await?;
            let (count, recipients) = (over.len(), &self.recipients);
            let end = |session: &OtpSession| {
                (session.session_id, *history::of_code(session, ending(session), recipients, now))
            };
            self.store.end_sessions(over.iter().map(end).collect()).await?;
            if count < limits::SWEEP as usize {
                return Ok(());
            }
        }
    }

    /// Takes people out of sessions that are over, and forgets what nobody needs any more.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        // Where that fails, people are taken out all the same.
        let ended = self.end_what_is_over().await;
        loop {
            let purge = OtpPurge {
                now: self.clock.now(),
                person_kept: PERSON_KEPT,
                kept: KEPT,
                // See where they are taken: up to twice as far ahead a row may be that of a clock which differs a little.
                turns: limits::RECIPIENT_TURNS * 2,
            };
            let gone = self.store.purge_otp(purge, limits::SWEEP).await?;
            if gone < u64::from(limits::SWEEP) {
                return ended;
            }
        }
    }
}

/// How a session ended of which nothing else was written down.
fn ending(session: &OtpSession) -> Ending {
    match session.failure {
        // An earlier version of this program took the code.
        _ if session.used => Ending::Typed,
        Some(code) => status::failure(code).ending(),
        None if life::is_elsewhere(session) => Ending::OtherAccount,
        None if session.is_gateway && !session.is_test => ending_of_foreign(session),
        None if session.is_test || session.accepted || session.delivery.is_some() => Ending::NotTyped,
        None => Ending::Unknown,
    }
}

/// How it ended where another server made the code: whether it was typed is not known here.
fn ending_of_foreign(session: &OtpSession) -> Ending {
    match session.delivery {
        Some(DeliveryStatus::Delivered | DeliveryStatus::Read | DeliveryStatus::Played) => Ending::Delivered,
        Some(DeliveryStatus::Sent | DeliveryStatus::Failed) => Ending::NotDelivered,
        None if session.accepted => Ending::NotDelivered,
        None => Ending::Unknown,
    }
}

/// Whether a message was to this person. Only they know its id; but ids can be passed on.
fn is_recipient(session: &OtpSession, by: &Sender) -> bool {
    let same_phone = by.phone.as_ref().is_some_and(|phone| {
        let known = [session.phone.as_ref(), session.wa_id.as_ref()];
        known.into_iter().flatten().any(|known| phones::same_account(known, phone))
    });
    let same_user = session.user_id.is_some() && session.user_id == by.user_id;
    same_phone || same_user
}
