//! What the OpenID issuer keeps, in SQLite. Each step is one transaction, so of many who show one code one is the first.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::{AppKey, Subject};
use rusqlite::{Connection, Row, params};

use super::{
    connections::{all, execute, first},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        DeviceApproval, DeviceState, KnownAs, OpenIdClient, OpenIdDevice, OpenIdGrant, OpenIdKey,
        OpenIdRequest, OpenIdStore, Redeeming, Redemption, SigningAlgorithm, SqliteStore, StoreError,
        admins::parse_subject,
        openid::{of_json, to_json},
        rows::Numbered,
    },
};

/// Adds a client; `false` where its app has as many as it may, or is none.
pub(super) fn create_client(db: &Connection, client: &OpenIdClient) -> Result<bool, StoreError> {
    const INSERT: &str =
        "INSERT INTO openid_clients (client_id, app_key, secret_hash, settings, sector, salt, created_at)
        SELECT ?1, ?2, ?3, ?4, ?5,
            coalesce((SELECT salt FROM openid_clients WHERE app_key = ?2 AND sector = ?5 LIMIT 1), ?6), ?7
        WHERE EXISTS (SELECT 1 FROM apps WHERE app_key = ?2)
            AND (SELECT count(*) FROM openid_clients WHERE app_key = ?2) < ?8
        ON CONFLICT DO NOTHING";
    let row = params![
        client.id,
        client.app_key.as_str(),
        client.secret.as_ref().map(<[u8; 32]>::as_slice),
        to_json(&client.settings)?,
        client.settings.sector,
        client.salt.as_slice(),
        client.created_at.0,
        limits::OPENID_CLIENTS_PER_APP,
    ];
    Ok(execute(db, INSERT, row)? == 1)
}

/// Gives a client another secret; `false` where it has none.
pub(super) fn rotate_client(
    db: &Connection,
    id: &str,
    hash: &[u8; 32],
    until: UnixMillis,
) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE openid_clients SET old_secret_hash = secret_hash, old_secret_until = ?3, secret_hash = ?2
        WHERE client_id = ?1 AND secret_hash IS NOT NULL";
    Ok(execute(db, UPDATE, params![id, hash.as_slice(), until.0])? == 1)
}

/// Deletes a client with all that it was given; `false` where there is none.
pub(super) fn delete_client(db: &Connection, id: &str) -> Result<bool, StoreError> {
    const OF_CLIENT: [&str; 4] = [
        "DELETE FROM openid_requests WHERE client_id = ?",
        "DELETE FROM openid_grants WHERE client_id = ?",
        "DELETE FROM openid_consents WHERE client_id = ?",
        "DELETE FROM openid_devices WHERE client_id = ?",
    ];
    for sql in OF_CLIENT {
        execute(db, sql, [id])?;
    }
    Ok(execute(db, "DELETE FROM openid_clients WHERE client_id = ?", [id])? == 1)
}

fn moment(row: &Row<'_>, column: &'static str) -> Result<Option<UnixMillis>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(UnixMillis))
}

fn hash(row: &Row<'_>, column: &'static str) -> Result<[u8; 32], StoreError> {
    rows::hash(row, column)?.ok_or(StoreError::Unreadable("hash"))
}

fn client(row: &Row<'_>) -> Result<OpenIdClient, StoreError> {
    let old = rows::hash(row, "old_secret_hash")?;
    Ok(OpenIdClient {
        id: row.get("client_id")?,
        app_key: rows::app_key(row)?,
        secret: rows::hash(row, "secret_hash")?,
        old_secret: old.zip(moment(row, "old_secret_until")?),
        settings: of_json(rows::text(row, "settings")?.unwrap_or_default(), "client")?,
        salt: hash(row, "salt")?,
        created_at: UnixMillis(row.get("created_at")?),
    })
}

