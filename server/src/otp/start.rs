//! Starting a session: a code is made, sent, and then becomes the live one.
//!
//! Three steps, as nothing is sent within a transaction. The phone is reserved and every count taken; the code is
//! sent; the outcome is written. Whoever comes in between sees the reservation, on any node.

use std::{net::IpAddr, sync::Arc};

use loggin_protocol::{ErrorCode, PhoneNumber};
use uuid::Uuid;

use super::{
    Meter, NamedCall, Otp, OtpError, OtpResponse, Recipient, Refusal,
    account::{Account, Whose},
    deliver::{AMBIGUOUS_RETRY_AFTER, Finish, Reserved},
    guarded::not_sent,
    guards::{Reason, Verdict},
    life::{self, Start},
    month,
    responses::Known,
    status,
};
use crate::{
    clock::UnixMillis,
    crypto::{CodeText, Digits},
    limits,
    store::{App, Ending, OtpPhone, OtpRefusal, OtpSession, OtpWrite, StoreError},
    whatsapp::DeliveryStatus,
};

/// What is asked for.
pub(crate) struct StartOrder {
    pub(crate) app: Arc<App>,
    pub(crate) recipient: Recipient,
    /// Digits of the code, where one is made.
    pub(crate) length: u8,
    /// The code that another server made, which is sent and nothing else: it cannot be typed here.
    pub(crate) foreign: Option<CodeText>,
    /// The app's own JSON.
    pub(crate) meta: Option<String>,
    /// The address of the person, where the app tells it.
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) call: Option<NamedCall>,
    /// What it is counted by.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl StartOrder {
    /// Whose codes it is counted among.
    pub(super) fn whose(&self) -> Whose {
        let app_key = self.app.app_key;
        if self.foreign.is_some() { Whose::Gateways(app_key) } else { Whose::App(app_key) }
    }
}

/// What reserving came to.
enum Reservation {
    Made(Reserved),
    /// The phone, or the call, was changed by somebody else at the same time.
    Again,
    Responded(OtpResponse),
}

/// What going on with a call came to.
enum Resumed {
    Responded(OtpResponse),
    /// Its code was not sent, and is forgotten.
    GivenBack,
    /// Its code can no longer become the live one.
    Over,
}

impl Otp {
    /// Sends a code.
    pub(crate) async fn start(&self, order: &StartOrder) -> Result<OtpResponse, OtpError> {
        let call = order.call.as_ref();
        for _ in 0..limits::CONFLICTS {
            // Before what is known of the call: where the same call, made at the same time, has taken the phone, it is
            // known by then, and is not mistaken for another one.
            let account = match order.recipient.phone() {
                Some(phone) => Some((phone, self.account(order.whose(), phone, self.clock.now()).await?)),
                None => None,
            };
            let instead_of = match self.known(call).await? {
                Known::New => None,
                Known::Responded(response) => return Ok(response),
                Known::Begun(session_id, began) => match self.resume(order, session_id, began).await? {
                    Resumed::Responded(response) => return Ok(response),
                    Resumed::GivenBack => continue,
                    Resumed::Over => Some(session_id),
                },
            };
            let Some((phone, account)) = account else {
                let refused = OtpResponse::Refused(Refusal::new(ErrorCode::InvalidPhone));
                return self.keep_only(call, order.meter.as_deref(), refused).await;
            };
            match self.reserve(order, phone, account, instead_of).await? {
                Reservation::Made(reserved) => return self.deliver(order, &reserved).await,
                Reservation::Responded(response) => return Ok(response),
                Reservation::Again => {}
            }
        }
        Err(StoreError::Busy.into())
    }

