//! What the store knows of one person, to be told or to be forgotten.
//!
//! The tables call people by their numbers and user ids where they are written to, and else by MACs. Who asks works out
//! all of these names; the store compares them, and knows nothing of numbers that are one account.

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber};
use serde_json::{Map, Value};

use super::StoreError;
use crate::clock::UnixMillis;

/// Tables that can hold a person, under whatever name.
pub(crate) const WITH_PEOPLE: [&str; 17] = [
    "admins",
    "history",
    "issuer_sessions",
    "logins",
    "openid_consents",
    "openid_devices",
    "openid_grants",
    "otp_aliases",
    "otp_answers",
    "otp_phones",
    "otp_recipients",
    "otp_sessions",
    "otp_test_numbers",
    "outbox",
    "outbox_counts",
    "people",
    "webhook_deliveries",
];

/// Tables that hold none, each with the reason; a database has some of its own beside them.
#[cfg(test)]
pub(crate) const WITHOUT_PEOPLE: [(&str, &str); 19] = [
    ("access_keys", "they are of programs"),
    ("apps", "it is about apps"),
    ("audit", "of a number it has its end or a MAC, and else the operator's own users"),
    ("changes", "it is a count"),
    ("gateways", "they are of apps"),
    ("guard_counts", "it counts for countries, and for ranges of ten thousand numbers each by their MACs"),
    ("guard_pauses", "it is about countries"),
    ("guards", "it is about apps"),
    ("messages", "hashes of ids that WhatsApp draws, which nobody can name"),
    ("nodes", "it is about servers"),
    ("openid_clients", "it is about programs"),
    ("openid_keys", "it is about keys"),
    ("openid_requests", "what they say is sealed, and over after ten minutes"),
    ("otp_usage", "it counts for apps"),
    ("retention", "it is a moment"),
    ("secret_keys", "it is about apps"),
    ("usage_counted", "it is a position"),
    ("usage_hours", "it counts for apps"),
    ("webhook_endpoints", "it is about apps"),
];

/// A person as they stand in clear in some row.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ClearName {
    /// Every number that the row has.
    pub(crate) phones: Vec<PhoneNumber>,
    pub(crate) user_id: Option<String>,
}

impl fmt::Debug for ClearName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClearName").finish_non_exhaustive()
    }
}

/// A sealed response of a call, and what the call is named.
#[derive(Clone, Debug)]
pub(crate) struct SealedResponse {
    pub(crate) call: [u8; 32],
    pub(crate) response: Vec<u8>,
}

/// All that one person is called.
#[derive(Clone, Default)]
pub(crate) struct PersonNames {
    /// Their numbers, as they stand in rows.
    pub(crate) phones: Vec<String>,
    pub(crate) user_ids: Vec<String>,
    /// As what messages go to them.
    pub(crate) recipients: Vec<[u8; 32]>,
    /// As whom one-time codes count, at each app.
    pub(crate) subjects: Vec<[u8; 32]>,
    /// Calls whose responses name them.
    pub(crate) calls: Vec<[u8; 32]>,
}

impl fmt::Debug for PersonNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PersonNames").finish_non_exhaustive()
    }
}

/// Who has a person told or forgotten, when, and what the audit calls the person.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    pub(crate) actor: String,
    pub(crate) at: UnixMillis,
    /// A MAC of the number, in hexadecimal; or the name of a row of the history.
    pub(crate) person: String,
}

/// A row that a person is in: its columns but for those that are MACs, hashes or sealed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PersonRow {
    pub(crate) table: &'static str,
    pub(crate) columns: Map<String, Value>,
}

/// How many rows of each table were concerned; tables with none are left out.
pub(crate) type PersonCounts = BTreeMap<&'static str, u64>;

/// Where people are told of, and forgotten.
#[async_trait]
pub(crate) trait PeopleStore {
    /// Whether there are people under names that are made from `LOGGIN_OTP_SECRET`.
    async fn has_names_of_codes(&self) -> Result<bool, StoreError>;
    /// Everybody who stands in clear in some row. They are few: people leave rows within minutes.
    async fn clear_names(&self) -> Result<Vec<ClearName>, StoreError>;
    /// All responses of calls that are kept.
    async fn sealed_responses(&self) -> Result<Vec<SealedResponse>, StoreError>;
    /// Numbers of people of an app that end in these digits, up to so many. All its people are looked through.
    async fn numbers_ending(
        &self,
        app_key: AppKey,
        end: String,
        limit: u32,
    ) -> Result<Vec<PhoneNumber>, StoreError>;
    /// Notes in the audit that somebody asks for the whole number of a row of the history, by whose name the trail has.
    async fn note_reveal(&self, trail: Trail) -> Result<(), StoreError>;
    /// The rows that this person is in, and the act in the audit.
    async fn export_person(&self, names: PersonNames, trail: Trail) -> Result<Vec<PersonRow>, StoreError>;
    /// Deletes the rows that this person is in, and notes that in the audit: both or neither.
    async fn forget_person(&self, names: PersonNames, trail: Trail) -> Result<PersonCounts, StoreError>;
}
