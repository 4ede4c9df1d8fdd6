//! Starting a session: a code is made, sent, and then becomes the live one.
//!
//! Three steps, as nothing is sent within a transaction. The phone is reserved and every count taken; the code is
//! sent; the outcome is written. Whoever comes in between sees the reservation, on any node.

use std::{sync::Arc, time::Duration};

use loggin::{ErrorCode, PhoneNumber};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Answer, Meter, NamedCall, Otp, OtpError, Recipient, Refusal,
    answers::Known,
    life::{self, Start},
    month, sender, subject,
};
use crate::{
    clock::UnixMillis,
    digits::Digits,
    limits, phones,
    store::{App, OtpPhone, OtpRefusal, OtpSession, OtpWrite, StoreError},
    whatsapp::{DeliveryStatus, SendError, SentMessage},
};

/// When to ask again about a message of which nobody knows yet whether WhatsApp took it: its first status comes
/// within seconds.
const AMBIGUOUS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// When to ask again where WhatsApp cannot be reached.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// When to ask again where the operator has to mend something first.
const OPERATOR_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What is asked for.
pub(crate) struct StartOrder {
    pub(crate) app: Arc<App>,
    pub(crate) recipient: Recipient,
    /// Digits of the code.
    pub(crate) length: u8,
    /// The app's own JSON.
    pub(crate) meta: Option<String>,
    pub(crate) call: Option<NamedCall>,
    /// What it is counted by; none for a test number.
    pub(crate) meter: Option<Arc<Meter>>,
}

/// A code on its way.
struct Reserved {
    session_id: Uuid,
    /// The phone as it was written.
    phone: OtpPhone,
    code: Digits,
    /// Codes of the app in this month, with this one.
    sends: u32,
}

/// What reserving came to.
enum Reservation {
    Made(Reserved),
    /// The phone, or the call, was changed by somebody else at the same time.
    Again,
    Answered(Answer),
}

/// What going on with a call came to.
enum Resumed {
    Answered(Answer),
    /// Its code was not sent, and is forgotten.
    GivenBack,
    /// Its code can no longer become the live one.
    Over,
}

