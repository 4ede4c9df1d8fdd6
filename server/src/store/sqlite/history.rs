//! What became of logins and one-time codes, in SQLite.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::{AppKey, Code, Confirm};
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::{
    connections::{all, execute, first, tolerated},
    rows,
};
use crate::{
    clock::UnixMillis,
    store::{
        Ending, Facet, HistoryEntry, HistoryFilter, HistoryKind, HistoryPage, HistoryPurge, HistoryRow,
        HistoryStart, HistoryStore, SqliteStore, StoreError, UsageCounts, UsageFilter, UsageHour, UsageValue,
        history::SKEW, rows::Numbered,
    },
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const INSERT: &str =
    "INSERT INTO history (app_key, kind, ending, name, is_first, confirm, started_at, message_at,
    verified_at, ended_at, pace, country, phone_end, recipient)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// Adds a row.
pub(super) fn insert(db: &Connection, entry: &HistoryEntry) -> Result<(), StoreError> {
    let values = params![
        entry.app_key.as_str(),
        entry.kind.number(),
        entry.ending.number(),
        entry.name,
        entry.is_first,
        entry.confirm.number(),
        entry.started_at.0,
        entry.message_at.map(|at| at.0),
        entry.verified_at.map(|at| at.0),
        entry.ended_at.0,
        entry.pace(),
        entry.country,
        entry.phone_end,
        entry.recipient.as_ref().map(<[u8; 32]>::as_slice),
    ];
    execute(db, INSERT, values).map(drop)
}

/// Adds the row of a session, unless it has one.
pub(super) fn end_session(db: &Connection, session_id: Uuid, entry: &HistoryEntry) -> Result<(), StoreError> {
    const END: &str = "UPDATE otp_sessions SET ended = 1 WHERE session_id = ? AND ended = 0";
    if execute(db, END, [session_id.as_bytes().as_slice()])? == 0 {
        return Ok(());
    }
    insert(db, entry)
}

fn read(row: &Row<'_>) -> Result<HistoryRow, StoreError> {
    let moment = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UnixMillis));
    let entry = HistoryEntry {
        app_key: rows::app_key(row)?,
        kind: HistoryKind::of_number(row.get("kind")?)?,
        ending: Ending::of_number(row.get("ending")?)?,
        name: row.get("name")?,
        is_first: row.get("is_first")?,
        confirm: Confirm::of_number(row.get("confirm")?)?,
        started_at: UnixMillis(row.get("started_at")?),
        message_at: moment("message_at")?,
        verified_at: moment("verified_at")?,
        ended_at: UnixMillis(row.get("ended_at")?),
        country: row.get("country")?,
        phone_end: row.get("phone_end")?,
        recipient: None,
    };
    Ok(HistoryRow { id: row.get("id")?, entry })
}

/// A statement for rows, by the index that leads to them and the direction.
macro_rules! select {
    ($index:literal, $where:literal, $order:literal) => {
        concat!(
            "SELECT * FROM history ",
            $index,
            " WHERE id > :above AND id < :below AND ",
            $where,
            " AND (:app_key IS NULL OR app_key = :app_key)
            AND (:apps IS NULL OR app_key IN (SELECT value FROM json_each(:apps)))
            AND (:kind IS NULL OR kind = :kind)
            AND (:endings IS NULL OR ending IN (SELECT value FROM json_each(:endings)))
            AND (:country IS NULL OR country = :country) AND (:phone_end IS NULL OR phone_end = :phone_end)
            AND (:recipients IS NULL OR recipient IN (SELECT unhex(value) FROM json_each(:recipients)))
            AND (:since IS NULL OR ended_at >= :since) AND (:until IS NULL OR ended_at < :until)
            ORDER BY id ",
            $order,
            " LIMIT :limit"
        )
    };
}

