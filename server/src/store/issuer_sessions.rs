//! Browsers that the issuer's sign-in page remembers, each for one person at one app, and the calls for them that every store
//! offers.

use async_trait::async_trait;
use loggin_protocol::{AppKey, Code, PhoneNumber, Subject};
use uuid::Uuid;

use super::{Confirm, StoreError};
use crate::clock::UnixMillis;

/// A browser in which somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuerSession {
    /// Hash of what the browser's cookie holds.
    pub(crate) secret_hash: [u8; 32],
    /// What tokens call it.
    pub(crate) session_id: Uuid,
    pub(crate) app_key: AppKey,
    pub(crate) subject: Subject,
    /// The login that it began with: whoever takes that back ends it.
    pub(crate) code: Option<Code>,
    /// When the person signed in.
    pub(crate) auth_time: UnixMillis,
    /// How that was confirmed.
    pub(crate) confirmation: Confirm,
    /// Whether the number or its owner were new to the app then.
    pub(crate) is_changed: bool,
    pub(crate) expires_at: UnixMillis,
}

/// A session with the names that its person has by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownSession {
    pub(crate) session: IssuerSession,
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) user_id: Option<String>,
}

/// Where the browsers are kept that the issuer remembers.
#[async_trait]
pub(crate) trait IssuerSessionStore {
    /// Adds a session; of a person's the latest [`crate::limits::ISSUER_SESSIONS_PER_PERSON`] are kept.
    async fn put_issuer_session(&self, session: IssuerSession) -> Result<(), StoreError>;
    /// The session with this hash, unless its person is not known any more or has taken its login back.
    async fn issuer_session(&self, secret_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreError>;
    /// Ends a session; `false` where there is none of this name.
    async fn end_issuer_session(&self, session_id: Uuid) -> Result<bool, StoreError>;
    /// Forgets sessions that are over, up to `limit` of them; returns how many.
    async fn purge_issuer_sessions(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError>;
}
