//! Who signs in to an app, whatever becomes of their number: what is kept of a person, and the calls that every store
//! offers for it.
//!
//! What belongs together is decided in `identity`. The store compares what was decided upon with what is there, in the
//! transaction that writes what follows: of two decisions on the same rows one is made anew.

use std::fmt;

use async_trait::async_trait;
use loggin_protocol::{AppKey, Assurance, PhoneNumber, Subject};

use super::{AppEvent, ChangeOutcome, MessageId, StoreError};

/// A person at an app.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) app_key: AppKey,
    pub(crate) subject: Subject,
    /// Counts the changes of the row.
    pub(crate) version: i64,
    /// The number, as WhatsApp reports it.
    pub(crate) phone: Option<PhoneNumber>,
    /// Whether WhatsApp has shown the number beside the present user id.
    pub(crate) phone_shown: bool,
    pub(crate) user_id: Option<String>,
    /// The user id that several portfolios of a business share.
    pub(crate) parent_user_id: Option<String>,
    /// Hash of what WhatsApp calls the key of the person's account.
    pub(crate) identity_key: Option<[u8; 32]>,
    /// MAC of the number that they had before.
    pub(crate) left_phone: Option<[u8; 32]>,
    /// How often the number, or who owns it, was new.
    pub(crate) changes: i64,
    /// Up to which of these the app was told, by a login that was redeemed.
    pub(crate) told: i64,
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app_key, version, changes, told, .. } = self;
        let mut debug = formatter.debug_struct("Person");
        debug.field("app_key", app_key).field("version", version).field("changes", changes);
        debug.field("told", told).finish_non_exhaustive()
    }
}

/// Whom a login is of, and which of their changes it tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    pub(crate) subject: Subject,
    /// The count of the person's changes; 0 where nothing has changed since their last login.
    pub(crate) changes: i64,
}

impl Recognised {
    /// What an app is told of it.
    pub(crate) fn assurance(self) -> Assurance {
        if self.changes == 0 { Assurance::Normal } else { Assurance::Changed }
    }
}

/// Names that people are looked for by: whoever has one of them is found.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PersonQuery {
    /// The app; `None`: any.
    pub(crate) app_key: Option<AppKey>,
    /// The number in today's form.
    pub(crate) phone_name: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) parent_user_id: Option<String>,
    /// MACs of a number that they had before.
    pub(crate) left_phone: Vec<[u8; 32]>,
}

impl fmt::Debug for PersonQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PersonQuery").field("app_key", &self.app_key).finish_non_exhaustive()
    }
}

/// People who were found, each with the version of the row, in order.
pub(crate) type Versions = Vec<(Subject, i64)>;

/// People as they shall be, if those that the decision was made upon are as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeopleChange {
    /// Whom was looked for, and who was found.
    pub(crate) seen: Vec<(PersonQuery, Versions)>,
    /// New people, and those that have changed.
    pub(crate) put: Vec<Person>,
    /// People who have no name left, by app.
    pub(crate) removed: Vec<(AppKey, Subject)>,
    /// The app was told up to here of a person's changes.
    pub(crate) told: Option<(AppKey, Recognised)>,
    /// What apps are told of it.
    pub(crate) events: Vec<AppEvent>,
}

impl PeopleChange {
    /// Whether nothing would change.
    pub(crate) fn is_empty(&self) -> bool {
        self.put.is_empty() && self.removed.is_empty() && self.told.is_none() && self.events.is_empty()
    }
}

/// Where people are kept. A login's change has its people with it: see `Change::people`.
#[async_trait]
pub(crate) trait IdentityStore {
    /// Whoever has one of these names, each once, in any order.
    async fn people(&self, queries: &[PersonQuery]) -> Result<Vec<Person>, StoreError>;
    /// Changes people for a message that belongs to no login, and does so once.
    async fn change_people(
        &self,
        change: PeopleChange,
        message: Option<MessageId>,
    ) -> Result<ChangeOutcome, StoreError>;
}
