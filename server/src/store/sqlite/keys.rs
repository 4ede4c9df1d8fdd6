//! Secret keys of apps, in SQLite, and what belongs to an app.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::AppKey;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{AppSecretKey, KeyId, KeyStore, KeyUse, SqliteStore, StoreError},
};

fn secret_key(row: &Row<'_>) -> Result<AppSecretKey, StoreError> {
    let moment = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UnixMillis));
    Ok(AppSecretKey {
        app_key: rows::app_key(row)?,
        id: KeyId::of_text(rows::text(row, "key_id")?.unwrap_or_default()),
        hash: rows::hash(row, "key_hash")?.ok_or(StoreError::Unreadable("hash"))?,
        label: row.get("label")?,
        created_at: UnixMillis(row.get("created_at")?),
        last_used_at: moment("last_used_at")?,
        expires_at: moment("expires_at")?,
    })
}

/// Adds a key; `false` where the app has one with its id, has as many good ones as it may, or is none.
pub(super) fn insert(db: &Connection, key: &AppSecretKey) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO secret_keys (app_key, key_id, key_hash, label, created_at, last_used_at, expires_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?1)
        AND (SELECT count(*) FROM secret_keys WHERE app_key = ?1 AND (expires_at IS NULL OR expires_at > ?5)) < ?8
        ON CONFLICT DO NOTHING";
    // Of those that ended only the latest are of interest.
    const TRIM: &str = "DELETE FROM secret_keys WHERE app_key = ?1 AND key_id IN
        (SELECT key_id FROM secret_keys WHERE app_key = ?1 AND expires_at <= ?2
        ORDER BY expires_at DESC LIMIT -1 OFFSET ?3)";
    let values = params![
        key.app_key.as_str(),
        key.id.as_str(),
        key.hash.as_slice(),
        key.label,
        key.created_at.0,
        key.last_used_at.map(|at| at.0),
        key.expires_at.map(|at| at.0),
        limits::SECRET_KEYS_PER_APP,
    ];
    let is_added = execute(db, INSERT, values)? == 1;
    execute(db, TRIM, params![key.app_key.as_str(), key.created_at.0, limits::ENDED_KEYS_PER_APP])?;
    Ok(is_added)
}

/// Has a key that is good at `now` end at `until`, if it does not end before; `false` where there is no such key.
pub(super) fn end(
    db: &Connection,
    app_key: AppKey,
    id: &KeyId,
    now: UnixMillis,
    until: UnixMillis,
) -> Result<bool, StoreError> {
    const END: &str = "UPDATE secret_keys SET expires_at = min(coalesce(expires_at, ?4), ?4)
        WHERE app_key = ?1 AND key_id = ?2 AND (expires_at IS NULL OR expires_at > ?3)";
    Ok(execute(db, END, params![app_key.as_str(), id.as_str(), now.0, until.0])? == 1)
}

/// Has all keys of an app end now.
pub(super) fn end_all(db: &Connection, app_key: AppKey, now: UnixMillis) -> Result<(), StoreError> {
    const END: &str = "UPDATE secret_keys SET expires_at = ?2
        WHERE app_key = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    execute(db, END, params![app_key.as_str(), now.0]).map(drop)
}

/// Disables an app, or enables it again; `false` where it is so, or there is none.
pub(super) fn disable(
    db: &Connection,
    app_key: AppKey,
    since: Option<UnixMillis>,
) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE apps SET disabled_at = ?2 WHERE app_key = ?1 AND (disabled_at IS NULL) = (?2 IS NOT NULL)";
    Ok(execute(db, UPDATE, params![app_key.as_str(), since.map(|at| at.0)])? == 1)
}

