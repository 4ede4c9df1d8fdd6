//! Webhooks to apps, in SQLite.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute, first, tolerated},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        AppEvent, DeliveriesPurged, DeliveryEnd, DeliveryPosition, DeliveryPurge, DeliveryState, DisabledFor,
        Replay, SqliteStore, StoreError, Tried, WebhookDelivery, WebhookEndpoint, WebhookHealth,
        WebhookStore, rows::Numbered,
    },
};

const INSERT_ENDPOINT: &str = "INSERT INTO webhook_endpoints
    (endpoint_id, app_key, url, events, secret, old_secret, old_until, created_at, disabled_at, disabled_for, succeeded_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?2)
    AND (SELECT count(*) FROM webhook_endpoints WHERE app_key = ?2) < ?12 ON CONFLICT DO NOTHING";

/// Adds an endpoint; `false` where its app has as many as it may, or there is none.
pub(super) fn insert(db: &Connection, endpoint: &WebhookEndpoint) -> Result<bool, StoreError> {
    let values = params![
        endpoint.id,
        endpoint.app_key.as_str(),
        endpoint.url,
        endpoint.events.join(" "),
        endpoint.secret,
        endpoint.old_secret.as_ref().map(|(secret, _)| secret),
        endpoint.old_secret.as_ref().map(|(_, until)| until.0),
        endpoint.created_at.0,
        endpoint.disabled.map(|(at, _)| at.0),
        endpoint.disabled.map(|(_, why)| why.number()),
        endpoint.succeeded_at.map(|at| at.0),
        limits::WEBHOOKS_PER_APP,
    ];
    Ok(execute(db, INSERT_ENDPOINT, values)? == 1)
}

/// Has an endpoint be somewhere else, or be told other events, where such are given; `false` where there is none.
pub(super) fn change(
    db: &Connection,
    id: &str,
    url: Option<&str>,
    events: Option<&[String]>,
) -> Result<bool, StoreError> {
    const CHANGE: &str = "UPDATE webhook_endpoints SET url = coalesce(?2, url), events = coalesce(?3, events)
        WHERE endpoint_id = ?1";
    let events = events.map(|events| events.join(" "));
    Ok(execute(db, CHANGE, params![id, url, events])? == 1)
}

/// Has another secret sign; the one before signs too until then. `false` where there is no such endpoint.
pub(super) fn rotate(
    db: &Connection,
    id: &str,
    secret: &[u8],
    until: UnixMillis,
) -> Result<bool, StoreError> {
    const ROTATE: &str = "UPDATE webhook_endpoints SET old_secret = secret, old_until = ?3, secret = ?2
        WHERE endpoint_id = ?1";
    Ok(execute(db, ROTATE, params![id, secret, until.0])? == 1)
}

/// Has an endpoint be told nothing; `false` where it is not, or there is none.
pub(super) fn disable(
    db: &Connection,
    id: &str,
    at: UnixMillis,
    why: DisabledFor,
) -> Result<bool, StoreError> {
    const DISABLE: &str = "UPDATE webhook_endpoints SET disabled_at = ?2, disabled_for = ?3
        WHERE endpoint_id = ?1 AND disabled_at IS NULL";
    Ok(execute(db, DISABLE, params![id, at.0, why.number()])? == 1)
}

