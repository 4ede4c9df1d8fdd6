//! Gateways for codes of other authentication servers, in PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Type};

use super::{
    PostgresStore,
    rows::{self, moment, optional_moment, tolerated, value},
    writes::{hex, text},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{Gateway, GatewayKind, GatewayStore, StoreError},
};

/// A gateway that is added, as `carry_out_gateway` of the migrations takes it.
pub(super) fn created(gateway: &Gateway) -> Value {
    json!({
        "gateway": {
            "gateway_id": gateway.id,
            "app_key": gateway.app_key.as_str(),
            "kind": gateway.kind.as_str(),
            "secret": gateway.secret.as_deref().map(hex),
            "old_secret": gateway.old_secret.as_ref().map(|(secret, _)| hex(secret)),
            "old_until": gateway.old_secret.as_ref().map(|(_, until)| until.0),
            "created_at": gateway.created_at.0,
        },
        "most": limits::GATEWAYS_PER_APP,
    })
}

/// Another secret of a gateway, and until when the one before is good.
pub(super) fn rotated(id: &str, secret: &[u8], until: UnixMillis) -> Value {
    json!({ "gateway": { "gateway_id": text(id), "secret": hex(secret), "old_until": until.0 } })
}

/// A gateway that is deleted.
pub(super) fn deleted(id: &str) -> Value {
    json!({ "gateway": { "gateway_id": text(id) } })
}

fn gateway(row: &Row) -> Result<Gateway, StoreError> {
    let kind = GatewayKind::of_word(value(row, "kind")?);
    Ok(Gateway {
        id: value(row, "gateway_id")?,
        app_key: rows::app_key(row)?,
        kind: kind.ok_or(StoreError::Unreadable("kind of a gateway"))?,
        secret: value(row, "secret")?,
        old_secret: value::<Option<Vec<u8>>>(row, "old_secret")?.zip(optional_moment(row, "old_until")?),
        created_at: moment(row, "created_at")?,
    })
}

#[async_trait]
impl GatewayStore for PostgresStore {
    async fn gateways(&self, app_key: Option<AppKey>) -> Result<Vec<Gateway>, StoreError> {
        const SELECT: &str = "SELECT * FROM gateways WHERE $1 IS NULL OR app_key = $1
            ORDER BY created_at, gateway_id";
        let app_key = app_key.as_ref().map(AppKey::as_str);
        let rows = self.connections.rows(SELECT, &[(&app_key, Type::TEXT)]).await?;
        let read: Result<Vec<_>, _> = rows.iter().map(|row| tolerated(gateway(row))).collect();
        Ok(read?.into_iter().flatten().collect())
    }

    async fn gateway(&self, id: &str) -> Result<Option<Gateway>, StoreError> {
        const SELECT: &str = "SELECT * FROM gateways WHERE gateway_id = $1";
        let row = self.connections.first(SELECT, &[(&text(id), Type::TEXT)]).await?;
        row.map(|row| gateway(&row)).transpose()
    }

    async fn reseal_gateway(&self, was: &Gateway, now: &Gateway) -> Result<(), StoreError> {
        let reseal = json!({
            "write": "reseal_gateway",
            "gateway_id": text(&was.id),
            "was": was.secret.as_deref().map(hex),
            "secret": now.secret.as_deref().map(hex),
            "old_secret": now.old_secret.as_ref().map(|(secret, _)| hex(secret)),
        });
        self.write_other(reseal).await.map(drop)
    }
}
