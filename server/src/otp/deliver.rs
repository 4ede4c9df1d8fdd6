//! Sending the code of a session that is reserved, and what WhatsApp's response makes of the session.

use std::time::Duration;

use loggin_protocol::{ErrorCode, PhoneNumber};
use uuid::Uuid;

use super::{Otp, OtpError, OtpResponse, Recipient, Refusal, StartOrder, life, month, sender};
use crate::{
    clock::UnixMillis,
    crypto::CodeText,
    events::{self, AboutCode},
    limits, phones,
    store::{App, Ending, OtpPhone, OtpWrite, StoreError},
    whatsapp::{SendError, SendStatus, SentMessage},
};

/// When to ask again about a message of which nobody knows yet whether WhatsApp took it: its first status comes
/// within seconds.
pub(super) const AMBIGUOUS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When to ask again where WhatsApp cannot be reached.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// When to ask again where the operator has to fix something first.
const OPERATOR_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Why a session fails whose message WhatsApp delivers to another account; WhatsApp has no code for it.
pub(super) const OTHER_ACCOUNT: u32 = 0;

/// A code on its way.
pub(super) struct Reserved {
    pub(super) session_id: Uuid,
    /// The phone as it was written.
    pub(super) phone: OtpPhone,
    pub(super) code: CodeText,
    /// Codes of the app in this month, with this one.
    pub(super) sends: u32,
}

/// A code that WhatsApp took.
pub(super) struct Finish<'a> {
    pub(super) session_id: Uuid,
    /// The phone's row as it is known.
    pub(super) row: Option<OtpPhone>,
    /// Codes of the app in the month, where they are known.
    pub(super) sends: Option<u32>,
    /// What WhatsApp answered; none where a status told that it took the code.
    pub(super) message: Option<&'a SentMessage>,
    /// The number that WhatsApp delivers to, where it said so.
    pub(super) wa_id: Option<PhoneNumber>,
}

impl Otp {
    /// Sends a code that is reserved.
    pub(super) async fn deliver(
        &self,
        order: &StartOrder,
        reserved: &Reserved,
    ) -> Result<OtpResponse, OtpError> {
        let session_id = reserved.session_id;
        let (row, sends) = (Some(reserved.phone.clone()), Some(reserved.sends));
        let Recipient::Person(number) = &order.recipient else {
            tracing::info!(app_key = %order.app.app_key, test_number = true, "a test number: no code is sent");
            return self.respond_unsent(order, session_id, sends).await;
        };
        let time = if order.foreign.is_some() { sender::FOREIGN_SEND_TIME } else { sender::SEND_TIME };
        match sender::send(&*self.sender, &number.current, &reserved.code, session_id, time).await {
            Ok(SentMessage { status: SendStatus::Paused, .. }) => {
                tracing::error!(
                    "WhatsApp has paused WHATSAPP_OTP_TEMPLATE: codes are not sent until its quality is better"
                );
                self.give_back(order, session_id, reserved.phone.subject, Ending::Operator).await?;
                Err(Refusal::after(ErrorCode::Unavailable, OPERATOR_RETRY_AFTER).into())
            }
            Ok(message) => {
                let wa_id = message.wa_id.clone();
                self.finish(order, Finish { session_id, row, sends, message: Some(&message), wa_id }).await
            }
            Err(error) => {
                if let Some(ending) = ending(&error) {
                    self.give_back(order, session_id, reserved.phone.subject, ending).await?;
                }
                Err(refusal(error).into())
            }
        }
    }

    /// Answers for a test number, whose code is live since it was reserved.
    pub(super) async fn respond_unsent(
        &self,
        order: &StartOrder,
        session_id: Uuid,
        sends: Option<u32>,
    ) -> Result<OtpResponse, OtpError> {
        let quota_remaining = self.quota_remaining(&order.app, sends).await?;
        let response = OtpResponse::Started { session_id, sent: false, quota_remaining };
        if let Some(write) = self.keep(order.call.as_ref(), Some(session_id), &response)? {
            // It is refused where the same call, made at the same time, was answered first, which is with the same.
            let _ = self.write(order.meter.as_deref(), vec![write]).await?;
        }
        Ok(response)
    }

    /// Makes a code that WhatsApp took the live one, unless it does not arrive where it is to.
    pub(super) async fn finish(
        &self,
        order: &StartOrder,
        finish: Finish<'_>,
    ) -> Result<OtpResponse, OtpError> {
        let Finish { session_id, mut row, sends, message, wa_id } = finish;
        let quota_remaining = self.quota_remaining(&order.app, sends).await?;
        let response = OtpResponse::Started { session_id, sent: true, quota_remaining };
        let failure = failure(order, wa_id.as_ref());
        for _ in 0..limits::CONFLICTS {
            let Some(stored) = row.take() else { break };
            let (subject, now) = (stored.subject, self.clock.now());
            if stored.live.is_some_and(|live| live.session_id == session_id) {
                return Ok(response);
            }
            let next = match failure {
                None => life::sent(stored, session_id, now),
                Some(_) => life::sent_elsewhere(stored, session_id, now),
            };
            let Some(next) = next else { break };
            let (next, joins) = match other_form(order, wa_id.as_ref()) {
                Some(named) => self.join_account(order.whose(), next, named, now).await?,
                None => (next, Vec::new()),
            };
            let mut writes = vec![OtpWrite::Phone(next)];
            writes.extend(joins);
            writes.extend(self.note_taken(session_id, message, failure));
            if failure.is_none() {
                let phone = order.recipient.phone();
                let about = AboutCode { app_key: order.app.app_key, session_id, phone };
                writes.push(OtpWrite::Event(Box::new(events::code_sent(&about, now))));
            }
            if failure.is_some() {
                writes.extend(self.end_of(session_id, Ending::OtherAccount, now).await?);
            }
            match failure {
                None => writes.extend(self.keep(order.call.as_ref(), Some(session_id), &response)?),
                Some(_) => writes.extend(Self::forget(order.call.as_ref(), session_id)),
            }
            if self.write(order.meter.as_deref(), writes).await?.is_ok() {
                return match failure {
                    None => Ok(response),
                    Some(_) => Err(elsewhere(order, session_id).into()),
                };
            }
            row = self.store.otp_phone(&subject).await?;
        }
        Err(self.overtaken(session_id).await?.into())
    }

