//! What administrators do, in SQLite: each act and its row of the audit in one transaction.

use async_trait::async_trait;
use loggin_protocol::AppKey;
use rusqlite::{Connection, Row, named_params, params};

use super::{
    INSERT_APP, UPDATE_APP, admins,
    connections::{all, execute, first},
    gateways, guards,
    history::in_json,
    keys, openid,
    otp_reads::{put_test_number, remove_test_number},
    put_app, webhooks,
};
use crate::{
    clock::UnixMillis,
    store::{Act, AdminStore, AppEvent, AppSecretKey, AuditRow, DisabledFor, SqliteStore, StoreError},
};

#[async_trait]
impl AdminStore for SqliteStore {
    async fn administer(&self, act: Act, actor: String, at: UnixMillis) -> Result<bool, StoreError> {
        self.write_exclusive(move |db| {
            db.execute_batch("SAVEPOINT act")?;
            let done = carry_out(db, &act)?;
            if done {
                note(db, &act, &actor, at)?;
            } else {
                // An act of two steps may have made the first.
                db.execute_batch("ROLLBACK TO act")?;
            }
            db.execute_batch("RELEASE act")?;
            Ok(done)
        })
        .await
    }

    async fn audit_page(
        &self,
        apps: Option<Vec<AppKey>>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, AuditRow)>, StoreError> {
        // The app of an endpoint that is gone stands in the row of its beginning.
        const SELECT: &str = "SELECT * FROM audit WHERE id < :before AND (:apps IS NULL
            OR ((substr(act, 1, 4) IN ('app_', 'key_') OR substr(act, 1, 6) = 'guard_' OR substr(act, 1, 8) = 'gateway_')
                AND subject IN (SELECT value FROM json_each(:apps)))
            OR (substr(act, 1, 7) = 'client_' AND substr(subject, 1, 8) IN (SELECT value FROM json_each(:apps)))
            OR (substr(act, 1, 8) = 'webhook_' AND subject IN (
                SELECT endpoint_id FROM webhook_endpoints WHERE app_key IN (SELECT value FROM json_each(:apps))
                UNION SELECT subject FROM audit
                WHERE act = 'webhook_add' AND fields IN (SELECT value FROM json_each(:apps)))))
            ORDER BY id DESC LIMIT :limit";
        self.readers
            .read(move |db| {
                let values = named_params! {
                    ":before": before.unwrap_or(i64::MAX),
                    ":apps": in_json(apps.as_deref()),
                    ":limit": limit,
                };
                all(db, SELECT, values, |row| Ok((row.get("id")?, audit_row(row)?)))
            })
            .await
    }

    async fn trim_audit(&self, before: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const ALLOW: &str = "UPDATE retention SET audit_from = max(audit_from, ?)";
        const ACTS: &str = "DELETE FROM audit WHERE id IN
            (SELECT id FROM audit WHERE at < ?1 AND act <> ?2 ORDER BY id LIMIT ?3)";
        const KEYS: &str = "DELETE FROM secret_keys WHERE expires_at < ?";
        const ACCESS: &str = "DELETE FROM access_keys WHERE expires_at < ?";
        let trimmed = self.write_exclusive(move |db| {
            execute(db, ALLOW, [before.0])?;
            let acts = execute(db, ACTS, params![before.0, Act::MarkDevelopment.name(), limit])?;
            Ok(acts + execute(db, KEYS, [before.0])? + execute(db, ACCESS, [before.0])?)
        });
        Ok(trimmed.await? as u64)
    }

    async fn is_development(&self) -> Result<bool, StoreError> {
        self.readers.read(is_marked).await
    }
}

fn audit_row(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        at: UnixMillis(row.get("at")?),
        actor: row.get("actor")?,
        act: row.get("act")?,
        subject: row.get("subject")?,
        fields: row.get("fields")?,
    })
}

