//! How one-time codes are written in SQLite, within the transactions of the one thread that writes.

use loggin_protocol::{AppKey, PhoneNumber};
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

use super::{
    connections::{execute, first},
    guards, history, webhooks,
};
use crate::{
    clock::UnixMillis,
    store::{
        CallCount, CountedCalls, OtpCall, OtpCounts, OtpDelivery, OtpOutcome, OtpPhone, OtpRefusal,
        OtpSession, OtpWrite, StoreError, rows::Numbered,
    },
    whatsapp::DeliveryStatus,
};

/// What stands in `delivery` before WhatsApp has said anything.
pub(super) const NOTHING_SAID: i64 = 0;

/// What became of the writes for a call.
pub(super) type OtpWritten = (Option<CountedCalls>, OtpOutcome);

/// Makes all of these writes within a transaction, or none; the call is counted in any case.
pub(super) fn write_counted(
    transaction: &mut Transaction<'_>,
    call: Option<CallCount>,
    writes: &[OtpWrite],
) -> Result<OtpWritten, StoreError> {
    let counted = call.map(|call| count_call(transaction, &call)).transpose()?;
    let is_one_too_many = |call: CallCount| counted.is_some_and(|counted| counted.calls > call.most);
    if call.is_some_and(is_one_too_many) {
        return Ok((counted, Err(OtpRefusal::Rate)));
    }
    Ok((counted, write_all(transaction, writes)?))
}

fn write_all(transaction: &mut Transaction<'_>, writes: &[OtpWrite]) -> Result<OtpOutcome, StoreError> {
    let mut counts = OtpCounts::default();
    let (first, rest): (Vec<&OtpWrite>, Vec<&OtpWrite>) =
        writes.iter().partition(|write| write.can_be_refused());
    if first.len() <= 1 {
        // Where the one that can be refused comes first, there is nothing to take back, which spares two statements.
        for write in first.into_iter().chain(rest) {
            if let Some(refusal) = write_one(transaction, write, &mut counts)? {
                return Ok(Err(refusal));
            }
        }
        return Ok(Ok(counts));
    }
    let savepoint = transaction.savepoint()?;
    for write in writes {
        if let Some(refusal) = write_one(&savepoint, write, &mut counts)? {
            // Dropped, it is rolled back.
            return Ok(Err(refusal));
        }
    }
    savepoint.commit()?;
    Ok(Ok(counts))
}

/// Makes one write; returns why not, where it is refused.
fn write_one(
    db: &Connection,
    write: &OtpWrite,
    counts: &mut OtpCounts,
) -> Result<Option<OtpRefusal>, StoreError> {
    let refused_unless = |done: bool, refusal| Ok((!done).then_some(refusal));
    let never = |()| None;
    match write {
        OtpWrite::Phone(phone) => refused_unless(put_phone(db, phone)?, OtpRefusal::Stale),
        OtpWrite::Join { from, version, into } => {
            refused_unless(join(db, from, *version, into)?, OtpRefusal::Stale)
        }
        OtpWrite::Session(session) => insert_session(db, session).map(never),
        OtpWrite::Used { session_id, used } => mark_used(db, *session_id, *used).map(never),
        OtpWrite::Sent { session_id, message_hash, wa_id, failure } => {
            note_sent(db, *session_id, message_hash, wa_id.as_ref(), *failure).map(never)
        }
        OtpWrite::Failed { session_id, failure } => {
            refused_unless(note_failed(db, *session_id, *failure)?, OtpRefusal::Known)
        }
        OtpWrite::CountSend { app_key, month, most } => {
            counts.sends = count_send(db, *app_key, *month, *most)?;
            refused_unless(counts.sends.is_some(), OtpRefusal::Quota)
        }
        OtpWrite::UncountSend { app_key, month } => uncount_send(db, *app_key, *month).map(never),
        OtpWrite::CountNotRequested { app_key } => count_not_requested(db, *app_key).map(never),
        OtpWrite::Turn { recipient, now, pause, until } => {
            let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            refused_unless(take_turn(db, recipient, *now, pause, *until)?, OtpRefusal::Turn)
        }
        OtpWrite::Begin { call, session_id, instead_of, now } => {
            let done = begin(db, call, *session_id, *instead_of, *now)?;
            refused_unless(done, OtpRefusal::Known)
        }
        OtpWrite::Response { call, session_id, response: text, now } => {
            refused_unless(keep_response(db, call, *session_id, text, *now)?, OtpRefusal::Known)
        }
        OtpWrite::Forget { call, session_id } => forget(db, call, *session_id).map(never),
        OtpWrite::Event(event) => webhooks::queue(db, event).map(never),
        OtpWrite::End { session_id, entry } => history::end_session(db, *session_id, entry).map(never),
        OtpWrite::Refused(entry) => history::insert(db, entry).map(never),
        OtpWrite::Guard(place, count) => guards::count(db, place, *count),
    }
}

const INSERT_PHONE: &str =
    "INSERT INTO otp_phones (subject, version, live_session, expires_at, attempts_left,
    sending, sending_until, cooldown_until, wrong_at, wrong_in_row, changed_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
    WHERE NOT EXISTS (SELECT 1 FROM otp_aliases WHERE subject = ?1) ON CONFLICT DO NOTHING";

