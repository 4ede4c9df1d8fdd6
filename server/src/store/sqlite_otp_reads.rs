//! How one-time codes are read in SQLite, and the store's calls for them.

use std::collections::HashMap;

use async_trait::async_trait;
use loggin::{AppKey, PhoneNumber};
use rusqlite::{Connection, Row, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    CallCount, CountedCalls, KnownCall, LiveCode, OtpDelivery, OtpOutcome, OtpPhone, OtpSession, OtpStore,
    OtpWrite, Sending, SqliteStore, StoreError,
    rows::{self, Numbered, hash, phone_number, text},
    sqlite_connections::{all, execute, first},
    sqlite_otp::{self, NOTHING_SAID},
    sqlite_writer::{OtpTask, Work},
};
use crate::{clock::UnixMillis, whatsapp::DeliveryStatus};

fn fixed(row: &Row<'_>, column: &'static str) -> Result<[u8; 32], StoreError> {
    hash(row, column)?.ok_or(StoreError::Unreadable("hash"))
}

fn uuid(row: &Row<'_>, column: &'static str) -> Result<Option<Uuid>, StoreError> {
    let bytes = rows::bytes(row, column)?;
    bytes.map(|bytes| Uuid::from_slice(bytes).map_err(|_| StoreError::Unreadable("session"))).transpose()
}

fn read_phone(row: &Row<'_>) -> Result<OtpPhone, StoreError> {
    let moment = |column| Ok::<_, StoreError>(UnixMillis(row.get(column)?));
    let (expires_at, until) = (moment("expires_at")?, moment("sending_until")?);
    let attempts_left = row.get("attempts_left")?;
    let wrong_at = text(row, "wrong_at")?.unwrap_or_default();
    let wrong_at: Vec<i64> = serde_json::from_str(wrong_at).map_err(|_| StoreError::Unreadable("moment"))?;
    Ok(OtpPhone {
        subject: fixed(row, "subject")?,
        version: row.get("version")?,
        live: uuid(row, "live_session")?.map(|session_id| LiveCode { session_id, expires_at, attempts_left }),
        sending: uuid(row, "sending")?.map(|session_id| Sending { session_id, until }),
        cooldown_until: moment("cooldown_until")?,
        wrong_at: wrong_at.into_iter().map(UnixMillis).collect(),
        wrong_in_row: row.get("wrong_in_row")?,
        changed_at: moment("changed_at")?,
    })
}

fn read_session(row: &Row<'_>) -> Result<OtpSession, StoreError> {
    let delivery: i64 = row.get("delivery")?;
    Ok(OtpSession {
        session_id: uuid(row, "session_id")?.ok_or(StoreError::Unreadable("session"))?,
        app_key: rows::app_key(row)?,
        subject: fixed(row, "subject")?,
        phone: phone_number(row, "phone")?,
        meta: row.get("meta")?,
        code_mac: fixed(row, "code_mac")?,
        is_test: row.get("is_test")?,
        used: row.get("used")?,
        created_at: UnixMillis(row.get("created_at")?),
        delivery: (delivery != NOTHING_SAID).then(|| DeliveryStatus::of_number(delivery)).transpose()?,
        wa_id: phone_number(row, "wa_id")?,
        user_id: row.get("user_id")?,
    })
}

fn read_both(row: &Row<'_>) -> Result<(OtpSession, Option<OtpPhone>), StoreError> {
    let has_phone = row.get::<_, Option<i64>>("version")?.is_some();
    Ok((read_session(row)?, has_phone.then(|| read_phone(row)).transpose()?))
}

fn read_call(row: &Row<'_>) -> Result<KnownCall, StoreError> {
    Ok(KnownCall {
        body_mac: fixed(row, "body_mac")?,
        session_id: uuid(row, "session_id")?,
        answer: row.get("answer")?,
        created_at: UnixMillis(row.get("created_at")?),
    })
}

// The columns of the two have names of their own, but for the subject, which is the same.
const SELECT_BOTH: &str = "SELECT s.*, p.version, p.live_session, p.expires_at, p.attempts_left, p.sending,
    p.sending_until, p.cooldown_until, p.wrong_at, p.wrong_in_row, p.changed_at
    FROM otp_sessions s LEFT JOIN otp_phones p ON p.subject = s.subject WHERE s.session_id = ?";

const WITHOUT_PERSON: &str = "UPDATE otp_sessions SET phone = NULL, meta = NULL, wa_id = NULL, user_id = NULL
    WHERE session_id IN (SELECT session_id FROM otp_sessions INDEXED BY otp_sessions_with_person
    WHERE phone IS NOT NULL AND created_at < ?1 LIMIT ?2)";

