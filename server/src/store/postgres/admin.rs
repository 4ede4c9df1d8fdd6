//! What administrators do, in PostgreSQL: each act and its row of the audit in one write.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::AppKey;
use serde_json::{Value, json};
use tokio_postgres::types::Type;

use super::{
    PostgresStore, acts,
    connections::Value as Bound,
    history::names,
    rows::{self, value},
    writes::millis,
};
use crate::{
    clock::UnixMillis,
    store::{
        AccessKey, Act, Admin, AdminStore, AdminsStore, App, AppSecretKey, AuditRow, KeyId, KeyStore, KeyUse,
        StoreError,
    },
};

impl PostgresStore {
    /// Makes a write of which it is said whether it was made.
    pub(super) async fn write_if(&self, write: Value) -> Result<bool, StoreError> {
        self.write_other(write).await?.as_bool().ok_or(StoreError::Unreadable("outcome"))
    }

    /// Adds or replaces an app, of which nothing is noted.
    pub(super) async fn put_app(&self, act: &str, app: &App) -> Result<bool, StoreError> {
        let mut write = acts::with_app(app, None);
        write["write"] = "act".into();
        write["act"] = act.into();
        self.write_if(write).await
    }
}

#[async_trait]
impl AdminStore for PostgresStore {
    async fn administer(&self, act: Act, actor: String, at: UnixMillis) -> Result<bool, StoreError> {
        let mut write = acts::unnoted(&act);
        write["note"] = acts::note(&actor, at, [act.name(), &act.subject(), &act.fields()]);
        self.write_if(write).await
    }

    async fn audit_page(
        &self,
        apps: Option<Vec<AppKey>>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, AuditRow)>, StoreError> {
        // The app of an endpoint that is gone stands in the row of its beginning.
        const SELECT: &str = "SELECT * FROM audit WHERE id < $1 AND ($2 IS NULL
            OR ((substr(act, 1, 4) IN ('app_', 'key_') OR substr(act, 1, 6) = 'guard_' OR substr(act, 1, 8) = 'gateway_')
                AND subject = ANY ($2))
            OR (substr(act, 1, 7) = 'client_' AND substr(subject, 1, 8) = ANY ($2))
            OR (substr(act, 1, 8) = 'webhook_' AND subject IN (
                SELECT endpoint_id FROM webhook_endpoints WHERE app_key = ANY ($2)
                UNION SELECT subject FROM audit WHERE act = 'webhook_add' AND fields = ANY ($2))))
            ORDER BY id DESC LIMIT $3";
        let (before, limit, apps) = (before.unwrap_or(i64::MAX), i64::from(limit), names(apps.as_deref()));
        let values: [Bound<'_>; 3] = [(&before, Type::INT8), (&apps, Type::TEXT_ARRAY), (&limit, Type::INT8)];
        let rows = self.connections.rows(SELECT, &values).await?;
        rows.iter().map(|row| Ok((value(row, "id")?, rows::audit(row)?))).collect()
    }

    async fn trim_audit(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        self.write_rows(json!({ "write": "trim_audit", "before": before.0, "limit": limit })).await
    }

    async fn is_development(&self) -> Result<bool, StoreError> {
        const SELECT: &str = "SELECT EXISTS (SELECT FROM audit WHERE act = $1) AS marked";
        let name = Act::MarkDevelopment.name();
        let row = self.connections.first(SELECT, &[(&name, Type::TEXT)]).await?;
        row.map_or(Ok(false), |row| value(&row, "marked"))
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn secret_keys(&self, app_key: AppKey) -> Result<Vec<AppSecretKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM secret_keys WHERE app_key = $1 ORDER BY created_at, key_id";
        let rows = self.connections.rows(SELECT, &[(&app_key.as_str(), Type::TEXT)]).await?;
        rows.iter().map(rows::secret_key).collect()
    }

    async fn insert_secret_key(&self, key: &AppSecretKey) -> Result<bool, StoreError> {
        self.write_if(json!({ "write": "insert_key", "key": acts::key(key) })).await
    }

    async fn note_key_uses(&self, uses: Vec<KeyUse>, pause: Duration) -> Result<(), StoreError> {
        let uses: Vec<Value> = uses
            .iter()
            .map(|KeyUse { app_key, id, at }| {
                json!({ "app_key": app_key.as_str(), "key_id": id.as_str(), "at": at.0 })
            })
            .collect();
        let note = json!({ "write": "note_key_uses", "uses": uses, "pause": millis(pause) });
        self.write_other(note).await.map(drop)
    }
}

#[async_trait]
impl AdminsStore for PostgresStore {
    async fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        let rows = self.connections.rows("SELECT * FROM admins ORDER BY name", &[]).await?;
        rows.iter().map(rows::admin).collect()
    }

    async fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM access_keys ORDER BY created_at, key_id";
        let rows = self.connections.rows(SELECT, &[]).await?;
        rows.iter().map(rows::access_key).collect()
    }

    async fn note_access(&self, id: &KeyId, at: UnixMillis, before: UnixMillis) -> Result<(), StoreError> {
        let noted = json!({
            "write": "act",
            "act": "access_key_use",
            "key_id": id.as_str(),
            "moment": at.0,
            "before": before.0,
        });
        self.write_if(noted).await.map(drop)
    }
}
