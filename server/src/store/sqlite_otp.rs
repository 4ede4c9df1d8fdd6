//! One-time codes in SQLite. What has to be made all or not at all goes through the one writing task, as changes of
//! logins do, and shares its transactions.

use std::collections::HashMap;

use async_trait::async_trait;
use loggin::{AppKey, PhoneNumber};
use sqlx::{Acquire, Row, Sqlite, Transaction, sqlite::SqliteRow};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    KnownCall, LiveCode, OtpCall, OtpCounts, OtpDelivery, OtpOutcome, OtpPhone, OtpRefusal, OtpSession,
    OtpStore, OtpWrite, Sending, SqliteStore, StoreError,
    rows::Numbered,
    sqlite_writer::{DeliveriesTask, Job, OtpTask},
};
use crate::{clock::UnixMillis, whatsapp::DeliveryStatus};

type Db<'t> = Transaction<'t, Sqlite>;

/// What stands in `delivery` before WhatsApp has said anything.
const NOTHING_SAID: i64 = 0;

/// Makes all of these writes within a transaction, or none.
pub(super) async fn write_all(
    transaction: &mut Db<'_>,
    writes: &[OtpWrite],
) -> Result<OtpOutcome, StoreError> {
    let mut counts = OtpCounts::default();
    let (first, rest): (Vec<&OtpWrite>, Vec<&OtpWrite>) =
        writes.iter().partition(|write| write.can_be_refused());
    if first.len() <= 1 {
        // Where the one that can be refused comes first, there is nothing to take back, which spares two statements.
        for write in first.into_iter().chain(rest) {
            if let Some(refusal) = write_one(transaction, write, &mut counts).await? {
                return Ok(Err(refusal));
            }
        }
        return Ok(Ok(counts));
    }
    let mut savepoint = transaction.begin().await?;
    for write in writes {
        if let Some(refusal) = write_one(&mut savepoint, write, &mut counts).await? {
            savepoint.rollback().await?;
            return Ok(Err(refusal));
        }
    }
    savepoint.commit().await?;
    Ok(Ok(counts))
}

/// Makes one write; returns why not, where it is refused.
async fn write_one(
    db: &mut Db<'_>,
    write: &OtpWrite,
    counts: &mut OtpCounts,
) -> Result<Option<OtpRefusal>, StoreError> {
    let refused_unless = |done: bool, refusal| (!done).then_some(refusal);
    Ok(match write {
        OtpWrite::Phone(phone) => refused_unless(put_phone(db, phone).await?, OtpRefusal::Stale),
        OtpWrite::Session(session) => insert_session(db, session).await?,
        OtpWrite::Used { session_id, used } => mark_used(db, *session_id, *used).await?,
        OtpWrite::Sent { session_id, message_hash, wa_id } => {
            note_sent(db, *session_id, message_hash, wa_id.as_ref()).await?
        }
        OtpWrite::CountCall { app_key, now, since } => {
            counts.calls = Some(count_call(db, *app_key, *now, *since).await?);
            None
        }
        OtpWrite::CountSend { app_key, month, most } => {
            counts.sends = count_send(db, *app_key, *month, *most).await?;
            refused_unless(counts.sends.is_some(), OtpRefusal::Quota)
        }
        OtpWrite::UncountSend { app_key, month } => uncount_send(db, *app_key, *month).await?,
        OtpWrite::CountNotRequested { app_key } => count_not_requested(db, *app_key).await?,
        OtpWrite::Turn { recipient, now, pause, until } => {
            let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            refused_unless(take_turn(db, recipient, *now, pause, *until).await?, OtpRefusal::Turn)
        }
        OtpWrite::Begin { call, session_id, instead_of, now } => {
            let done = begin(db, call, *session_id, *instead_of, *now).await?;
            refused_unless(done, OtpRefusal::Known)
        }
        OtpWrite::Answer { call, session_id, answer: text, now } => {
            refused_unless(answer(db, call, *session_id, text, *now).await?, OtpRefusal::Known)
        }
        OtpWrite::Forget { call, session_id } => forget(db, call, *session_id).await?,
    })
}

const INSERT_PHONE: &str =
    "INSERT INTO otp_phones (subject, version, live_session, expires_at, attempts_left,
    sending, sending_until, cooldown_until, wrong_at, wrong_in_row, changed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";