const LATEST: &str = select!("NOT INDEXED", "true", "DESC");
const EARLIEST: &str = select!("NOT INDEXED", "true", "ASC");
const LATEST_OF_APP: &str = select!("INDEXED BY history_by_app", "app_key = :app_key", "DESC");
const EARLIEST_OF_APP: &str = select!("INDEXED BY history_by_app", "app_key = :app_key", "ASC");
const LATEST_OF_PERSON: &str = select!(
    "INDEXED BY history_by_recipient",
    "recipient IS NOT NULL
    AND substr(recipient, 1, 1) IN (SELECT substr(unhex(value), 1, 1) FROM json_each(:recipients))",
    "DESC"
);
const EARLIEST_OF_PERSON: &str = select!(
    "INDEXED BY history_by_recipient",
    "recipient IS NOT NULL
    AND substr(recipient, 1, 1) IN (SELECT substr(unhex(value), 1, 1) FROM json_each(:recipients))",
    "ASC"
);

/// Keys of apps, as statements take a list.
pub(super) fn in_json(apps: Option<&[AppKey]>) -> Option<String> {
    apps.map(|apps| serde_json::json!(apps.iter().map(AppKey::as_str).collect::<Vec<_>>()).to_string())
}

fn one(db: &Connection, sql: &'static str, value: i64) -> Result<Option<i64>, StoreError> {
    first(db, sql, [value], |row| Ok(row.get::<_, Option<i64>>(0)?)).map(Option::flatten)
}

/// The first id of a row that ended after a moment.
const TO: &str = "SELECT id FROM history WHERE ended_at > ? ORDER BY ended_at LIMIT 1";

/// The ids between which all rows that ended in this time are, themselves left out.
fn bounds(db: &Connection, filter: &HistoryFilter) -> Result<(i64, i64), StoreError> {
    const FROM: &str = "SELECT id FROM history WHERE ended_at >= ? ORDER BY ended_at LIMIT 1";
    let above = match filter.since {
        Some(since) => one(db, FROM, (since - SKEW).0)?.map_or(i64::MAX, |id| id - 1),
        None => 0,
    };
    let below = match filter.until {
        Some(until) => one(db, TO, (until + SKEW).0)?.unwrap_or(i64::MAX),
        None => i64::MAX,
    };
    Ok((above, below))
}

fn page(
    db: &Connection,
    filter: &HistoryFilter,
    start: HistoryStart,
    limit: u32,
) -> Result<HistoryPage, StoreError> {
    let last = one(db, "SELECT max(id) FROM history WHERE id > ?", 0)?.unwrap_or(0);
    let window = filter.window(start, bounds(db, filter)?, last);
    if window.is_empty() {
        return Ok(window.nothing());
    }
    let is_latest = !matches!(start, HistoryStart::After(_));
    let sql = match (filter.recipients.is_some(), filter.app_key.is_some(), is_latest) {
        (true, _, true) => LATEST_OF_PERSON,
        (true, _, false) => EARLIEST_OF_PERSON,
        (false, true, true) => LATEST_OF_APP,
        (false, true, false) => EARLIEST_OF_APP,
        (false, false, true) => LATEST,
        (false, false, false) => EARLIEST,
    };
    let values = named_params! {
        ":above": window.above,
        ":below": window.below,
        ":app_key": filter.app_key.as_ref().map(AppKey::as_str),
        ":apps": in_json(filter.apps.as_deref()),
        ":kind": filter.kind.map(Numbered::number),
        ":endings": filter.ending_numbers().map(|numbers| serde_json::json!(numbers).to_string()),
        ":country": filter.country,
        ":phone_end": filter.phone_end,
        ":recipients": filter.recipients_in_hex().map(|macs| serde_json::json!(macs).to_string()),
        ":since": filter.since.map(|at| at.0),
        ":until": filter.until.map(|at| at.0),
        ":limit": limit,
    };
    let found = all(db, sql, values, |row| Ok((row.get("id")?, tolerated(read(row))?)))?;
    Ok(window.page(found, limit))
}