const UPDATE_PHONE: &str = "UPDATE otp_phones SET version = ?2, live_session = ?3, expires_at = ?4,
    attempts_left = ?5, sending = ?6, sending_until = ?7, cooldown_until = ?8, wrong_at = ?9, wrong_in_row = ?10,
    changed_at = ?11 WHERE subject = ?1 AND version = ?2 - 1";

fn put_phone(db: &Connection, phone: &OtpPhone) -> Result<bool, StoreError> {
    let wrong_at: Vec<i64> = phone.wrong_at.iter().map(|moment| moment.0).collect();
    let values = params![
        phone.subject.as_slice(),
        phone.version,
        phone.live.as_ref().map(|live| live.session_id.as_bytes().as_slice()),
        phone.live.map_or(0, |live| live.expires_at.0),
        phone.live.map_or(0, |live| live.attempts_left),
        phone.sending.as_ref().map(|sending| sending.session_id.as_bytes().as_slice()),
        phone.sending.map_or(0, |sending| sending.until.0),
        phone.cooldown_until.0,
        serde_json::to_string(&wrong_at).map_err(|_| StoreError::Unreadable("moment"))?,
        phone.wrong_in_row,
        phone.changed_at.0,
    ];
    Ok(execute(db, if phone.version == 1 { INSERT_PHONE } else { UPDATE_PHONE }, values)? == 1)
}

fn join(db: &Connection, from: &[u8; 32], version: i64, into: &[u8; 32]) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM otp_phones WHERE subject = ?1 AND version = ?2";
    const INSERT: &str = "INSERT INTO otp_aliases (subject, account)
        SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM otp_phones WHERE subject = ?1) ON CONFLICT DO NOTHING";
    // What led to `from` leads on: one step is enough to find a row.
    const LEAD_ON: &str = "UPDATE otp_aliases SET account = ?2 WHERE account = ?1";
    let (from, into) = (from.as_slice(), into.as_slice());
    if version > 0 && execute(db, DELETE, params![from, version])? == 0 {
        return Ok(false);
    }
    execute(db, LEAD_ON, [from, into])?;
    Ok(execute(db, INSERT, [from, into])? == 1)
}

fn insert_session(db: &Connection, session: &OtpSession) -> Result<(), StoreError> {
    const INSERT: &str =
        "INSERT INTO otp_sessions (session_id, app_key, subject, phone, meta, code_mac, digits, is_test, used,
        created_at, delivery, gateway) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![
        session.session_id.as_bytes().as_slice(),
        session.app_key.as_str(),
        session.subject.as_slice(),
        session.phone.as_ref().map(PhoneNumber::expose),
        session.meta,
        session.code_mac.as_slice(),
        session.digits,
        session.is_test,
        session.used,
        session.created_at.0,
        session.delivery.map_or(NOTHING_SAID, Numbered::number),
        session.is_gateway,
    ];
    execute(db, INSERT, values).map(drop)
}

fn mark_used(db: &Connection, session_id: Uuid, used: bool) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE otp_sessions SET used = ?2 WHERE session_id = ?1";
    execute(db, UPDATE, params![session_id.as_bytes().as_slice(), used]).map(drop)
}

fn note_sent(
    db: &Connection,
    session_id: Uuid,
    message_hash: &[u8; 32],
    wa_id: Option<&PhoneNumber>,
    failure: Option<u32>,
) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE otp_sessions SET message_hash = ?2, failure = coalesce(failure, ?4),
        wa_id = CASE WHEN phone IS NOT NULL THEN coalesce(?3, wa_id) END WHERE session_id = ?1";
    let wa_id = wa_id.map(PhoneNumber::expose);
    let values = params![session_id.as_bytes().as_slice(), message_hash.as_slice(), wa_id, failure];
    execute(db, UPDATE, values).map(drop)
}

/// Notes that a message will not arrive; `false` where that is known, or there is no such session.
fn note_failed(db: &Connection, session_id: Uuid, failure: u32) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE otp_sessions SET delivery = ?2, failure = coalesce(failure, ?3)
        WHERE session_id = ?1 AND delivery <> ?2";
    let failed = DeliveryStatus::Failed.number();
    Ok(execute(db, UPDATE, params![session_id.as_bytes().as_slice(), failed, failure])? == 1)
}

const COUNT_CALL: &str = "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
    VALUES (?1, ?2, 1, 0, 0, 0) ON CONFLICT DO UPDATE SET
    calls = CASE WHEN calls_since > ?3 THEN min(calls + 1, 4294967295) ELSE 1 END,
    calls_since = CASE WHEN calls_since > ?3 THEN min(calls_since, ?2) ELSE ?2 END
    RETURNING calls, calls_since";

fn count_call(db: &Connection, call: &CallCount) -> Result<CountedCalls, StoreError> {
    let counted = first(db, COUNT_CALL, params![call.app_key.as_str(), call.now.0, call.since.0], |row| {
        Ok(CountedCalls { calls: row.get("calls")?, since: UnixMillis(row.get("calls_since")?) })
    })?;
    counted.ok_or(StoreError::Unreadable("count"))
}

