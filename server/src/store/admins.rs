//! Who may use the console of a server, which programs may administer it, and the calls for them that every store offers.

use std::fmt;

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber, Subject};

use super::{KeyId, StoreError};
use crate::clock::UnixMillis;

/// What somebody may do; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Look.
    Viewer,
    /// Change apps and their keys.
    Editor,
    /// Change who may do what.
    Owner,
}

impl Role {
    /// All, by what they may do.
    pub(crate) const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Owner];

    /// Its name, on the command line and in the audit.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// The role of this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// Somebody who may use the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admin {
    /// As the audit tells them, in lower case.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The number by which WhatsApp lets them in; without one they cannot sign in.
    pub(crate) phone: Option<PhoneNumber>,
    /// Who signed in first: somebody who is given the number later is another person.
    pub(crate) subject: Option<Subject>,
    /// The apps that they see; all where there is no list.
    pub(crate) apps: Option<Vec<AppKey>>,
    /// Sessions of an earlier one are over.
    pub(crate) generation: i64,
    pub(crate) created_at: UnixMillis,
    pub(crate) signed_in_at: Option<UnixMillis>,
}

/// A key of a program that administers; the key itself is not kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AccessKey {
    pub(crate) id: KeyId,
    /// SHA-256 of the key.
    pub(crate) hash: [u8; 32],
    /// What whoever made it calls it.
    pub(crate) label: String,
    /// What it may do, by the names that the administration has for that.
    pub(crate) scopes: Vec<String>,
    /// The apps that it sees; all where there is no list.
    pub(crate) apps: Option<Vec<AppKey>>,
    pub(crate) created_at: UnixMillis,
    /// To the hour.
    pub(crate) last_used_at: Option<UnixMillis>,
    /// Worth nothing from then on.
    pub(crate) expires_at: Option<UnixMillis>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("AccessKey");
        shown.field("id", &self.id).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl AccessKey {
    /// Whether it is taken at this moment.
    pub(crate) fn is_good(&self, now: UnixMillis) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

/// A list of apps as it is kept.
pub(super) fn apps_text(apps: Option<&[AppKey]>) -> Option<String> {
    apps.map(|apps| apps.iter().map(AppKey::as_str).collect::<Vec<_>>().join(" "))
}

/// A list of apps as it was kept.
pub(super) fn parse_apps(text: Option<&str>) -> Result<Option<Vec<AppKey>>, StoreError> {
    let parse = |key: &str| AppKey::parse(key).map_err(|_| StoreError::Unreadable("app key"));
    text.map(|text| text.split_whitespace().map(parse).collect()).transpose()
}

/// The person who signed in, as they were kept.
pub(super) fn parse_subject(text: Option<&str>) -> Result<Option<Subject>, StoreError> {
    text.map(Subject::parse).transpose().map_err(|_| StoreError::Unreadable("subject"))
}

/// Scopes as they were kept.
pub(super) fn parse_scopes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Where administrators and keys of programs are kept. Administrators change them: see [`super::Act`].
#[async_trait]
pub(crate) trait AdminsStore {
    /// All administrators, by their names.
    async fn admins(&self) -> Result<Vec<Admin>, StoreError>;
    /// All keys of programs, those that ended among them, oldest first.
    async fn access_keys(&self) -> Result<Vec<AccessKey>, StoreError>;
    /// Notes that a key was used at this moment, where it is not known to have been since the other.
    async fn note_access(&self, id: &KeyId, at: UnixMillis, before: UnixMillis) -> Result<(), StoreError>;
}