/// The history after a position up to another, counted.
macro_rules! counted {
    ($after:literal, $up_to:literal) => {
        concat!(
            "SELECT f.value AS facet, app_key,
            CASE WHEN f.value < 10 THEN started_at / 3600000 ELSE started_at / 86400000 * 24 END AS hour, kind,
            CASE f.value % 10 WHEN 0 THEN '' WHEN 1 THEN CAST(ending AS TEXT) WHEN 2 THEN coalesce(country, '')
                WHEN 3 THEN CAST(pace AS TEXT) ELSE '0' END AS value,
            count(*) AS ends, sum(is_first) AS started, sum(is_first AND message_at IS NOT NULL) AS messages,
            sum(is_first AND verified_at IS NOT NULL) AS verified, sum(is_first AND ending < 10) AS redeemed
            FROM history h CROSS JOIN json_each('[0,1,2,3,4,11,12,13,14]') f WHERE h.id > ",
            $after,
            " AND h.id <= ",
            $up_to,
            " AND (f.value % 10 < 3 OR (f.value % 10 = 3 AND pace IS NOT NULL)
                OR (f.value % 10 = 4 AND kind IN (2, 4) AND is_first AND message_at IS NOT NULL))
            GROUP BY 1, 2, 3, 4, 5"
        )
    };
}

const ADD: &str = concat!(
    "INSERT INTO usage_hours (facet, app_key, hour, kind, value, ends, started, messages, verified, redeemed)
    SELECT * FROM (",
    counted!("?1", "?2"),
    ") WHERE true ON CONFLICT DO UPDATE SET ends = ends + excluded.ends, started = started + excluded.started,
    messages = messages + excluded.messages, verified = verified + excluded.verified,
    redeemed = redeemed + excluded.redeemed"
);

fn count(db: &Connection, limit: u32) -> Result<u64, StoreError> {
    const COUNTED: &str = "SELECT last FROM usage_counted WHERE last >= ?";
    const NEXT: &str = "SELECT max(id) AS last, count(*) AS rows
        FROM (SELECT id FROM history WHERE id > ? ORDER BY id LIMIT ?)";
    let before = one(db, COUNTED, 0)?.unwrap_or(0);
    let next = first(db, NEXT, params![before, limit], |row| {
        Ok((row.get::<_, Option<i64>>("last")?, row.get::<_, i64>("rows")?))
    })?;
    let Some((Some(last), rows)) = next else { return Ok(0) };
    execute(db, ADD, [before, last])?;
    execute(db, "UPDATE usage_counted SET last = ?", [last])?;
    Ok(rows.unsigned_abs())
}

/// What is counted, with what is yet to be, from one side.
macro_rules! usage {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", sum(ends) AS ends, sum(started) AS started, sum(messages) AS messages, sum(verified) AS verified,
            sum(redeemed) AS redeemed FROM (
                SELECT * FROM usage_hours WHERE facet = :facet
                AND app_key IN (SELECT app_key FROM apps WHERE (:app_key IS NULL OR app_key = :app_key)
                    AND (:apps IS NULL OR app_key IN (SELECT value FROM json_each(:apps))))
                AND hour >= :from AND hour < :head
                UNION ALL SELECT * FROM usage_hours WHERE facet = :facet
                AND app_key IN (SELECT app_key FROM apps WHERE (:app_key IS NULL OR app_key = :app_key)
                    AND (:apps IS NULL OR app_key IN (SELECT value FROM json_each(:apps))))
                AND hour >= :tail AND hour < :to
                UNION ALL SELECT * FROM usage_hours WHERE facet = :facet + 10
                AND app_key IN (SELECT app_key FROM apps WHERE (:app_key IS NULL OR app_key = :app_key)
                    AND (:apps IS NULL OR app_key IN (SELECT value FROM json_each(:apps))))
                AND hour >= :head AND hour < :tail
                UNION ALL SELECT * FROM (",
            counted!("(SELECT last FROM usage_counted)", "9223372036854775807"),
            ") WHERE facet = :facet AND (:app_key IS NULL OR app_key = :app_key)
                AND (:apps IS NULL OR app_key IN (SELECT value FROM json_each(:apps)))
                AND hour >= :from AND hour < :to
            ) GROUP BY ",
            $columns,
            " ORDER BY ",
            $columns
        )
    };
}