const UPDATE_PHONE: &str = "UPDATE otp_phones SET version = ?2, live_session = ?3, expires_at = ?4,
    attempts_left = ?5, sending = ?6, sending_until = ?7, cooldown_until = ?8, wrong_at = ?9, wrong_in_row = ?10,
    changed_at = ?11 WHERE subject = ?1 AND version = ?2 - 1";

async fn put_phone(db: &mut Db<'_>, phone: &OtpPhone) -> Result<bool, StoreError> {
    let wrong_at: Vec<i64> = phone.wrong_at.iter().map(|moment| moment.0).collect();
    let wrong_at = serde_json::to_string(&wrong_at).map_err(|_| StoreError::Unreadable("moment"))?;
    let done = sqlx::query(if phone.version == 1 { INSERT_PHONE } else { UPDATE_PHONE })
        .bind(phone.subject.as_slice())
        .bind(phone.version)
        .bind(phone.live.as_ref().map(|live| live.session_id.as_bytes().as_slice()))
        .bind(phone.live.map_or(0, |live| live.expires_at.0))
        .bind(phone.live.map_or(0, |live| live.attempts_left))
        .bind(phone.sending.as_ref().map(|sending| sending.session_id.as_bytes().as_slice()))
        .bind(phone.sending.map_or(0, |sending| sending.until.0))
        .bind(phone.cooldown_until.0)
        .bind(wrong_at)
        .bind(phone.wrong_in_row)
        .bind(phone.changed_at.0)
        .execute(&mut **db)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn insert_session(db: &mut Db<'_>, session: &OtpSession) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query(
        "INSERT INTO otp_sessions (session_id, app_key, subject, phone, meta, code_mac, is_test, used, created_at,
         delivery) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(session.session_id.as_bytes().as_slice())
    .bind(session.app_key.as_str())
    .bind(session.subject.as_slice())
    .bind(session.phone.as_ref().map(PhoneNumber::expose))
    .bind(session.meta.as_deref())
    .bind(session.code_mac.as_slice())
    .bind(session.is_test)
    .bind(session.used)
    .bind(session.created_at.0)
    .bind(session.delivery.map_or(NOTHING_SAID, Numbered::number))
    .execute(&mut **db)
    .await?;
    Ok(None)
}

async fn mark_used(db: &mut Db<'_>, session_id: Uuid, used: bool) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query("UPDATE otp_sessions SET used = ?2 WHERE session_id = ?1")
        .bind(session_id.as_bytes().as_slice())
        .bind(used)
        .execute(&mut **db)
        .await?;
    Ok(None)
}

async fn note_sent(
    db: &mut Db<'_>,
    session_id: Uuid,
    message_hash: &[u8; 32],
    wa_id: Option<&PhoneNumber>,
) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query(
        "UPDATE otp_sessions SET message_hash = ?2, wa_id = coalesce(?3, wa_id) WHERE session_id = ?1",
    )
    .bind(session_id.as_bytes().as_slice())
    .bind(message_hash.as_slice())
    .bind(wa_id.map(PhoneNumber::expose))
    .execute(&mut **db)
    .await?;
    Ok(None)
}

const COUNT_CALL: &str = "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
    VALUES (?1, ?2, 1, 0, 0, 0) ON CONFLICT DO UPDATE SET
    calls = CASE WHEN calls_since > ?3 THEN min(calls + 1, 4294967295) ELSE 1 END,
    calls_since = CASE WHEN calls_since > ?3 THEN calls_since ELSE ?2 END
    RETURNING calls, calls_since";

async fn count_call(
    db: &mut Db<'_>,
    app_key: AppKey,
    now: UnixMillis,
    since: UnixMillis,
) -> Result<(u32, UnixMillis), StoreError> {
    let row =
        sqlx::query(COUNT_CALL).bind(app_key.as_str()).bind(now.0).bind(since.0).fetch_one(&mut **db).await?;
    Ok((row.try_get("calls")?, UnixMillis(row.try_get("calls_since")?)))
}

const COUNT_SEND: &str = "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
    SELECT ?1, 0, 0, ?2, 1, 0 WHERE ?3 > 0 ON CONFLICT DO UPDATE SET
    sends = CASE WHEN month = ?2 THEN sends + 1 ELSE 1 END, month = ?2
    WHERE month <> ?2 OR sends < ?3 RETURNING sends";

