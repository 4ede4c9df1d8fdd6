//! One-time codes, in PostgreSQL.

use std::collections::HashMap;

use async_trait::async_trait;
use loggin_protocol::AppKey;
#[cfg(test)]
use loggin_protocol::PhoneNumber;
use tokio::sync::oneshot;
use tokio_postgres::types::Type;
use uuid::Uuid;

#[cfg(test)]
use super::acts;
use super::{
    PostgresStore,
    rows::{self, value},
    webhooks,
    writer::Work,
    writes,
};
use crate::clock::UnixMillis;
#[cfg(test)]
use crate::store::Act;
use crate::store::{
    CallCount, CountedCalls, KnownCall, OtpDelivery, OtpOutcome, OtpPhone, OtpPurge, OtpSession, OtpStore,
    OtpWrite, StoreError, TestNumber,
};

const SELECT_PHONE: &str = "SELECT * FROM otp_phones
    WHERE subject = coalesce((SELECT account FROM otp_aliases WHERE subject = $1), $1)";

// The columns of the two have names of their own, but for the subject.
const SELECT_BOTH: &str = "SELECT s.*, p.subject AS account, p.version, p.live_session, p.expires_at,
    p.attempts_left, p.sending, p.sending_until, p.cooldown_until, p.wrong_at, p.wrong_in_row, p.changed_at
    FROM otp_sessions s LEFT JOIN otp_phones p
    ON p.subject = coalesce((SELECT a.account FROM otp_aliases a WHERE a.subject = s.subject), s.subject)
    WHERE s.session_id = $1";

const UNENDED: &str = "SELECT * FROM otp_sessions
    WHERE phone IS NOT NULL AND NOT ended AND (created_at < $1 OR created_at > $2) ORDER BY created_at LIMIT $3";

#[async_trait]
impl OtpStore for PostgresStore {
    async fn write_counted(
        &self,
        call: Option<CallCount>,
        writes: Vec<OtpWrite>,
    ) -> Result<(Option<CountedCalls>, OtpOutcome), StoreError> {
        let (done, written) = oneshot::channel();
        self.send(Work::Otp { call, writes, done }).await?;
        written.await.map_err(|_| StoreError::NotWritten)?
    }

    async fn deliveries(&self, deliveries: Vec<OtpDelivery>) -> Result<(), StoreError> {
        let events = deliveries.iter().filter_map(|delivery| delivery.event.as_deref());
        let events = events.map(webhooks::unconditional);
        let writes = deliveries.iter().map(writes::delivery).chain(events).collect();
        self.write_others(writes).await.map(drop)
    }

    async fn otp_phone(&self, subject: &[u8; 32]) -> Result<Option<OtpPhone>, StoreError> {
        let row = self.connections.first(SELECT_PHONE, &[(&subject.as_slice(), Type::BYTEA)]).await?;
        row.map(|row| rows::phone(&row, "subject")).transpose()
    }

    async fn otp_session(&self, session_id: Uuid) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE session_id = $1";
        let row = self.connections.first(SELECT, &[(&session_id, Type::UUID)]).await?;
        row.map(|row| rows::session(&row)).transpose()
    }

    async fn otp_session_and_phone(
        &self,
        session_id: Uuid,
    ) -> Result<Option<(OtpSession, Option<OtpPhone>)>, StoreError> {
        let row = self.connections.first(SELECT_BOTH, &[(&session_id, Type::UUID)]).await?;
        row.map(|row| rows::session_and_phone(&row)).transpose()
    }

    async fn otp_session_of_message(&self, hash: &[u8; 32]) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE message_hash = $1";
        let row = self.connections.first(SELECT, &[(&hash.as_slice(), Type::BYTEA)]).await?;
        row.map(|row| rows::session(&row)).transpose()
    }

    async fn otp_call(&self, hash: &[u8; 32]) -> Result<Option<KnownCall>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_answers WHERE call_hash = $1";
        let row = self.connections.first(SELECT, &[(&hash.as_slice(), Type::BYTEA)]).await?;
        row.map(|row| rows::call(&row)).transpose()
    }

    async fn otp_sends(&self, app_key: AppKey, month: u32) -> Result<u32, StoreError> {
        const SELECT: &str = "SELECT sends FROM otp_usage WHERE app_key = $1 AND month = $2";
        let values: [_; 2] = [(&app_key.as_str() as _, Type::TEXT), (&i64::from(month) as _, Type::INT8)];
        let Some(row) = self.connections.first(SELECT, &values).await? else { return Ok(0) };
        u32::try_from(value::<i64>(&row, "sends")?).map_err(|_| StoreError::Unreadable("count"))
    }

    async fn unended_sessions(
        &self,
        before: UnixMillis,
        beyond: UnixMillis,
        limit: u32,
    ) -> Result<Vec<OtpSession>, StoreError> {
        let values: [_; 3] = [
            (&before.0 as _, Type::INT8),
            (&beyond.0 as _, Type::INT8),
            (&i64::from(limit) as _, Type::INT8),
        ];
        let rows = self.connections.rows(UNENDED, &values).await?;
        let sessions = rows.iter().map(|row| rows::tolerated(rows::session(row)));
        Ok(sessions.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn purge_otp(&self, purge: OtpPurge, limit: u32) -> Result<u64, StoreError> {
        self.write_rows(writes::purge_codes(&purge, limit)).await
    }

    async fn test_numbers(&self) -> Result<HashMap<String, TestNumber>, StoreError> {
        const SELECT: &str = "SELECT phone, code, cooldown FROM otp_test_numbers";
        let rows = self.connections.rows(SELECT, &[]).await?;
        rows.iter().map(rows::test_number).collect()
    }

    #[cfg(test)]
    async fn put_test_number(&self, phone: &PhoneNumber, test: &TestNumber) -> Result<(), StoreError> {
        let act = Act::PutTestNumber(phone.clone(), test.clone());
        self.write_if(acts::unnoted(&act)).await.map(drop)
    }

    #[cfg(test)]
    async fn remove_test_number(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        self.write_if(acts::unnoted(&Act::RemoveTestNumber(phone.clone()))).await
    }
}
