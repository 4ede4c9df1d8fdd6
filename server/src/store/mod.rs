//! What the server keeps, and the calls that every store offers.
//!
//! A login is changed by [`Store::apply`] alone, a compare-and-swap on its version; the rules of what may follow
//! what stand in `logins`, not here.

mod admin;
mod admins;
mod asker;
mod commit;
mod gateways;
mod guards;
mod history;
mod identity;
mod issuer_sessions;
mod keys;
mod location;
mod nodes;
mod openid;
mod otp;
mod outbox;
mod people;
mod postgres;
mod rows;
mod sqlite;
#[cfg(test)]
pub(crate) mod tests;
mod webhooks;

use async_trait::async_trait;
pub(crate) use loggin_protocol::Confirm;
use loggin_protocol::{AppKey, Code, PhoneNumber};

use crate::{
    clock::UnixMillis,
    languages::Language,
    telemetry::{Arrival, metrics::StoreFailure},
};

pub(crate) use admin::{Act, AdminStore, AuditRow, REVEAL_NUMBER, Replay};
pub(crate) use admins::{AccessKey, Admin, AdminsStore, Role};
pub(crate) use asker::Asker;
pub(crate) use commit::{Commit, CommitListener};
pub(crate) use gateways::{Gateway, GatewayKind, GatewayStore};
pub(crate) use guards::{
    Countries, CountryPause, DaySends, GuardCount, GuardCounts, GuardMode, GuardPlace, GuardPurge,
    GuardSettings, GuardStore, Learned, MinuteSends, Sends, day, minute, next_day,
};
pub(crate) use history::{
    Ending, Facet, HOUR_MILLIS, HistoryEntry, HistoryFilter, HistoryKind, HistoryPage, HistoryPurge,
    HistoryRow, HistoryStart, HistoryStore, Outcome, PACE, UsageCounts, UsageFilter, UsageHour, UsageValue,
};
pub(crate) use identity::{IdentityStore, PeopleChange, Person, PersonQuery, Recognised, Versions};
pub(crate) use issuer_sessions::{IssuerSession, IssuerSessionStore, KnownSession};
pub(crate) use keys::{AppSecretKey, KeyId, KeyStore, KeyUse};
pub(crate) use location::{Location, back_up, open, version_at};
pub(crate) use nodes::{Node, NodeRow, NodeStore};
pub(crate) use openid::{
    DeviceApproval, DeviceState, GrantData, KnownAs, OpenIdClient, OpenIdDevice, OpenIdGrant, OpenIdKey,
    OpenIdRequest, OpenIdSettings, OpenIdStore, Redeeming, Redemption, SigningAlgorithm, SubjectType,
};
pub(crate) use otp::{
    CallCount, CountedCalls, KnownCall, LiveCode, OtpCall, OtpCounts, OtpDelivery, OtpOutcome, OtpPhone,
    OtpPurge, OtpRefusal, OtpSession, OtpStore, OtpWrite, Sending, TestNumber,
};
pub(crate) use outbox::{
    Attempt, Begun, DueMessage, Ended, MessageKind, MessageState, OutboxMessage, OutboxStore, Owed,
    QueueOutcome,
};
#[cfg(test)]
pub(crate) use people::WITH_PEOPLE;
pub(crate) use people::{
    ClearName, PeopleStore, PersonCounts, PersonNames, PersonRow, SealedResponse, Trail,
};
pub(crate) use rows::Numbered;
pub(crate) use sqlite::{SqliteStore, backup::BackupError};
pub(crate) use webhooks::{
    AppEvent, DeliveriesPurged, DeliveryEnd, DeliveryPosition, DeliveryPurge, DeliveryState, DisabledFor,
    EventKind, Tried, WebhookDelivery, WebhookEndpoint, WebhookHealth, WebhookStore,
};