impl Otp {
    /// Sends a code.
    pub(crate) async fn start(&self, order: &StartOrder) -> Result<Answer, OtpError> {
        let call = order.call.as_ref();
        for _ in 0..limits::CONFLICTS {
            // Before what is known of the call: where the same call, made at the same time, has taken the phone, it is
            // known by then, and is not mistaken for another one.
            let row = self.row(order).await?;
            let instead_of = match self.known(call).await? {
                Known::New => None,
                Known::Answered(answer) => return Ok(answer),
                Known::Begun(session_id, began) => match self.resume(order, session_id, began).await? {
                    Resumed::Answered(answer) => return Ok(answer),
                    Resumed::GivenBack => continue,
                    Resumed::Over => Some(session_id),
                },
            };
            let phone = match &order.recipient {
                Recipient::Nobody => {
                    let refused = Answer::Refused(Refusal::new(ErrorCode::InvalidPhone));
                    return self.keep_only(call, order.meter.as_deref(), refused).await;
                }
                Recipient::Test(phone, code) => return self.start_test(order, phone, code).await,
                Recipient::Person(phone) => phone,
            };
            match self.reserve(order, phone, row, instead_of).await? {
                Reservation::Made(reserved) => return self.deliver(order, phone, &reserved).await,
                Reservation::Answered(answer) => return Ok(answer),
                Reservation::Again => {}
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Starts a session of a test number: its code is live at once, and nothing of it is counted.
    async fn start_test(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        code: &Digits,
    ) -> Result<Answer, OtpError> {
        let now = self.clock.now();
        let session_id = self.new_session_id();
        // A phone of its own: runs of a test suite side by side do not revoke each other's codes.
        let subject = subject(order.app.app_key, &session_id.to_string());
        let Start::Send(row) = life::start(life::fresh(subject, now), session_id, now) else {
            return Err(StoreError::Busy.into());
        };
        let row = life::sent(row, session_id, now).map(|row| OtpPhone { version: 1, ..row });
        let quota_remaining = self.quota_remaining(&order.app, None).await?;
        let answer = Answer::Started { session_id, sent: false, quota_remaining };
        let session = OtpSession { is_test: true, ..self.session(order, phone, subject, session_id, code) };
        let mut writes: Vec<OtpWrite> = row.map(OtpWrite::Phone).into_iter().collect();
        writes.push(OtpWrite::Session(session));
        writes.extend(self.keep(order.call.as_ref(), None, &answer)?);
        if self.store.write(writes).await?.is_err() {
            // The same call at the same time was answered first, and is now known.
            return Err(StoreError::Busy.into());
        }
        tracing::info!(app_key = %order.app.app_key, test_number = true, "a test number: no code was sent");
        Ok(answer)
    }

    /// What is kept of the order's phone.
    async fn row(&self, order: &StartOrder) -> Result<Option<OtpPhone>, StoreError> {
        match &order.recipient {
            Recipient::Person(phone) => {
                self.store.otp_phone(&subject(order.app.app_key, &phones::account(phone))).await
            }
            Recipient::Test(..) | Recipient::Nobody => Ok(None),
        }
    }

    async fn reserve(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        row: Option<OtpPhone>,
        instead_of: Option<Uuid>,
    ) -> Result<Reservation, OtpError> {
        let (app, call) = (&order.app, order.call.as_ref());
        let account = phones::account(phone);
        let (subject, session_id) = (subject(app.app_key, &account), self.new_session_id());
        let now = self.clock.now();
        let row = match life::start(row.unwrap_or_else(|| life::fresh(subject, now)), session_id, now) {
            Start::Send(row) => row,
            Start::Wait(delay) => return Err(Refusal::after(ErrorCode::RateLimited, delay).into()),
            Start::Blocked(until) => {
                let refused = Answer::Refused(Refusal::after(ErrorCode::Blocked, until.since(now)));
                let answer = self.keep_only(call, order.meter.as_deref(), refused).await?;
                return Ok(Reservation::Answered(answer));
            }
        };
        let code = Digits::random(&*self.random, order.length);
        let (month, next_month) = month(now);
        let mut writes: Vec<OtpWrite> = self.begin(call, session_id, instead_of).into_iter().collect();
        writes.extend([
            OtpWrite::Phone(row.clone()),
            OtpWrite::Session(self.session(order, phone, subject, session_id, &code)),
            OtpWrite::CountSend { app_key: app.app_key, month, most: app.monthly_quota },
            OtpWrite::Turn {
                recipient: Sha256::digest(account.as_bytes()).into(),
                now,
                pause: limits::RECIPIENT_PAUSE,
                until: now + limits::RECIPIENT_PAUSE * limits::RECIPIENT_BURST,
            },
        ]);
        Ok(match self.write(order.meter.as_deref(), writes).await? {
            Ok(counts) => {
                let sends = counts.sends.unwrap_or_default();
                Reservation::Made(Reserved { session_id, phone: row, code, sends })
            }
            Err(OtpRefusal::Stale | OtpRefusal::Known) => Reservation::Again,
            Err(OtpRefusal::Quota) => {
                return Err(Refusal::after(ErrorCode::QuotaExceeded, next_month.since(now)).into());
            }
            Err(OtpRefusal::Turn | OtpRefusal::Rate) => {
                return Err(Refusal::after(ErrorCode::RateLimited, limits::RECIPIENT_PAUSE).into());
            }
        })
    }

    fn session(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        subject: [u8; 32],
        session_id: Uuid,
        code: &Digits,
    ) -> OtpSession {
        OtpSession {
            session_id,
            app_key: order.app.app_key,
            subject,
            phone: Some(phone.clone()),
            meta: order.meta.clone(),
            code_mac: self.code_keys.mac(session_id.as_bytes(), code.expose().as_bytes()),
            is_test: false,
            used: false,
            created_at: self.clock.now(),
            delivery: None,
            wa_id: None,
            user_id: None,
        }
    }

    async fn deliver(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        reserved: &Reserved,
    ) -> Result<Answer, OtpError> {
        let session_id = reserved.session_id;
        match sender::send(&*self.sender, phone, &reserved.code, session_id).await {
            Ok(message) => {
                if message.wa_id.as_ref().is_some_and(|wa_id| !phones::same_account(phone, wa_id)) {
                    tracing::warn!(%session_id, "WhatsApp delivers a code to another number than was asked for");
                }
                let phone = Some(reserved.phone.clone());
                self.finish(order, session_id, phone, Some(reserved.sends), Some(&message)).await
            }
            Err(error) => {
                if error != SendError::Ambiguous {
                    self.give_back(order, session_id, reserved.phone.subject).await?;
                }
                Err(refusal(error).into())
            }
        }
    }

    /// Makes a code that WhatsApp took the live one.
    async fn finish(
        &self,
        order: &StartOrder,
        session_id: Uuid,
        mut phone: Option<OtpPhone>,
        sends: Option<u32>,
        message: Option<&SentMessage>,
    ) -> Result<Answer, OtpError> {
        let quota_remaining = self.quota_remaining(&order.app, sends).await?;
        let answer = Answer::Started { session_id, sent: true, quota_remaining };
        for _ in 0..limits::CONFLICTS {
            let Some(row) = phone else { break };
            let subject = row.subject;
            if row.live.is_some_and(|live| live.session_id == session_id) {
                return Ok(answer);
            }
            let Some(row) = life::sent(row, session_id, self.clock.now()) else { break };
            let mut writes = vec![OtpWrite::Phone(row)];
            writes.extend(message.map(|message| OtpWrite::Sent {
                session_id,
                message_hash: message_hash(&message.id),
                wa_id: message.wa_id.clone(),
            }));
            writes.extend(self.keep(order.call.as_ref(), Some(session_id), &answer)?);
            if self.write(order.meter.as_deref(), writes).await?.is_ok() {
                return Ok(answer);
            }
            phone = self.store.otp_phone(&subject).await?;
        }
        // It took so long that another code was asked for meanwhile.
        Err(Refusal::after(ErrorCode::Unavailable, RETRY_AFTER).into())
    }

    /// Takes back what was reserved for a code that was not sent.
    async fn give_back(
        &self,
        order: &StartOrder,
        session_id: Uuid,
        subject: [u8; 32],
    ) -> Result<(), OtpError> {
        for _ in 0..limits::CONFLICTS {
            let now = self.clock.now();
            let row = self.store.otp_phone(&subject).await?;
            let row = row.and_then(|row| life::not_sent(row, session_id, now));
            let mut writes: Vec<OtpWrite> =
                Self::forget(order.call.as_ref(), session_id).into_iter().collect();
            // Whoever takes the reservation back takes the count back, which is once.
            if let Some(row) = row {
                let app_key = order.app.app_key;
                writes.extend([OtpWrite::Phone(row), OtpWrite::UncountSend { app_key, month: month(now).0 }]);
            }
            if self.write(order.meter.as_deref(), writes).await?.is_ok() {
                return Ok(());
            }
        }
        Err(StoreError::Busy.into())
    }

    /// Goes on with a call that was not answered.
    async fn resume(
        &self,
        order: &StartOrder,
        session_id: Uuid,
        began: UnixMillis,
    ) -> Result<Resumed, OtpError> {
        let Some(session) = self.store.otp_session(session_id).await? else {
            return Ok(Resumed::Over);
        };
        match session.delivery {
            // A status came of a message whose sending nobody saw the end of: it was sent after all, or was not.
            Some(DeliveryStatus::Failed) => {
                self.give_back(order, session_id, session.subject).await?;
                Ok(Resumed::GivenBack)
            }
            Some(_) => {
                let phone = self.store.otp_phone(&session.subject).await?;
                self.finish(order, session_id, phone, None, None).await.map(Resumed::Answered)
            }
            None if self.clock.now() < began + life::SENDING => {
                Err(Refusal::after(ErrorCode::Unavailable, AMBIGUOUS_RETRY_AFTER).into())
            }
            None => Ok(Resumed::Over),
        }
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

/// The hash of WhatsApp's id of a message: the id itself holds the recipient's number.
pub(super) fn message_hash(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
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
