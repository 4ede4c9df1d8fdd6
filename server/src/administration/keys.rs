//! Secret keys of apps: made, listed, replaced and revoked. A key is given out once, when it is made.

use std::time::Duration;

use loggin_protocol::{AppKey, SecretKey};

use super::{Actor, Administration, AdministrationError, Missing, Right};
use crate::{
    clock::{UnixMillis, random_bytes},
    limits,
    store::{Act, AppSecretKey, KeyId},
};

/// What the key is called that an app is made with.
pub(super) const FIRST_LABEL: &str = "first";

/// Longest label of a key, in characters: it stands in one line.
const LABEL_CHARS: usize = 60;

/// A new key.
#[derive(Clone, Debug)]
pub(crate) struct NewKey {
    /// What to call it, for instance by the server that it is for.
    pub(crate) label: String,
    /// When it ends by itself; never where nothing is said.
    pub(crate) expires_in: Option<Duration>,
}

/// A key in the place of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRotation {
    /// How long the old key is still taken.
    pub(crate) overlap: Duration,
    /// When the new one ends by itself; never where nothing is said.
    pub(crate) expires_in: Option<Duration>,
}

/// What a rotation made.
#[derive(Debug)]
pub(crate) struct RotatedKey {
    pub(crate) key: SecretKey,
    pub(crate) kept: AppSecretKey,
    /// The old key, and until when it is taken.
    pub(crate) replaced: KeyId,
    pub(crate) until: UnixMillis,
}

impl Administration {
    /// The keys of an app, those that ended lately among them, oldest first.
    pub(crate) async fn keys(
        &self,
        actor: &Actor,
        app_key: AppKey,
    ) -> Result<Vec<AppSecretKey>, AdministrationError> {
        self.reached(actor, Right::ReadApps, app_key).await?;
        Ok(self.store.secret_keys(app_key).await?)
    }

    /// Adds a key.
    pub(crate) async fn create_key(
        &self,
        actor: &Actor,
        app_key: AppKey,
        new: NewKey,
    ) -> Result<(SecretKey, AppSecretKey), AdministrationError> {
        self.reached(actor, Right::WriteKeys, app_key).await?;
        let (key, kept) = self.drawn(app_key, &label(&new.label)?, new.expires_in)?;
        if !self.carry_out(actor, Act::CreateKey(kept.clone())).await? {
            return Err(too_many());
        }
        Ok((key, kept))
    }

    /// Adds a key with the label of another, which ends after a while.
    pub(crate) async fn rotate_key(
        &self,
        actor: &Actor,
        app_key: AppKey,
        id: &KeyId,
        rotation: KeyRotation,
    ) -> Result<RotatedKey, AdministrationError> {
        self.reached(actor, Right::WriteKeys, app_key).await?;
        let now = self.clock.now();
        let keys = self.store.secret_keys(app_key).await?;
        let old = keys.into_iter().find(|key| key.id == *id && key.is_good(now));
        let old = old.ok_or(AdministrationError::NotFound(Missing::Key))?;
        let (key, kept) = self.drawn(app_key, &old.label, rotation.expires_in)?;
        let until = kept.created_at + rotation.overlap;
        if !self.carry_out(actor, Act::RotateKey(kept.clone(), old.id.clone(), until)).await? {
            return Err(too_many());
        }
        let until = old.expires_at.map_or(until, |expires_at| expires_at.min(until));
        Ok(RotatedKey { key, kept, replaced: old.id, until })
    }

    /// Has a key be worth nothing from now on.
    pub(crate) async fn revoke_key(
        &self,
        actor: &Actor,
        app_key: AppKey,
        id: KeyId,
    ) -> Result<(), AdministrationError> {
        self.reached(actor, Right::WriteKeys, app_key).await?;
        if self.carry_out(actor, Act::RevokeKey(app_key, id, self.clock.now())).await? {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::Key))
    }

    /// A new secret key of an app.
    pub(super) fn new_key(&self, app_key: AppKey) -> SecretKey {
        SecretKey::from_secret(app_key, random_bytes(&*self.random))
    }

    fn drawn(
        &self,
        app_key: AppKey,
        label: &str,
        expires_in: Option<Duration>,
    ) -> Result<(SecretKey, AppSecretKey), AdministrationError> {
        if expires_in.is_some_and(|time| time.is_zero()) {
            return Err(AdministrationError::invalid("expires_in", "must be more than 0"));
        }
        let key = self.new_key(app_key);
        let kept = AppSecretKey::of(&key, label, self.clock.now());
        let expires_at = expires_in.map(|time| kept.created_at + time);
        Ok((key, AppSecretKey { expires_at, ..kept }))
    }
}

/// A label as it is kept.
pub(super) fn label(given: &str) -> Result<String, AdministrationError> {
    let label = given.trim();
    // Whoever pastes the key itself here would have it stand in the database.
    let lower = label.to_ascii_lowercase();
    let is_key = lower.contains("lgsk_") || lower.contains("lgad_");
    if label.is_empty()
        || label.chars().count() > LABEL_CHARS
        || label.chars().any(char::is_control)
        || is_key
    {
        let message =
            format!("must have 1 to {LABEL_CHARS} characters, in one line, and no secret key in it");
        return Err(AdministrationError::invalid("label", message));
    }
    Ok(label.to_owned())
}

fn too_many() -> AdministrationError {
    AdministrationError::Refused(format!(
        "nothing was added: the app has {} keys, or the one to be replaced ended meanwhile",
        limits::SECRET_KEYS_PER_APP
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_and_no_key() {
        assert_eq!(label(" web 1 ").unwrap(), "web 1");
        let key = SecretKey::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [7; 20]).expose();
        for given in ["", " ", "a\nb", &"a".repeat(61), &key, "lgad_1"] {
            assert!(label(given).is_err());
        }
    }
}
