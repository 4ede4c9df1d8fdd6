//! What became of logins and one-time codes, in PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::{AppKey, Confirm};
use serde_json::json;
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

use super::{
    PostgresStore,
    connections::Value as Bound,
    rows::{self, moment, numbered, optional_moment, tolerated, value},
    writes::{end_of_session, millis},
};
use crate::{
    clock::UnixMillis,
    store::{
        Ending, Facet, HistoryEntry, HistoryFilter, HistoryKind, HistoryPage, HistoryPurge, HistoryRow,
        HistoryStart, HistoryStore, StoreError, UsageCounts, UsageFilter, UsageHour, UsageValue,
        history::SKEW, rows::Numbered,
    },
};

fn read(row: &Row) -> Result<HistoryRow, StoreError> {
    let entry = HistoryEntry {
        app_key: rows::app_key(row)?,
        kind: numbered::<HistoryKind>(row, "kind")?,
        ending: numbered::<Ending>(row, "ending")?,
        name: value(row, "name")?,
        is_first: value(row, "is_first")?,
        confirm: numbered::<Confirm>(row, "confirm")?,
        started_at: moment(row, "started_at")?,
        message_at: optional_moment(row, "message_at")?,
        verified_at: optional_moment(row, "verified_at")?,
        ended_at: moment(row, "ended_at")?,
        country: value(row, "country")?,
        phone_end: value(row, "phone_end")?,
        recipient: None,
    };
    Ok(HistoryRow { id: value(row, "id")?, entry })
}

/// A statement for rows, by the direction. Which index leads to them is seen from the values.
macro_rules! select {
    ($order:literal) => {
        concat!(
            "SELECT * FROM history WHERE id > $1 AND id < $2 AND ($3 IS NULL OR app_key = $3)
            AND ($4 IS NULL OR kind = $4) AND ($5 IS NULL OR ending = ANY ($5))
            AND ($6 IS NULL OR country = $6) AND ($7 IS NULL OR phone_end = $7)
            AND ($8 IS NULL OR (recipient = ANY ($8) AND substr(recipient, 1, 1) = ANY ($13)))
            AND ($9 IS NULL OR ended_at >= $9) AND ($10 IS NULL OR ended_at < $10)
            AND ($12 IS NULL OR app_key = ANY ($12))
            ORDER BY id ",
            $order,
            " LIMIT $11"
        )
    };
}

pub(super) const LATEST: &str = select!("DESC");
const EARLIEST: &str = select!("ASC");

/// The history after a position, which is counted with what was counted before.
macro_rules! usage {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", sum(ends)::bigint AS ends, sum(started)::bigint AS started, sum(messages)::bigint AS messages,
            sum(verified)::bigint AS verified, sum(redeemed)::bigint AS redeemed FROM (
 SELECT * FROM usage_hours WHERE facet = $1 AND ($2 IS NULL OR app_key = $2) AND ($7 IS NULL OR app_key = ANY ($7))
                    AND hour >= $3 AND hour < $5
                UNION ALL SELECT * FROM usage_hours WHERE facet = $1 AND ($2 IS NULL OR app_key = $2) AND ($7 IS NULL OR app_key = ANY ($7))
                    AND hour >= $6 AND hour < $4
                UNION ALL SELECT * FROM usage_hours WHERE facet = $1 + 10 AND ($2 IS NULL OR app_key = $2) AND ($7 IS NULL OR app_key = ANY ($7))
                    AND hour >= $5 AND hour < $6
                UNION ALL SELECT * FROM uncounted_history()
                    WHERE facet = $1 AND ($2 IS NULL OR app_key = $2) AND ($7 IS NULL OR app_key = ANY ($7)) AND hour >= $3 AND hour < $4
            ) u
            GROUP BY ",
            $columns,
            " ORDER BY ",
            $columns
        )
    };
}

pub(super) const BY_HOUR: &str = usage!("hour, kind");
pub(super) const BY_VALUE: &str = usage!("app_key, kind, value");

/// Whether anything is not counted yet. Of the rows above an id that is not known before, one would be looked for by reading
/// all of them.
pub(super) const IS_ANY: &str =
    "SELECT 1 WHERE (SELECT max(id) FROM history) > (SELECT last FROM usage_counted)";

/// Keys of apps, as statements take a list.
pub(super) fn names(apps: Option<&[AppKey]>) -> Option<Vec<&str>> {
    apps.map(|apps| apps.iter().map(AppKey::as_str).collect())
}

fn counts(row: &Row) -> Result<UsageCounts, StoreError> {
    let count = |column| Ok::<_, StoreError>(value::<i64>(row, column)?.unsigned_abs());
    Ok(UsageCounts {
        ends: count("ends")?,
        started: count("started")?,
        messages: count("messages")?,
        verified: count("verified")?,
        redeemed: count("redeemed")?,
    })
}

impl PostgresStore {
    async fn id(&self, sql: &str, at: UnixMillis) -> Result<Option<i64>, StoreError> {
        let row = self.connections.first(sql, &[(&at.0, Type::INT8)]).await?;
        row.map(|row| value(&row, "id")).transpose()
    }