/// Has an endpoint be told again, with what waits for it, which is not given up before `until`; `false` where it is not
/// disabled, or there is none.
pub(super) fn enable(
    db: &Connection,
    id: &str,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<bool, StoreError> {
    const ENABLE: &str = "UPDATE webhook_endpoints SET disabled_at = NULL, disabled_for = NULL
        WHERE endpoint_id = ?1 AND disabled_at IS NOT NULL";
    const RENEW: &str = "UPDATE webhook_deliveries SET due_at = ?2, until = ?3, tries = 0
        WHERE endpoint_id = ?1 AND state = 0";
    if execute(db, ENABLE, [id])? == 0 {
        return Ok(false);
    }
    execute(db, RENEW, params![id, now.0, until.0])?;
    Ok(true)
}

/// Deletes an endpoint with its deliveries; `false` where there is none.
pub(super) fn delete(db: &Connection, id: &str) -> Result<bool, StoreError> {
    execute(db, "DELETE FROM webhook_deliveries WHERE endpoint_id = ?", [id])?;
    Ok(execute(db, "DELETE FROM webhook_endpoints WHERE endpoint_id = ?", [id])? == 1)
}

/// Has one event, or all that were given up since then, be delivered again; `false` where there is none.
pub(super) fn replay(
    db: &Connection,
    Replay { endpoint_id, event, now, until }: &Replay,
) -> Result<bool, StoreError> {
    const ONE: &str =
        "UPDATE webhook_deliveries SET state = 0, due_at = ?3, until = ?4, tries = 0, ended_at = NULL
        WHERE endpoint_id = ?1 AND event_id = ?2";
    const GIVEN_UP: &str =
        "UPDATE webhook_deliveries SET state = 0, due_at = ?3, until = ?4, tries = 0, ended_at = NULL
        WHERE endpoint_id = ?1 AND queued_at >= ?2 AND state = 2";
    Ok(match event {
        Ok(event_id) => execute(db, ONE, params![endpoint_id, event_id, now.0, until.0])?,
        Err(since) => execute(db, GIVEN_UP, params![endpoint_id, since.0, now.0, until.0])?,
    } > 0)
}

const QUEUE: &str = "INSERT INTO webhook_deliveries
    (event_id, endpoint_id, kind, payload, phone, user_id, state, queued_at, due_at, until, tries)
    SELECT ?1, endpoint_id, ?3, ?4, ?5, ?6, 0, ?7, ?7, ?8, 0 FROM webhook_endpoints
    WHERE app_key = ?2 AND disabled_at IS NULL
    AND (events = '' OR instr(' ' || events || ' ', ' ' || ?3 || ' ') > 0) ON CONFLICT DO NOTHING";

const QUEUE_FOR_ALL: &str = "INSERT INTO webhook_deliveries
    (event_id, endpoint_id, kind, payload, phone, user_id, state, queued_at, due_at, until, tries)
    SELECT ?1, endpoint_id, ?3, ?4, ?5, ?6, 0, ?7, ?7, ?8, 0 FROM webhook_endpoints
    WHERE ?2 IS NULL AND disabled_at IS NULL
    AND (events = '' OR instr(' ' || events || ' ', ' ' || ?3 || ' ') > 0) ON CONFLICT DO NOTHING";

const QUEUE_FOR_ONE: &str = "INSERT INTO webhook_deliveries
    (event_id, endpoint_id, kind, payload, phone, user_id, state, queued_at, due_at, until, tries)
    SELECT ?1, endpoint_id, ?3, ?4, ?5, ?6, 0, ?7, ?7, ?8, 0 FROM webhook_endpoints
    WHERE endpoint_id = ?2 AND disabled_at IS NULL ON CONFLICT DO NOTHING";

/// Stores an event for each endpoint that wants it, in the transaction of what brings it about.
pub(super) fn queue(db: &Connection, event: &AppEvent) -> Result<(), StoreError> {
    let app_key = event.app_key.as_ref().map(AppKey::as_str);
    let sql = if app_key.is_some() { QUEUE } else { QUEUE_FOR_ALL };
    queue_by(db, sql, app_key, event).map(drop)
}

/// Stores an event for one endpoint; `false` where that is disabled, or there is none.
pub(super) fn queue_for(db: &Connection, endpoint_id: &str, event: &AppEvent) -> Result<bool, StoreError> {
    Ok(queue_by(db, QUEUE_FOR_ONE, Some(endpoint_id), event)? == 1)
}

fn queue_by(
    db: &Connection,
    sql: &'static str,
    whose: Option<&str>,
    event: &AppEvent,
) -> Result<usize, StoreError> {
    let values = params![
        event.id,
        whose,
        event.kind.as_str(),
        event.payload,
        event.phone,
        event.user_id,
        event.at.0,
        event.until.0,
    ];
    execute(db, sql, values)
}

const DELIVERED: &str =
    "UPDATE webhook_deliveries SET state = 1, tries = tries + 1, status = ?3, failure = NULL,
    ended_at = ?4 WHERE event_id = ?1 AND endpoint_id = ?2 AND state = 0";

const SUCCEEDED: &str = "UPDATE webhook_endpoints SET succeeded_at = ?2 WHERE endpoint_id = ?1";

const RETRY: &str = "UPDATE webhook_deliveries SET tries = tries + 1, status = ?3, failure = ?4, due_at = ?5
    WHERE event_id = ?1 AND endpoint_id = ?2 AND state = 0";

const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 2, tries = tries + 1, status = ?3, failure = ?4,
    ended_at = ?5 WHERE event_id = ?1 AND endpoint_id = ?2 AND state = 0";

const HAS_SUCCEEDED: &str = "SELECT 1 FROM webhook_endpoints e JOIN webhook_deliveries d
    ON d.endpoint_id = e.endpoint_id WHERE d.event_id = ?1 AND d.endpoint_id = ?2 AND e.succeeded_at >= d.queued_at";

fn end(db: &Connection, end: &DeliveryEnd) -> Result<bool, StoreError> {
    let DeliveryEnd { event_id, endpoint_id, at, tried, status, failure } = end;
    match tried {
        Tried::Delivered => {
            execute(db, DELIVERED, params![event_id, endpoint_id, status, at.0])?;
            execute(db, SUCCEEDED, params![endpoint_id, at.0])?;
            Ok(false)
        }
        Tried::Retry { due_at } => {
            execute(db, RETRY, params![event_id, endpoint_id, status, failure, due_at.0])?;
            Ok(false)
        }
        Tried::GivenUp { why } => {
            execute(db, GIVE_UP, params![event_id, endpoint_id, status, failure, at.0])?;
            let succeeded = first(db, HAS_SUCCEEDED, params![event_id, endpoint_id], |_| Ok(()))?.is_some();
            if *why == DisabledFor::Failing && succeeded {
                return Ok(false);
            }
            disable(db, endpoint_id, *at, *why)
        }
    }
}

const OLD: &str =
    "DELETE FROM webhook_deliveries WHERE (event_id, endpoint_id) IN (SELECT event_id, endpoint_id
    FROM webhook_deliveries WHERE ended_at IS NOT NULL AND (ended_at < ?1 OR ended_at > ?2) LIMIT ?3)";