/// What is forgotten by its age.
const FORGOTTEN: [&str; 3] = [
    "DELETE FROM otp_sessions WHERE session_id IN (SELECT session_id FROM otp_sessions WHERE created_at < ? LIMIT ?)",
    "DELETE FROM otp_phones WHERE subject IN (SELECT subject FROM otp_phones WHERE changed_at < ? LIMIT ?)",
    "DELETE FROM otp_answers WHERE call_hash IN (SELECT call_hash FROM otp_answers WHERE created_at < ? LIMIT ?)",
];

/// A recipient's row is empty once its moment has passed.
const TURNS_OVER: &str = "DELETE FROM otp_recipients WHERE recipient IN
    (SELECT recipient FROM otp_recipients WHERE free_at < ? LIMIT ?)";

#[async_trait]
impl OtpStore for SqliteStore {
    async fn write_counted(
        &self,
        call: Option<CallCount>,
        writes: Vec<OtpWrite>,
    ) -> Result<(Option<CountedCalls>, OtpOutcome), StoreError> {
        let (done, outcome) = oneshot::channel();
        self.jobs
            .send(Work::Otp(OtpTask { call, writes, done }).into())
            .await
            .map_err(|_| StoreError::Busy)?;
        outcome.await.map_err(|_| StoreError::NotWritten)?
    }

    async fn deliveries(&self, deliveries: Vec<OtpDelivery>) -> Result<(), StoreError> {
        let write = move |db: &Connection| {
            deliveries.iter().try_for_each(|delivery| sqlite_otp::deliver(db, delivery))
        };
        self.write_grouped(write).await
    }

    async fn otp_phone(&self, subject: &[u8; 32]) -> Result<Option<OtpPhone>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_phones WHERE subject = ?";
        let subject = *subject;
        self.readers.read(move |db| first(db, SELECT, [subject.as_slice()], read_phone)).await
    }

    async fn otp_session(&self, session_id: Uuid) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE session_id = ?";
        self.readers.read(move |db| first(db, SELECT, [session_id.as_bytes().as_slice()], read_session)).await
    }

    async fn otp_session_and_phone(
        &self,
        session_id: Uuid,
    ) -> Result<Option<(OtpSession, Option<OtpPhone>)>, StoreError> {
        let found = self
            .readers
            .read(move |db| first(db, SELECT_BOTH, [session_id.as_bytes().as_slice()], read_both));
        found.await
    }

    async fn otp_session_of_message(&self, hash: &[u8; 32]) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE message_hash = ?";
        let hash = *hash;
        self.readers.read(move |db| first(db, SELECT, [hash.as_slice()], read_session)).await
    }

    async fn otp_call(&self, hash: &[u8; 32]) -> Result<Option<KnownCall>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_answers WHERE call_hash = ?";
        let hash = *hash;
        self.readers.read(move |db| first(db, SELECT, [hash.as_slice()], read_call)).await
    }

    async fn otp_sends(&self, app_key: AppKey, month: u32) -> Result<u32, StoreError> {
        const SELECT: &str = "SELECT sends FROM otp_usage WHERE app_key = ? AND month = ?";
        let sends = self
            .readers
            .read(move |db| first(db, SELECT, params![app_key.as_str(), month], |row| Ok(row.get("sends")?)));
        Ok(sends.await?.unwrap_or(0))
    }

    async fn purge_otp(
        &self,
        now: UnixMillis,
        ended: UnixMillis,
        forgotten: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let purge = self.write_alone(move |db| {
            let mut rows = execute(db, WITHOUT_PERSON, params![ended.0, limit])?;
            rows += execute(db, TURNS_OVER, params![now.0, limit])?;
            for statement in FORGOTTEN {
                rows += execute(db, statement, params![forgotten.0, limit])?;
            }
            Ok(rows as u64)
        });
        purge.await
    }

    async fn test_numbers(&self) -> Result<HashMap<String, String>, StoreError> {
        const SELECT: &str = "SELECT phone, code FROM otp_test_numbers";
        let numbers =
            self.readers.read(|db| all(db, SELECT, [], |row| Ok((row.get("phone")?, row.get("code")?))));
        Ok(numbers.await?.into_iter().collect())
    }

    #[cfg(test)]
    async fn put_test_number(&self, phone: &PhoneNumber, code: &str) -> Result<(), StoreError> {
        let (phone, code) = (phone.clone(), code.to_owned());
        self.write_alone(move |db| put_test_number(db, &phone, &code)).await
    }

    #[cfg(test)]
    async fn remove_test_number(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let phone = phone.clone();
        self.write_alone(move |db| remove_test_number(db, &phone)).await
    }
}

/// Adds a test number, or gives one another code.
pub(super) fn put_test_number(db: &Connection, phone: &PhoneNumber, code: &str) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO otp_test_numbers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET code = ?2";
    execute(db, PUT, [phone.expose(), code]).map(drop)
}

/// Removes a test number; `false` where it is none.
pub(super) fn remove_test_number(db: &Connection, phone: &PhoneNumber) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM otp_test_numbers WHERE phone = ?";
    Ok(execute(db, DELETE, [phone.expose()])? == 1)
}
