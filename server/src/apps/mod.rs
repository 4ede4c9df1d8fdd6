//! Apps as the calls need them: found by key, authenticated by secret key, allowed by origin.

pub(crate) mod origin;
mod return_address;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use loggin_protocol::{AppKey, Code, SecretKey};
use subtle::ConstantTimeEq;

use self::origin::Origins;
use crate::{
    clock::{Clock, UnixMillis},
    limits::{self, Remembered, SharedCount},
    store::{App, AppSecretKey, Confirm, KeyId, KeyUse, PhoneHidden, Store, StoreError},
    telemetry::metrics::{self, Limit},
};

/// The secret key of the app of `loggin-server dev`. It is no secret: what it opens is on a developer's own machine.
pub(crate) const DEMO_SECRET_KEY: &str = "lgsk_8XKPQ2WN_DEM0DEM0DEM0DEM0DEM0DEM0DEM0DEM0";

/// The app by which administrators sign in to the console of this server. It is in no store.
pub(crate) const CONSOLE_APP: &str = "C0NS01E0";

/// Why a secret key that was shown is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// It is no app's, or is not any more.
    #[error("the secret key is not valid")]
    Wrong,
    /// Its app is disabled.
    #[error("the app of the secret key is disabled")]
    Disabled,
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

/// An app as it was read.
#[derive(Debug)]
struct Known {
    app: Arc<App>,
    /// Those that ended among them.
    keys: Vec<AppSecretKey>,
}

/// The store's apps, remembered for a moment.
#[derive(Debug)]
pub(crate) struct Apps {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Whether the secret key that everybody knows is one here.
    development: bool,
    known: Remembered<AppKey, Arc<Known>>,
    /// Apart from the known ones: made-up keys do not drive those out.
    unknown: Remembered<AppKey, ()>,
    origins: Remembered<(), Arc<Origins>>,
    pending: Remembered<AppKey, Arc<SharedCount>>,
    /// Uses of secret keys that are to be written. They are of keys that there are, so they are not many.
    uses: Mutex<HashMap<(AppKey, KeyId), UnixMillis>>,
}