// Of endpoints that are disabled: the others give up by themselves.
const NEVER_ENDED: &str = "DELETE FROM webhook_deliveries WHERE (event_id, endpoint_id) IN (SELECT event_id,
    endpoint_id FROM webhook_deliveries WHERE state = 0 AND until < ?1 LIMIT ?2)";

const CROWDED: &str = "SELECT endpoint_id, count(*) - ?1 AS excess FROM webhook_deliveries WHERE state = 0
    GROUP BY endpoint_id HAVING count(*) > ?1";

const TRIM: &str =
    "DELETE FROM webhook_deliveries WHERE (event_id, endpoint_id) IN (SELECT event_id, endpoint_id
    FROM webhook_deliveries WHERE endpoint_id = ?1 AND state = 0 ORDER BY queued_at LIMIT ?2)";

// Due so far ahead is what a clock wrote that was wrong.
const PULL_BACK: &str = "UPDATE webhook_deliveries SET due_at = ?1 WHERE state = 0 AND due_at > ?2";

fn purge(db: &Connection, purge: &DeliveryPurge, limit: u32) -> Result<DeliveriesPurged, StoreError> {
    let DeliveryPurge { now, before, horizon, most_waiting } = *purge;
    let old = execute(db, OLD, params![before.0, horizon.0, limit])?;
    let mut dropped = execute(db, NEVER_ENDED, params![before.0, limit])?;
    let crowded = all(db, CROWDED, [most_waiting], |row| {
        Ok((row.get::<_, String>("endpoint_id")?, row.get::<_, i64>("excess")?))
    })?;
    for (endpoint_id, excess) in crowded {
        dropped += execute(db, TRIM, params![endpoint_id, excess.min(limit.into())])?;
    }
    execute(db, PULL_BACK, [now.0, horizon.0])?;
    Ok(DeliveriesPurged { old: old as u64, dropped: dropped as u64 })
}