fn request(row: &Row<'_>) -> Result<OpenIdRequest, StoreError> {
    Ok(OpenIdRequest {
        hash: hash(row, "request_hash")?,
        client_id: row.get("client_id")?,
        data: row.get("data")?,
        expires_at: UnixMillis(row.get("expires_at")?),
    })
}

fn grant(row: &Row<'_>) -> Result<OpenIdGrant, StoreError> {
    let refresh = rows::hash(row, "refresh_hash")?;
    Ok(OpenIdGrant {
        id: row.get("grant_id")?,
        client_id: row.get("client_id")?,
        app_key: rows::app_key(row)?,
        subject: parse_subject(rows::text(row, "subject")?)?.ok_or(StoreError::Unreadable("subject"))?,
        session_id: row.get("session_id")?,
        code: hash(row, "code_hash")?,
        code_until: UnixMillis(row.get("code_until")?),
        code_used_at: moment(row, "code_used_at")?,
        refresh: refresh.zip(moment(row, "refresh_until")?),
        data: of_json(rows::text(row, "data")?.unwrap_or_default(), "grant")?,
        created_at: UnixMillis(row.get("created_at")?),
        expires_at: UnixMillis(row.get("expires_at")?),
        revoked_at: moment(row, "revoked_at")?,
    })
}

fn key(row: &Row<'_>) -> Result<OpenIdKey, StoreError> {
    Ok(OpenIdKey {
        algorithm: SigningAlgorithm::of_number(row.get("algorithm")?)?,
        generation: row.get("generation")?,
        kid: row.get("kid")?,
        sealed: row.get("sealed")?,
        jwk: row.get("jwk")?,
        signs_from: UnixMillis(row.get("signs_from")?),
    })
}

fn device(row: &Row<'_>) -> Result<OpenIdDevice, StoreError> {
    let approval = rows::text(row, "approval")?;
    let pause = u64::try_from(row.get::<_, i64>("pause")?).map_err(|_| StoreError::Unreadable("pause"))?;
    Ok(OpenIdDevice {
        hash: hash(row, "device_hash")?,
        user_code: hash(row, "user_code_hash")?,
        client_id: row.get("client_id")?,
        scope: row.get("scope")?,
        state: DeviceState::of_number(row.get("state")?)?,
        approval: approval.map(|text| of_json(text, "approval")).transpose()?,
        polled_at: moment(row, "polled_at")?,
        pause: Duration::from_millis(pause),
        expires_at: UnixMillis(row.get("expires_at")?),
    })
}

fn put_grant(db: &Connection, grant: &OpenIdGrant) -> Result<(), StoreError> {
    const INSERT: &str =
        "INSERT INTO openid_grants (grant_id, client_id, app_key, subject, session_id, code_hash,
        code_until, code_used_at, refresh_hash, refresh_until, data, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let row = params![
        grant.id,
        grant.client_id,
        grant.app_key.as_str(),
        grant.subject.expose(),
        grant.session_id,
        grant.code.as_slice(),
        grant.code_until.0,
        grant.code_used_at.map(|at| at.0),
        grant.refresh.as_ref().map(|(hash, _)| hash.as_slice()),
        grant.refresh.map(|(_, until)| until.0),
        to_json(&grant.data)?,
        grant.created_at.0,
        grant.expires_at.0,
    ];
    execute(db, INSERT, row).map(drop)
}

fn take_request(db: &Connection, hash: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(execute(db, "DELETE FROM openid_requests WHERE request_hash = ?", [hash.as_slice()])? == 1)
}

fn redeem_code(db: &Connection, redeeming: &Redeeming) -> Result<Redemption, StoreError> {
    const USE: &str = "UPDATE openid_grants
        SET code_used_at = ?2, refresh_hash = ?3, refresh_until = ?4, expires_at = ?5
        WHERE code_hash = ?1 AND code_used_at IS NULL AND revoked_at IS NULL AND code_until > ?2";
    const END: &str = "UPDATE openid_grants SET revoked_at = coalesce(revoked_at, ?2)
        WHERE code_hash = ?1 AND code_used_at IS NOT NULL";
    let Redeeming { shown, refresh, now, expires_at } = redeeming;
    let values = params![
        shown.as_slice(),
        now.0,
        refresh.as_ref().map(|(hash, _)| hash.as_slice()),
        refresh.map(|(_, until)| until.0),
        expires_at.0,
    ];
    if execute(db, USE, values)? == 1 {
        return Ok(Redemption::Done);
    }
    let is_replayed = execute(db, END, params![shown.as_slice(), now.0])? == 1;
    Ok(if is_replayed { Redemption::Replayed } else { Redemption::Over })
}