/// What is deleted with an app, in this order. Codes begin with the app's key and a `-`, which `.` follows.
const OF_APP: [&str; 24] = [
    "DELETE FROM otp_answers WHERE session_id IN (SELECT session_id FROM otp_sessions WHERE app_key = ?1)",
    "DELETE FROM otp_phones WHERE subject IN (SELECT subject FROM otp_sessions WHERE app_key = ?1)
        OR subject IN (SELECT account FROM otp_aliases
        WHERE subject IN (SELECT subject FROM otp_sessions WHERE app_key = ?1))",
    "DELETE FROM otp_aliases WHERE subject IN (SELECT subject FROM otp_sessions WHERE app_key = ?1)
        OR account IN (SELECT subject FROM otp_sessions WHERE app_key = ?1)",
    "DELETE FROM otp_sessions WHERE app_key = ?1",
    "DELETE FROM otp_usage WHERE app_key = ?1",
    "DELETE FROM outbox WHERE code > ?1 || '-' AND code < ?1 || '.'",
    "DELETE FROM outbox_counts WHERE name = CAST(?1 AS BLOB)",
    "DELETE FROM logins WHERE code > ?1 || '-' AND code < ?1 || '.'",
    "DELETE FROM people WHERE app_key = ?1",
    "DELETE FROM secret_keys WHERE app_key = ?1",
    "DELETE FROM webhook_deliveries WHERE endpoint_id IN
        (SELECT endpoint_id FROM webhook_endpoints WHERE app_key = ?1)",
    "DELETE FROM webhook_endpoints WHERE app_key = ?1",
    "DELETE FROM history WHERE app_key = ?1",
    "DELETE FROM usage_hours WHERE app_key = ?1",
    "DELETE FROM guards WHERE app_key = ?1",
    "DELETE FROM guard_counts WHERE app_key = ?1",
    "DELETE FROM guard_pauses WHERE app_key = ?1",
    "DELETE FROM openid_requests WHERE client_id IN (SELECT client_id FROM openid_clients WHERE app_key = ?1)",
    "DELETE FROM openid_devices WHERE client_id IN (SELECT client_id FROM openid_clients WHERE app_key = ?1)",
    "DELETE FROM openid_grants WHERE app_key = ?1",
    "DELETE FROM openid_consents WHERE app_key = ?1",
    "DELETE FROM openid_clients WHERE app_key = ?1",
    "DELETE FROM issuer_sessions WHERE app_key = ?1",
    "DELETE FROM gateways WHERE app_key = ?1",
];

/// Deletes an app with all that is its own; `false` where there is none.
pub(super) fn delete_app(db: &Connection, app_key: AppKey) -> Result<bool, StoreError> {
    for statement in OF_APP {
        execute(db, statement, [app_key.as_str()])?;
    }
    Ok(execute(db, "DELETE FROM apps WHERE app_key = ?1", [app_key.as_str()])? == 1)
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn secret_keys(&self, app_key: AppKey) -> Result<Vec<AppSecretKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM secret_keys WHERE app_key = ? ORDER BY created_at, key_id";
        self.readers.read_few(move |db| all(db, SELECT, [app_key.as_str()], secret_key)).await
    }

    async fn insert_secret_key(&self, key: &AppSecretKey) -> Result<bool, StoreError> {
        let key = key.clone();
        self.write_exclusive(move |db| insert(db, &key)).await
    }

    async fn note_key_uses(&self, uses: Vec<KeyUse>, pause: Duration) -> Result<(), StoreError> {
        // A moment that lies ahead was noted by a clock that was wrong.
        const NOTE: &str = "UPDATE secret_keys SET last_used_at = ?3 WHERE app_key = ?1 AND key_id = ?2
            AND (last_used_at IS NULL OR last_used_at <= ?4 OR last_used_at > ?3)";
        let note = move |db: &Connection| {
            uses.iter().try_for_each(|KeyUse { app_key, id, at }| {
                execute(db, NOTE, params![app_key.as_str(), id.as_str(), at.0, (*at - pause).0]).map(drop)
            })
        };
        self.write_grouped(note).await
    }
}
