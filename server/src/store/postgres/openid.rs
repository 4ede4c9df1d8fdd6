//! What the OpenID issuer keeps, in PostgreSQL. Each step is one call of `write_openid` of the migrations.

use std::time::Duration;

use async_trait::async_trait;
use loggin_protocol::{AppKey, Subject};
use serde_json::{Value, json};
use tokio_postgres::{Row, types::Type};

use super::{
    PostgresStore,
    connections::Value as Bound,
    rows::{self, fixed, hash, moment, numbered, optional_moment, value},
    writes::{hex, millis, text},
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        DeviceApproval, DeviceState, KnownAs, OpenIdClient, OpenIdDevice, OpenIdGrant, OpenIdKey,
        OpenIdRequest, OpenIdStore, Redeeming, Redemption, SigningAlgorithm, StoreError,
        admins::parse_subject,
        openid::{of_json, to_json},
        rows::Numbered,
    },
};

/// A client that is created.
pub(super) fn created(client: &OpenIdClient) -> Value {
    let row = json!({
        "client_id": text(&client.id),
        "app_key": client.app_key.as_str(),
        "secret_hash": client.secret.as_ref().map(|hash| hex(hash)),
        // The type has string keys and no failing serializer.
        "settings": to_json(&client.settings).unwrap_or_default(),
        "sector": text(&client.settings.sector),
        "salt": hex(&client.salt),
        "created_at": client.created_at.0,
    });
    json!({ "client": row, "most": limits::OPENID_CLIENTS_PER_APP })
}

/// A client that has another secret; the one before is taken until then.
pub(super) fn rotated(id: &str, hash: &[u8; 32], until: UnixMillis) -> Value {
    json!({ "client": { "client_id": text(id), "secret_hash": hex(hash), "old_secret_until": until.0 } })
}

fn grant_row(grant: &OpenIdGrant) -> Result<Value, StoreError> {
    Ok(json!({
        "grant_id": grant.id,
        "client_id": text(&grant.client_id),
        "app_key": grant.app_key.as_str(),
        "subject": grant.subject.expose(),
        "session_id": grant.session_id.as_deref().map(text),
        "code_hash": hex(&grant.code),
        "code_until": grant.code_until.0,
        "code_used_at": grant.code_used_at.map(|at| at.0),
        "refresh_hash": grant.refresh.as_ref().map(|(hash, _)| hex(hash)),
        "refresh_until": grant.refresh.map(|(_, until)| until.0),
        "data": to_json(&grant.data)?,
        "created_at": grant.created_at.0,
        "expires_at": grant.expires_at.0,
    }))
}

fn read_client(row: &Row) -> Result<OpenIdClient, StoreError> {
    let old = hash(row, "old_secret_hash")?;
    Ok(OpenIdClient {
        id: value(row, "client_id")?,
        app_key: rows::app_key(row)?,
        secret: hash(row, "secret_hash")?,
        old_secret: old.zip(optional_moment(row, "old_secret_until")?),
        settings: of_json(value(row, "settings")?, "client")?,
        salt: fixed(row, "salt")?,
        created_at: moment(row, "created_at")?,
    })
}

fn read_request(row: &Row) -> Result<OpenIdRequest, StoreError> {
    Ok(OpenIdRequest {
        hash: fixed(row, "request_hash")?,
        client_id: value(row, "client_id")?,
        data: value(row, "data")?,
        expires_at: moment(row, "expires_at")?,
    })
}

fn read_grant(row: &Row) -> Result<OpenIdGrant, StoreError> {
    let refresh = hash(row, "refresh_hash")?;
    Ok(OpenIdGrant {
        id: value(row, "grant_id")?,
        client_id: value(row, "client_id")?,
        app_key: rows::app_key(row)?,
        subject: parse_subject(value(row, "subject")?)?.ok_or(StoreError::Unreadable("subject"))?,
        session_id: value(row, "session_id")?,
        code: fixed(row, "code_hash")?,
        code_until: moment(row, "code_until")?,
        code_used_at: optional_moment(row, "code_used_at")?,
        refresh: refresh.zip(optional_moment(row, "refresh_until")?),
        data: of_json(value(row, "data")?, "grant")?,
        created_at: moment(row, "created_at")?,
        expires_at: moment(row, "expires_at")?,
        revoked_at: optional_moment(row, "revoked_at")?,
    })
}

fn read_key(row: &Row) -> Result<OpenIdKey, StoreError> {
    Ok(OpenIdKey {
        algorithm: numbered(row, "algorithm")?,
        generation: value(row, "generation")?,
        kid: value(row, "kid")?,
        sealed: value(row, "sealed")?,
        jwk: value(row, "jwk")?,
        signs_from: moment(row, "signs_from")?,
    })
}

fn read_device(row: &Row) -> Result<OpenIdDevice, StoreError> {
    let approval: Option<&str> = value(row, "approval")?;
    Ok(OpenIdDevice {
        hash: fixed(row, "device_hash")?,
        user_code: fixed(row, "user_code_hash")?,
        client_id: value(row, "client_id")?,
        scope: value(row, "scope")?,
        state: numbered(row, "state")?,
        approval: approval.map(|text| of_json(text, "approval")).transpose()?,
        polled_at: optional_moment(row, "polled_at")?,
        pause: Duration::from_millis(rows::number(row, "pause")?),
        expires_at: moment(row, "expires_at")?,
    })
}