/// How many there are now in this month; `None` where that would be more than `most`.
async fn count_send(
    db: &mut Db<'_>,
    app_key: AppKey,
    month: u32,
    most: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    let row = sqlx::query(COUNT_SEND)
        .bind(app_key.as_str())
        .bind(month)
        .bind(most.unwrap_or(u32::MAX))
        .fetch_optional(&mut **db)
        .await?;
    Ok(row.map(|row| row.try_get("sends")).transpose()?)
}

async fn uncount_send(
    db: &mut Db<'_>,
    app_key: AppKey,
    month: u32,
) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query("UPDATE otp_usage SET sends = max(sends - 1, 0) WHERE app_key = ?1 AND month = ?2")
        .bind(app_key.as_str())
        .bind(month)
        .execute(&mut **db)
        .await?;
    Ok(None)
}

async fn count_not_requested(db: &mut Db<'_>, app_key: AppKey) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query(
        "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
         VALUES (?1, 0, 0, 0, 0, 1) ON CONFLICT DO UPDATE SET not_requested = not_requested + 1",
    )
    .bind(app_key.as_str())
    .execute(&mut **db)
    .await?;
    Ok(None)
}

const TAKE_TURN: &str = "INSERT INTO otp_recipients (recipient, free_at) VALUES (?1, ?2 + ?3)
    ON CONFLICT DO UPDATE SET free_at = max(free_at, ?2) + ?3 WHERE max(free_at, ?2) + ?3 <= ?4";

async fn take_turn(
    db: &mut Db<'_>,
    recipient: &[u8; 32],
    now: UnixMillis,
    pause: i64,
    until: UnixMillis,
) -> Result<bool, StoreError> {
    let done = sqlx::query(TAKE_TURN)
        .bind(recipient.as_slice())
        .bind(now.0)
        .bind(pause)
        .bind(until.0)
        .execute(&mut **db)
        .await?;
    Ok(done.rows_affected() == 1)
}

const BEGIN: &str =
    "INSERT INTO otp_answers (call_hash, body_mac, session_id, created_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET session_id = excluded.session_id, created_at = excluded.created_at
    WHERE answer IS NULL AND session_id = ?5";

async fn begin(
    db: &mut Db<'_>,
    call: &OtpCall,
    session_id: Uuid,
    instead_of: Option<Uuid>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let done = sqlx::query(BEGIN)
        .bind(call.hash.as_slice())
        .bind(call.body_mac.as_slice())
        .bind(session_id.as_bytes().as_slice())
        .bind(now.0)
        .bind(instead_of.as_ref().map(|id| id.as_bytes().as_slice()))
        .execute(&mut **db)
        .await?;
    Ok(done.rows_affected() == 1)
}

const ANSWER: &str = "INSERT INTO otp_answers (call_hash, body_mac, session_id, answer, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET answer = excluded.answer
    WHERE answer IS NULL AND session_id = excluded.session_id";

