//! Keys of programs that administer: made, listed, revoked, and known by when they are shown.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use loggin_protocol::{AppKey, base32};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Actor, Administration, AdministrationError, Missing, Right, Rights, keys::label};
use crate::{
    clock::{Clock, UnixMillis, random_bytes},
    limits::{self, Remembered},
    store::{AccessKey, Act, KeyId, Store, StoreError},
};

/// What a key begins with.
const PREFIX: &str = "lgad_";

/// What is hashed before the symbols: no hash of another kind of key is one of these.
const DOMAIN: &[u8] = b"loggin access key v1\n";

/// Symbols of the secret part, of five bits each.
const SYMBOLS: usize = 32;

/// A key as a program has it: `lgad_`, the id by which it is listed, and 32 symbols.
#[derive(Clone)]
pub(crate) struct AccessSecret {
    symbols: String,
}

impl AccessSecret {
    /// A key of 160 random bits.
    fn from_secret(secret: [u8; 20]) -> Self {
        Self { symbols: base32::encode(&secret) }
    }

    /// Reads a key as it was shown; none where it is no such key. The id is part of it: a key is copied whole or not at all.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (start, rest) = text.split_at_checked(PREFIX.len())?;
        let (id, symbols) = rest.split_once('_')?;
        if !start.eq_ignore_ascii_case(PREFIX) || symbols.len() != SYMBOLS {
            return None;
        }
        let symbols: Option<Vec<u8>> = symbols.bytes().map(base32::canonical).collect();
        let found = Self { symbols: String::from_utf8(symbols?).ok()? };
        (found.id() == KeyId::of_text(id)).then_some(found)
    }

    /// What the store has in its place.
    fn sha256(&self) -> [u8; 32] {
        Sha256::new().chain_update(DOMAIN).chain_update(self.symbols.as_bytes()).finalize().into()
    }

    fn id(&self) -> KeyId {
        KeyId::of_hash(&self.sha256())
    }

    /// The key as text.
    pub(crate) fn expose(&self) -> String {
        format!("{PREFIX}{}_{}", self.id(), self.symbols)
    }
}

impl fmt::Debug for AccessSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AccessSecret({PREFIX}{}_…)", self.id())
    }
}

/// A new key of a program.
#[derive(Clone, Debug)]
pub(crate) struct NewAccessKey {
    /// What to call it: the audit tells what it does as `key:` and this.
    pub(crate) label: String,
    pub(crate) rights: Rights,
    /// The apps that it reaches; all where there is no list.
    pub(crate) apps: Option<Vec<AppKey>>,
    /// When it ends by itself; never where nothing is said.
    pub(crate) expires_in: Option<Duration>,
}

impl Administration {
    /// All keys of programs, those that ended lately among them, oldest first.
    pub(crate) async fn access_keys(&self, actor: &Actor) -> Result<Vec<AccessKey>, AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        Ok(self.store.access_keys().await?)
    }

    /// Adds a key, which may do no more than whoever makes it.
    pub(crate) async fn create_access_key(
        &self,
        actor: &Actor,
        new: NewAccessKey,
    ) -> Result<(AccessSecret, AccessKey), AdministrationError> {
        actor.check_everywhere(Right::WriteAdmins)?;
        if let Some(more) = new.rights.iter().find(|right| !actor.rights.has(*right)) {
            return Err(AdministrationError::Forbidden(more));
        }
        if new.rights == Rights::default() {
            return Err(AdministrationError::invalid("scopes", "must have one or more"));
        }
        if new.expires_in.is_some_and(|time| time.is_zero()) {
            return Err(AdministrationError::invalid("expires_in", "must be more than 0"));
        }
        let apps = match new.apps {
            Some(apps) if apps.is_empty() => {
                return Err(AdministrationError::invalid(
                    "apps",
                    "must name one or more, or not stand there",
                ));
            }
            Some(apps) => Some(self.known_apps(apps).await?),
            None => None,
        };
        let secret = AccessSecret::from_secret(random_bytes(&*self.random));
        let created_at = self.clock.now();
        let kept = AccessKey {
            id: secret.id(),
            hash: secret.sha256(),
            label: label(&new.label)?,
            scopes: new.rights.iter().map(|right| right.as_str().to_owned()).collect(),
            apps,
            created_at,
            last_used_at: None,
            expires_at: new.expires_in.map(|time| created_at + time),
        };
        if !self.carry_out(actor, Act::CreateAccessKey(kept.clone())).await? {
            let message = format!("nothing was added: there are {} access keys", limits::ACCESS_KEYS);
            return Err(AdministrationError::Refused(message));
        }
        self.access.known.forget(&());
        Ok((secret, kept))
    }

    /// Has a key be worth nothing from now on.
    pub(crate) async fn revoke_access_key(
        &self,
        actor: &Actor,
        id: &KeyId,
    ) -> Result<(), AdministrationError> {
        let known = self.access_keys(actor).await?.into_iter().find(|key| key.id == *id);
        let key = known.ok_or(AdministrationError::NotFound(Missing::AccessKey))?;
        if self.carry_out(actor, Act::RevokeAccessKey(key.id, key.label, self.clock.now())).await? {
            self.access.known.forget(&());
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::AccessKey))
    }
}