const COUNT_SEND: &str = "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
    SELECT ?1, 0, 0, ?2, 1, 0 WHERE ?3 > 0 ON CONFLICT DO UPDATE SET
    sends = CASE WHEN month = ?2 THEN sends + 1 ELSE 1 END, month = ?2
    WHERE month <> ?2 OR sends < ?3 RETURNING sends";

/// How many there are now in this month; `None` where that would be more than `most`.
fn count_send(
    db: &Connection,
    app_key: AppKey,
    month: u32,
    most: Option<u32>,
) -> Result<Option<u32>, StoreError> {
    let values = params![app_key.as_str(), month, most.unwrap_or(u32::MAX)];
    first(db, COUNT_SEND, values, |row| Ok(row.get("sends")?))
}

fn uncount_send(db: &Connection, app_key: AppKey, month: u32) -> Result<(), StoreError> {
    const UPDATE: &str = "UPDATE otp_usage SET sends = max(sends - 1, 0) WHERE app_key = ?1 AND month = ?2";
    execute(db, UPDATE, params![app_key.as_str(), month]).map(drop)
}

fn count_not_requested(db: &Connection, app_key: AppKey) -> Result<(), StoreError> {
    const COUNT: &str = "INSERT INTO otp_usage (app_key, calls_since, calls, month, sends, not_requested)
        VALUES (?1, 0, 0, 0, 0, 1) ON CONFLICT DO UPDATE SET not_requested = not_requested + 1";
    execute(db, COUNT, [app_key.as_str()]).map(drop)
}

// No row reaches beyond its own `until`. One that lies twice as far ahead was written by a clock that was ahead, and not
// by a node whose clock differs a little.
const TAKE_TURN: &str = "INSERT INTO otp_recipients (recipient, free_at) VALUES (?1, ?2 + ?3)
    ON CONFLICT DO UPDATE SET free_at = CASE WHEN free_at > ?4 + (?4 - ?2) THEN ?2 ELSE max(free_at, ?2) END + ?3
    WHERE free_at > ?4 + (?4 - ?2) OR max(free_at, ?2) + ?3 <= ?4";

/// Takes one turn in a recipient's row; `false` where the row would then reach beyond `until`.
pub(super) fn take_turn(
    db: &Connection,
    recipient: &[u8; 32],
    now: UnixMillis,
    pause: i64,
    until: UnixMillis,
) -> Result<bool, StoreError> {
    Ok(execute(db, TAKE_TURN, params![recipient.as_slice(), now.0, pause, until.0])? == 1)
}

const BEGIN: &str =
    "INSERT INTO otp_answers (call_hash, body_mac, session_id, created_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET session_id = excluded.session_id, created_at = excluded.created_at
    WHERE answer IS NULL AND session_id = ?5";

fn begin(
    db: &Connection,
    call: &OtpCall,
    session_id: Uuid,
    instead_of: Option<Uuid>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let instead_of = instead_of.as_ref().map(|id| id.as_bytes().as_slice());
    let session_id = session_id.as_bytes().as_slice();
    let values = params![call.hash.as_slice(), call.body_mac.as_slice(), session_id, now.0, instead_of];
    Ok(execute(db, BEGIN, values)? == 1)
}

const RESPONSE: &str = "INSERT INTO otp_answers (call_hash, body_mac, session_id, answer, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET answer = excluded.answer
    WHERE answer IS NULL AND session_id = excluded.session_id";

fn keep_response(
    db: &Connection,
    call: &OtpCall,
    session_id: Option<Uuid>,
    response: &[u8],
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let session_id = session_id.as_ref().map(|id| id.as_bytes().as_slice());
    let values = params![call.hash.as_slice(), call.body_mac.as_slice(), session_id, response, now.0];
    Ok(execute(db, RESPONSE, values)? == 1)
}

fn forget(db: &Connection, call: &OtpCall, session_id: Uuid) -> Result<(), StoreError> {
    const DELETE: &str = "DELETE FROM otp_answers WHERE call_hash = ? AND answer IS NULL AND session_id = ?";
    execute(db, DELETE, params![call.hash.as_slice(), session_id.as_bytes().as_slice()]).map(drop)
}

// A session whose person has left stays without one, however late a status comes.
const DELIVERED: &str = "UPDATE otp_sessions SET delivery = max(delivery, ?2),
    wa_id = CASE WHEN phone IS NOT NULL THEN coalesce(?3, wa_id) END,
    user_id = CASE WHEN phone IS NOT NULL THEN coalesce(?4, user_id) END WHERE session_id = ?1";

/// Notes how far a message has come.
pub(super) fn deliver(db: &Connection, delivery: &OtpDelivery) -> Result<(), StoreError> {
    let values = params![
        delivery.session_id.as_bytes().as_slice(),
        delivery.delivery.number(),
        delivery.wa_id.as_ref().map(PhoneNumber::expose),
        delivery.user_id,
    ];
    execute(db, DELIVERED, values)?;
    delivery.event.as_ref().map_or(Ok(()), |event| webhooks::queue(db, event))
}