async fn answer(
    db: &mut Db<'_>,
    call: &OtpCall,
    session_id: Option<Uuid>,
    answer: &str,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let done = sqlx::query(ANSWER)
        .bind(call.hash.as_slice())
        .bind(call.body_mac.as_slice())
        .bind(session_id.as_ref().map(|id| id.as_bytes().as_slice()))
        .bind(answer)
        .bind(now.0)
        .execute(&mut **db)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn forget(db: &mut Db<'_>, call: &OtpCall, session_id: Uuid) -> Result<Option<OtpRefusal>, StoreError> {
    sqlx::query("DELETE FROM otp_answers WHERE call_hash = ? AND answer IS NULL AND session_id = ?")
        .bind(call.hash.as_slice())
        .bind(session_id.as_bytes().as_slice())
        .execute(&mut **db)
        .await?;
    Ok(None)
}

const DELIVERED: &str = "UPDATE otp_sessions SET delivery = max(delivery, ?2), wa_id = coalesce(?3, wa_id),
    user_id = coalesce(?4, user_id) WHERE session_id = ?1";

/// Notes how far a message has come.
pub(super) async fn deliver(db: &mut Db<'_>, delivery: &OtpDelivery) -> Result<(), StoreError> {
    sqlx::query(DELIVERED)
        .bind(delivery.session_id.as_bytes().as_slice())
        .bind(delivery.delivery.number())
        .bind(delivery.wa_id.as_ref().map(PhoneNumber::expose))
        .bind(delivery.user_id.as_deref())
        .execute(&mut **db)
        .await?;
    Ok(())
}

fn fixed<const N: usize>(row: &SqliteRow, column: &'static str) -> Result<[u8; N], StoreError> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| StoreError::Unreadable("hash"))
}

fn uuid(row: &SqliteRow, column: &'static str) -> Result<Option<Uuid>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| Uuid::from_slice(bytes).map_err(|_| StoreError::Unreadable("session"))).transpose()
}

fn phone_number(row: &SqliteRow, column: &'static str) -> Result<Option<PhoneNumber>, StoreError> {
    let phone: Option<&str> = row.try_get(column)?;
    phone
        .map(|phone| PhoneNumber::parse(phone).map_err(|_| StoreError::Unreadable("phone number")))
        .transpose()
}

fn read_phone(row: &SqliteRow) -> Result<OtpPhone, StoreError> {
    let moment = |column| Ok::<_, StoreError>(UnixMillis(row.try_get(column)?));
    let (expires_at, until) = (moment("expires_at")?, moment("sending_until")?);
    let attempts_left = row.try_get("attempts_left")?;
    let wrong_at: Vec<i64> =
        serde_json::from_str(row.try_get("wrong_at")?).map_err(|_| StoreError::Unreadable("moment"))?;
    Ok(OtpPhone {
        subject: fixed(row, "subject")?,
        version: row.try_get("version")?,
        live: uuid(row, "live_session")?.map(|session_id| LiveCode { session_id, expires_at, attempts_left }),
        sending: uuid(row, "sending")?.map(|session_id| Sending { session_id, until }),
        cooldown_until: moment("cooldown_until")?,
        wrong_at: wrong_at.into_iter().map(UnixMillis).collect(),
        wrong_in_row: row.try_get("wrong_in_row")?,
        changed_at: moment("changed_at")?,
    })
}

fn read_session(row: &SqliteRow) -> Result<OtpSession, StoreError> {
    let delivery: i64 = row.try_get("delivery")?;
    Ok(OtpSession {
        session_id: uuid(row, "session_id")?.ok_or(StoreError::Unreadable("session"))?,
        app_key: AppKey::parse(row.try_get("app_key")?).map_err(|_| StoreError::Unreadable("app key"))?,
        subject: fixed(row, "subject")?,
        phone: phone_number(row, "phone")?,
        meta: row.try_get("meta")?,
        code_mac: fixed(row, "code_mac")?,
        is_test: row.try_get("is_test")?,
        used: row.try_get("used")?,
        created_at: UnixMillis(row.try_get("created_at")?),
        delivery: (delivery != NOTHING_SAID).then(|| DeliveryStatus::of_number(delivery)).transpose()?,
        wa_id: phone_number(row, "wa_id")?,
        user_id: row.try_get("user_id")?,
    })
}

// The columns of the two have names of their own, but for the subject, which is the same.
const SELECT_BOTH: &str = "SELECT s.*, p.version, p.live_session, p.expires_at, p.attempts_left, p.sending,
    p.sending_until, p.cooldown_until, p.wrong_at, p.wrong_in_row, p.changed_at
    FROM otp_sessions s LEFT JOIN otp_phones p ON p.subject = s.subject WHERE s.session_id = ?";

const WITHOUT_PERSON: &str = "UPDATE otp_sessions SET phone = NULL, meta = NULL, wa_id = NULL, user_id = NULL
    WHERE session_id IN (SELECT session_id FROM otp_sessions INDEXED BY otp_sessions_with_person
    WHERE phone IS NOT NULL AND created_at < ?1 LIMIT ?2)";

/// What is forgotten by its age: table, key and the moment that counts.
const FORGOTTEN: [&str; 4] = [
    "DELETE FROM otp_sessions WHERE session_id IN (SELECT session_id FROM otp_sessions WHERE created_at < ? LIMIT ?)",
    "DELETE FROM otp_phones WHERE subject IN (SELECT subject FROM otp_phones WHERE changed_at < ? LIMIT ?)",
    "DELETE FROM otp_answers WHERE call_hash IN (SELECT call_hash FROM otp_answers WHERE created_at < ? LIMIT ?)",
    "DELETE FROM otp_recipients WHERE recipient IN (SELECT recipient FROM otp_recipients WHERE free_at < ? LIMIT ?)",
];

#[async_trait]
impl OtpStore for SqliteStore {
    async fn write(&self, writes: Vec<OtpWrite>) -> Result<OtpOutcome, StoreError> {
        let (done, outcome) = oneshot::channel();
        let task = OtpTask { writes, done };
        self.jobs.send(Job::Otp(task)).await.map_err(|_| StoreError::Busy)?;
        outcome.await.map_err(|_| StoreError::NotWritten)?
    }

    async fn deliveries(&self, deliveries: Vec<OtpDelivery>) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        self.jobs
            .send(Job::Deliveries(DeliveriesTask { deliveries, done }))
            .await
            .map_err(|_| StoreError::Busy)?;
        written.await.map_err(|_| StoreError::NotWritten)?
    }

    async fn otp_phone(&self, subject: &[u8; 32]) -> Result<Option<OtpPhone>, StoreError> {
        let row = sqlx::query("SELECT * FROM otp_phones WHERE subject = ?")
            .bind(subject.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_phone).transpose()
    }

    async fn otp_session(&self, session_id: Uuid) -> Result<Option<OtpSession>, StoreError> {
        let row = sqlx::query("SELECT * FROM otp_sessions WHERE session_id = ?")
            .bind(session_id.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_session).transpose()
    }

    async fn otp_session_and_phone(
        &self,
        session_id: Uuid,
    ) -> Result<Option<(OtpSession, Option<OtpPhone>)>, StoreError> {
        let row = sqlx::query(SELECT_BOTH)
            .bind(session_id.as_bytes().as_slice())
            .fetch_optional(&self.readers)
            .await?;
        let read = |row: SqliteRow| {
            let has_phone = row.try_get::<Option<i64>, _>("version")?.is_some();
            Ok((read_session(&row)?, has_phone.then(|| read_phone(&row)).transpose()?))
        };
        row.map(read).transpose()
    }

    async fn otp_session_of_message(&self, hash: &[u8; 32]) -> Result<Option<OtpSession>, StoreError> {
        let row = sqlx::query("SELECT * FROM otp_sessions WHERE message_hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_session).transpose()
    }

    async fn otp_call(&self, hash: &[u8; 32]) -> Result<Option<KnownCall>, StoreError> {
        let row = sqlx::query("SELECT * FROM otp_answers WHERE call_hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        let read = |row: SqliteRow| {
            Ok(KnownCall {
                body_mac: fixed(&row, "body_mac")?,
                session_id: uuid(&row, "session_id")?,
                answer: row.try_get("answer")?,
                created_at: UnixMillis(row.try_get("created_at")?),
            })
        };
        row.map(read).transpose()
    }

    async fn otp_sends(&self, app_key: AppKey, month: u32) -> Result<u32, StoreError> {
        let row = sqlx::query("SELECT sends FROM otp_usage WHERE app_key = ? AND month = ?")
            .bind(app_key.as_str())
            .bind(month)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.try_get("sends")).transpose()?.unwrap_or(0))
    }

    async fn purge_otp(
        &self,
        now: UnixMillis,
        ended: UnixMillis,
        forgotten: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let person = sqlx::query(WITHOUT_PERSON).bind(ended.0).bind(limit).execute(&self.writer).await?;
        let mut rows = person.rows_affected();
        for statement in FORGOTTEN {
            // A recipient's row is empty once its moment has passed.
            let before = if statement.contains("otp_recipients") { now } else { forgotten };
            let gone = sqlx::query(statement).bind(before.0).bind(limit).execute(&self.writer).await?;
            rows += gone.rows_affected();
        }
        Ok(rows)
    }

    async fn test_numbers(&self) -> Result<HashMap<String, String>, StoreError> {
        let rows = sqlx::query("SELECT phone, code FROM otp_test_numbers").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get("phone")?, row.try_get("code")?))).collect()
    }

    async fn put_test_number(&self, phone: &PhoneNumber, code: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO otp_test_numbers VALUES (?1, ?2) ON CONFLICT DO UPDATE SET code = ?2")
            .bind(phone.expose())
            .bind(code)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn remove_test_number(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM otp_test_numbers WHERE phone = ?")
            .bind(phone.expose())
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