    async fn reserve(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        account: Account,
        instead_of: Option<Uuid>,
    ) -> Result<Reservation, OtpError> {
        let session_id = self.new_session_id();
        let now = self.clock.now();
        let stored = account.row.clone();
        let (row, joins) = account.whole(now);
        // What was made of the stored rows is kept also where no code is sent.
        let changed = (row != stored).then(|| row.clone());
        let row = match life::start(row, session_id, order.recipient.has_cooldown(), now) {
            Start::Send(row) => row,
            Start::Wait(delay) => {
                self.keep_row(changed, joins, now).await?;
                return Err(Refusal::after(ErrorCode::RateLimited, delay).into());
            }
            Start::Blocked(until) => {
                self.keep_row(changed, joins, now).await?;
                let refused = OtpResponse::Refused(Refusal::after(ErrorCode::Blocked, until.since(now)));
                let (call, meter) = (order.call.as_ref(), order.meter.as_deref());
                return Ok(Reservation::Responded(self.keep_only(call, meter, refused).await?));
            }
        };
        let guarded = self.guard(order, phone, now).await?;
        if let Some((_, guarded)) = &guarded
            && let Verdict::Refuse(refused) = guarded.verdict
        {
            self.keep_row(changed, joins, now).await?;
            return Ok(Reservation::Responded(self.refuse(order, phone, refused, now).await?));
        }
        let row = match &order.recipient {
            // Nothing is sent, so that the reservation is all there is to write.
            Recipient::Test(_) => life::made_live(row, session_id, now),
            Recipient::Person(_) | Recipient::Invalid => row,
        };
        let code = self.code(order);
        let mut writes: Vec<OtpWrite> =
            self.begin(order.call.as_ref(), session_id, instead_of).into_iter().collect();
        writes.push(OtpWrite::Phone(row.clone()));
        writes.extend(joins);
        writes.push(OtpWrite::Session(self.session(
            order,
            phone,
            row.subject,
            session_id,
            code.as_ref(),
            now,
        )));
        writes.extend(Self::count_guarded(guarded));
        let sent = code.as_ref().map(CodeText::from).or_else(|| order.foreign.clone());
        // There is one or the other.
        let code = sent.ok_or(StoreError::Unreadable("code"))?;
        self.write_reservation(order, writes, Reserved { session_id, phone: row, code, sends: 0 }, now).await
    }

    /// The code that is to be typed here; none where another server made it.
    fn code(&self, order: &StartOrder) -> Option<Digits> {
        match (&order.foreign, &order.recipient) {
            (Some(_), _) => None,
            (None, Recipient::Test(test)) => Some(test.code.clone()),
            (None, Recipient::Person(_) | Recipient::Invalid) => {
                Some(Digits::random(&*self.random, order.length))
            }
        }
    }

    /// Makes the writes of a reservation, and takes every count with them.
    async fn write_reservation(
        &self,
        order: &StartOrder,
        mut writes: Vec<OtpWrite>,
        reserved: Reserved,
        now: UnixMillis,
    ) -> Result<Reservation, OtpError> {
        let (month, next_month) = month(now);
        let (app_key, most) = (order.app.app_key, order.app.monthly_quota);
        writes.push(OtpWrite::CountSend { app_key, month, most });
        if let Recipient::Person(number) = &order.recipient {
            writes.push(OtpWrite::Turn {
                recipient: self.recipients.of_phone(&number.current),
                now,
                pause: limits::RECIPIENT_PAUSE,
                until: now + limits::RECIPIENT_TURNS,
            });
        }
        Ok(match self.write(order.meter.as_deref(), writes).await? {
            Ok(counts) => {
                if order.foreign.is_none() {
                    self.guards.sent(app_key, order.client_ip, reserved.session_id, now);
                }
                Reservation::Made(Reserved { sends: counts.sends.unwrap_or_default(), ..reserved })
            }
            Err(OtpRefusal::Stale | OtpRefusal::Known) => Reservation::Again,
            Err(OtpRefusal::Quota) => {
                return Err(Refusal::after(ErrorCode::QuotaExceeded, next_month.since(now)).into());
            }
            Err(OtpRefusal::DayOfApp) => {
                Reservation::Responded(self.refuse_by_day(order, Reason::DayOfApp, now).await?)
            }
            Err(OtpRefusal::DayOfCountry) => {
                Reservation::Responded(self.refuse_by_day(order, Reason::DayOfCountry, now).await?)
            }
            Err(OtpRefusal::Turn | OtpRefusal::Rate) => {
                return Err(Refusal::after(ErrorCode::RateLimited, limits::RECIPIENT_PAUSE).into());
            }
        })
    }