    /// The row of the history of a session that ended so, where it is known.
    pub(super) async fn end_of(
        &self,
        session_id: Uuid,
        ending: Ending,
        now: UnixMillis,
    ) -> Result<Option<OtpWrite>, StoreError> {
        let session = self.store.otp_session(session_id).await?;
        Ok(session.map(|session| self.end(&session, ending, now)))
    }

    fn note_taken(
        &self,
        session_id: Uuid,
        message: Option<&SentMessage>,
        failure: Option<u32>,
    ) -> Option<OtpWrite> {
        message.map(|message| OtpWrite::Sent {
            session_id,
            message_hash: self.keys.messages.mac(b"id", message.id.as_bytes()),
            wa_id: message.wa_id.clone(),
            failure,
        })
    }

    /// Why a code cannot become the live one, though WhatsApp took it.
    async fn overtaken(&self, session_id: Uuid) -> Result<Refusal, StoreError> {
        let session = self.store.otp_session(session_id).await?;
        Ok(match session.and_then(|session| session.failure) {
            // The status of a message can come before the response of the call that sent it.
            Some(_) => Refusal::new(ErrorCode::SendFailed),
            // It took so long that another code was asked for meanwhile.
            None => Refusal::after(ErrorCode::Unavailable, RETRY_AFTER),
        })
    }

    /// Codes left in the month; `sends` are those of the app in it, where they are known.
    async fn quota_remaining(&self, app: &App, sends: Option<u32>) -> Result<Option<u32>, StoreError> {
        let Some(quota) = app.monthly_quota else {
            return Ok(None);
        };
        let sends = match sends {
            Some(sends) => sends,
            None => self.store.otp_sends(app.app_key, month(self.clock.now()).0).await?,
        };
        Ok(Some(quota.saturating_sub(sends)))
    }
}

/// Why a message that WhatsApp took does not arrive where it is to: what its response says against it is judged here.
fn failure(order: &StartOrder, wa_id: Option<&PhoneNumber>) -> Option<u32> {
    let asked = order.recipient.phone()?;
    wa_id.filter(|wa_id| !phones::same_account(asked, wa_id)).map(|_| OTHER_ACCOUNT)
}

/// The number that WhatsApp delivers to, where it is none of the forms that are known to be of the asked one's account.
fn other_form<'a>(order: &StartOrder, wa_id: Option<&'a PhoneNumber>) -> Option<&'a PhoneNumber> {
    let asked = phones::account(order.recipient.phone()?);
    wa_id.filter(|wa_id| phones::account(wa_id) != asked)
}

fn elsewhere(order: &StartOrder, session_id: Uuid) -> Refusal {
    let app_key = order.app.app_key;
    tracing::warn!(%app_key, %session_id, "WhatsApp delivers to another account than was asked for: refused");
    Refusal::new(ErrorCode::SendFailed)
}

/// How a session ended whose code was not sent; none where nobody knows whether it was.
fn ending(error: &SendError) -> Option<Ending> {
    match error {
        SendError::Permanent { .. } => Some(Ending::Undeliverable),
        SendError::Misconfigured { .. } | SendError::Operator { .. } => Some(Ending::Operator),
        SendError::Retryable { .. } => Some(Ending::Temporary),
        SendError::Ambiguous => None,
    }
}

/// What a caller is told where a code was not sent.
fn refusal(error: SendError) -> Refusal {
    match error {
        SendError::Permanent { .. } => Refusal::new(ErrorCode::SendFailed),
        SendError::Misconfigured { code } => {
            tracing::error!(
                code,
                "WhatsApp refuses every code: look at WHATSAPP_OTP_TEMPLATE and its language"
            );
            Refusal::new(ErrorCode::SendFailed)
        }
        SendError::Operator { code } => {
            tracing::error!(code, "WhatsApp takes no messages from this account: the operator is needed");
            Refusal::after(ErrorCode::Unavailable, OPERATOR_RETRY_AFTER)
        }
        SendError::Retryable { after } => {
            Refusal::after(ErrorCode::Unavailable, after.unwrap_or(RETRY_AFTER))
        }
        SendError::Ambiguous => Refusal::after(ErrorCode::Unavailable, AMBIGUOUS_RETRY_AFTER),
    }
}
