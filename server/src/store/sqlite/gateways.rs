//! Gateways for codes of other authentication servers, in SQLite.

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
    store::{Gateway, GatewayKind, GatewayStore, SqliteStore, StoreError},
};

const INSERT: &str =
    "INSERT INTO gateways (gateway_id, app_key, kind, secret, old_secret, old_until, created_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?2)
    AND (SELECT count(*) FROM gateways WHERE app_key = ?2) < ?8 ON CONFLICT DO NOTHING";

/// Adds a gateway; `false` where its app has as many as it may, or there is none.
pub(super) fn insert(db: &Connection, gateway: &Gateway) -> Result<bool, StoreError> {
    let values = params![
        gateway.id,
        gateway.app_key.as_str(),
        gateway.kind.as_str(),
        gateway.secret,
        gateway.old_secret.as_ref().map(|(secret, _)| secret),
        gateway.old_secret.as_ref().map(|(_, until)| until.0),
        gateway.created_at.0,
        limits::GATEWAYS_PER_APP,
    ];
    Ok(execute(db, INSERT, values)? == 1)
}

/// Has its caller be known by another secret, and by the one before until then; `false` where there is no such gateway.
pub(super) fn rotate(
    db: &Connection,
    id: &str,
    secret: &[u8],
    until: UnixMillis,
) -> Result<bool, StoreError> {
    const ROTATE: &str =
        "UPDATE gateways SET old_secret = secret, old_until = ?3, secret = ?2 WHERE gateway_id = ?1";
    Ok(execute(db, ROTATE, params![id, secret, until.0])? == 1)
}

/// Deletes a gateway; `false` where there is none.
pub(super) fn delete(db: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(execute(db, "DELETE FROM gateways WHERE gateway_id = ?", [id])? == 1)
}

fn gateway(row: &Row<'_>) -> Result<Gateway, StoreError> {
    let kind = rows::text(row, "kind")?.and_then(GatewayKind::of_word);
    let until = row.get::<_, Option<i64>>("old_until")?.map(UnixMillis);
    Ok(Gateway {
        id: row.get("gateway_id")?,
        app_key: rows::app_key(row)?,
        kind: kind.ok_or(StoreError::Unreadable("kind of a gateway"))?,
        secret: row.get("secret")?,
        old_secret: row.get::<_, Option<Vec<u8>>>("old_secret")?.zip(until),
        created_at: UnixMillis(row.get("created_at")?),
    })
}

#[async_trait]
impl GatewayStore for SqliteStore {
    async fn gateways(&self, app_key: Option<AppKey>) -> Result<Vec<Gateway>, StoreError> {
        const SELECT: &str = "SELECT * FROM gateways WHERE ?1 IS NULL OR app_key = ?1
            ORDER BY created_at, gateway_id";
        let read = move |db: &Connection| {
            all(db, SELECT, [app_key.as_ref().map(AppKey::as_str)], |row| tolerated(gateway(row)))
        };
        Ok(self.readers.read(read).await?.into_iter().flatten().collect())
    }

    async fn gateway(&self, id: &str) -> Result<Option<Gateway>, StoreError> {
        const SELECT: &str = "SELECT * FROM gateways WHERE gateway_id = ?";
        let id = id.to_owned();
        self.readers.read_few(move |db| first(db, SELECT, [&id], gateway)).await
    }

    async fn reseal_gateway(&self, was: &Gateway, now: &Gateway) -> Result<(), StoreError> {
        const RESEAL: &str =
            "UPDATE gateways SET secret = ?3, old_secret = ?4 WHERE gateway_id = ?1 AND secret = ?2";
        let (id, was, secret) = (was.id.clone(), was.secret.clone(), now.secret.clone());
        let old = now.old_secret.as_ref().map(|(secret, _)| secret.clone());
        let reseal = move |db: &Connection| execute(db, RESEAL, params![id, was, secret, old]).map(drop);
        self.write_grouped(reseal).await
    }
}
