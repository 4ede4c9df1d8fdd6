//! Browsers that the issuer remembers, in SQLite.

use async_trait::async_trait;
use loggin_protocol::{Code, Subject};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::{
    connections::{execute, first},
    rows,
};
use crate::{
    clock::UnixMillis,
    limits,
    store::{
        Confirm, IssuerSession, IssuerSessionStore, KnownSession, SqliteStore, State, StoreError,
        rows::Numbered,
    },
};

fn put(db: &Connection, session: &IssuerSession) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO issuer_sessions
        (secret_hash, session_id, app_key, subject, code, auth_time, confirmation, is_changed, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    const TRIM: &str = "DELETE FROM issuer_sessions WHERE secret_hash IN
        (SELECT secret_hash FROM issuer_sessions WHERE app_key = ?1 AND subject = ?2
        ORDER BY auth_time DESC, secret_hash DESC LIMIT -1 OFFSET ?3)";
    let (app_key, subject) = (session.app_key.as_str(), session.subject.expose());
    let values = params![
        session.secret_hash.as_slice(),
        session.session_id.as_bytes().as_slice(),
        app_key,
        subject,
        session.code.as_ref().map(Code::expose),
        session.auth_time.0,
        session.confirmation.number(),
        session.is_changed,
        session.expires_at.0,
    ];
    execute(db, INSERT, values)?;
    execute(db, TRIM, params![app_key, subject, limits::ISSUER_SESSIONS_PER_PERSON]).map(drop)
}

fn known(row: &Row<'_>) -> Result<KnownSession, StoreError> {
    let subject = Subject::parse(rows::text(row, "subject")?.unwrap_or_default());
    let session_id = Uuid::from_slice(rows::bytes(row, "session_id")?.unwrap_or_default());
    let code = rows::text(row, "code")?.map(Code::parse).transpose();
    let session = IssuerSession {
        secret_hash: rows::hash(row, "secret_hash")?.ok_or(StoreError::Unreadable("hash"))?,
        session_id: session_id.map_err(|_| StoreError::Unreadable("session"))?,
        app_key: rows::app_key(row)?,
        subject: subject.map_err(|_| StoreError::Unreadable("subject"))?,
        code: code.map_err(|_| StoreError::Unreadable("code"))?,
        auth_time: UnixMillis(row.get("auth_time")?),
        confirmation: Confirm::of_number(row.get("confirmation")?)?,
        is_changed: row.get("is_changed")?,
        expires_at: UnixMillis(row.get("expires_at")?),
    };
    Ok(KnownSession { session, phone: rows::phone_number(row, "phone")?, user_id: row.get("user_id")? })
}

#[async_trait]
impl IssuerSessionStore for SqliteStore {
    async fn put_issuer_session(&self, session: IssuerSession) -> Result<(), StoreError> {
        self.write_grouped(move |db| put(db, &session)).await
    }

    async fn issuer_session(&self, secret_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreError> {
        const SELECT: &str = "SELECT s.*, p.phone, p.user_id FROM issuer_sessions s
            JOIN people p ON p.app_key = s.app_key AND p.subject = s.subject
            WHERE s.secret_hash = ?1
                AND NOT EXISTS (SELECT 1 FROM logins l WHERE l.code = s.code AND l.state = ?2)";
        let select = move |db: &Connection| {
            first(db, SELECT, params![secret_hash.as_slice(), State::Denied.number()], known)
        };
        self.readers.read_few(select).await
    }

    async fn end_issuer_session(&self, session_id: Uuid) -> Result<bool, StoreError> {
        const END: &str = "DELETE FROM issuer_sessions WHERE session_id = ?";
        let end = move |db: &Connection| Ok(execute(db, END, [session_id.as_bytes().as_slice()])? == 1);
        self.write_grouped(end).await
    }

    async fn purge_issuer_sessions(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError> {
        const PURGE: &str = "DELETE FROM issuer_sessions WHERE secret_hash IN
            (SELECT secret_hash FROM issuer_sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
        self.write_grouped(move |db| Ok(execute(db, PURGE, params![now.0, limit])? as u64)).await
    }
}
