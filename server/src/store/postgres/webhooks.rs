//! Webhooks to apps, in PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Type};

use super::{
    PostgresStore,
    rows::{self, moment, number, numbered, optional_moment, tolerated, value},
    writes::{self, hex, text},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        AppEvent, DeliveriesPurged, DeliveryEnd, DeliveryPosition, DeliveryPurge, DeliveryState, DisabledFor,
        StoreError, Tried, WebhookDelivery, WebhookEndpoint, WebhookHealth, WebhookStore, rows::Numbered,
    },
};

/// An event that is stored in any case.
pub(super) fn unconditional(what: &AppEvent) -> Value {
    let mut write = writes::app_event(what);
    write["webhook"] = "event".into();
    write
}

/// An endpoint, as `put_webhook` of the migrations takes it.
pub(super) fn endpoint(endpoint: &WebhookEndpoint) -> Value {
    json!({
        "endpoint_id": endpoint.id,
        "app_key": endpoint.app_key.as_str(),
        "url": text(&endpoint.url),
        "events": endpoint.events.join(" "),
        "secret": hex(&endpoint.secret),
        "old_secret": endpoint.old_secret.as_ref().map(|(secret, _)| hex(secret)),
        "old_until": endpoint.old_secret.as_ref().map(|(_, until)| until.0),
        "created_at": endpoint.created_at.0,
        "disabled_at": endpoint.disabled.map(|(at, _)| at.0),
        "disabled_for": endpoint.disabled.map(|(_, why)| why.number()),
        "succeeded_at": endpoint.succeeded_at.map(|at| at.0),
        "most": limits::WEBHOOKS_PER_APP,
    })
}

fn end(end: &DeliveryEnd) -> Value {
    let DeliveryEnd { event_id, endpoint_id, at, tried, status, failure } = end;
    let (state, due_at, why) = match tried {
        Tried::Delivered => (DeliveryState::Delivered, None, None),
        Tried::Retry { due_at } => (DeliveryState::Waiting, Some(due_at.0), None),
        Tried::GivenUp { why } => (DeliveryState::GivenUp, None, Some(*why)),
    };
    json!({
        "webhook": "end",
        "event_id": event_id,
        "endpoint_id": endpoint_id,
        "at": at.0,
        "state": state.number(),
        "due_at": due_at,
        "status": status,
        "failure": failure,
        "why": why.map(Numbered::number),
        "is_certain": why == Some(DisabledFor::Gone),
    })
}

fn read_endpoint(row: &Row) -> Result<WebhookEndpoint, StoreError> {
    let why = value::<Option<i64>>(row, "disabled_for")?.map(DisabledFor::of_number).transpose()?;
    let events: &str = value(row, "events")?;
    Ok(WebhookEndpoint {
        id: value(row, "endpoint_id")?,
        app_key: rows::app_key(row)?,
        url: value(row, "url")?,
        events: events.split_whitespace().map(str::to_owned).collect(),
        secret: value(row, "secret")?,
        old_secret: value::<Option<Vec<u8>>>(row, "old_secret")?.zip(optional_moment(row, "old_until")?),
        created_at: moment(row, "created_at")?,
        disabled: optional_moment(row, "disabled_at")?.zip(why),
        succeeded_at: optional_moment(row, "succeeded_at")?,
    })
}

fn read_delivery(row: &Row) -> Result<WebhookDelivery, StoreError> {
    let status = value::<Option<i64>>(row, "status")?.map(u16::try_from).transpose();
    Ok(WebhookDelivery {
        event_id: value(row, "event_id")?,
        endpoint_id: value(row, "endpoint_id")?,
        kind: value(row, "kind")?,
        payload: value(row, "payload")?,
        state: numbered(row, "state")?,
        queued_at: moment(row, "queued_at")?,
        due_at: moment(row, "due_at")?,
        until: moment(row, "until")?,
        tries: number(row, "tries")?,
        status: status.map_err(|_| StoreError::Unreadable("status"))?,
        failure: value(row, "failure")?,
        ended_at: optional_moment(row, "ended_at")?,
    })
}

fn read_all(rows: &[Row]) -> Result<Vec<WebhookDelivery>, StoreError> {
    let read: Result<Vec<_>, _> = rows.iter().map(|row| tolerated(read_delivery(row))).collect();
    Ok(read?.into_iter().flatten().collect())
}

const DUE: &str = "SELECT d.* FROM webhook_endpoints e CROSS JOIN LATERAL (SELECT * FROM webhook_deliveries w
    WHERE w.endpoint_id = e.endpoint_id AND w.state = 0 AND w.due_at <= $1 ORDER BY w.due_at LIMIT $2) d
    WHERE e.disabled_at IS NULL ORDER BY d.due_at LIMIT $3";

const LATEST: &str = "SELECT * FROM webhook_deliveries
    WHERE endpoint_id = $1 AND ($2 IS NULL OR state = $2)
    AND queued_at <= $3 AND (queued_at < $3 OR event_id > $4) ORDER BY queued_at DESC, event_id LIMIT $5";