impl From<&AccessKey> for Actor {
    fn from(key: &AccessKey) -> Self {
        // A word that a later version has is no right here.
        let rights = key.scopes.iter().filter_map(|scope| Right::of_word(scope)).collect();
        Self { name: format!("key:{}", key.label), rights, apps: key.apps.clone() }
    }
}

/// Why a key that was shown is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// It is none, or not any more.
    #[error("the access key is not valid")]
    Wrong,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store's keys of programs, remembered for a moment.
#[derive(Debug)]
pub(crate) struct AccessKeys {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// All of them: they are not many, and made-up keys cost no look into the store.
    known: Remembered<(), Arc<Vec<AccessKey>>>,
    /// When this process last noted the use of a key that there is.
    noted: Mutex<HashMap<KeyId, UnixMillis>>,
}

impl AccessKeys {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, known: Remembered::new(1, limits::APP_VALID), noted: Mutex::default() }
    }

    /// Whose key this is, and its id. One that another process just added, or revoked, is known so within a second.
    pub(crate) async fn authenticate(&self, shown: &str) -> Result<(KeyId, Actor), AccessError> {
        let secret = AccessSecret::parse(shown).ok_or(AccessError::Wrong)?;
        let keys = self.known().await?;
        let (hash, now) = (secret.sha256(), self.clock.now());
        // Each is looked at: the time tells neither which one it is nor how nearly.
        let matching =
            keys.iter().fold(
                None,
                |matching, known| {
                    if bool::from(known.hash.ct_eq(&hash)) { Some(known) } else { matching }
                },
            );
        let found = matching.filter(|found| found.is_good(now)).ok_or(AccessError::Wrong)?;
        self.note_use(found, now).await;
        Ok((found.id.clone(), found.into()))
    }

    async fn known(&self) -> Result<Arc<Vec<AccessKey>>, StoreError> {
        let now = Instant::now();
        if let Some(keys) = self.known.recall(&(), now) {
            return Ok(keys);
        }
        let keys = Arc::new(self.store.access_keys().await?);
        self.known.keep((), Arc::clone(&keys), now);
        Ok(keys)
    }

    /// Notes the use of a key where it is not known that it was used within the hour.
    async fn note_use(&self, key: &AccessKey, now: UnixMillis) {
        let is_lately = |at: UnixMillis| at <= now && now < at + limits::KEY_USE_PAUSE;
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            let before = noted.get(&key.id).copied().max(key.last_used_at);
            if before.is_some_and(is_lately) {
                return;
            }
            noted.retain(|_, at| is_lately(*at));
            noted.insert(key.id.clone(), now);
        }
        if let Err(error) = self.store.note_access(&key.id, now, now - limits::KEY_USE_PAUSE).await {
            tracing::warn!(%error, "the use of an access key could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CountingRandom, ManualClock, store};

    #[test]
    fn a_key_is_read_as_it_was_shown_and_nothing_else_is_one() {
        let key = AccessSecret::from_secret([7; 20]);
        let text = key.expose();
        assert_eq!(text.len(), PREFIX.len() + 8 + 1 + SYMBOLS);
        for shown in [text.clone(), format!(" {text} "), text.to_lowercase(), text.to_uppercase()] {
            assert_eq!(AccessSecret::parse(&shown).unwrap().sha256(), key.sha256(), "{shown}");
        }
        let other = AccessSecret::from_secret([8; 20]).expose();
        let mixed = format!("{}{}", &text[..14], &other[14..]);
        for shown in ["", "lgad_", "lgad_00000000_", &text[..45], &text[1..], &mixed, "lgad_§"] {
            assert!(AccessSecret::parse(shown).is_none(), "{shown}");
        }
        assert!(AccessSecret::parse(&text.replace("lgad", "lgsk")).is_none());
        assert!(!format!("{key:?}").contains(&key.symbols));
    }

    fn new(rights: &[Right]) -> NewAccessKey {
        NewAccessKey { label: "ci".to_owned(), rights: Rights::of(rights), apps: None, expires_in: None }
    }

    #[tokio::test]
    async fn a_key_is_whom_it_was_made_for_until_it_ends() {
        let (store, _, _folder) = store().await;
        let clock = ManualClock::new();
        let administration =
            Administration::new(Arc::clone(&store), clock.clone(), Arc::new(CountingRandom::default()));
        let owner = Actor::with_all_rights("olga".to_owned());
        let hour = Duration::from_secs(60 * 60);
        let wish = NewAccessKey { expires_in: Some(hour * 2), ..new(&[Right::ReadLogs]) };
        let (secret, kept) = administration.create_access_key(&owner, wish).await.unwrap();
        let shown = secret.expose();
        let fresh = || AccessKeys::new(Arc::clone(&store), clock.clone());
        let (id, actor) = fresh().authenticate(&shown).await.unwrap();
        assert_eq!((&id, actor.name.as_str()), (&kept.id, "key:ci"));
        assert_eq!((actor.rights, actor.apps), (Rights::of(&[Right::ReadLogs]), None));
        // Its use is noted once in an hour.
        let first = store.access_keys().await.unwrap()[0].last_used_at;
        assert_eq!(first, Some(clock.now()));
        clock.advance(hour / 2);
        fresh().authenticate(&shown).await.unwrap();
        assert_eq!(store.access_keys().await.unwrap()[0].last_used_at, first);
        clock.advance(hour / 2 + Duration::from_millis(1));
        fresh().authenticate(&shown).await.unwrap();
        assert_eq!(store.access_keys().await.unwrap()[0].last_used_at, Some(clock.now()));
        // It ends by itself.
        clock.advance(hour);
        assert!(matches!(fresh().authenticate(&shown).await, Err(AccessError::Wrong)));
        let made_up = AccessSecret::from_secret([9; 20]).expose();
        assert!(matches!(fresh().authenticate(&made_up).await, Err(AccessError::Wrong)));
    }

    #[tokio::test]
    async fn a_revoked_key_is_refused_and_revoked_once() {
        let (store, _, _folder) = store().await;
        let clock = ManualClock::new();
        let administration =
            Administration::new(Arc::clone(&store), clock.clone(), Arc::new(CountingRandom::default()));
        let owner = Actor::with_all_rights("olga".to_owned());
        let (secret, kept) = administration.create_access_key(&owner, new(&[Right::ReadLogs])).await.unwrap();
        let shown = secret.expose();
        let other_process = AccessKeys::new(Arc::clone(&store), clock.clone());
        administration.access().authenticate(&shown).await.unwrap();
        administration.revoke_access_key(&owner, &kept.id).await.unwrap();
        for keys in [administration.access(), &other_process] {
            assert!(matches!(keys.authenticate(&shown).await, Err(AccessError::Wrong)));
        }
        for id in [kept.id, KeyId::of_text("00000000")] {
            let again = administration.revoke_access_key(&owner, &id).await;
            assert!(matches!(again, Err(AdministrationError::NotFound(Missing::AccessKey))));
        }
    }

    #[tokio::test]
    async fn a_key_may_do_no_more_than_who_makes_it() {
        let (store, _, _folder) = store().await;
        let administration =
            Administration::new(store, ManualClock::new(), Arc::new(CountingRandom::default()));
        let rights = Rights::of(&[Right::WriteAdmins, Right::ReadLogs]);
        let maker = Actor { rights, ..Actor::with_all_rights("mia".to_owned()) };
        let refused = administration.create_access_key(&maker, new(&[Right::WriteApps])).await;
        assert!(matches!(refused, Err(AdministrationError::Forbidden(Right::WriteApps))));
        let limited = Actor { apps: Some(Vec::new()), ..maker.clone() };
        let refused = administration.create_access_key(&limited, new(&[Right::ReadLogs])).await;
        assert!(matches!(refused, Err(AdministrationError::Forbidden(Right::WriteAdmins))));
        administration.create_access_key(&maker, new(&[Right::ReadLogs])).await.unwrap();
        for wish in [
            new(&[]),
            NewAccessKey { label: "a\nb".to_owned(), ..new(&[Right::ReadLogs]) },
            NewAccessKey { apps: Some(Vec::new()), ..new(&[Right::ReadLogs]) },
            NewAccessKey { expires_in: Some(Duration::ZERO), ..new(&[Right::ReadLogs]) },
        ] {
            let refused = administration.create_access_key(&maker, wish).await;
            assert!(matches!(refused, Err(AdministrationError::Invalid { .. })));
        }
    }
}