fn endpoint(row: &Row<'_>) -> Result<WebhookEndpoint, StoreError> {
    let moment = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UnixMillis));
    let why = row.get::<_, Option<i64>>("disabled_for")?.map(DisabledFor::of_number).transpose()?;
    let events = rows::text(row, "events")?.unwrap_or_default();
    Ok(WebhookEndpoint {
        id: row.get("endpoint_id")?,
        app_key: rows::app_key(row)?,
        url: row.get("url")?,
        events: events.split_whitespace().map(str::to_owned).collect(),
        secret: row.get("secret")?,
        old_secret: row.get::<_, Option<Vec<u8>>>("old_secret")?.zip(moment("old_until")?),
        created_at: UnixMillis(row.get("created_at")?),
        disabled: moment("disabled_at")?.zip(why),
        succeeded_at: moment("succeeded_at")?,
    })
}

fn delivery(row: &Row<'_>) -> Result<WebhookDelivery, StoreError> {
    Ok(WebhookDelivery {
        event_id: row.get("event_id")?,
        endpoint_id: row.get("endpoint_id")?,
        kind: row.get("kind")?,
        payload: row.get("payload")?,
        state: DeliveryState::of_number(row.get("state")?)?,
        queued_at: UnixMillis(row.get("queued_at")?),
        due_at: UnixMillis(row.get("due_at")?),
        until: UnixMillis(row.get("until")?),
        tries: row.get("tries")?,
        status: row.get("status")?,
        failure: row.get("failure")?,
        ended_at: row.get::<_, Option<i64>>("ended_at")?.map(UnixMillis),
    })
}

const DUE: &str = "SELECT d.* FROM webhook_endpoints e CROSS JOIN webhook_deliveries d
    WHERE e.disabled_at IS NULL AND d.endpoint_id = e.endpoint_id AND d.event_id IN (SELECT event_id
        FROM webhook_deliveries INDEXED BY webhook_deliveries_by_due
        WHERE endpoint_id = e.endpoint_id AND state = 0 AND due_at <= ?1 ORDER BY due_at LIMIT ?2)
    ORDER BY d.due_at LIMIT ?3";

const LATEST: &str = "SELECT * FROM webhook_deliveries INDEXED BY webhook_deliveries_by_age
    WHERE endpoint_id = ?1 AND (?2 IS NULL OR state = ?2)
    AND queued_at <= ?3 AND (queued_at < ?3 OR event_id > ?4) ORDER BY queued_at DESC, event_id LIMIT ?5";

const HEALTH: &str = "SELECT
    (SELECT min(d.queued_at) FROM webhook_deliveries d JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id
        WHERE d.state = 0 AND e.disabled_at IS NULL) AS oldest,
    (SELECT count(*) FROM webhook_endpoints WHERE disabled_for IN (?1, ?2)) AS failing";