impl Apps {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, development: bool) -> Self {
        Self {
            store,
            clock,
            development,
            known: Remembered::new(limits::APPS_REMEMBERED, limits::APP_VALID),
            unknown: Remembered::new(limits::APPS_REMEMBERED, limits::UNKNOWN_APP_VALID),
            origins: Remembered::new(1, limits::APP_VALID),
            pending: Remembered::new(limits::APPS_REMEMBERED, Duration::MAX),
            uses: Mutex::default(),
        }
    }

    /// The app with this key, unless it is disabled. One that was just added, or changed, is known so within a second.
    pub(crate) async fn find(&self, app_key: AppKey) -> Result<Option<Arc<App>>, StoreError> {
        let known = self.known(app_key).await?;
        Ok(known.map(|known| Arc::clone(&known.app)).filter(|app| app.disabled_at.is_none()))
    }

    async fn known(&self, app_key: AppKey) -> Result<Option<Arc<Known>>, StoreError> {
        let now = Instant::now();
        if let Some(app) = self.known.recall(&app_key, now) {
            return Ok(Some(app));
        }
        if self.unknown.recall(&app_key, now).is_some() {
            return Ok(None);
        }
        if app_key.as_str() == CONSOLE_APP {
            let known = Arc::new(Known { app: Arc::new(console_app(app_key)), keys: Vec::new() });
            self.known.keep(app_key, Arc::clone(&known), now);
            return Ok(Some(known));
        }
        let Some(app) = self.store.app(app_key).await?.map(Arc::new) else {
            self.unknown.keep(app_key, (), now);
            return Ok(None);
        };
        let known = Arc::new(Known { app, keys: self.store.secret_keys(app_key).await? });
        self.known.keep(app_key, Arc::clone(&known), now);
        Ok(Some(known))
    }

    /// The app that this secret key is of. A key that was just revoked is refused within a second.
    ///
    /// A call goes on with this app and does not look it up again: the app may be disabled in between, and one call
    /// is answered by what was known at one time.
    pub(crate) async fn authenticate(&self, shown: &str) -> Result<Arc<App>, KeyError> {
        let key = SecretKey::parse(shown).map_err(|_| KeyError::Wrong)?;
        let known = self.known(key.app_key()).await?.ok_or(KeyError::Wrong)?;
        let hash = key.sha256();
        let now = self.clock.now();
        // Each is looked at: the time tells neither which one it is nor how nearly.
        let matching = known.keys.iter().fold(None, |matching, known| {
            if bool::from(known.hash.ct_eq(&hash)) { Some(known) } else { matching }
        });
        let found = matching.filter(|found| found.is_good(now)).ok_or(KeyError::Wrong)?;
        if !self.development && is_published_key(hash) {
            return Err(KeyError::Published);
        }
        if known.app.disabled_at.is_some() {
            return Err(KeyError::Disabled);
        }
        self.note_use(found, now);
        Ok(Arc::clone(&known.app))
    }

    /// Has the use of a key written with others, where it is not known that it was used within the hour.
    fn note_use(&self, key: &AppSecretKey, now: UnixMillis) {
        let is_known = key.last_used_at.is_some_and(|at| at <= now && now < at + limits::KEY_USE_PAUSE);
        if !is_known {
            self.uses().insert((key.app_key, key.id.clone()), now);
        }
    }

    /// Writes which keys were used.
    pub(crate) async fn write_uses(&self) -> Result<(), StoreError> {
        let uses = std::mem::take(&mut *self.uses());
        if uses.is_empty() {
            return Ok(());
        }
        let uses = uses.into_iter().map(|((app_key, id), at)| KeyUse { app_key, id, at }).collect();
        self.store.note_key_uses(uses, limits::KEY_USE_PAUSE).await
    }

    /// Writes which keys were used, for ever.
    pub(crate) async fn keep_writing_uses(&self) {
        let mut ticks = tokio::time::interval(limits::KEY_USES_WRITTEN);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.write_uses().await {
                tracing::warn!(%error, "the use of secret keys could not be noted");
            }
        }
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<(AppKey, KeyId), UnixMillis>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether some app lets web pages of this origin call.
    pub(crate) async fn some_allows(&self, origin: &str) -> Result<bool, StoreError> {
        let now = Instant::now();
        if let Some(origins) = self.origins.recall(&(), now) {
            return Ok(origins.contain(origin));
        }
        let apps = self.store.apps().await?.into_iter().filter(|app| app.disabled_at.is_none());
        let origins: Origins = apps.flat_map(|app| app.allowed_origins).collect();
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

    /// The address of a page that links in WhatsApp may lead back to, as they show it; `None` where they may not.
    pub(crate) fn return_address(&self, given: &str) -> Option<String> {
        return_address::allowed(self, given)
    }
}

/// The app of the console. Only this server redeems its tokens, for it has no secret key; and its people type digits where
/// the login began, so that a link which somebody else made lets nobody in.
fn console_app(app_key: AppKey) -> App {
    App {
        app_key,
        name: "Loggin console".to_owned(),
        require_secret_key: true,
        hide_phone_from_browser: true,
        allowed_origins: Vec::new(),
        confirm: Confirm::Code,
        phone_hidden: PhoneHidden::Ask,
        calls_per_minute: limits::CALLS_PER_MINUTE,
        monthly_quota: None,
        live_only: true,
        messages_per_day: Some(limits::MESSAGES_PER_APP),
        history_days: None,
        created_at: UnixMillis(0),
        disabled_at: None,
    }
}

/// The SHA-256 of [`DEMO_SECRET_KEY`].
static PUBLISHED_KEY: LazyLock<Option<[u8; 32]>> =
    LazyLock::new(|| SecretKey::parse(DEMO_SECRET_KEY).ok().map(|key| key.sha256()));

/// Whether a hash is that of the secret key which everybody can read in the source of `dev`.
pub(crate) fn is_published_key(hash: [u8; 32]) -> bool {
    *PUBLISHED_KEY == Some(hash)
}

#[cfg(test)]
mod tests;
