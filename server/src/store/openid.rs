//! What the OpenID issuer keeps: clients, requests under way, what was granted, keys that sign; and the calls for them that
//! every store offers.
//!
//! Secrets, codes and tokens are kept as hashes, private keys sealed. What the store compares has a column of its own; what
//! it only carries stands in one column as JSON. All tokens of one sign-in hang on the row of its grant: a code or a refresh
//! token that comes a second time ends them all by one write.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use loggin_protocol::{AppKey, Confirm, PhoneNumber, Subject};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::clock::UnixMillis;

/// By what ID tokens are signed.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) enum SigningAlgorithm {
    /// RSA with SHA-256: what every client can check.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    pub(crate) const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name, as JOSE has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// What a client is told of who somebody is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SubjectType {
    /// The same as every client of the app, and the app itself.
    #[default]
    Public,
    /// Something that only clients of one sector are told.
    Pairwise,
}

/// What a client is set to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct OpenIdSettings {
    /// What people are told that they sign in to; the name of the app where it has none of its own.
    pub(crate) name: Option<String>,
    /// Where people are sent back to; compared as they stand but for the port of a loopback address.
    pub(crate) redirect_uris: Vec<String>,
    /// Where people may be sent who have signed out.
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) subject_type: SubjectType,
    /// Clients of one sector are told the same of a person.
    pub(crate) sector: String,
    /// Whether people are asked what the client may be told.
    pub(crate) consent: bool,
    /// The domain of the address that stands for a person, where the client demands one.
    pub(crate) email_domain: Option<String>,
    /// Whether it has to use PKCE.
    pub(crate) pkce: bool,
    pub(crate) algorithm: SigningAlgorithm,
}

/// A program that signs people in through OpenID.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenIdClient {
    pub(crate) id: String,
    pub(crate) app_key: AppKey,
    /// SHA-256 of its secret; a public client has none.
    pub(crate) secret: Option<[u8; 32]>,
    /// The one before, and until when it is taken.
    pub(crate) old_secret: Option<([u8; 32], UnixMillis)>,
    pub(crate) settings: OpenIdSettings,
    /// What pairwise subjects are made with; the clients of an app that are of one sector have the same.
    pub(crate) salt: [u8; 32],
    pub(crate) created_at: UnixMillis,
}

impl fmt::Debug for OpenIdClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("OpenIdClient");
        shown.field("id", &self.id).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl OpenIdClient {
    /// Whether it has a secret.
    pub(crate) fn is_confidential(&self) -> bool {
        self.secret.is_some()
    }
}

/// A request that was pushed, or that a browser brought and that waits for a person.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenIdRequest {
    /// SHA-256 of its name.
    pub(crate) hash: [u8; 32],
    pub(crate) client_id: String,
    /// What it says, sealed: a number may stand in it.
    pub(crate) data: Vec<u8>,
    pub(crate) expires_at: UnixMillis,
}

impl fmt::Debug for OpenIdRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenIdRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// What a grant carries.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct GrantData {
    /// Scopes, separated by spaces.
    pub(crate) scope: String,
    /// Where the code was sent; none where it was asked for by a device.
    pub(crate) redirect_uri: Option<String>,
    /// SHA-256 of the verifier, in base64url.
    pub(crate) code_challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    /// What was done to confirm the sign-in.
    pub(crate) confirmation: Confirm,
    /// `normal`, or `changed`.
    pub(crate) assurance: String,
    /// By what, as `amr` has it.
    pub(crate) methods: Vec<String>,
    /// When the person signed in, in milliseconds since 1970.
    pub(crate) auth_time: i64,
}

/// What a person let a client have: a code first, and what hangs on it then.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenIdGrant {
    /// Random; no secret.
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) app_key: AppKey,
    pub(crate) subject: Subject,
    /// The session in which it was granted, by which it ends too.
    pub(crate) session_id: Option<String>,
    /// SHA-256 of the code.
    pub(crate) code: [u8; 32],
    /// Until when the code is taken.
    pub(crate) code_until: UnixMillis,
    pub(crate) code_used_at: Option<UnixMillis>,
    /// SHA-256 of the refresh token that is good now, and until when it is.
    pub(crate) refresh: Option<([u8; 32], UnixMillis)>,
    pub(crate) data: GrantData,
    pub(crate) created_at: UnixMillis,
    /// When nothing hangs on it any more.
    pub(crate) expires_at: UnixMillis,
    pub(crate) revoked_at: Option<UnixMillis>,
}

impl fmt::Debug for OpenIdGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("OpenIdGrant");
        shown
            .field("client_id", &self.client_id)
            .field("revoked_at", &self.revoked_at)
            .finish_non_exhaustive()
    }
}

/// What became of a code or refresh token that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redemption {
    /// It was good, and is used now.
    Done,
    /// It was used before: all that hangs on its grant has ended.
    Replayed,
    /// It is not known, or over.
    Over,
}

/// A code that is redeemed, or a refresh token that is used.
#[derive(Clone, Debug)]
pub(crate) struct Redeeming {
    /// SHA-256 of what was shown.
    pub(crate) shown: [u8; 32],
    /// SHA-256 of the refresh token that is good from now on, and until when.
    pub(crate) refresh: Option<([u8; 32], UnixMillis)>,
    pub(crate) now: UnixMillis,
    /// When nothing hangs on the grant any more.
    pub(crate) expires_at: UnixMillis,
}

/// A key that signs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenIdKey {
    pub(crate) algorithm: SigningAlgorithm,
    /// Counts the keys of an algorithm.
    pub(crate) generation: i64,
    /// Its name in tokens.
    pub(crate) kid: String,
    /// The private key, sealed.
    pub(crate) sealed: Vec<u8>,
    /// The public key, as JSON.
    pub(crate) jwk: String,
    /// From when on it signs, in the place of the one before.
    pub(crate) signs_from: UnixMillis,
}