    /// The ids between which all rows that ended in this time are, themselves left out.
    async fn bounds(&self, filter: &HistoryFilter) -> Result<(i64, i64), StoreError> {
        const FROM: &str = "SELECT id FROM history WHERE ended_at >= $1 ORDER BY ended_at LIMIT 1";
        const TO: &str = "SELECT id FROM history WHERE ended_at > $1 ORDER BY ended_at LIMIT 1";
        let above = match filter.since {
            Some(since) => self.id(FROM, since - SKEW).await?.map_or(i64::MAX, |id| id - 1),
            None => 0,
        };
        let below = match filter.until {
            Some(until) => self.id(TO, until + SKEW).await?.unwrap_or(i64::MAX),
            None => i64::MAX,
        };
        Ok((above, below))
    }

    async fn usage(&self, sql: &str, filter: &UsageFilter, facet: Facet) -> Result<Vec<Row>, StoreError> {
        let (head, tail) = filter.days(facet);
        let (facet, app_key) = (facet.number(), filter.app_key.as_ref().map(AppKey::as_str));
        let apps = names(filter.apps.as_deref());
        let values: [Bound<'_>; 7] = [
            (&facet, Type::INT8),
            (&app_key, Type::TEXT),
            (&filter.from_hour, Type::INT8),
            (&filter.to_hour, Type::INT8),
            (&head, Type::INT8),
            (&tail, Type::INT8),
            (&apps, Type::TEXT_ARRAY),
        ];
        self.connections.rows(sql, &values).await
    }
}

#[async_trait]
impl HistoryStore for PostgresStore {
    async fn history(
        &self,
        filter: HistoryFilter,
        start: HistoryStart,
        limit: u32,
    ) -> Result<HistoryPage, StoreError> {
        let window = filter.window(start, self.bounds(&filter).await?, self.last_of_history().await?);
        if window.is_empty() {
            return Ok(window.nothing());
        }
        let sql = if matches!(start, HistoryStart::After(_)) { EARLIEST } else { LATEST };
        let (app_key, kind) =
            (filter.app_key.as_ref().map(AppKey::as_str), filter.kind.map(Numbered::number));
        let endings = filter.ending_numbers();
        let recipients: Option<Vec<&[u8]>> =
            filter.recipients.as_ref().map(|macs| macs.iter().map(<[u8; 32]>::as_slice).collect());
        // What their index has of them.
        let first_bytes: Option<Vec<&[u8]>> =
            filter.recipients.as_ref().map(|macs| macs.iter().map(|mac| &mac[..1]).collect());
        let (since, until) = (filter.since.map(|at| at.0), filter.until.map(|at| at.0));
        let most = i64::from(limit);
        let apps = names(filter.apps.as_deref());
        let values: [Bound<'_>; 13] = [
            (&window.above, Type::INT8),
            (&window.below, Type::INT8),
            (&app_key, Type::TEXT),
            (&kind, Type::INT8),
            (&endings, Type::INT8_ARRAY),
            (&filter.country, Type::TEXT),
            (&filter.phone_end, Type::TEXT),
            (&recipients, Type::BYTEA_ARRAY),
            (&since, Type::INT8),
            (&until, Type::INT8),
            (&most, Type::INT8),
            (&apps, Type::TEXT_ARRAY),
            (&first_bytes, Type::BYTEA_ARRAY),
        ];
        let rows = self.connections.rows(sql, &values).await?;
        let found = rows.iter().map(|row| Ok((value(row, "id")?, tolerated(read(row))?)));
        Ok(window.page(found.collect::<Result<_, StoreError>>()?, limit))
    }

    async fn last_of_history(&self) -> Result<i64, StoreError> {
        let row = self.connections.first("SELECT coalesce(max(id), 0) AS id FROM history", &[]).await?;
        row.map_or(Ok(0), |row| value(&row, "id"))
    }

    async fn end_sessions(&self, ends: Vec<(Uuid, HistoryEntry)>) -> Result<(), StoreError> {
        let ends = ends.iter().map(|(session_id, entry)| end_of_session(*session_id, entry));
        self.write_others(ends.collect()).await.map(drop)
    }

    async fn count_history(&self, limit: u32) -> Result<u64, StoreError> {
        // Nothing is written, and nobody waits, where there is nothing new.
        if self.connections.first(IS_ANY, &[]).await?.is_none() {
            return Ok(0);
        }
        self.write_rows(json!({ "history": "count", "limit": limit })).await
    }

    async fn purge_history(&self, purge: HistoryPurge, limit: u32) -> Result<u64, StoreError> {
        let HistoryPurge { now, before, hour, most_unanswered } = purge;
        let purge = json!({
            "history": "purge",
            "now": now.0,
            "skew": millis(SKEW),
            "before": before.0,
            "hour": hour,
            "most_unanswered": most_unanswered,
            "limit": limit,
        });
        self.write_rows(purge).await
    }

    async fn usage_by_hour(&self, filter: UsageFilter) -> Result<Vec<UsageHour>, StoreError> {
        let rows = self.usage(BY_HOUR, &filter, Facet::Hours).await?;
        let read = |row| {
            Ok(UsageHour { hour: value(row, "hour")?, kind: numbered(row, "kind")?, counts: counts(row)? })
        };
        rows.iter().map(read).collect()
    }

    async fn usage_by(&self, filter: UsageFilter, facet: Facet) -> Result<Vec<UsageValue>, StoreError> {
        let read = |row| {
            let (app_key, kind) = (rows::app_key(row)?, numbered(row, "kind")?);
            Ok(UsageValue { app_key, kind, value: value(row, "value")?, counts: counts(row)? })
        };
        self.usage(BY_VALUE, &filter, facet).await?.iter().map(read).collect()
    }
}
