//! How one-time codes are read in SQLite, and the store's calls for them.

use std::collections::HashMap;

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber};
use rusqlite::{Connection, Row, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    connections::{all, execute, first, tolerated},
    otp::{self, NOTHING_SAID},
    rows::{self, hash, phone_number, text},
    writer::{OtpTask, Work},
};
use crate::{
    clock::UnixMillis,
    store::{
        CallCount, CountedCalls, KnownCall, LiveCode, OtpDelivery, OtpOutcome, OtpPhone, OtpPurge,
        OtpSession, OtpStore, OtpWrite, Sending, SqliteStore, StoreError, TestNumber, rows::Numbered,
    },
    whatsapp::DeliveryStatus,
};

fn fixed(row: &Row<'_>, column: &'static str) -> Result<[u8; 32], StoreError> {
    hash(row, column)?.ok_or(StoreError::Unreadable("hash"))
}

fn uuid(row: &Row<'_>, column: &'static str) -> Result<Option<Uuid>, StoreError> {
    let bytes = rows::bytes(row, column)?;
    bytes.map(|bytes| Uuid::from_slice(bytes).map_err(|_| StoreError::Unreadable("session"))).transpose()
}

/// The row of a phone; `subject` is the column that names it.
fn read_phone(row: &Row<'_>, subject: &'static str) -> Result<OtpPhone, StoreError> {
    let moment = |column| Ok::<_, StoreError>(UnixMillis(row.get(column)?));
    let (expires_at, until) = (moment("expires_at")?, moment("sending_until")?);
    let attempts_left = row.get("attempts_left")?;
    let wrong_at = text(row, "wrong_at")?.unwrap_or_default();
    let wrong_at: Vec<i64> = serde_json::from_str(wrong_at).map_err(|_| StoreError::Unreadable("moment"))?;
    Ok(OtpPhone {
        subject: fixed(row, subject)?,
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
        digits: row.get("digits")?,
        is_test: row.get("is_test")?,
        is_gateway: row.get("gateway")?,
        used: row.get("used")?,
        created_at: UnixMillis(row.get("created_at")?),
        accepted: hash(row, "message_hash")?.is_some(),
        failure: row.get("failure")?,
        delivery: (delivery != NOTHING_SAID).then(|| DeliveryStatus::of_number(delivery)).transpose()?,
        wa_id: phone_number(row, "wa_id")?,
        user_id: row.get("user_id")?,
    })
}

fn read_both(row: &Row<'_>) -> Result<(OtpSession, Option<OtpPhone>), StoreError> {
    let has_phone = row.get::<_, Option<i64>>("version")?.is_some();
    Ok((read_session(row)?, has_phone.then(|| read_phone(row, "account")).transpose()?))
}

fn read_call(row: &Row<'_>) -> Result<KnownCall, StoreError> {
    Ok(KnownCall {
        body_mac: fixed(row, "body_mac")?,
        session_id: uuid(row, "session_id")?,
        response: row.get("answer")?,
        created_at: UnixMillis(row.get("created_at")?),
    })
}

const SELECT_PHONE: &str = "SELECT * FROM otp_phones
    WHERE subject = coalesce((SELECT account FROM otp_aliases WHERE subject = ?1), ?1)";

// The columns of the two have names of their own, but for the subject.
const SELECT_BOTH: &str = "SELECT s.*, p.subject AS account, p.version, p.live_session, p.expires_at,
    p.attempts_left, p.sending, p.sending_until, p.cooldown_until, p.wrong_at, p.wrong_in_row, p.changed_at
    FROM otp_sessions s LEFT JOIN otp_phones p
    ON p.subject = coalesce((SELECT account FROM otp_aliases WHERE subject = s.subject), s.subject)
    WHERE s.session_id = ?";

const WITHOUT_PERSON: &str = "UPDATE otp_sessions SET phone = NULL, meta = NULL, wa_id = NULL, user_id = NULL
    WHERE session_id IN (SELECT session_id FROM otp_sessions INDEXED BY otp_sessions_with_person
    WHERE phone IS NOT NULL AND (created_at < ?1 OR created_at > ?2) LIMIT ?3)";

const UNENDED: &str = "SELECT * FROM otp_sessions INDEXED BY otp_sessions_with_person
    WHERE phone IS NOT NULL AND ended = 0 AND (created_at < ?1 OR created_at > ?2) ORDER BY created_at LIMIT ?3";

/// What is forgotten by its age.
const FORGOTTEN: [&str; 3] = [
    "DELETE FROM otp_sessions WHERE session_id IN
        (SELECT session_id FROM otp_sessions WHERE created_at < ?1 OR created_at > ?2 LIMIT ?3)",
    "DELETE FROM otp_answers WHERE call_hash IN
        (SELECT call_hash FROM otp_answers WHERE created_at < ?1 OR created_at > ?2 LIMIT ?3)",
    // A recipient's row is empty once its moment has passed.
    "DELETE FROM otp_recipients WHERE recipient IN
        (SELECT recipient FROM otp_recipients WHERE free_at < ?1 OR free_at > ?2 LIMIT ?3)",
];

// Counts of wrong guesses outlast a clock that was ahead.
const PHONES_FROM_AHEAD: &str = "UPDATE otp_phones SET changed_at = ?1 WHERE changed_at > ?2";

const FORGET_PHONES: &str =
    "DELETE FROM otp_phones WHERE subject IN (SELECT subject FROM otp_phones WHERE changed_at < ? LIMIT ?)";