/// A store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database refused, or holds what this version cannot read.
    #[error("the database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database's file could not be made.
    #[error("the file of the database: {0}")]
    File(#[from] std::io::Error),
    /// A later version of this program has changed the tables.
    #[error("the database is of a later version of this program")]
    Newer,
    /// The file belongs to something else.
    #[error("the database holds tables that are not this program's")]
    Foreign,
    /// A row holds a value that no version of this program wrote.
    #[error("the database holds an unreadable {0}")]
    Unreadable(&'static str),
    /// The transaction that this change was part of failed.
    #[error("the database did not take a transaction")]
    NotWritten,
    /// What was committed cannot be relied upon to be found again, or nothing can be committed.
    #[error("the database is not ready: {0}")]
    NotReady(&'static str),
    /// More waits to be written than the store can take now, or the store is closed.
    #[error("the store takes no more work at the moment")]
    Busy,
}

/// A database's URL that makes no sense. Its text is not told: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("LOGGIN_DATABASE_URL: {0}")]
pub(crate) struct WrongLocation(&'static str);

impl WrongLocation {
    /// What is wrong with it.
    pub(crate) fn reason(&self) -> &'static str {
        self.0
    }
}

impl StoreError {
    /// What counters call it.
    pub(crate) fn failure(&self) -> StoreFailure {
        match self {
            Self::Busy => StoreFailure::Busy,
            Self::Database(_) => StoreFailure::Database,
            Self::File(_) => StoreFailure::File,
            Self::Foreign => StoreFailure::Foreign,
            Self::Newer => StoreFailure::Newer,
            Self::NotReady(_) => StoreFailure::NotReady,
            Self::NotWritten => StoreFailure::NotWritten,
            Self::Unreadable(_) => StoreFailure::Unreadable,
        }
    }
}

/// What happens where WhatsApp does not tell the sender's number, as an app chose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PhoneHidden {
    /// The sender is asked for it, and the login waits.
    #[default]
    Ask,
    /// The login fails with `phone_hidden`.
    Fail,
    /// The sender signs in without it.
    Allow,
}

/// An app that lets people sign in.
#[allow(clippy::struct_field_names)] // `app_key` is one word everywhere
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) app_key: AppKey,
    pub(crate) name: String,
    /// Whether redeeming needs a secret key.
    pub(crate) require_secret_key: bool,
    /// Whether who observes without the secret key is told neither phone number nor user id.
    pub(crate) hide_phone_from_browser: bool,
    /// Origins of web pages that may call; `*` is any.
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) confirm: Confirm,
    pub(crate) phone_hidden: PhoneHidden,
    /// Calls for one-time codes that its key may make in a minute.
    pub(crate) calls_per_minute: u32,
    /// One-time codes that it may have sent in a month.
    pub(crate) monthly_quota: Option<u32>,
    /// Whether test numbers are no numbers to it.
    pub(crate) live_only: bool,
    /// Messages to people that its logins may cost in a day.
    pub(crate) messages_per_day: Option<u32>,
    /// Days that its history is kept, where the server keeps it for longer.
    pub(crate) history_days: Option<u32>,
    pub(crate) created_at: UnixMillis,
    /// Since when it is disabled: it starts no logins and takes no calls.
    pub(crate) disabled_at: Option<UnixMillis>,
}

/// How far a login has come. From `Used` on it is a tombstone: ended, and without a person in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// Waited for; no message yet.
    Pending,
    /// A message came, and the sender was asked for the phone number.
    MessageReceived,
    /// A message came, and the sender was given a code to type where the login began, or digits to choose from.
    AwaitingConfirmation,
    /// There is a result, and nobody has redeemed it.
    Verified,
    /// There is a result, and somebody has redeemed it.
    Claimed,
    /// It was redeemed, and the result is gone.
    Used,
    /// Nobody finished or redeemed it in time.
    Expired,
    /// The sender said "not me", or typed too many wrong codes.
    Denied,
    /// The phone number stayed hidden.
    PhoneHidden,
    /// Nobody sent its message in time.
    Lapsed,
}

/// One login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) code: Code,
    pub(crate) state: State,
    /// Counts the changes; a change names the version that it follows.
    pub(crate) version: i64,
    /// When time alone changes the login next.
    pub(crate) deadline: UnixMillis,
    /// Whether anybody has waited for it; until then it is an early message.
    pub(crate) waited_for: bool,
    /// The sender's number.
    pub(crate) phone: Option<PhoneNumber>,
    /// The sender's id, which is scoped to the business.
    pub(crate) user_id: Option<String>,
    /// Whom the app knows the sender as; none before the sender is known, and in a tombstone.
    pub(crate) person: Option<Recognised>,
    pub(crate) verified_at: Option<UnixMillis>,
    /// Hash of the idempotency key of whoever redeemed it.
    pub(crate) claimed_by: Option<[u8; 32]>,
    /// What the digits to be typed where the login began, or to be chosen in WhatsApp, are derived from.
    pub(crate) confirmation: Option<[u8; 32]>,
    /// Tries left for that code.
    pub(crate) attempts_left: u8,
    /// Names this login in the buttons of messages about it.
    pub(crate) reply_reference: Option<String>,
    /// What the sender is written to in, by their message.
    pub(crate) language: Option<Language>,
    /// The most that its app or anybody who waits for it asked for as confirmation; once it is verified, what was done.
    pub(crate) confirm: Confirm,
    /// The page that asks for it, where one is known.
    pub(crate) asker: Option<Box<Asker>>,
    pub(crate) steps: Steps,
}

/// When a login began, and when its message came; unknown of what an earlier version of this program began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Somebody waited for it first.
    pub(crate) started_at: Option<UnixMillis>,
    pub(crate) message_at: Option<UnixMillis>,
}

/// A WhatsApp message, by the hash of its id: the id itself holds the sender's number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MessageId {
    pub(crate) phone_number_id: String,
    pub(crate) hash: [u8; 32],
    pub(crate) received_at: UnixMillis,
}