fn refresh(db: &Connection, id: &str, redeeming: &Redeeming) -> Result<Redemption, StoreError> {
    const USE: &str = "UPDATE openid_grants
        SET refresh_hash = ?4, refresh_until = ?5, expires_at = max(expires_at, ?6)
        WHERE grant_id = ?1 AND refresh_hash = ?2 AND revoked_at IS NULL AND refresh_until > ?3";
    // Whoever knows the name of a grant was given a token of it.
    const END: &str = "UPDATE openid_grants SET revoked_at = coalesce(revoked_at, ?3)
        WHERE grant_id = ?1 AND refresh_hash IS NOT NULL AND refresh_hash <> ?2";
    let Redeeming { shown, refresh, now, expires_at } = redeeming;
    let values = params![
        id,
        shown.as_slice(),
        now.0,
        refresh.as_ref().map(|(hash, _)| hash.as_slice()),
        refresh.map(|(_, until)| until.0),
        expires_at.0,
    ];
    if execute(db, USE, values)? == 1 {
        return Ok(Redemption::Done);
    }
    let is_replayed = execute(db, END, params![id, shown.as_slice(), now.0])? == 1;
    Ok(if is_replayed { Redemption::Replayed } else { Redemption::Over })
}

fn end_session(db: &Connection, session_id: &str, now: UnixMillis) -> Result<Vec<OpenIdGrant>, StoreError> {
    const SELECT: &str = "SELECT * FROM openid_grants
        WHERE session_id = ? AND revoked_at IS NULL AND code_used_at IS NOT NULL ORDER BY created_at, grant_id";
    const END: &str = "UPDATE openid_grants SET revoked_at = ?2
        WHERE session_id = ?1 AND revoked_at IS NULL AND code_used_at IS NOT NULL";
    let ended = all(db, SELECT, [session_id], grant)?;
    execute(db, END, params![session_id, now.0])?;
    Ok(ended)
}

fn put_device(db: &Connection, device: &OpenIdDevice) -> Result<bool, StoreError> {
    const INSERT: &str =
        "INSERT INTO openid_devices (device_hash, user_code_hash, client_id, scope, state, pause, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    let row = params![
        device.hash.as_slice(),
        device.user_code.as_slice(),
        device.client_id,
        device.scope,
        device.state.number(),
        millis(device.pause),
        device.expires_at.0,
    ];
    Ok(execute(db, INSERT, row)? == 1)
}