    /// Keeps a row that was changed; none where it was not.
    ///
    /// Where somebody else has written it meanwhile, whoever comes next sees to it.
    pub(super) async fn keep_row(
        &self,
        changed: Option<OtpPhone>,
        joins: Vec<OtpWrite>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        if let Some(row) = changed {
            let mut writes = vec![OtpWrite::Phone(life::kept(row, now))];
            writes.extend(joins);
            let _ = self.store.write(writes).await?;
        }
        Ok(())
    }

    fn session(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        subject: [u8; 32],
        session_id: Uuid,
        code: Option<&Digits>,
        now: UnixMillis,
    ) -> OtpSession {
        // Of another server's code nothing is kept.
        let typed = code.map(Digits::expose).unwrap_or_default();
        OtpSession {
            session_id,
            app_key: order.app.app_key,
            subject,
            phone: Some(phone.clone()),
            meta: order.meta.clone(),
            code_mac: self.keys.codes.mac(session_id.as_bytes(), typed.as_bytes()),
            digits: u8::try_from(typed.len()).unwrap_or_default(),
            is_test: order.recipient.is_test(),
            is_gateway: order.foreign.is_some(),
            used: false,
            created_at: now,
            accepted: false,
            failure: None,
            delivery: None,
            wa_id: None,
            user_id: None,
        }
    }

    /// Takes back what was reserved for a code that was not sent.
    pub(super) async fn give_back(
        &self,
        order: &StartOrder,
        session_id: Uuid,
        subject: [u8; 32],
        ending: Ending,
    ) -> Result<(), OtpError> {
        for _ in 0..limits::CONFLICTS {
            let now = self.clock.now();
            let row = self.store.otp_phone(&subject).await?;
            let row = row.and_then(|row| life::not_sent(row, session_id, now));
            let mut writes: Vec<OtpWrite> =
                Self::forget(order.call.as_ref(), session_id).into_iter().collect();
            let session = self.store.otp_session(session_id).await?;
            writes.extend(session.as_ref().map(|session| self.end(session, ending, now)));
            // Whoever takes the reservation back takes the count back, which is once.
            if let Some(row) = row {
                let app_key = order.app.app_key;
                writes.extend([OtpWrite::Phone(row), OtpWrite::UncountSend { app_key, month: month(now).0 }]);
                if let Some(session) = &session {
                    writes.extend(self.recount(session, not_sent(session)).await?);
                }
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
        if session.is_test {
            return self.respond_unsent(order, session_id, None).await.map(Resumed::Responded);
        }
        let now = self.clock.now();
        match session.delivery {
            // A status came of a message whose sending nobody saw the end of: it was sent after all, or was not.
            Some(DeliveryStatus::Failed) => {
                let ending = session.failure.map_or(Ending::Temporary, |code| status::failure(code).ending());
                self.give_back(order, session_id, session.subject, ending).await?;
                Ok(Resumed::GivenBack)
            }
            Some(_) => {
                let row = self.store.otp_phone(&session.subject).await?;
                let finish = Finish { session_id, row, sends: None, message: None, wa_id: session.wa_id };
                self.finish(order, finish).await.map(Resumed::Responded)
            }
            // One that began in the future was begun by a clock that was ahead.
            None if began <= now + life::SENDING && now < began + life::SENDING => {
                Err(Refusal::after(ErrorCode::Unavailable, AMBIGUOUS_RETRY_AFTER).into())
            }
            None => Ok(Resumed::Over),
        }
    }
}