impl fmt::Debug for OpenIdKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenIdKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceState {
    /// Nobody has typed its code.
    Waiting,
    Approved,
    Refused,
}

/// Who approved a device.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct DeviceApproval {
    pub(crate) subject: Subject,
    pub(crate) session_id: Option<String>,
    pub(crate) data: GrantData,
}

/// A device that asks for somebody to sign in elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OpenIdDevice {
    /// SHA-256 of its code.
    pub(crate) hash: [u8; 32],
    /// SHA-256 of what people type.
    pub(crate) user_code: [u8; 32],
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) state: DeviceState,
    pub(crate) approval: Option<DeviceApproval>,
    /// When it asked last, and how long it has to wait until it may again.
    pub(crate) polled_at: Option<UnixMillis>,
    pub(crate) pause: Duration,
    pub(crate) expires_at: UnixMillis,
}

impl fmt::Debug for OpenIdDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("OpenIdDevice");
        shown.field("client_id", &self.client_id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// Who was found behind a grant, as apps know them now.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownAs {
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) user_id: Option<String>,
}

impl fmt::Debug for KnownAs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KnownAs").finish_non_exhaustive()
    }
}

/// What is kept as JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Unreadable("value"))
}

/// What was kept as JSON.
pub(super) fn of_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(what))
}

/// Where the issuer keeps what it has to. Administrators change clients: see [`super::Act`].
#[async_trait]
pub(crate) trait OpenIdStore {
    /// The client with this id.
    async fn openid_client(&self, id: &str) -> Result<Option<OpenIdClient>, StoreError>;
    /// The clients of an app, or of all, oldest first.
    async fn openid_clients(&self, app_key: Option<AppKey>) -> Result<Vec<OpenIdClient>, StoreError>;

    /// Keeps a request.
    async fn put_openid_request(&self, request: OpenIdRequest) -> Result<(), StoreError>;
    /// The request of this hash.
    async fn openid_request(&self, hash: [u8; 32]) -> Result<Option<OpenIdRequest>, StoreError>;
    /// Takes a request away; `false` where it is gone. Of many who do so at once one is told `true`.
    async fn take_openid_request(&self, hash: [u8; 32]) -> Result<bool, StoreError>;
    /// Takes a request away and grants what it asked for; `false` where it is gone.
    async fn grant_openid_request(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError>;

    /// The grant whose code has this hash.
    async fn openid_grant_of_code(&self, hash: [u8; 32]) -> Result<Option<OpenIdGrant>, StoreError>;
    /// The grant with this id.
    async fn openid_grant(&self, id: &str) -> Result<Option<OpenIdGrant>, StoreError>;
    /// Uses the code of a grant, once.
    async fn redeem_openid_code(&self, redeeming: Redeeming) -> Result<Redemption, StoreError>;
    /// Uses the refresh token of a grant, once.
    async fn refresh_openid_grant(&self, id: &str, redeeming: Redeeming) -> Result<Redemption, StoreError>;
    /// Ends all that hangs on a grant; `false` where it has ended.
    async fn revoke_openid_grant(&self, id: &str, now: UnixMillis) -> Result<bool, StoreError>;
    /// Ends what was granted in a session, and tells what that was.
    async fn end_openid_session(
        &self,
        session_id: &str,
        now: UnixMillis,
    ) -> Result<Vec<OpenIdGrant>, StoreError>;

    /// Number and user id of a person, where they are known.
    async fn openid_person(&self, app_key: AppKey, subject: Subject) -> Result<Option<KnownAs>, StoreError>;

    /// What somebody agreed that a client is told, as scopes.
    async fn openid_consent(&self, client_id: &str, subject: Subject) -> Result<Option<String>, StoreError>;
    /// Keeps that.
    async fn put_openid_consent(
        &self,
        client: &OpenIdClient,
        subject: Subject,
        scope: String,
        now: UnixMillis,
    ) -> Result<(), StoreError>;

    /// All keys, oldest first.
    async fn openid_keys(&self) -> Result<Vec<OpenIdKey>, StoreError>;
    /// Adds a key; `false` where there is one of its algorithm and generation.
    async fn put_openid_key(&self, key: OpenIdKey) -> Result<bool, StoreError>;
    /// Removes the keys of an algorithm before this generation.
    async fn drop_openid_keys(&self, algorithm: SigningAlgorithm, before: i64) -> Result<(), StoreError>;

    /// Keeps a device; `false` where its user code is taken.
    async fn put_openid_device(&self, device: OpenIdDevice) -> Result<bool, StoreError>;
    /// The device with this code.
    async fn openid_device(&self, hash: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError>;
    /// The device whose user code this is.
    async fn openid_device_of_user(&self, user_code: [u8; 32]) -> Result<Option<OpenIdDevice>, StoreError>;
    /// Approves or refuses a device that waits; `false` where it does not.
    async fn answer_openid_device(
        &self,
        hash: [u8; 32],
        approval: Option<DeviceApproval>,
        now: UnixMillis,
    ) -> Result<bool, StoreError>;
    /// Notes that a device asked, and how long it has to wait from now on.
    async fn poll_openid_device(
        &self,
        hash: [u8; 32],
        now: UnixMillis,
        pause: Duration,
    ) -> Result<(), StoreError>;
    /// Takes an approved device away and grants what it asked for; `false` where it is gone.
    async fn grant_openid_device(&self, hash: [u8; 32], grant: OpenIdGrant) -> Result<bool, StoreError>;

    /// Deletes what is over, up to `limit` rows of each kind; returns how many that were.
    async fn purge_openid(&self, now: UnixMillis, limit: u32) -> Result<u64, StoreError>;
}