#[async_trait]
impl WebhookStore for SqliteStore {
    async fn webhook_endpoints(&self, app_key: Option<AppKey>) -> Result<Vec<WebhookEndpoint>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_endpoints WHERE ?1 IS NULL OR app_key = ?1
            ORDER BY created_at, endpoint_id";
        let of_app = move |db: &Connection| {
            all(db, SELECT, [app_key.as_ref().map(AppKey::as_str)], |row| tolerated(endpoint(row)))
        };
        Ok(self.readers.read(of_app).await?.into_iter().flatten().collect())
    }

    async fn has_webhook_endpoint(&self) -> Result<bool, StoreError> {
        const SELECT: &str = "SELECT 1 FROM webhook_endpoints WHERE disabled_at IS NULL LIMIT 1";
        Ok(self.readers.read(|db| first(db, SELECT, [], |_| Ok(()))).await?.is_some())
    }

    async fn webhook_endpoint(&self, id: &str) -> Result<Option<WebhookEndpoint>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_endpoints WHERE endpoint_id = ?";
        let id = id.to_owned();
        self.readers.read(move |db| first(db, SELECT, [id], endpoint)).await
    }

    #[cfg(test)]
    async fn put_webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<bool, StoreError> {
        let endpoint = endpoint.clone();
        self.write_exclusive(move |db| insert(db, &endpoint)).await
    }

    async fn reseal_webhook(&self, was: &WebhookEndpoint, now: &WebhookEndpoint) -> Result<(), StoreError> {
        const RESEAL: &str = "UPDATE webhook_endpoints SET secret = ?3, old_secret = ?4 WHERE endpoint_id = ?1 AND secret = ?2";
        let (id, was, secret) = (now.id.clone(), was.secret.clone(), now.secret.clone());
        let old = now.old_secret.as_ref().map(|(secret, _)| secret.clone());
        let reseal = move |db: &Connection| execute(db, RESEAL, params![id, was, secret, old]).map(drop);
        self.write_grouped(reseal).await
    }

    async fn queue_events(&self, events: Vec<AppEvent>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.write_grouped(move |db| events.iter().try_for_each(|event| queue(db, event))).await
    }

    async fn due_deliveries(
        &self,
        now: UnixMillis,
        per_endpoint: u32,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let due = move |db: &Connection| {
            all(db, DUE, params![now.0, per_endpoint, limit], |row| tolerated(delivery(row)))
        };
        Ok(self.readers.read(due).await?.into_iter().flatten().collect())
    }

    async fn end_delivery(&self, ended: DeliveryEnd) -> Result<bool, StoreError> {
        self.write_grouped(move |db| end(db, &ended)).await
    }

    async fn webhook_deliveries(
        &self,
        endpoint_id: &str,
        state: Option<DeliveryState>,
        after: Option<DeliveryPosition>,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let endpoint_id = endpoint_id.to_owned();
        let (state, (queued_at, event_id)) = (state.map(Numbered::number), DeliveryPosition::bounds(after));
        let latest = move |db: &Connection| {
            all(db, LATEST, params![endpoint_id, state, queued_at, event_id, limit], delivery)
        };
        self.readers.read(latest).await
    }

    async fn webhook_delivery(
        &self,
        event_id: &str,
        endpoint_id: &str,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_deliveries WHERE event_id = ? AND endpoint_id = ?";
        let names = [event_id.to_owned(), endpoint_id.to_owned()];
        self.readers.read(move |db| first(db, SELECT, names, delivery)).await
    }

    async fn webhook_health(&self) -> Result<WebhookHealth, StoreError> {
        let why = [DisabledFor::Failing.number(), DisabledFor::Gone.number()];
        let health = self.readers.read(move |db| {
            first(db, HEALTH, why, |row| {
                let oldest = row.get::<_, Option<i64>>("oldest")?.map(UnixMillis);
                Ok(WebhookHealth { oldest, failing: row.get("failing")? })
            })
        });
        Ok(health.await?.unwrap_or_default())
    }

    async fn purge_deliveries(
        &self,
        what: DeliveryPurge,
        limit: u32,
    ) -> Result<DeliveriesPurged, StoreError> {
        self.write_exclusive(move |db| purge(db, &what, limit)).await
    }
}