/// A login to be written, if nothing has changed it meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The version that it follows; `None` where there must be no such login yet.
    pub(crate) expected: Option<i64>,
    /// The login as it shall be, its version one above the expected; as it was where it is deleted.
    pub(crate) login: Login,
    pub(crate) write: Write,
    /// The message that brings the change about, which does so once.
    pub(crate) message: Option<MessageId>,
    /// What the person is owed once the change is stored.
    pub(crate) owed: Option<Owed>,
    /// What becomes of people by it, and what apps are told of that.
    pub(crate) people: Option<Box<PeopleChange>>,
    /// What the app is told by webhooks once the change is stored.
    pub(crate) event: Option<Box<AppEvent>>,
    /// The row of the history, where the change ends the login.
    pub(crate) end: Option<Box<HistoryEntry>>,
    /// Whether those who wait for the login are to be told.
    pub(crate) is_news: bool,
    /// When the call that brings it about came, where that is measured.
    pub(crate) begun: Option<Arrival>,
}

impl Change {
    /// Whether apps are told of it, if any wants to be.
    fn has_events(&self) -> bool {
        self.event.is_some() || self.people.as_ref().is_some_and(|people| !people.events.is_empty())
    }
}

/// How a [`Change`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Put,
    Delete,
}

/// What became of a [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeOutcome {
    /// It is durable.
    Applied,
    /// The login is no longer at the expected version.
    Conflict,
    /// The message has brought about a change before.
    Duplicate,
}

/// Whether a login can still come to a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It lives: up to `Claimed`.
    Living,
    /// It is a tombstone.
    Ended,
}

/// Logins that changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub(crate) logins: Vec<Login>,
    /// Where to look on from.
    pub(crate) cursor: i64,
}

/// Where apps, logins and sessions of one-time codes are kept.
#[async_trait]
pub(crate) trait Store:
    AdminStore
    + GatewayStore
    + GuardStore
    + HistoryStore
    + IdentityStore
    + IssuerSessionStore
    + KeyStore
    + AdminsStore
    + NodeStore
    + OpenIdStore
    + OtpStore
    + OutboxStore
    + PeopleStore
    + WebhookStore
{
    /// The app with this key.
    async fn app(&self, app_key: AppKey) -> Result<Option<App>, StoreError>;
    /// All apps, oldest first.
    async fn apps(&self) -> Result<Vec<App>, StoreError>;
    /// Adds an app; `false` where the key is taken.
    async fn insert_app(&self, app: &App) -> Result<bool, StoreError>;
    /// Replaces an app; `false` where there is none with its key.
    #[cfg(test)]
    async fn update_app(&self, app: &App) -> Result<bool, StoreError>;

    /// Those of these logins that exist, in any order.
    async fn logins(&self, codes: &[Code]) -> Result<Vec<Login>, StoreError>;
    /// Applies each change or not, whatever becomes of the others; once it returns, what was applied is durable.
    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<ChangeOutcome>, StoreError>;
    /// Logins of this sender that wait for the phone number, the latest first.
    async fn awaiting_phone(&self, user_id: &str, limit: u32) -> Result<Vec<Login>, StoreError>;
    /// The login that a "not me" button names.
    async fn by_reply(&self, reference: &str) -> Result<Option<Login>, StoreError>;
    /// Logins of an app whose result was redeemed and then denied, the latest first.
    async fn taken_back(&self, app_key: AppKey, limit: u32) -> Result<Vec<Code>, StoreError>;
    /// How many logins of an app have no result yet, counted up to `limit`.
    async fn without_result(&self, app_key: AppKey, limit: u32) -> Result<u32, StoreError>;

    /// How many logins of all apps have no result yet.
    async fn count_pending(&self) -> Result<u64, StoreError>;

    /// Logins that time alone changes now, the most overdue first: those of this stage whose deadline is over, or lies
    /// beyond `horizon`, where none can lie.
    async fn due(
        &self,
        stage: Stage,
        now: UnixMillis,
        horizon: UnixMillis,
        limit: u32,
    ) -> Result<Vec<Login>, StoreError>;
    /// Deletes the oldest of an app's lapsed logins beyond `most`, up to `limit` of them; returns how many.
    async fn trim_lapsed(&self, most: u32, limit: u32) -> Result<u64, StoreError>;
    /// Deletes messages older than `before`, up to `limit` of them; returns how many. One from the future is as old as
    /// `now` from then on.
    async fn purge_messages(
        &self,
        now: UnixMillis,
        before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreError>;
    /// The position of the latest change.
    async fn cursor(&self) -> Result<i64, StoreError>;
    /// What changed since `cursor` and was not published by this process; the last change of each login counts.
    async fn changed_since(&self, cursor: i64, limit: u32) -> Result<Changed, StoreError>;

    /// Returns when another process said that it changed something. What it was is read by `changed_since`, which has
    /// to be called from time to time in any case: what is said may get lost, and some stores say nothing.
    async fn news(&self) {
        std::future::pending::<()>().await;
    }
    /// Whether this process is the one that does what needs to be done by one alone. Where that is not known, or two
    /// believe it for a moment, nothing is done wrongly: each change is a compare-and-swap.
    async fn leads(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// What kind of database it is.
    fn engine(&self) -> &'static str;
    /// Whether what is written now is stored and found again.
    async fn check(&self) -> Result<(), StoreError>;
    /// Writes out what waits, and closes.
    async fn close(&self);
}
