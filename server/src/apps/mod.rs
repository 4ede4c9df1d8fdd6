//! Apps as the calls need them: found by key, authenticated by secret key, allowed by origin.

pub(crate) mod origin;

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    time::Instant,
};

use axum::http::{HeaderMap, HeaderName, header};
use loggin::{AppKey, Code, ErrorCode, SecretKey};
use subtle::ConstantTimeEq;

use self::origin::Origins;
use crate::{
    dev,
    error::ApiError,
    limits::{self, Remembered},
    request,
    store::{App, Store, StoreError},
    telemetry::metrics::{self, Limit},
};

/// The other header that a secret key may stand in.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The store's apps, remembered for a moment.
#[derive(Debug)]
pub(crate) struct Apps {
    store: Arc<dyn Store>,
    /// Whether the secret key that everybody knows is one here.
    development: bool,
    known: Remembered<AppKey, Arc<App>>,
    /// Apart from the known ones: made-up keys do not drive those out.
    unknown: Remembered<AppKey, ()>,
    origins: Remembered<(), Arc<Origins>>,
    pending: Remembered<AppKey, u32>,
}

impl Apps {
    pub(crate) fn new(store: Arc<dyn Store>, development: bool) -> Self {
        Self {
            store,
            development,
            known: Remembered::new(limits::APPS_REMEMBERED, limits::APP_VALID),
            unknown: Remembered::new(limits::APPS_REMEMBERED, limits::UNKNOWN_APP_VALID),
            origins: Remembered::new(1, limits::APP_VALID),
            pending: Remembered::new(limits::APPS_REMEMBERED, limits::PENDING_COUNT_VALID),
        }
    }

    /// The app with this key. One that was just added, or changed, is known so within a second.
    pub(crate) async fn find(&self, app_key: AppKey) -> Result<Option<Arc<App>>, StoreError> {
        let now = Instant::now();
        if let Some(app) = self.known.recall(&app_key, now) {
            return Ok(Some(app));
        }
        if self.unknown.recall(&app_key, now).is_some() {
            return Ok(None);
        }
        let app = self.store.app(app_key).await?.map(Arc::new);
        match &app {
            Some(app) => self.known.keep(app_key, Arc::clone(app), now),
            None => self.unknown.keep(app_key, (), now),
        }
        Ok(app)
    }

    /// The app whose secret key the call shows; `None` where it shows none.
    ///
    /// A key that is wrong is an error, not a call without a key: whoever sends one means to be known.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<AppKey>, ApiError> {
        const WRONG: ApiError = ApiError::new(ErrorCode::Unauthorized, "The secret key is not valid.");
        const PUBLISHED: ApiError = ApiError::new(
            ErrorCode::Unauthorized,
            "This is the published secret key of `loggin-server dev`, which no other server takes.",
        );
        let Some(shown) = shown_key(headers)? else {
            return Ok(None);
        };
        let key = SecretKey::parse(shown).map_err(|_| WRONG)?;
        let app = self.find(key.app_key()).await?.ok_or(WRONG)?;
        let expected = app.secret_key_hash.ok_or(WRONG)?;
        if !bool::from(expected.ct_eq(&key.sha256())) {
            return Err(WRONG);
        }
        if !self.development && is_published_key(expected) {
            return Err(PUBLISHED);
        }
        request::note_app(key.app_key());
        Ok(Some(key.app_key()))
    }

    /// Whether some app lets web pages of this origin call.
    pub(crate) async fn some_allows(&self, origin: &str) -> Result<bool, StoreError> {
        let now = Instant::now();
        if let Some(origins) = self.origins.recall(&(), now) {
            return Ok(origins.contain(origin));
        }
        let apps = self.store.apps().await?;
        let origins: Origins = apps.into_iter().flat_map(|app| app.allowed_origins).collect();
        let allowed = origins.contain(origin);
        self.origins.keep((), Arc::new(origins), now);
        Ok(allowed)
    }

    /// Refuses to wait for logins that are new, where their app has as many pending as it may.
    ///
    /// Counts are a moment old, so a burst goes a little over. Logins that were waited for before are never refused.
    pub(crate) async fn check_room(&self, codes: &[Code], with_key: bool) -> Result<(), ApiError> {
        let most = if with_key { limits::PENDING_PER_APP_WITH_KEY } else { limits::PENDING_PER_APP };
        let app_keys: HashSet<AppKey> = codes.iter().map(Code::app_key).collect();
        for app_key in app_keys {
            if self.pending(app_key).await? < most {
                continue;
            }
            let own: Vec<Code> = codes.iter().copied().filter(|code| code.app_key() == app_key).collect();
            if self.store.logins(&own).await?.len() < own.len() {
                metrics::limit_hit(Limit::PendingPerApp);
                return Err(ApiError::new(
                    ErrorCode::RateLimited,
                    "Too many sign-ins of this app are pending.",
                )
                .with_retry_after(limits::PENDING_COUNT_VALID));
            }
        }
        Ok(())
    }

    async fn pending(&self, app_key: AppKey) -> Result<u32, StoreError> {
        let now = Instant::now();
        if let Some(count) = self.pending.recall(&app_key, now) {
            return Ok(count);
        }
        let count = self.store.without_result(app_key, limits::PENDING_PER_APP_WITH_KEY).await?;
        self.pending.keep(app_key, count, now);
        Ok(count)
    }
}

impl App {
    /// Whether web pages of this origin may call.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        origin::allow(&self.allowed_origins, origin)
    }
}

/// The SHA-256 of [`dev::DEMO_SECRET_KEY`].
static PUBLISHED_KEY: LazyLock<Option<[u8; 32]>> =
    LazyLock::new(|| SecretKey::parse(dev::DEMO_SECRET_KEY).ok().map(|key| key.sha256()));

/// Whether a hash is that of the secret key which everybody can read in the source of `dev`.
pub(crate) fn is_published_key(hash: [u8; 32]) -> bool {
    *PUBLISHED_KEY == Some(hash)
}

/// The key that a call shows, in either header.
fn shown_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    const MALFORMED: ApiError = ApiError::new(
        ErrorCode::Unauthorized,
        "The secret key stands in `Authorization: Bearer` or in `X-Api-Key`.",
    );
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = value.to_str().map_err(|_| MALFORMED)?;
        let (scheme, key) = value.trim().split_once(' ').ok_or(MALFORMED)?;
        return if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(key.trim())) } else { Err(MALFORMED) };
    }
    headers.get(X_API_KEY).map(|value| value.to_str().map_err(|_| MALFORMED)).transpose()
}