impl PostgresStore {
    /// Makes one write of the issuer.
    async fn write_openid(&self, does: &str, mut write: Value) -> Result<Value, StoreError> {
        write["write"] = "openid".into();
        write["does"] = does.into();
        self.write_other(write).await
    }

    /// The same, of which it is said whether it was made.
    async fn openid_if(&self, does: &str, write: Value) -> Result<bool, StoreError> {
        self.write_openid(does, write).await?.as_bool().ok_or(StoreError::Unreadable("outcome"))
    }

    async fn redeem(&self, grant_id: Option<&str>, redeeming: &Redeeming) -> Result<Redemption, StoreError> {
        let write = json!({
            "grant_id": grant_id.map(text),
            "shown": hex(&redeeming.shown),
            "refresh": redeeming.refresh.as_ref().map(|(hash, _)| hex(hash)),
            "refresh_until": redeeming.refresh.map(|(_, until)| until.0),
            "now": redeeming.now.0,
            "expires_at": redeeming.expires_at.0,
        });
        match self.write_openid("redeem", write).await?.as_str() {
            Some("done") => Ok(Redemption::Done),
            Some("replayed") => Ok(Redemption::Replayed),
            Some("over") => Ok(Redemption::Over),
            _ => Err(StoreError::Unreadable("outcome")),
        }
    }

    async fn openid_row(&self, sql: &str, bound: Bound<'_>) -> Result<Option<Row>, StoreError> {
        self.connections.first(sql, &[bound]).await
    }
}

