//! Apps as the calls need them: found by key, authenticated by secret key, allowed by origin.

pub(crate) mod origin;

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use loggin_protocol::{AppKey, Code, SecretKey};
use subtle::ConstantTimeEq;

use self::origin::Origins;
use crate::{
    limits::{self, Remembered, SharedCount},
    store::{App, Store, StoreError},
    telemetry::metrics::{self, Limit},
};

/// The secret key of the app of `loggin-server dev`. It is no secret: what it opens is on a developer's own machine.
pub(crate) const DEMO_SECRET_KEY: &str = "lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0";

/// Why a secret key that was shown is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// It is no app's.
    #[error("the secret key is not valid")]
    Wrong,
    /// It is [`DEMO_SECRET_KEY`], on a server for everybody.
    #[error("the secret key is a published one")]
    Published,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why new logins are not waited for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomError {
    /// Their app has as many pending as it may.
    #[error("too many logins of the app are pending")]
    Full,
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
    pending: Remembered<AppKey, Arc<SharedCount>>,
}

impl Apps {
    pub(crate) fn new(store: Arc<dyn Store>, development: bool) -> Self {
        Self {
            store,
            development,
            known: Remembered::new(limits::APPS_REMEMBERED, limits::APP_VALID),
            unknown: Remembered::new(limits::APPS_REMEMBERED, limits::UNKNOWN_APP_VALID),
            origins: Remembered::new(1, limits::APP_VALID),
            pending: Remembered::new(limits::APPS_REMEMBERED, Duration::MAX),
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

    /// The app that this secret key is of.
    pub(crate) async fn authenticate(&self, shown: &str) -> Result<AppKey, KeyError> {
        let key = SecretKey::parse(shown).map_err(|_| KeyError::Wrong)?;
        let app = self.find(key.app_key()).await?.ok_or(KeyError::Wrong)?;
        let expected = app.secret_key_hash.ok_or(KeyError::Wrong)?;
        if !bool::from(expected.ct_eq(&key.sha256())) {
            return Err(KeyError::Wrong);
        }
        if !self.development && is_published_key(expected) {
            return Err(KeyError::Published);
        }
        Ok(key.app_key())
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
    pub(crate) async fn check_room(&self, codes: &[Code], with_key: bool) -> Result<(), RoomError> {
        let most = if with_key { limits::PENDING_PER_APP_WITH_KEY } else { limits::PENDING_PER_APP };
        let app_keys: HashSet<AppKey> = codes.iter().map(Code::app_key).collect();
        for app_key in app_keys {
            if self.pending(app_key).await? < most {
                continue;
            }
            let own: Vec<Code> = codes.iter().copied().filter(|code| code.app_key() == app_key).collect();
            if self.store.logins(&own).await?.len() < own.len() {
                metrics::limit_hit(Limit::PendingPerApp);
                return Err(RoomError::Full);
            }
        }
        Ok(())
    }

    async fn pending(&self, app_key: AppKey) -> Result<u32, StoreError> {
        let now = Instant::now();
        let pending = self.pending.recall(&app_key, now).unwrap_or_else(|| {
            let pending = Arc::new(SharedCount::default());
            self.pending.keep(app_key, Arc::clone(&pending), now);
            pending
        });
        let count = self.store.without_result(app_key, limits::PENDING_PER_APP_WITH_KEY);
        pending.get(limits::PENDING_COUNT_VALID, count).await
    }
}

impl App {
    /// Whether web pages of this origin may call.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        origin::allow(&self.allowed_origins, origin)
    }
}

/// The SHA-256 of [`DEMO_SECRET_KEY`].
static PUBLISHED_KEY: LazyLock<Option<[u8; 32]>> =
    LazyLock::new(|| SecretKey::parse(DEMO_SECRET_KEY).ok().map(|key| key.sha256()));

/// Whether a hash is that of the secret key which everybody can read in the source of `dev`.
pub(crate) fn is_published_key(hash: [u8; 32]) -> bool {
    *PUBLISHED_KEY == Some(hash)
}
