//! Starts that guards refuse: nothing is sent, and what was refused stands in the history.

use loggin_protocol::{ErrorCode, PhoneNumber};

use super::{
    Otp, OtpError, OtpResponse, Recipient, Refusal, StartOrder,
    guards::{Guarded, Reason, Refused, Verdict, Wish},
};
use crate::{
    clock::UnixMillis,
    history,
    store::{GuardCount, GuardPlace, HistoryKind, OtpSession, OtpWrite, StoreError},
};

impl Otp {
    /// What guards make of a code; `None` for a test number, which nothing is sent to.
    pub(super) async fn guard(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        now: UnixMillis,
    ) -> Result<Option<(GuardPlace, Guarded)>, StoreError> {
        if !matches!(order.recipient, Recipient::Person(_)) {
            return Ok(None);
        }
        let place = self.place(order, phone, now);
        let is_foreign = order.foreign.is_some();
        let wish = Wish { place, phone, client_ip: order.client_ip, is_foreign };
        let guarded = self.guards.judge(&wish).await?;
        Ok(Some((wish.place, guarded)))
    }

    fn place(&self, order: &StartOrder, phone: &PhoneNumber, now: UnixMillis) -> GuardPlace {
        match order.foreign {
            Some(_) => self.guards.place_of_foreign(order.app.app_key, phone, now),
            None => self.guards.place(order.app.app_key, phone, now),
        }
    }

    /// The write that counts a code.
    pub(super) fn count_guarded(guarded: Option<(GuardPlace, Guarded)>) -> Option<OtpWrite> {
        let (place, guarded) = guarded?;
        guarded.count.map(|count| OtpWrite::Guard(Box::new(place), count))
    }

    /// The write that counts a code of a session again: as typed, or as not sent.
    pub(super) async fn recount(
        &self,
        session: &OtpSession,
        count: GuardCount,
    ) -> Result<Option<OtpWrite>, StoreError> {
        let Some(phone) = session.phone.as_ref().filter(|_| !session.is_test) else { return Ok(None) };
        if !self.guards.is_on(session.app_key, self.clock.now()).await? {
            return Ok(None);
        }
        self.guards.recounted(session.session_id, count);
        let place = if session.is_gateway {
            self.guards.place_of_foreign(session.app_key, phone, session.created_at)
        } else {
            self.guards.place(session.app_key, phone, session.created_at)
        };
        Ok(Some(OtpWrite::Guard(Box::new(place), count)))
    }

    /// Refuses a code, which adds a row to the history.
    pub(super) async fn refuse(
        &self,
        order: &StartOrder,
        phone: &PhoneNumber,
        refused: Refused,
        now: UnixMillis,
    ) -> Result<OtpResponse, OtpError> {
        let name = self.new_session_id();
        let ending = refused.reason.ending();
        let kind = if order.foreign.is_some() { HistoryKind::Gateway } else { HistoryKind::Code };
        let row = (kind, name);
        let entry = history::of_refused(order.app.app_key, row, phone, ending, &self.recipients, now);
        let refusal = refusal(refused, now);
        let mut writes = vec![OtpWrite::Refused(entry)];
        if refusal.code == ErrorCode::RateLimited {
            // It is refused today, and a repeated call is looked at anew.
            let _ = self.write(order.meter.as_deref(), writes).await?;
            return Err(refusal.into());
        }
        let response = OtpResponse::Refused(refusal);
        writes.extend(self.keep(order.call.as_ref(), None, &response)?);
        // Where the same call, made at the same time, was answered first, the row is that of one call all the same.
        let _ = self.write(order.meter.as_deref(), writes).await?;
        Ok(response)
    }

    /// Refuses a code that was one too many of a day as it was counted.
    pub(super) async fn refuse_by_day(
        &self,
        order: &StartOrder,
        reason: Reason,
        now: UnixMillis,
    ) -> Result<OtpResponse, OtpError> {
        let refused = Refused { reason, until: Some(crate::store::next_day(now)) };
        let Some(phone) = order.recipient.phone() else { return Err(refusal(refused, now).into()) };
        self.guards.tell(&self.place(order, phone, now), Verdict::Refuse(refused));
        self.refuse(order, phone, refused, now).await
    }

    /// Learns the countries of apps, and forgets what guards need no longer.
    pub(crate) async fn look_after_guards(&self) -> Result<(), StoreError> {
        self.guards.look(self.clock.now()).await
    }
}

/// That the code of a session was not sent after all.
pub(super) fn not_sent(session: &OtpSession) -> GuardCount {
    GuardCount::NotSent { by_minute: !session.is_gateway }
}

/// What a caller is told. Which guard it was is the operator's to know: whoever asks for codes by an app's form would try
/// until they find none.
fn refusal(refused: Refused, now: UnixMillis) -> Refusal {
    let code = match refused.reason {
        Reason::DayOfApp | Reason::DayOfCountry => ErrorCode::RateLimited,
        Reason::Client | Reason::Country | Reason::Pause | Reason::Range => ErrorCode::Blocked,
    };
    let retry_after = refused.until.map(|until| until.since(now));
    Refusal { retry_after, by_guard: true, ..Refusal::new(code) }
}
