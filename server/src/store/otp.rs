//! What the server keeps of one-time codes, and the calls for it that every store offers.
//!
//! Everything is changed by [`OtpStore::write`] alone: some writes that are made all or not at all, each of which may
//! be refused. The rules of what may follow what stand in `otp`, not here.

use std::{collections::HashMap, fmt, time::Duration};

use async_trait::async_trait;
use loggin_protocol::{AppKey, PhoneNumber};
use uuid::Uuid;

use super::{AppEvent, GuardCount, GuardPlace, HistoryEntry, StoreError};
use crate::{clock::UnixMillis, whatsapp::DeliveryStatus};

/// One phone at one app: the code that is live, and the wrong guesses that count across codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtpPhone {
    /// MAC of app and account.
    pub(crate) subject: [u8; 32],
    /// Counts the changes; a change names the version that it follows. 0 where there is no row yet.
    pub(crate) version: i64,
    pub(crate) live: Option<LiveCode>,
    pub(crate) sending: Option<Sending>,
    /// Until when no other code is sent.
    pub(crate) cooldown_until: UnixMillis,
    /// When the latest wrong guesses were made, oldest first.
    pub(crate) wrong_at: Vec<UnixMillis>,
    /// Wrong guesses since the last right one.
    pub(crate) wrong_in_row: u32,
    pub(crate) changed_at: UnixMillis,
}

/// The code that can be typed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LiveCode {
    pub(crate) session_id: Uuid,
    pub(crate) expires_at: UnixMillis,
    pub(crate) attempts_left: u8,
}

/// The code that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    pub(crate) session_id: Uuid,
    /// When nobody can be sending it any more.
    pub(crate) until: UnixMillis,
}

/// One session: a code that was made for a phone.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a column of its row
pub(crate) struct OtpSession {
    pub(crate) session_id: Uuid,
    pub(crate) app_key: AppKey,
    /// The phone, as it was called when the session began: see [`OtpWrite::Join`].
    pub(crate) subject: [u8; 32],
    /// The number that was asked for; gone once the session has ended.
    pub(crate) phone: Option<PhoneNumber>,
    /// The app's own JSON, as it was given.
    pub(crate) meta: Option<String>,
    /// MAC of the code.
    pub(crate) code_mac: [u8; 32],
    /// How many digits the code has; 0 where that was not kept.
    pub(crate) digits: u8,
    /// Whether the phone is a test number, which nothing is sent to.
    pub(crate) is_test: bool,
    /// Whether another server made the code, which is not known here and cannot be typed here.
    pub(crate) is_gateway: bool,
    /// Whether its code was typed.
    pub(crate) used: bool,
    pub(crate) created_at: UnixMillis,
    /// Whether WhatsApp took its message.
    pub(crate) accepted: bool,
    /// Why the message does not arrive where it was to: WhatsApp's error code, or 0 where there is none.
    pub(crate) failure: Option<u32>,
    /// How far its message has come; `None` before WhatsApp has said anything.
    pub(crate) delivery: Option<DeliveryStatus>,
    /// The number that WhatsApp delivers to.
    pub(crate) wa_id: Option<PhoneNumber>,
    /// The recipient's business-scoped user id.
    pub(crate) user_id: Option<String>,
}

impl fmt::Debug for OtpSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OtpSession")
            .field("session_id", &self.session_id)
            .field("app_key", &self.app_key)
            .field("is_test", &self.is_test)
            .field("is_gateway", &self.is_gateway)
            .field("used", &self.used)
            .field("delivery", &self.delivery)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// A call that names itself, so that it is the same call when it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtpCall {
    /// MAC of app, route and key.
    pub(crate) hash: [u8; 32],
    /// MAC of the body.
    pub(crate) body_mac: [u8; 32],
}

/// What is known of a call that was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownCall {
    pub(crate) body_mac: [u8; 32],
    /// The session that it made.
    pub(crate) session_id: Option<Uuid>,
    /// What it was answered, sealed; `None` while that is being found.
    pub(crate) response: Option<Vec<u8>>,
    pub(crate) created_at: UnixMillis,
}