const BY_HOUR: &str = usage!("hour, kind");
const BY_VALUE: &str = usage!("app_key, kind, value");

fn usage<T>(
    db: &Connection,
    sql: &'static str,
    filter: &UsageFilter,
    facet: Facet,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let (head, tail) = filter.days(facet);
    let values = named_params! {
        ":head": head,
        ":tail": tail,
        ":facet": facet.number(),
        ":app_key": filter.app_key.as_ref().map(AppKey::as_str),
        ":apps": in_json(filter.apps.as_deref()),
        ":from": filter.from_hour,
        ":to": filter.to_hour,
    };
    all(db, sql, values, read)
}

fn counts(row: &Row<'_>) -> Result<UsageCounts, StoreError> {
    let count = |column| Ok::<_, StoreError>(row.get::<_, i64>(column)?.unsigned_abs());
    Ok(UsageCounts {
        ends: count("ends")?,
        started: count("started")?,
        messages: count("messages")?,
        verified: count("verified")?,
        redeemed: count("redeemed")?,
    })
}

fn by_hour(row: &Row<'_>) -> Result<UsageHour, StoreError> {
    let kind = HistoryKind::of_number(row.get("kind")?)?;
    Ok(UsageHour { hour: row.get("hour")?, kind, counts: counts(row)? })
}

fn by_value(row: &Row<'_>) -> Result<UsageValue, StoreError> {
    let kind = HistoryKind::of_number(row.get("kind")?)?;
    Ok(UsageValue { app_key: rows::app_key(row)?, kind, value: row.get("value")?, counts: counts(row)? })
}

const PURGE_OLD: &str = "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE ended_at < ?1
    AND id <= (SELECT last FROM usage_counted) ORDER BY ended_at LIMIT ?2)";

const CROWDED_APPS: &str = "SELECT app_key, count(*) AS rows FROM history INDEXED BY history_unanswered
    WHERE ending = 10 GROUP BY app_key HAVING count(*) > ?";

const TRIM_UNANSWERED: &str =
    "DELETE FROM history WHERE id IN (SELECT id FROM history INDEXED BY history_unanswered
    WHERE ending = 10 AND app_key = ?1 AND id <= (SELECT last FROM usage_counted) ORDER BY id LIMIT ?2)";

const PURGE_HOURS: &str = "DELETE FROM usage_hours WHERE (facet, app_key, hour, kind, value) IN
    (SELECT facet, app_key, hour, kind, value FROM usage_hours WHERE hour < ? LIMIT ?)";

/// Deletes what apps that have a time of their own keep no longer.
fn purge_apps(db: &Connection, now: UnixMillis, limit: u32) -> Result<usize, StoreError> {
    const SHORT: &str = "SELECT app_key, history_days FROM apps WHERE history_days IS NOT NULL";
    const PURGE: &str = "DELETE FROM history WHERE id IN (SELECT id FROM history INDEXED BY history_by_app
        WHERE app_key = ?1 AND id < ?2 AND id <= (SELECT last FROM usage_counted) AND ended_at < ?3
        ORDER BY id LIMIT ?4)";
    let apps =
        all(db, SHORT, [], |row| Ok((row.get::<_, String>("app_key")?, row.get::<_, u32>("history_days")?)))?;
    let mut gone = 0;
    for (app_key, days) in apps {
        let before = now - DAY * days;
        // Rows are nearly in the order of their ends, so that from this id on there are none.
        let below = one(db, TO, (before + SKEW).0)?.unwrap_or(i64::MAX);
        gone += execute(db, PURGE, params![app_key, below, before.0, limit])?;
    }
    Ok(gone)
}

