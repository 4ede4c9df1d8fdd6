//! The life of one-time codes: the only functions that change a session.
//!
//! Each change is a compare-and-swap of the phone's row in the store, tried again from what it has become when
//! something else came first. What belongs to it (session, counts, the response of a repeated call) is written with it
//! or not at all; nothing is sent while anything is being written.

mod account;
mod deliver;
mod guarded;
pub(crate) mod guards;
pub(crate) mod life;
mod meter;
mod person;
mod recipient;
mod responses;
mod sender;
mod start;
mod status;
mod upkeep;
mod verify;

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use loggin_protocol::ErrorCode;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) use meter::Meter;
pub(crate) use person::PersonKeys;
pub(crate) use recipient::Recipient;
pub(crate) use responses::{NamedCall, OtpResponse};
pub(crate) use sender::{CodeSender, TemplateSender};
pub(crate) use start::StartOrder;
pub(crate) use status::{Delivery, Failure, Status};
pub(crate) use upkeep::DID_NOT_REQUEST_CODE;
pub(crate) use verify::{CODE_DIGITS, Found};

use crate::{
    clock::{Clock, Random, UnixMillis, random_bytes},
    crypto::{MacKeys, SealKeys},
    phones::RecipientKeys,
    store::{Store, StoreError},
};
use guards::Guards;
use meter::UsedUp;
use recipient::TestNumbers;

/// What the keys for the MACs of codes are derived for.
const CODE_DOMAIN: &[u8] = b"loggin otp code v1\n";

/// What the keys for the MACs of request bodies are derived for: a body can hold a code.
const BODY_DOMAIN: &[u8] = b"loggin otp body v1\n";

/// What the keys for the MACs of phones at apps are derived for.
const SUBJECT_DOMAIN: &[u8] = b"loggin otp subject v1\n";

/// What the keys for the MACs of calls' names are derived for: callers make such names of what they like.
const CALL_DOMAIN: &[u8] = b"loggin otp call v1\n";

/// What the keys for the MACs of messages' ids are derived for: such an id holds the recipient's number.
const MESSAGE_DOMAIN: &[u8] = b"loggin otp message v1\n";

/// What the keys are derived for that responses are sealed with.
const RESPONSE_DOMAIN: &[u8] = b"loggin otp answer v1\n";

/// What the keys for the MACs of ranges of numbers are derived for.
const RANGE_DOMAIN: &[u8] = b"loggin otp range v1\n";

/// All one-time codes of the server.
#[derive(Debug)]
pub(crate) struct Otp {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    sender: Arc<dyn CodeSender>,
    keys: Keys,
    recipients: RecipientKeys,
    test_numbers: TestNumbers,
    used_up: UsedUp,
    guards: Guards,
    /// What goes on where its caller has left.
    tasks: TaskTracker,
}

/// Keys of the secrets for one-time codes, each for one purpose.
#[derive(Debug)]
struct Keys {
    codes: MacKeys,
    bodies: MacKeys,
    subjects: MacKeys,
    calls: MacKeys,
    messages: MacKeys,
    responses: SealKeys,
}

impl Keys {
    fn derive<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let derive = |domain| MacKeys::derive(secrets.clone(), domain);
        Self {
            codes: derive(CODE_DOMAIN),
            bodies: derive(BODY_DOMAIN),
            subjects: derive(SUBJECT_DOMAIN),
            calls: derive(CALL_DOMAIN),
            messages: derive(MESSAGE_DOMAIN),
            responses: SealKeys::derive(secrets, RESPONSE_DOMAIN),
        }
    }
}

/// Why a call is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum OtpError {
    /// It is refused.
    Refused(Refusal),
    /// Its `Idempotency-Key` was used with another body.
    OtherBody,
    /// The app's key makes too many calls, until this has passed.
    TooManyCalls(Duration),
    /// The store failed.
    Store(StoreError),
}

/// A refusal, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) attempts_left: Option<u8>,
    pub(crate) retry_after: Option<Duration>,
    /// Whether a guard refuses, and no one's guesses or haste.
    pub(crate) by_guard: bool,
}

impl Refusal {
    const fn new(code: ErrorCode) -> Self {
        Self { code, attempts_left: None, retry_after: None, by_guard: false }
    }

    const fn after(code: ErrorCode, delay: Duration) -> Self {
        Self { retry_after: Some(delay), ..Self::new(code) }
    }
}

impl From<Refusal> for OtpError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for OtpError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Otp {
    /// `secrets` are kept out of the database; the first is in use, the others are being replaced.
    pub(crate) fn new<'a>(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        sender: Arc<dyn CodeSender>,
        secrets: impl Iterator<Item = &'a [u8]> + Clone,
        recipients: RecipientKeys,
    ) -> Self {
        let ranges = MacKeys::derive(secrets.clone(), RANGE_DOMAIN);
        Self {
            guards: Guards::new(Arc::clone(&store), &*clock, ranges, recipients.clone()),
            test_numbers: TestNumbers::new(Arc::clone(&store)),
            store,
            clock,
            random,
            sender,
            keys: Keys::derive(secrets),
            recipients,
            used_up: UsedUp::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Does something on a task of its own, so that it is finished also where whoever waits for it leaves.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.tasks.spawn(task)
    }

    /// Waits for what was spawned, once nothing more is.
    pub(crate) async fn finish_tasks(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn new_session_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(random_bytes(&*self.random)).into_uuid()
    }
}

/// The month of a moment, such as 202611, and when the next one begins. Months are UTC's.
pub(crate) fn month(now: UnixMillis) -> (u32, UnixMillis) {
    let date = Timestamp::from(now).to_zoned_datetime(TimeZone::UTC).date();
    let number = i32::from(date.year()) * 100 + i32::from(date.month());
    let next = date.last_of_month().tomorrow().and_then(|date| date.to_zoned_datetime(TimeZone::UTC));
    let next = next.map_or(now, |next| UnixMillis(next.timestamp().as_millisecond()));
    (u32::try_from(number).unwrap_or_default(), next)
}

#[cfg(test)]
mod tests;