fn carry_out(db: &Connection, act: &Act) -> Result<bool, StoreError> {
    match act {
        Act::CreateApp(app, key) => Ok(put_app(db, INSERT_APP, app)? && keys::insert(db, key)?),
        Act::UpdateApp(app, _, key) => Ok(put_app(db, UPDATE_APP, app)? && replace_keys(db, key.as_ref())?),
        Act::DisableApp(app_key, since) => keys::disable(db, *app_key, Some(*since)),
        Act::EnableApp(app_key) => keys::disable(db, *app_key, None),
        Act::DeleteApp(app_key) => keys::delete_app(db, *app_key),
        Act::CreateKey(key) => keys::insert(db, key),
        Act::RotateKey(key, replaced, until) => {
            Ok(keys::end(db, key.app_key, replaced, key.created_at, *until)? && keys::insert(db, key)?)
        }
        Act::RevokeKey(app_key, id, at) => keys::end(db, *app_key, id, *at, *at),
        Act::PutAdmin(admin) => admins::put(db, admin),
        Act::RemoveAdmin(name) => admins::remove(db, name),
        Act::SignInAdmin(name, subject, at) => admins::sign_in(db, name, &subject.expose(), *at),
        Act::SignOutAdmin(name) => admins::sign_out(db, name),
        Act::CreateAccessKey(key) => admins::create_key(db, key),
        Act::RevokeAccessKey(id, _, at) => admins::revoke_key(db, id, *at),
        Act::PutTestNumber(phone, test) => put_test_number(db, phone, test).map(|()| true),
        Act::RemoveTestNumber(phone) => remove_test_number(db, phone),
        Act::MarkDevelopment => Ok(!is_marked(db)?),
        Act::SetGuards(app_key, settings, _) => guards::set(db, *app_key, settings),
        Act::LearnCountries(app_key, settings, learned, event) => {
            told(db, guards::learn(db, *app_key, settings, learned)?, event)
        }
        Act::PauseCountry(app_key, pause, event) => told(db, guards::pause(db, *app_key, pause)?, event),
        Act::ResumeCountry(app_key, country, at) => guards::resume(db, *app_key, country, *at),
        Act::CreateGateway(gateway) => gateways::insert(db, gateway),
        Act::RotateGateway(_, id, secret, until) => gateways::rotate(db, id, secret, *until),
        Act::DeleteGateway(_, id) => gateways::delete(db, id),
        Act::AddWebhook(endpoint) => webhooks::insert(db, endpoint),
        Act::ChangeWebhook(id, url, events, _) => webhooks::change(db, id, url.as_deref(), events.as_deref()),
        Act::RotateWebhook(id, secret, until) => webhooks::rotate(db, id, secret, *until),
        Act::DisableWebhook(id, at) => webhooks::disable(db, id, *at, DisabledFor::Administrator),
        Act::EnableWebhook(id, now, until) => webhooks::enable(db, id, *now, *until),
        Act::DeleteWebhook(id) => webhooks::delete(db, id),
        Act::ReplayWebhook(replay) => webhooks::replay(db, replay),
        Act::TestWebhook(id, event) => webhooks::queue_for(db, id, event),
        Act::CreateClient(client) => openid::create_client(db, client),
        Act::RotateClient(id, hash, until) => openid::rotate_client(db, id, hash, *until),
        Act::DeleteClient(id) => openid::delete_client(db, id),
    }
}

/// Tells an app of what was done.
fn told(db: &Connection, done: bool, event: &AppEvent) -> Result<bool, StoreError> {
    if done {
        webhooks::queue(db, event)?;
    }
    Ok(done)
}

/// Has a key, where there is one, be the only good one of its app.
fn replace_keys(db: &Connection, key: Option<&AppSecretKey>) -> Result<bool, StoreError> {
    let Some(key) = key else { return Ok(true) };
    keys::end_all(db, key.app_key, key.created_at)?;
    keys::insert(db, key)
}

fn note(db: &Connection, act: &Act, actor: &str, at: UnixMillis) -> Result<(), StoreError> {
    note_row(db, actor, at, [act.name(), &act.subject(), &act.fields()])
}

/// Adds a row of the audit: act, subject and fields.
pub(super) fn note_row(
    db: &Connection,
    actor: &str,
    at: UnixMillis,
    [act, subject, fields]: [&str; 3],
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO audit (at, actor, act, subject, fields) VALUES (?, ?, ?, ?, ?)";
    execute(db, INSERT, params![at.0, actor, act, subject, fields]).map(drop)
}

/// The mark is a row of the audit, which nothing takes away again.
fn is_marked(db: &Connection) -> Result<bool, StoreError> {
    const SELECT: &str = "SELECT EXISTS (SELECT 1 FROM audit WHERE act = ?)";
    let marked = first(db, SELECT, [Act::MarkDevelopment.name()], |row| Ok(row.get(0)?))?;
    Ok(marked.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tests::START;

    #[tokio::test]
    async fn rows_of_the_audit_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loggin.db");
        let store = SqliteStore::open(&path, 1, Arc::new(())).await.unwrap();
        assert!(store.administer(Act::MarkDevelopment, "alice".to_owned(), START).await.unwrap());
        let db = Connection::open(path).unwrap();
        for sql in ["DELETE FROM audit", "UPDATE audit SET act = 'nothing'"] {
            assert!(db.execute(sql, []).is_err());
        }
        assert_eq!(store.audit(9).await.unwrap().len(), 1);
    }
}