fn purge(db: &Connection, purge: &HistoryPurge, limit: u32) -> Result<u64, StoreError> {
    let HistoryPurge { now, before, hour, most_unanswered } = *purge;
    let mut gone = execute(db, PURGE_OLD, params![before.0, limit])?;
    gone += purge_apps(db, now, limit)?;
    let crowded = all(db, CROWDED_APPS, [most_unanswered], |row| {
        Ok((row.get::<_, String>("app_key")?, row.get::<_, u32>("rows")?))
    })?;
    for (app_key, rows) in crowded {
        let excess = rows.saturating_sub(most_unanswered).min(limit);
        gone += execute(db, TRIM_UNANSWERED, params![app_key, excess])?;
    }
    Ok((gone + execute(db, PURGE_HOURS, params![hour, limit])?) as u64)
}

const COUNT_MESSAGE: &str = "INSERT INTO usage_hours
    (facet, app_key, hour, kind, value, ends, started, messages, verified, redeemed)
    SELECT f.value, substr(code, 1, 8), iif(f.value = 4, queued_at / 3600000, queued_at / 86400000 * 24), 1,
    CAST(kind AS TEXT), 1, 0, 0, 0, 0 FROM outbox CROSS JOIN json_each('[4,14]') f WHERE code = ?1 AND serial = ?2 ON CONFLICT DO UPDATE SET ends = ends + 1";

/// Counts a message of a login that WhatsApp took.
pub(super) fn count_message(db: &Connection, code: Code, serial: i64) -> Result<(), StoreError> {
    execute(db, COUNT_MESSAGE, params![code.expose(), serial]).map(drop)
}

#[async_trait]
impl HistoryStore for SqliteStore {
    async fn history(
        &self,
        filter: HistoryFilter,
        start: HistoryStart,
        limit: u32,
    ) -> Result<HistoryPage, StoreError> {
        self.readers.read(move |db| page(db, &filter, start, limit)).await
    }

    async fn last_of_history(&self) -> Result<i64, StoreError> {
        let last = self.readers.read(|db| one(db, "SELECT max(id) FROM history WHERE id > ?", 0));
        Ok(last.await?.unwrap_or(0))
    }

    async fn end_sessions(&self, ends: Vec<(Uuid, HistoryEntry)>) -> Result<(), StoreError> {
        if ends.is_empty() {
            return Ok(());
        }
        self.write_grouped(move |db| {
            ends.iter().try_for_each(|(session, entry)| end_session(db, *session, entry))
        })
        .await
    }

    async fn count_history(&self, limit: u32) -> Result<u64, StoreError> {
        const IS_ANY: &str = "SELECT 1 FROM history WHERE id > (SELECT last FROM usage_counted) LIMIT 1";
        // Nothing is written, and nobody waits, where there is nothing new.
        if self.readers.read(|db| first(db, IS_ANY, [], |_| Ok(()))).await?.is_none() {
            return Ok(0);
        }
        self.write_exclusive(move |db| count(db, limit)).await
    }

    async fn purge_history(&self, what: HistoryPurge, limit: u32) -> Result<u64, StoreError> {
        self.write_exclusive(move |db| purge(db, &what, limit)).await
    }

    async fn usage_by_hour(&self, filter: UsageFilter) -> Result<Vec<UsageHour>, StoreError> {
        self.readers.read(move |db| usage(db, BY_HOUR, &filter, Facet::Hours, by_hour)).await
    }

    async fn usage_by(&self, filter: UsageFilter, facet: Facet) -> Result<Vec<UsageValue>, StoreError> {
        self.readers.read(move |db| usage(db, BY_VALUE, &filter, facet, by_value)).await
    }
}
