//! Browsers that the issuer remembers, in PostgreSQL.

use async_trait::async_trait;
use loggin_protocol::{Code, Subject};
use serde_json::json;
use tokio_postgres::{Row, types::Type};
use uuid::Uuid;

use super::{
    PostgresStore,
    rows::{app_key, fixed, moment, numbered, phone_number, value},
    writes::hex,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{IssuerSession, IssuerSessionStore, KnownSession, State, StoreError, rows::Numbered},
};

fn known(row: &Row) -> Result<KnownSession, StoreError> {
    let subject = Subject::parse(value(row, "subject")?);
    let code = value::<Option<&str>>(row, "code")?.map(Code::parse).transpose();
    let session = IssuerSession {
        secret_hash: fixed(row, "secret_hash")?,
        session_id: value(row, "session_id")?,
        app_key: app_key(row)?,
        subject: subject.map_err(|_| StoreError::Unreadable("subject"))?,
        code: code.map_err(|_| StoreError::Unreadable("code"))?,
        auth_time: moment(row, "auth_time")?,
        confirmation: numbered(row, "confirmation")?,
        is_changed: value(row, "is_changed")?,
        expires_at: moment(row, "expires_at")?,
    };
    Ok(KnownSession { session, phone: phone_number(row, "phone")?, user_id: value(row, "user_id")? })
}

#[async_trait]
impl IssuerSessionStore for PostgresStore {
    async fn put_issuer_session(&self, session: IssuerSession) -> Result<(), StoreError> {
        let put = json!({
            "write": "put_issuer_session",
            "most": limits::ISSUER_SESSIONS_PER_PERSON,
            "session": {
                "secret_hash": hex(&session.secret_hash),
                "session_id": session.session_id.to_string(),
                "app_key": session.app_key.as_str(),
                "subject": session.subject.expose(),
                "code": session.code.as_ref().map(Code::expose),
                "auth_time": session.auth_time.0,
                "confirmation": session.confirmation.number(),
                "is_changed": session.is_changed,
                "expires_at": session.expires_at.0,
            },
        });
        self.write_other(put).await.map(drop)
    }

    async fn issuer_session(&self, secret_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreError> {
        const SELECT: &str = "SELECT s.*, p.phone, p.user_id FROM issuer_sessions s
            JOIN people p ON p.app_key = s.app_key AND p.subject = s.subject
            WHERE s.secret_hash = $1
                AND NOT EXISTS (SELECT FROM logins l WHERE l.code = s.code AND l.state = $2)";
        let (hash, denied) = (secret_hash.as_slice(), State::Denied.number());
        let row = self.connections.first(SELECT, &[(&hash, Type::BYTEA), (&denied, Type::INT8)]).await?;
        row.map(|row| known(&row)).transpose()
    }

    async fn end_issuer_session(&self, session_id: Uuid) -> Result<bool, StoreError> {
        let end = json!({ "write": "end_issuer_session", "session_id": session_id.to_string() });
        Ok(self.write_rows(end).await? == 1)
    }

    async fn purge_issuer_sessions(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        self.write_rows(json!({ "write": "purge_issuer_sessions", "now": now.0, "limit": limit })).await
    }
}
