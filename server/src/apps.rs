//! Apps as the calls need them: found by key, authenticated by secret key, allowed by origin.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Instant,
};

use axum::http::{HeaderMap, HeaderName, header};
use loggin::{AppKey, Code, ErrorCode, SecretKey};
use subtle::ConstantTimeEq;

use crate::{
    dev,
    error::ApiError,
    limits,
    store::{App, Store, StoreError},
    telemetry::metrics::{self, Limit},
};

/// The other header that a secret key may stand in.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// An origin of this name stands for any.
pub(crate) const ANY_ORIGIN: &str = "*";

/// The store's apps, remembered for a moment.
#[derive(Debug)]
pub(crate) struct Apps {
    store: Arc<dyn Store>,
    /// Whether the secret key that everybody knows is one here.
    development: bool,
    known: Mutex<HashMap<AppKey, (Instant, Arc<App>)>>,
    origins: Mutex<Option<(Instant, Arc<HashSet<String>>)>>,
    pending: Mutex<HashMap<AppKey, (Instant, u32)>>,
}

impl Apps {
    pub(crate) fn new(store: Arc<dyn Store>, development: bool) -> Self {
        Self {
            store,
            development,
            known: Mutex::default(),
            origins: Mutex::default(),
            pending: Mutex::default(),
        }
    }

    /// The app with this key. One that was just added is known at once, a changed one a second later.
    pub(crate) async fn find(&self, app_key: AppKey) -> Result<Option<Arc<App>>, StoreError> {
        if let Some((read_at, app)) = lock(&self.known).get(&app_key)
            && read_at.elapsed() < limits::APP_VALID
        {
            return Ok(Some(Arc::clone(app)));
        }
        let Some(app) = self.store.app(app_key).await? else {
            return Ok(None);
        };
        let app = Arc::new(app);
        let mut known = lock(&self.known);
        if known.len() >= limits::APPS_REMEMBERED {
            known.clear();
        }
        known.insert(app_key, (Instant::now(), Arc::clone(&app)));
        Ok(Some(app))
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
        Ok(Some(key.app_key()))
    }

    /// Whether some app lets web pages of this origin call.
    pub(crate) async fn some_allows(&self, origin: &str) -> Result<bool, StoreError> {
        let origins = self.origins().await?;
        Ok(origins.contains(ANY_ORIGIN) || origins.contains(origin))
    }

    async fn origins(&self) -> Result<Arc<HashSet<String>>, StoreError> {
        if let Some((read_at, origins)) = &*lock(&self.origins)
            && read_at.elapsed() < limits::APP_VALID
        {
            return Ok(Arc::clone(origins));
        }
        let apps = self.store.apps().await?;
        let origins: HashSet<String> = apps.into_iter().flat_map(|app| app.allowed_origins).collect();
        let origins = Arc::new(origins);
        *lock(&self.origins) = Some((Instant::now(), Arc::clone(&origins)));
        Ok(origins)
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
        if let Some((counted_at, count)) = lock(&self.pending).get(&app_key)
            && counted_at.elapsed() < limits::PENDING_COUNT_VALID
        {
            return Ok(*count);
        }
        let count = self.store.without_result(app_key, limits::PENDING_PER_APP_WITH_KEY).await?;
        let mut pending = lock(&self.pending);
        if pending.len() >= limits::APPS_REMEMBERED {
            pending.clear();
        }
        pending.insert(app_key, (Instant::now(), count));
        Ok(count)
    }
}

impl App {
    /// Whether web pages of this origin may call.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed == ANY_ORIGIN || allowed == origin)
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

/// These locks are held for a few instructions that do not panic; were one poisoned, its data would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
