//! What administrators do, written together with the row that tells so.

use async_trait::async_trait;
use loggin_protocol::PhoneNumber;

use super::{App, StoreError, TestNumber};
use crate::clock::UnixMillis;

/// One act.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Adds an app; not done where its key is taken.
    CreateApp(App),
    /// Replaces an app; not done where there is none with its key. The names are of what changed.
    UpdateApp(App, Vec<&'static str>),
    /// Adds a test number, or gives one another code.
    PutTestNumber(PhoneNumber, TestNumber),
    /// Removes a test number; not done where it is none.
    RemoveTestNumber(PhoneNumber),
    /// Marks the database as one for development, once.
    MarkDevelopment,
}

/// Digits of a test number that are told: enough to tell some from each other, too few to call anybody.
const DIGITS_TOLD: usize = 4;

impl Act {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::CreateApp(_) => "app_create",
            Self::UpdateApp(..) => "app_update",
            Self::PutTestNumber(..) => "test_number_add",
            Self::RemoveTestNumber(_) => "test_number_remove",
            Self::MarkDevelopment => "development_data",
        }
    }

    /// What it is about.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::CreateApp(app) | Self::UpdateApp(app, _) => app.app_key.as_str().to_owned(),
            Self::PutTestNumber(phone, _) | Self::RemoveTestNumber(phone) => {
                let digits = phone.expose();
                format!("…{}", &digits[digits.len().saturating_sub(DIGITS_TOLD)..])
            }
            Self::MarkDevelopment => String::new(),
        }
    }

    /// The names of what changed, separated by spaces.
    pub(crate) fn fields(&self) -> String {
        match self {
            Self::UpdateApp(_, fields) => fields.join(" "),
            _ => String::new(),
        }
    }
}

/// An act that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditRow {
    pub(crate) at: UnixMillis,
    pub(crate) actor: String,
    pub(crate) act: String,
    pub(crate) subject: String,
    pub(crate) fields: String,
}

/// What administrators do.
#[async_trait]
pub(crate) trait AdminStore {
    /// Does this, and notes who did it when; both or neither. `false` where it is not done.
    async fn administer(&self, act: Act, actor: String, at: UnixMillis) -> Result<bool, StoreError>;
    /// The latest acts, oldest first.
    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError>;
    /// Whether the database is marked as one for development.
    async fn is_development(&self) -> Result<bool, StoreError>;
}