/// One of the writes that are made all or not at all.
#[derive(Clone, Debug)]
pub(crate) enum OtpWrite {
    /// Replaces a phone whose version is one below this one's, or adds it where this is the first; else
    /// [`OtpRefusal::Stale`].
    Phone(OtpPhone),
    /// Has codes of the phone `from` count in the row of `into` from now on, which is written with it; forgets the row
    /// of `from`, which must be at `version`, 0 where there must be none; else [`OtpRefusal::Stale`].
    Join { from: [u8; 32], version: i64, into: [u8; 32] },
    /// Adds a session.
    Session(OtpSession),
    /// Notes whether a session's code was typed.
    Used { session_id: Uuid, used: bool },
    /// Notes what WhatsApp answered: the MAC of the message's id, the number it delivers to, and whether that is
    /// another's.
    Sent { session_id: Uuid, message_hash: [u8; 32], wa_id: Option<PhoneNumber>, failure: Option<u32> },
    /// Notes that the message will not arrive; [`OtpRefusal::Known`] where that is known.
    Failed { session_id: Uuid, failure: u32 },
    /// Counts a code of this app in a month such as 202611; [`OtpRefusal::Quota`] beyond `most`.
    CountSend { app_key: AppKey, month: u32, most: Option<u32> },
    /// Takes that back.
    UncountSend { app_key: AppKey, month: u32 },
    /// Counts a code that its recipient had not asked for.
    CountNotRequested { app_key: AppKey },
    /// Takes one turn in a recipient's row, each of `pause`; [`OtpRefusal::Turn`] where the row would then reach
    /// beyond `until`.
    Turn { recipient: [u8; 32], now: UnixMillis, pause: Duration, until: UnixMillis },
    /// Marks a call as being answered; [`OtpRefusal::Known`] where it is known, unless what is known is no response
    /// but the session `instead_of`.
    Begin { call: OtpCall, session_id: Uuid, instead_of: Option<Uuid>, now: UnixMillis },
    /// Keeps a call's response; [`OtpRefusal::Known`] where it has one, or another session is to be its response.
    Response { call: OtpCall, session_id: Option<Uuid>, response: Vec<u8>, now: UnixMillis },
    /// Forgets a call whose response this session was to be.
    Forget { call: OtpCall, session_id: Uuid },
    /// Stores what the app is told by webhooks.
    Event(Box<AppEvent>),
    /// Adds a session's row of the history, unless it has one.
    End { session_id: Uuid, entry: Box<HistoryEntry> },
    /// Adds the row of the history of a code that was refused, for which there is no session.
    Refused(Box<HistoryEntry>),
    /// Counts for the guards; [`OtpRefusal::DayOfApp`] or [`OtpRefusal::DayOfCountry`] beyond what a day may have.
    Guard(Box<GuardPlace>, GuardCount),
}

impl OtpWrite {
    /// Whether there are circumstances in which it is not made.
    pub(crate) fn can_be_refused(&self) -> bool {
        match self {
            Self::Phone(_)
            | Self::Join { .. }
            | Self::Failed { .. }
            | Self::CountSend { .. }
            | Self::Turn { .. }
            | Self::Begin { .. }
            | Self::Response { .. }
            | Self::Guard(_, GuardCount::Sent { .. }) => true,
            Self::Session(_)
            | Self::Used { .. }
            | Self::Sent { .. }
            | Self::UncountSend { .. }
            | Self::CountNotRequested { .. }
            | Self::Forget { .. }
            | Self::Event(_)
            | Self::End { .. }
            | Self::Refused(_)
            | Self::Guard(_, GuardCount::Verified | GuardCount::NotSent { .. }) => false,
        }
    }
}

/// A call of an app's key, to be counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallCount {
    pub(crate) app_key: AppKey,
    pub(crate) now: UnixMillis,
    /// When the window that it is counted in began at the earliest.
    pub(crate) since: UnixMillis,
    /// Calls that there may be in a window.
    pub(crate) most: u32,
}

/// Calls of an app's key, with the one that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountedCalls {
    pub(crate) calls: u32,
    /// When their window began.
    pub(crate) since: UnixMillis,
}

/// What the writes counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OtpCounts {
    /// Codes of the app in its month.
    pub(crate) sends: Option<u32>,
}

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtpRefusal {
    /// The phone is no longer at that version.
    Stale,
    /// The month's quota is used up.
    Quota,
    /// The recipient has got as many messages as may be.
    Turn,
    /// The call, or the failure, is known.
    Known,
    /// The key has made more calls than it may.
    Rate,
    /// The app's codes of the day are used up.
    DayOfApp,
    /// Those of the country are.
    DayOfCountry,
}