// In the transaction of the statement before: an alias always leads to a row.
const FORGET_ALIASES: &str = "DELETE FROM otp_aliases
    WHERE NOT EXISTS (SELECT 1 FROM otp_phones WHERE otp_phones.subject = otp_aliases.account)";

fn purge(db: &Connection, purge: &OtpPurge, limit: u32) -> Result<u64, StoreError> {
    let OtpPurge { now, person_kept, kept, turns } = *purge;
    let person = params![(now - person_kept).0, (now + person_kept).0, limit];
    let mut rows = execute(db, WITHOUT_PERSON, person)?;
    let [sessions, responses, recipients] = FORGOTTEN;
    for statement in [sessions, responses] {
        rows += execute(db, statement, params![(now - kept).0, (now + kept).0, limit])?;
    }
    rows += execute(db, recipients, params![now.0, (now + turns).0, limit])?;
    execute(db, PHONES_FROM_AHEAD, [now.0, (now + kept).0])?;
    rows += execute(db, FORGET_PHONES, params![(now - kept).0, limit])?;
    execute(db, FORGET_ALIASES, [])?;
    Ok(rows as u64)
}

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
        let write =
            move |db: &Connection| deliveries.iter().try_for_each(|delivery| otp::deliver(db, delivery));
        self.write_grouped(write).await
    }

    async fn otp_phone(&self, subject: &[u8; 32]) -> Result<Option<OtpPhone>, StoreError> {
        let subject = *subject;
        let read = |row: &Row<'_>| read_phone(row, "subject");
        self.readers.read_few(move |db| first(db, SELECT_PHONE, [subject.as_slice()], read)).await
    }

    async fn otp_session(&self, session_id: Uuid) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE session_id = ?";
        self.readers
            .read_few(move |db| first(db, SELECT, [session_id.as_bytes().as_slice()], read_session))
            .await
    }

    async fn otp_session_and_phone(
        &self,
        session_id: Uuid,
    ) -> Result<Option<(OtpSession, Option<OtpPhone>)>, StoreError> {
        let found = self
            .readers
            .read_few(move |db| first(db, SELECT_BOTH, [session_id.as_bytes().as_slice()], read_both));
        found.await
    }

    async fn otp_session_of_message(&self, hash: &[u8; 32]) -> Result<Option<OtpSession>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_sessions WHERE message_hash = ?";
        let hash = *hash;
        self.readers.read_few(move |db| first(db, SELECT, [hash.as_slice()], read_session)).await
    }

    async fn otp_call(&self, hash: &[u8; 32]) -> Result<Option<KnownCall>, StoreError> {
        const SELECT: &str = "SELECT * FROM otp_answers WHERE call_hash = ?";
        let hash = *hash;
        self.readers.read_few(move |db| first(db, SELECT, [hash.as_slice()], read_call)).await
    }

    async fn otp_sends(&self, app_key: AppKey, month: u32) -> Result<u32, StoreError> {
        const SELECT: &str = "SELECT sends FROM otp_usage WHERE app_key = ? AND month = ?";
        let sends = self.readers.read_few(move |db| {
            first(db, SELECT, params![app_key.as_str(), month], |row| Ok(row.get("sends")?))
        });
        Ok(sends.await?.unwrap_or(0))
    }

    async fn unended_sessions(
        &self,
        before: UnixMillis,
        beyond: UnixMillis,
        limit: u32,
    ) -> Result<Vec<OtpSession>, StoreError> {
        let read = move |db: &Connection| {
            all(db, UNENDED, params![before.0, beyond.0, limit], |row| tolerated(read_session(row)))
        };
        Ok(self.readers.read(read).await?.into_iter().flatten().collect())
    }

    async fn purge_otp(&self, what: OtpPurge, limit: u32) -> Result<u64, StoreError> {
        self.write_exclusive(move |db| purge(db, &what, limit)).await
    }

    async fn test_numbers(&self) -> Result<HashMap<String, TestNumber>, StoreError> {
        const SELECT: &str = "SELECT phone, code, cooldown FROM otp_test_numbers";
        let read = |row: &Row<'_>| {
            let test = TestNumber { code: row.get("code")?, cooldown: row.get("cooldown")? };
            Ok((row.get("phone")?, test))
        };
        let numbers = self.readers.read(move |db| all(db, SELECT, [], read));
        Ok(numbers.await?.into_iter().collect())
    }

    #[cfg(test)]
    async fn put_test_number(&self, phone: &PhoneNumber, test: &TestNumber) -> Result<(), StoreError> {
        let (phone, test) = (phone.clone(), test.clone());
        self.write_exclusive(move |db| put_test_number(db, &phone, &test)).await
    }

    #[cfg(test)]
    async fn remove_test_number(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let phone = phone.clone();
        self.write_exclusive(move |db| remove_test_number(db, &phone)).await
    }
}

/// Adds a test number, or changes one.
pub(super) fn put_test_number(
    db: &Connection,
    phone: &PhoneNumber,
    test: &TestNumber,
) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO otp_test_numbers (phone, code, cooldown) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET code = excluded.code, cooldown = excluded.cooldown";
    execute(db, PUT, params![phone.expose(), test.code, test.cooldown]).map(drop)
}

/// Removes a test number; `false` where it is none.
pub(super) fn remove_test_number(db: &Connection, phone: &PhoneNumber) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM otp_test_numbers WHERE phone = ?";
    Ok(execute(db, DELETE, [phone.expose()])? == 1)
}
