//! Secret keys of apps, and the calls for them that every store offers.
//!
//! A key that is no longer good keeps its row for a while, so that an operator sees when it ended.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use loggin_protocol::{AppKey, SecretKey};

use super::StoreError;
use crate::clock::UnixMillis;

/// Bytes of a key's hash that its id shows: enough to tell the keys of one app from each other.
const ID_BYTES: usize = 4;

/// Names a secret key among those of its app: the beginning of its hash, in hexadecimal. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyId(String);

impl KeyId {
    /// The id of the key with this hash.
    pub(crate) fn of_hash(hash: &[u8; 32]) -> Self {
        Self(HEXLOWER.encode(&hash[..ID_BYTES]))
    }

    /// An id as it was written, in whatever case; that there is a key with it is not said.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One secret key of an app; the key itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AppSecretKey {
    pub(crate) app_key: AppKey,
    pub(crate) id: KeyId,
    /// SHA-256 of the key.
    pub(crate) hash: [u8; 32],
    /// What people call it.
    pub(crate) label: String,
    pub(crate) created_at: UnixMillis,
    /// When it was used, to the hour.
    pub(crate) last_used_at: Option<UnixMillis>,
    /// From when on it is not taken any more.
    pub(crate) expires_at: Option<UnixMillis>,
}

impl fmt::Debug for AppSecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("AppSecretKey");
        shown.field("app_key", &self.app_key).field("id", &self.id).finish_non_exhaustive()
    }
}

impl AppSecretKey {
    /// What is kept of this key, which was not used yet and does not expire.
    pub(crate) fn of(key: &SecretKey, label: &str, created_at: UnixMillis) -> Self {
        let hash = key.sha256();
        Self {
            app_key: key.app_key(),
            id: KeyId::of_hash(&hash),
            hash,
            label: label.to_owned(),
            created_at,
            last_used_at: None,
            expires_at: None,
        }
    }

    /// Whether it is taken at this moment.
    pub(crate) fn is_good(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// A key that was used, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyUse {
    pub(crate) app_key: AppKey,
    pub(crate) id: KeyId,
    pub(crate) at: UnixMillis,
}

/// Where secret keys are kept. Administrators change them: see [`super::Act`].
#[async_trait]
pub(crate) trait KeyStore {
    /// The keys of an app, those that ended among them, oldest first.
    async fn secret_keys(&self, app_key: AppKey) -> Result<Vec<AppSecretKey>, StoreError>;
    /// Adds a key; `false` where the app has one with its id, or there is no such app.
    async fn insert_secret_key(&self, key: &AppSecretKey) -> Result<bool, StoreError>;
    /// Notes that keys were used, each where its row is older than `pause`.
    async fn note_key_uses(&self, uses: Vec<KeyUse>, pause: Duration) -> Result<(), StoreError>;
}