const HEALTH: &str = "SELECT
    (SELECT min(d.queued_at) FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id)
        WHERE d.state = 0 AND e.disabled_at IS NULL) AS oldest,
    (SELECT count(*) FROM webhook_endpoints WHERE disabled_for IN ($1, $2)) AS failing";

#[async_trait]
impl WebhookStore for PostgresStore {
    async fn webhook_endpoints(&self, app_key: Option<AppKey>) -> Result<Vec<WebhookEndpoint>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_endpoints WHERE $1 IS NULL OR app_key = $1
            ORDER BY created_at, endpoint_id";
        let app_key = app_key.as_ref().map(AppKey::as_str);
        let rows = self.connections.rows(SELECT, &[(&app_key, Type::TEXT)]).await?;
        let read: Result<Vec<_>, _> = rows.iter().map(|row| tolerated(read_endpoint(row))).collect();
        Ok(read?.into_iter().flatten().collect())
    }

    async fn has_webhook_endpoint(&self) -> Result<bool, StoreError> {
        const SELECT: &str = "SELECT 1 FROM webhook_endpoints WHERE disabled_at IS NULL LIMIT 1";
        Ok(self.connections.first(SELECT, &[]).await?.is_some())
    }

    async fn webhook_endpoint(&self, id: &str) -> Result<Option<WebhookEndpoint>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_endpoints WHERE endpoint_id = $1";
        let row = self.connections.first(SELECT, &[(&text(id), Type::TEXT)]).await?;
        row.map(|row| read_endpoint(&row)).transpose()
    }

    #[cfg(test)]
    async fn put_webhook_endpoint(&self, what: &WebhookEndpoint) -> Result<bool, StoreError> {
        self.write_if(json!({ "webhook": "put", "endpoint": endpoint(what) })).await
    }

    async fn reseal_webhook(&self, was: &WebhookEndpoint, now: &WebhookEndpoint) -> Result<(), StoreError> {
        let reseal = json!({
            "webhook": "reseal",
            "endpoint_id": now.id,
            "was": hex(&was.secret),
            "secret": hex(&now.secret),
            "old_secret": now.old_secret.as_ref().map(|(secret, _)| hex(secret)),
        });
        self.write_other(reseal).await.map(drop)
    }

    async fn queue_events(&self, events: Vec<AppEvent>) -> Result<(), StoreError> {
        self.write_others(events.iter().map(unconditional).collect()).await.map(drop)
    }

    async fn due_deliveries(
        &self,
        now: UnixMillis,
        per_endpoint: u32,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let (per_endpoint, limit) = (i64::from(per_endpoint), i64::from(limit));
        let values: [_; 3] =
            [(&now.0 as _, Type::INT8), (&per_endpoint as _, Type::INT8), (&limit as _, Type::INT8)];
        read_all(&self.connections.rows(DUE, &values).await?)
    }

    async fn end_delivery(&self, ended: DeliveryEnd) -> Result<bool, StoreError> {
        self.write_if(end(&ended)).await
    }

    async fn webhook_deliveries(
        &self,
        endpoint_id: &str,
        state: Option<DeliveryState>,
        after: Option<DeliveryPosition>,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let (id, state, limit) = (text(endpoint_id), state.map(Numbered::number), i64::from(limit));
        let (queued_at, event_id) = DeliveryPosition::bounds(after);
        let values: [_; 5] = [
            (&id as _, Type::TEXT),
            (&state as _, Type::INT8),
            (&queued_at as _, Type::INT8),
            (&event_id as _, Type::TEXT),
            (&limit as _, Type::INT8),
        ];
        read_all(&self.connections.rows(LATEST, &values).await?)
    }

    async fn webhook_delivery(
        &self,
        event_id: &str,
        endpoint_id: &str,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        const SELECT: &str = "SELECT * FROM webhook_deliveries WHERE event_id = $1 AND endpoint_id = $2";
        let names = [text(event_id), text(endpoint_id)];
        let values: [_; 2] = [(&names[0] as _, Type::TEXT), (&names[1] as _, Type::TEXT)];
        self.connections.first(SELECT, &values).await?.map(|row| read_delivery(&row)).transpose()
    }

    async fn webhook_health(&self) -> Result<WebhookHealth, StoreError> {
        let why = [DisabledFor::Failing.number(), DisabledFor::Gone.number()];
        let values: [_; 2] = [(&why[0] as _, Type::INT8), (&why[1] as _, Type::INT8)];
        let Some(row) = self.connections.first(HEALTH, &values).await? else {
            return Ok(WebhookHealth::default());
        };
        Ok(WebhookHealth { oldest: optional_moment(&row, "oldest")?, failing: number(&row, "failing")? })
    }

    async fn purge_deliveries(
        &self,
        what: DeliveryPurge,
        limit: u32,
    ) -> Result<DeliveriesPurged, StoreError> {
        let purge = json!({
            "webhook": "purge",
            "now": what.now.0,
            "before": what.before.0,
            "horizon": what.horizon.0,
            "most_waiting": what.most_waiting,
            "limit": limit,
        });
        let purged = self.write_other(purge).await?;
        let count = |name: &str| purged[name].as_u64().ok_or(StoreError::Unreadable("count"));
        Ok(DeliveriesPurged { old: count("old")?, dropped: count("dropped")? })
    }
}
