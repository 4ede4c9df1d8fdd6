//! Administrators and keys of programs, in SQLite.

use async_trait::async_trait;
use loggin_protocol::PhoneNumber;
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        AccessKey, Admin, AdminsStore, KeyId, Role, SqliteStore, StoreError,
        admins::{apps_text, parse_apps, parse_scopes, parse_subject},
        rows::Numbered,
    },
};

/// Adds an administrator, or changes one; `false` where nothing would change, another has the number, or no owner would
/// be left. Another number is another person: nobody has signed in with it, and sessions are over.
pub(super) fn put(db: &Connection, admin: &Admin) -> Result<bool, StoreError> {
    const PUT: &str = "INSERT INTO admins (name, role, created_at, phone, apps) SELECT ?1, ?2, ?3, ?4, ?5
        WHERE (?2 = ?6 OR EXISTS (SELECT 1 FROM admins WHERE role = ?6 AND name <> ?1))
            AND NOT EXISTS (SELECT 1 FROM admins WHERE phone = ?4 AND name <> ?1)
        ON CONFLICT (name) DO UPDATE SET role = excluded.role, phone = excluded.phone, apps = excluded.apps,
            subject = CASE WHEN phone IS excluded.phone THEN subject END,
            generation = generation + (phone IS NOT excluded.phone)
        WHERE (role, phone, apps) IS NOT (excluded.role, excluded.phone, excluded.apps)";
    let Admin { name, role, phone, apps, created_at, .. } = admin;
    let phone = phone.as_ref().map(PhoneNumber::expose);
    let row =
        params![name, role.number(), created_at.0, phone, apps_text(apps.as_deref()), Role::Owner.number()];
    Ok(execute(db, PUT, row)? == 1)
}

/// Removes an administrator; `false` where there is none of this name, or it is the last owner.
pub(super) fn remove(db: &Connection, name: &str) -> Result<bool, StoreError> {
    const DELETE: &str = "DELETE FROM admins WHERE name = ?1
        AND (role <> ?2 OR (SELECT count(*) FROM admins WHERE role = ?2) > 1)";
    Ok(execute(db, DELETE, params![name, Role::Owner.number()])? == 1)
}

/// Notes who signed in; `false` where somebody else did so first.
pub(super) fn sign_in(
    db: &Connection,
    name: &str,
    subject: &str,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE admins SET subject = ?2, signed_in_at = ?3
        WHERE name = ?1 AND phone IS NOT NULL AND (subject IS NULL OR subject = ?2)";
    Ok(execute(db, UPDATE, params![name, subject, at.0])? == 1)
}

/// Ends the sessions of an administrator; `false` where there is none of this name.
pub(super) fn sign_out(db: &Connection, name: &str) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE admins SET generation = generation + 1 WHERE name = ?";
    Ok(execute(db, UPDATE, [name])? == 1)
}

/// Adds a key of a program; `false` where there are as many good ones as there may be.
pub(super) fn create_key(db: &Connection, key: &AccessKey) -> Result<bool, StoreError> {
    const INSERT: &str =
        "INSERT INTO access_keys (key_id, key_hash, label, scopes, apps, created_at, expires_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
        WHERE (SELECT count(*) FROM access_keys WHERE expires_at IS NULL OR expires_at > ?6) < ?8
        ON CONFLICT DO NOTHING";
    let row = params![
        key.id.as_str(),
        key.hash,
        key.label,
        key.scopes.join(" "),
        apps_text(key.apps.as_deref()),
        key.created_at.0,
        key.expires_at.map(|at| at.0),
        limits::ACCESS_KEYS,
    ];
    Ok(execute(db, INSERT, row)? == 1)
}

/// Has a key of a program end now; `false` where there is no such good one.
pub(super) fn revoke_key(db: &Connection, id: &KeyId, at: UnixMillis) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE access_keys SET expires_at = ?2
        WHERE key_id = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
    Ok(execute(db, UPDATE, params![id.as_str(), at.0])? == 1)
}

fn admin(row: &Row<'_>) -> Result<Admin, StoreError> {
    Ok(Admin {
        name: rows::text(row, "name")?.unwrap_or_default().to_owned(),
        role: Role::of_number(row.get("role")?)?,
        phone: rows::phone_number(row, "phone")?,
        subject: parse_subject(rows::text(row, "subject")?)?,
        apps: parse_apps(rows::text(row, "apps")?)?,
        generation: row.get("generation")?,
        created_at: UnixMillis(row.get("created_at")?),
        signed_in_at: row.get::<_, Option<i64>>("signed_in_at")?.map(UnixMillis),
    })
}

fn access_key(row: &Row<'_>) -> Result<AccessKey, StoreError> {
    let moment = |column| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UnixMillis));
    Ok(AccessKey {
        id: KeyId::of_text(rows::text(row, "key_id")?.unwrap_or_default()),
        hash: rows::hash(row, "key_hash")?.ok_or(StoreError::Unreadable("hash"))?,
        label: row.get("label")?,
        scopes: parse_scopes(rows::text(row, "scopes")?.unwrap_or_default()),
        apps: parse_apps(rows::text(row, "apps")?)?,
        created_at: UnixMillis(row.get("created_at")?),
        last_used_at: moment("last_used_at")?,
        expires_at: moment("expires_at")?,
    })
}

#[async_trait]
impl AdminsStore for SqliteStore {
    async fn admins(&self) -> Result<Vec<Admin>, StoreError> {
        self.readers.read(|db| all(db, "SELECT * FROM admins ORDER BY name", [], admin)).await
    }

    async fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM access_keys ORDER BY created_at, key_id";
        self.readers.read(|db| all(db, SELECT, [], access_key)).await
    }

    async fn note_access(&self, id: &KeyId, at: UnixMillis, before: UnixMillis) -> Result<(), StoreError> {
        const UPDATE: &str = "UPDATE access_keys SET last_used_at = ?2
            WHERE key_id = ?1 AND (last_used_at IS NULL OR last_used_at < ?3)";
        let id = id.clone();
        self.write_exclusive(move |db| execute(db, UPDATE, params![id.as_str(), at.0, before.0]).map(drop))
            .await
    }
}