fn answer_device(
    db: &Connection,
    hash: &[u8; 32],
    approval: Option<&DeviceApproval>,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE openid_devices SET state = ?2, subject = ?3, approval = ?4
        WHERE device_hash = ?1 AND state = 0 AND expires_at > ?5";
    let state = if approval.is_some() { DeviceState::Approved } else { DeviceState::Refused };
    let subject = approval.map(|approval| approval.subject.expose());
    let text = approval.map(to_json).transpose()?;
    Ok(execute(db, UPDATE, params![hash.as_slice(), state.number(), subject, text, now.0])? == 1)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn purge(db: &Connection, now: UnixMillis, limit: u32) -> Result<usize, StoreError> {
    const OVER: [&str; 3] = [
        "DELETE FROM openid_requests WHERE request_hash IN
            (SELECT request_hash FROM openid_requests WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM openid_grants WHERE grant_id IN
            (SELECT grant_id FROM openid_grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        "DELETE FROM openid_devices WHERE device_hash IN
            (SELECT device_hash FROM openid_devices WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
    ];
    OVER.iter().try_fold(0, |gone, sql| Ok(gone + execute(db, sql, params![now.0, limit])?))
}

#[async_trait]
impl OpenIdStore for SqliteStore {
    async fn openid_client(&self, id: &str) -> Result<Option<OpenIdClient>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_clients WHERE client_id = ?";
        let id = id.to_owned();
        self.readers.read_few(move |db| first(db, SELECT, [&id], client)).await
    }

    async fn openid_clients(&self, app_key: Option<AppKey>) -> Result<Vec<OpenIdClient>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_clients WHERE ?1 IS NULL OR app_key = ?1
            ORDER BY created_at, client_id";
        let app_key = app_key.map(|app_key| app_key.as_str().to_owned());
        self.readers.read(move |db| all(db, SELECT, [app_key], client)).await
    }

    async fn put_openid_request(&self, request: OpenIdRequest) -> Result<(), StoreError> {
        const INSERT: &str =
            "INSERT INTO openid_requests (request_hash, client_id, data, expires_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        let OpenIdRequest { hash, client_id, data, expires_at } = request;
        self.write_grouped(move |db| {
            execute(db, INSERT, params![hash.as_slice(), client_id, data, expires_at.0]).map(drop)
        })
        .await
    }

    async fn openid_request(&self, hash: [u8; 32]) -> Result<Option<OpenIdRequest>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_requests WHERE request_hash = ?";
        self.readers.read_few(move |db| first(db, SELECT, [hash.as_slice()], request)).await
    }

    async fn take_openid_request(&self, hash: [u8; 32]) -> Result<bool, StoreError> {
        self.write_grouped(move |db| take_request(db, &hash)).await
    }

    async fn grant_openid_request(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError> {
        self.write_exclusive(move |db| {
            let is_there = take_request(db, &hash)?;
            if is_there {
                put_grant(db, &grant)?;
            }
            Ok(is_there)
        })
        .await
    }

    async fn openid_grant_of_code(&self, hash: [u8; 32]) -> Result<Option<OpenIdGrant>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_grants WHERE code_hash = ?";
        self.readers.read_few(move |db| first(db, SELECT, [hash.as_slice()], grant)).await
    }

    async fn openid_grant(&self, id: &str) -> Result<Option<OpenIdGrant>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_grants WHERE grant_id = ?";
        let id = id.to_owned();
        self.readers.read_few(move |db| first(db, SELECT, [&id], grant)).await
    }

    async fn redeem_openid_code(&self, redeeming: Redeeming) -> Result<Redemption, StoreError> {
        self.write_grouped(move |db| redeem_code(db, &redeeming)).await
    }

    async fn refresh_openid_grant(&self, id: &str, redeeming: Redeeming) -> Result<Redemption, StoreError> {
        let id = id.to_owned();
        self.write_grouped(move |db| refresh(db, &id, &redeeming)).await
    }

    async fn revoke_openid_grant(&self, id: &str, now: UnixMillis) -> Result<bool, StoreError> {
        const UPDATE: &str =
            "UPDATE openid_grants SET revoked_at = ?2 WHERE grant_id = ?1 AND revoked_at IS NULL";
        let id = id.to_owned();
        self.write_grouped(move |db| Ok(execute(db, UPDATE, params![id, now.0])? == 1)).await
    }

    async fn end_openid_session(
        &self,
        session_id: &str,
        now: UnixMillis,
    ) -> Result<Vec<OpenIdGrant>, StoreError> {
        let session_id = session_id.to_owned();
        self.write_exclusive(move |db| end_session(db, &session_id, now)).await
    }

    async fn openid_person(&self, app_key: AppKey, subject: Subject) -> Result<Option<KnownAs>, StoreError> {
        const SELECT: &str = "SELECT phone, user_id FROM people WHERE app_key = ?1 AND subject = ?2";
        let known = |row: &Row<'_>| {
            Ok(KnownAs { phone: rows::phone_number(row, "phone")?, user_id: row.get("user_id")? })
        };
        let subject = subject.expose();
        self.readers.read_few(move |db| first(db, SELECT, params![app_key.as_str(), subject], known)).await
    }

    async fn openid_consent(&self, client_id: &str, subject: Subject) -> Result<Option<String>, StoreError> {
        const SELECT: &str = "SELECT scope FROM openid_consents WHERE client_id = ?1 AND subject = ?2";
        let values = [client_id.to_owned(), subject.expose()];
        self.readers
            .read_few(move |db| first(db, SELECT, params![values[0], values[1]], |row| Ok(row.get(0)?)))
            .await
    }

    async fn put_openid_consent(
        &self,
        client: &OpenIdClient,
        subject: Subject,
        scope: String,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        const PUT: &str = "INSERT INTO openid_consents (client_id, subject, app_key, scope, given_at)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at";
        let (id, app_key, subject) = (client.id.clone(), client.app_key, subject.expose());
        self.write_grouped(move |db| {
            execute(db, PUT, params![id, subject, app_key.as_str(), scope, now.0]).map(drop)
        })
        .await
    }

    async fn openid_keys(&self) -> Result<Vec<OpenIdKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_keys ORDER BY algorithm, generation";
        self.readers.read_few(|db| all(db, SELECT, [], key)).await
    }

    async fn put_openid_key(&self, key: OpenIdKey) -> Result<bool, StoreError> {
        const INSERT: &str = "INSERT INTO openid_keys (algorithm, generation, kid, sealed, jwk, signs_from)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let OpenIdKey { algorithm, generation, kid, sealed, jwk, signs_from } = key;
        self.write_grouped(move |db| {
            let row = params![algorithm.number(), generation, kid, sealed, jwk, signs_from.0];
            Ok(execute(db, INSERT, row)? == 1)
        })
        .await
    }

    async fn drop_openid_keys(&self, algorithm: SigningAlgorithm, before: i64) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM openid_keys WHERE algorithm = ?1 AND generation < ?2";
        self.write_grouped(move |db| execute(db, DELETE, params![algorithm.number(), before]).map(drop)).await
    }

    async fn put_openid_device(&self, device: OpenIdDevice) -> Result<bool, StoreError> {
        self.write_grouped(move |db| put_device(db, &device)).await
    }

    async fn openid_device(&self, hash: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_devices WHERE device_hash = ?";
        self.readers.read_few(move |db| first(db, SELECT, [hash.as_slice()], device)).await
    }

    async fn openid_device_of_user(&self, user_code: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_devices WHERE user_code_hash = ?";
        self.readers.read_few(move |db| first(db, SELECT, [user_code.as_slice()], device)).await
    }

    async fn answer_openid_device(
        &self,
        hash: [u8; 32],
        approval: Option<DeviceApproval>,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.write_grouped(move |db| answer_device(db, &hash, approval.as_ref(), now)).await
    }

    async fn poll_openid_device(
        &self,
        hash: [u8; 32],
        now: UnixMillis,
        pause: Duration,
    ) -> Result<(), StoreError> {
        const UPDATE: &str = "UPDATE openid_devices SET polled_at = ?2, pause = ?3 WHERE device_hash = ?1";
        self.write_grouped(move |db| {
            execute(db, UPDATE, params![hash.as_slice(), now.0, millis(pause)]).map(drop)
        })
        .await
    }

    async fn grant_openid_device(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError> {
        const TAKE: &str = "DELETE FROM openid_devices WHERE device_hash = ? AND state = 1";
        self.write_exclusive(move |db| {
            let is_there = execute(db, TAKE, [hash.as_slice()])? == 1;
            if is_there {
                put_grant(db, &grant)?;
            }
            Ok(is_there)
        })
        .await
    }

    async fn purge_openid(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        Ok(self.write_grouped(move |db| purge(db, now, limit)).await? as u64)
    }
}