/// What became of some writes.
pub(crate) type OtpOutcome = Result<OtpCounts, OtpRefusal>;

/// How far a message of ours has come.
#[derive(Clone, Debug)]
pub(crate) struct OtpDelivery {
    pub(crate) session_id: Uuid,
    pub(crate) delivery: DeliveryStatus,
    pub(crate) wa_id: Option<PhoneNumber>,
    pub(crate) user_id: Option<String>,
    /// What the app is told of it by webhooks.
    pub(crate) event: Option<Box<AppEvent>>,
}

/// What time takes away. What lies further in the future than a span is as old as what lies that far in the past: a
/// clock that was ahead wrote it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OtpPurge {
    pub(crate) now: UnixMillis,
    /// How long a session has a person in it.
    pub(crate) person_kept: Duration,
    /// How long sessions, responses and counts are kept.
    pub(crate) kept: Duration,
    /// How far ahead turns of a recipient can lie.
    pub(crate) turns: Duration,
}

/// What a number has that nothing is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestNumber {
    /// The code that it always has.
    pub(crate) code: String,
    /// Whether there is a pause between two codes, as for any number.
    pub(crate) cooldown: bool,
}

/// Where sessions of one-time codes are kept.
#[async_trait]
pub(crate) trait OtpStore: fmt::Debug + Send + Sync {
    /// Makes all of these writes, or none; once it returns, they are durable.
    ///
    /// A `call` is counted with them, also where they are not made; they are not where it is one too many, which is
    /// [`OtpRefusal::Rate`].
    async fn write_counted(
        &self,
        call: Option<CallCount>,
        writes: Vec<OtpWrite>,
    ) -> Result<(Option<CountedCalls>, OtpOutcome), StoreError>;
    /// The same without a call.
    async fn write(&self, writes: Vec<OtpWrite>) -> Result<OtpOutcome, StoreError> {
        Ok(self.write_counted(None, writes).await?.1)
    }
    /// Notes how far messages have come; what says less than is known already changes nothing.
    async fn deliveries(&self, deliveries: Vec<OtpDelivery>) -> Result<(), StoreError>;

    /// The row that counts for a phone at an app.
    async fn otp_phone(&self, subject: &[u8; 32]) -> Result<Option<OtpPhone>, StoreError>;
    /// A session.
    async fn otp_session(&self, session_id: Uuid) -> Result<Option<OtpSession>, StoreError>;
    /// A session and its phone, as they are at one moment.
    async fn otp_session_and_phone(
        &self,
        session_id: Uuid,
    ) -> Result<Option<(OtpSession, Option<OtpPhone>)>, StoreError>;
    /// The session whose message has an id of this MAC.
    async fn otp_session_of_message(&self, hash: &[u8; 32]) -> Result<Option<OtpSession>, StoreError>;
    /// A call that was made before, by the MAC of its name.
    async fn otp_call(&self, hash: &[u8; 32]) -> Result<Option<KnownCall>, StoreError>;
    /// Codes of an app in a month.
    async fn otp_sends(&self, app_key: AppKey, month: u32) -> Result<u32, StoreError>;

    /// Sessions with a person in them of which the history has no row: those that began before, or beyond where none can
    /// have begun; the oldest first.
    async fn unended_sessions(
        &self,
        before: UnixMillis,
        beyond: UnixMillis,
        limit: u32,
    ) -> Result<Vec<OtpSession>, StoreError>;
    /// Takes the person out of sessions that are over, and forgets what is old; returns how many rows that concerned,
    /// up to `limit` of each kind.
    async fn purge_otp(&self, purge: OtpPurge, limit: u32) -> Result<u64, StoreError>;

    /// Test numbers.
    async fn test_numbers(&self) -> Result<HashMap<String, TestNumber>, StoreError>;
    /// Adds a test number, or changes one.
    #[cfg(test)]
    async fn put_test_number(&self, phone: &PhoneNumber, test: &TestNumber) -> Result<(), StoreError>;
    /// Removes a test number; `false` where it is none.
    #[cfg(test)]
    async fn remove_test_number(&self, phone: &PhoneNumber) -> Result<bool, StoreError>;
}