#[async_trait]
impl OpenIdStore for PostgresStore {
    async fn openid_client(&self, id: &str) -> Result<Option<OpenIdClient>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_clients WHERE client_id = $1";
        let id = text(id);
        self.openid_row(SELECT, (&id, Type::TEXT)).await?.as_ref().map(read_client).transpose()
    }

    async fn openid_clients(&self, app_key: Option<AppKey>) -> Result<Vec<OpenIdClient>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_clients WHERE $1 IS NULL OR app_key = $1
            ORDER BY created_at, client_id";
        let app_key = app_key.map(|app_key| app_key.as_str().to_owned());
        let rows = self.connections.rows(SELECT, &[(&app_key, Type::TEXT)]).await?;
        rows.iter().map(read_client).collect()
    }

    async fn put_openid_request(&self, request: OpenIdRequest) -> Result<(), StoreError> {
        let row = json!({
            "request_hash": hex(&request.hash),
            "client_id": text(&request.client_id),
            "data": hex(&request.data),
            "expires_at": request.expires_at.0,
        });
        self.write_openid("put_request", json!({ "request": row })).await.map(drop)
    }

    async fn openid_request(&self, hash: [u8; 32]) -> Result<Option<OpenIdRequest>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_requests WHERE request_hash = $1";
        let hash = hash.as_slice();
        self.openid_row(SELECT, (&hash, Type::BYTEA)).await?.as_ref().map(read_request).transpose()
    }

    async fn take_openid_request(&self, hash: [u8; 32]) -> Result<bool, StoreError> {
        self.openid_if("take_request", json!({ "hash": hex(&hash) })).await
    }

    async fn grant_openid_request(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError> {
        self.openid_if("grant_request", json!({ "hash": hex(&hash), "grant": grant_row(&grant)? })).await
    }

    async fn openid_grant_of_code(&self, hash: [u8; 32]) -> Result<Option<OpenIdGrant>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_grants WHERE code_hash = $1";
        let hash = hash.as_slice();
        self.openid_row(SELECT, (&hash, Type::BYTEA)).await?.as_ref().map(read_grant).transpose()
    }

    async fn openid_grant(&self, id: &str) -> Result<Option<OpenIdGrant>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_grants WHERE grant_id = $1";
        let id = text(id);
        self.openid_row(SELECT, (&id, Type::TEXT)).await?.as_ref().map(read_grant).transpose()
    }

    async fn redeem_openid_code(&self, redeeming: Redeeming) -> Result<Redemption, StoreError> {
        self.redeem(None, &redeeming).await
    }

    async fn refresh_openid_grant(&self, id: &str, redeeming: Redeeming) -> Result<Redemption, StoreError> {
        self.redeem(Some(id), &redeeming).await
    }

    async fn revoke_openid_grant(&self, id: &str, now: UnixMillis) -> Result<bool, StoreError> {
        self.openid_if("revoke", json!({ "grant_id": text(id), "now": now.0 })).await
    }

    async fn end_openid_session(
        &self,
        session_id: &str,
        now: UnixMillis,
    ) -> Result<Vec<OpenIdGrant>, StoreError> {
        const SELECT: &str =
            "SELECT * FROM openid_grants WHERE grant_id = ANY ($1) ORDER BY created_at, grant_id";
        let ended =
            self.write_openid("end_session", json!({ "session_id": text(session_id), "now": now.0 })).await?;
        let ids = ended.as_array().ok_or(StoreError::Unreadable("outcome"))?;
        let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        let rows = self.connections.rows(SELECT, &[(&ids, Type::TEXT_ARRAY)]).await?;
        rows.iter().map(|row| Ok(OpenIdGrant { revoked_at: None, ..read_grant(row)? })).collect()
    }

    async fn openid_person(&self, app_key: AppKey, subject: Subject) -> Result<Option<KnownAs>, StoreError> {
        const SELECT: &str = "SELECT phone, user_id FROM people WHERE app_key = $1 AND subject = $2";
        let (app_key, subject) = (app_key.as_str(), subject.expose());
        let values: [Bound<'_>; 2] = [(&app_key, Type::TEXT), (&subject, Type::TEXT)];
        let row = self.connections.first(SELECT, &values).await?;
        row.map(|row| {
            Ok(KnownAs { phone: rows::phone_number(&row, "phone")?, user_id: value(&row, "user_id")? })
        })
        .transpose()
    }

    async fn openid_consent(&self, client_id: &str, subject: Subject) -> Result<Option<String>, StoreError> {
        const SELECT: &str = "SELECT scope FROM openid_consents WHERE client_id = $1 AND subject = $2";
        let (client_id, subject) = (text(client_id), subject.expose());
        let values: [Bound<'_>; 2] = [(&client_id, Type::TEXT), (&subject, Type::TEXT)];
        let row = self.connections.first(SELECT, &values).await?;
        row.map(|row| value(&row, "scope")).transpose()
    }

    async fn put_openid_consent(
        &self,
        client: &OpenIdClient,
        subject: Subject,
        scope: String,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let row = json!({
            "client_id": text(&client.id),
            "subject": subject.expose(),
            "app_key": client.app_key.as_str(),
            "scope": scope,
            "given_at": now.0,
        });
        self.write_openid("put_consent", json!({ "consent": row })).await.map(drop)
    }

    async fn openid_keys(&self) -> Result<Vec<OpenIdKey>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_keys ORDER BY algorithm, generation";
        self.connections.rows(SELECT, &[]).await?.iter().map(read_key).collect()
    }

    async fn put_openid_key(&self, key: OpenIdKey) -> Result<bool, StoreError> {
        let row = json!({
            "algorithm": key.algorithm.number(),
            "generation": key.generation,
            "kid": text(&key.kid),
            "sealed": hex(&key.sealed),
            "jwk": key.jwk,
            "signs_from": key.signs_from.0,
        });
        self.openid_if("put_key", json!({ "key": row })).await
    }

    async fn drop_openid_keys(&self, algorithm: SigningAlgorithm, before: i64) -> Result<(), StoreError> {
        let write = json!({ "algorithm": algorithm.number(), "before": before });
        self.write_openid("drop_keys", write).await.map(drop)
    }

    async fn put_openid_device(&self, device: OpenIdDevice) -> Result<bool, StoreError> {
        let row = json!({
            "device_hash": hex(&device.hash),
            "user_code_hash": hex(&device.user_code),
            "client_id": text(&device.client_id),
            "scope": device.scope,
            "state": device.state.number(),
            "pause": millis(device.pause),
            "expires_at": device.expires_at.0,
        });
        self.openid_if("put_device", json!({ "device": row })).await
    }

    async fn openid_device(&self, hash: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_devices WHERE device_hash = $1";
        let hash = hash.as_slice();
        self.openid_row(SELECT, (&hash, Type::BYTEA)).await?.as_ref().map(read_device).transpose()
    }

    async fn openid_device_of_user(&self, user_code: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError> {
        const SELECT: &str = "SELECT * FROM openid_devices WHERE user_code_hash = $1";
        let hash = user_code.as_slice();
        self.openid_row(SELECT, (&hash, Type::BYTEA)).await?.as_ref().map(read_device).transpose()
    }

    async fn answer_openid_device(
        &self,
        hash: [u8; 32],
        approval: Option<DeviceApproval>,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let state = if approval.is_some() { DeviceState::Approved } else { DeviceState::Refused };
        let write = json!({
            "hash": hex(&hash),
            "state": state.number(),
            "subject": approval.as_ref().map(|approval| approval.subject.expose()),
            "approval": approval.as_ref().map(to_json).transpose()?,
            "now": now.0,
        });
        self.openid_if("answer_device", write).await
    }

    async fn poll_openid_device(
        &self,
        hash: [u8; 32],
        now: UnixMillis,
        pause: Duration,
    ) -> Result<(), StoreError> {
        let write = json!({ "hash": hex(&hash), "now": now.0, "pause": millis(pause) });
        self.write_openid("poll_device", write).await.map(drop)
    }

    async fn grant_openid_device(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError> {
        self.openid_if("grant_device", json!({ "hash": hex(&hash), "grant": grant_row(&grant)? })).await
    }

    async fn purge_openid(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        let purged = self.write_openid("purge", json!({ "now": now.0, "limit": limit })).await?;
        purged["rows"].as_u64().ok_or(StoreError::Unreadable("count"))
    }
}
