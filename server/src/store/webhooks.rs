//! What apps are told by webhooks, and the calls for it that every store offers.
//!
//! An event is stored in the transaction of the change that brings it about, once for each endpoint that wants it: see
//! `Change::event` and `OtpWrite::Event`. It is delivered at least once, and endpoints are told in no certain order.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::AppKey;

use super::StoreError;
use crate::clock::UnixMillis;

/// What an app is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EventKind {
    /// The countries of an app's first verified logins are known.
    GuardLearned,
    /// A guard pauses a country: no one-time codes go there.
    GuardPaused,
    /// A login ended without a result: its sender said "not me", typed wrong codes, or hid the number.
    LoginDenied,
    /// Nobody finished or redeemed a login in time.
    LoginExpired,
    /// The sender took back a result.
    LoginRevoked,
    /// A login has a result.
    LoginVerified,
    /// Something is wrong with the business's number or account.
    NumberAlarm,
    /// A one-time code is taken no longer.
    OtpBlocked,
    /// The phone has a one-time code.
    OtpDelivered,
    /// A one-time code does not arrive.
    OtpFailed,
    /// WhatsApp took a one-time code.
    OtpSent,
    /// A one-time code was typed.
    OtpVerified,
    /// The operator tries an endpoint.
    Test,
    /// A person has another number or user id, or has lost theirs.
    UserChanged,
}

impl EventKind {
    /// Those that an endpoint can choose from.
    pub(crate) const CHOICE: [Self; 13] = [
        Self::GuardLearned,
        Self::GuardPaused,
        Self::LoginDenied,
        Self::LoginExpired,
        Self::LoginRevoked,
        Self::LoginVerified,
        Self::NumberAlarm,
        Self::OtpBlocked,
        Self::OtpDelivered,
        Self::OtpFailed,
        Self::OtpSent,
        Self::OtpVerified,
        Self::UserChanged,
    ];

    /// Its name in payloads, tables and settings.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::GuardLearned => "guard.learned",
            Self::GuardPaused => "guard.paused",
            Self::LoginDenied => "login.denied",
            Self::LoginExpired => "login.expired",
            Self::LoginRevoked => "login.revoked",
            Self::LoginVerified => "login.verified",
            Self::NumberAlarm => "number.alarm",
            Self::OtpBlocked => "otp.blocked",
            Self::OtpDelivered => "otp.delivered",
            Self::OtpFailed => "otp.failed",
            Self::OtpSent => "otp.sent",
            Self::OtpVerified => "otp.verified",
            Self::Test => "webhook.test",
            Self::UserChanged => "user.changed",
        }
    }
}

/// Something that an app is to be told.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AppEvent {
    /// Names it: the same event, stored again, changes nothing.
    pub(crate) id: String,
    /// The app; `None` where it concerns them all.
    pub(crate) app_key: Option<AppKey>,
    pub(crate) kind: EventKind,
    /// The JSON that is sent.
    pub(crate) payload: String,
    /// The person in it.
    pub(crate) phone: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) at: UnixMillis,
    /// When it is given up.
    pub(crate) until: UnixMillis,
}

impl fmt::Debug for AppEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, app_key, kind, .. } = self;
        let mut debug = formatter.debug_struct("AppEvent");
        debug.field("id", id).field("app_key", app_key).field("kind", kind).finish_non_exhaustive()
    }
}

/// Why an endpoint is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisabledFor {
    /// An administrator disabled it.
    Administrator,
    /// It took nothing for days.
    Failing,
    /// It answered that it is gone for good.
    Gone,
}

impl DisabledFor {
    /// A word for the command line and the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

/// Where an app is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookEndpoint {
    pub(crate) id: String,
    pub(crate) app_key: AppKey,
    pub(crate) url: String,
    /// The names of the events that it is told; none: every one.
    pub(crate) events: Vec<String>,
    /// What signs, sealed.
    pub(crate) secret: Vec<u8>,
    /// What signs too, until then; sealed.
    pub(crate) old_secret: Option<(Vec<u8>, UnixMillis)>,
    pub(crate) created_at: UnixMillis,
    /// Since when, and why, it is told nothing.
    pub(crate) disabled: Option<(UnixMillis, DisabledFor)>,
    /// When it last took a delivery.
    pub(crate) succeeded_at: Option<UnixMillis>,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    /// It is still to be made.
    Waiting,
    /// The endpoint took it.
    Delivered,
    /// It was tried for days.
    GivenUp,
}

impl DeliveryState {
    /// A word for the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// An event on its way to an endpoint.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookDelivery {
    pub(crate) event_id: String,
    pub(crate) endpoint_id: String,
    /// The name of the event.
    pub(crate) kind: String,
    pub(crate) payload: String,
    pub(crate) state: DeliveryState,
    pub(crate) queued_at: UnixMillis,
    pub(crate) due_at: UnixMillis,
    pub(crate) until: UnixMillis,
    pub(crate) tries: u32,
    /// The HTTP status of the last try, where there was one.
    pub(crate) status: Option<u16>,
    /// Why the last try failed, in a word.
    pub(crate) failure: Option<String>,
    pub(crate) ended_at: Option<UnixMillis>,
}

impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event_id, endpoint_id, kind, state, tries, .. } = self;
        let mut debug = formatter.debug_struct("WebhookDelivery");
        debug.field("event_id", event_id).field("endpoint_id", endpoint_id).field("kind", kind);
        debug.field("state", state).field("tries", tries).finish_non_exhaustive()
    }
}

/// Where a delivery stands among those of its endpoint: by when its event was stored, and then by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeliveryPosition {
    pub(crate) queued_at: UnixMillis,
    pub(crate) event_id: String,
}

impl DeliveryPosition {
    pub(crate) fn of(delivery: &WebhookDelivery) -> Self {
        Self { queued_at: delivery.queued_at, event_id: delivery.event_id.clone() }
    }

    /// The values of a statement that looks behind one position, or from the beginning.
    pub(super) fn bounds(position: Option<Self>) -> (i64, String) {
        position.map_or((i64::MAX, String::new()), |position| (position.queued_at.0, position.event_id))
    }
}

impl fmt::Display for DeliveryPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{} {}", self.queued_at.0, self.event_id);
        formatter.write_str(&BASE64URL_NOPAD.encode(text.as_bytes()))
    }
}

impl FromStr for DeliveryPosition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "must be a cursor that was given";
        let bytes = BASE64URL_NOPAD.decode(text.trim().as_bytes()).map_err(|_| WRONG)?;
        let text = String::from_utf8(bytes).map_err(|_| WRONG)?;
        let (queued_at, event_id) = text.split_once(' ').ok_or(WRONG)?;
        let is_id = event_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let queued_at = queued_at.parse().ok().filter(|_| is_id).ok_or(WRONG)?;
        Ok(Self { queued_at: UnixMillis(queued_at), event_id: event_id.to_owned() })
    }
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The endpoint took it.
    Delivered,
    /// It is due again then.
    Retry { due_at: UnixMillis },
    /// It is not tried again. An endpoint that is failing is disabled unless it took another event since this one was
    /// stored; one that is gone is disabled in any case.
    GivenUp { why: DisabledFor },
}

/// A try that has ended.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryEnd {
    pub(crate) event_id: String,
    pub(crate) endpoint_id: String,
    pub(crate) at: UnixMillis,
    pub(crate) tried: Tried,
    pub(crate) status: Option<u16>,
    pub(crate) failure: Option<&'static str>,
}

/// How webhooks are, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebhookHealth {
    /// When the oldest event was stored that waits for an endpoint which is not disabled.
    pub(crate) oldest: Option<UnixMillis>,
    /// Endpoints that were disabled because they failed.
    pub(crate) failing: u32,
}

/// What time takes away of deliveries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliveryPurge {
    pub(crate) now: UnixMillis,
    /// What ended before is deleted, and what was to be given up before.
    pub(crate) before: UnixMillis,
    /// How far ahead a delivery can be due.
    pub(crate) horizon: UnixMillis,
    /// Most that wait for one endpoint; the oldest beyond are dropped.
    pub(crate) most_waiting: u32,
}

/// What was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeliveriesPurged {
    /// Rows of which nothing was owed any more.
    pub(crate) old: u64,
    /// Events that their endpoint will not be told.
    pub(crate) dropped: u64,
}

/// Where endpoints and deliveries are kept. Administrators change endpoints: see [`super::Act`].
#[async_trait]
pub(crate) trait WebhookStore {
    /// The endpoints of an app, or of all, oldest first.
    async fn webhook_endpoints(&self, app_key: Option<AppKey>) -> Result<Vec<WebhookEndpoint>, StoreError>;
    /// Whether there is an endpoint that is not disabled.
    async fn has_webhook_endpoint(&self) -> Result<bool, StoreError>;
    /// An endpoint.
    async fn webhook_endpoint(&self, id: &str) -> Result<Option<WebhookEndpoint>, StoreError>;
    /// Adds an endpoint, of which nothing is noted.
    #[cfg(test)]
    async fn put_webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<bool, StoreError>;
    /// Keeps the secrets of an endpoint under another seal, if the first is what it was.
    async fn reseal_webhook(&self, was: &WebhookEndpoint, now: &WebhookEndpoint) -> Result<(), StoreError>;

    /// Stores events that no change of ours brings about.
    async fn queue_events(&self, events: Vec<AppEvent>) -> Result<(), StoreError>;
    /// Deliveries that are due, up to so many of each endpoint that is not disabled.
    async fn due_deliveries(
        &self,
        now: UnixMillis,
        per_endpoint: u32,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError>;
    /// Notes how a try ended; tells whether that disabled the endpoint.
    async fn end_delivery(&self, end: DeliveryEnd) -> Result<bool, StoreError>;
    /// The latest deliveries of an endpoint, the latest first; of one state where one is given, and those behind a position
    /// where there is one.
    async fn webhook_deliveries(
        &self,
        endpoint_id: &str,
        state: Option<DeliveryState>,
        after: Option<DeliveryPosition>,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError>;
    /// One delivery.
    async fn webhook_delivery(
        &self,
        event_id: &str,
        endpoint_id: &str,
    ) -> Result<Option<WebhookDelivery>, StoreError>;
    /// How webhooks are.
    async fn webhook_health(&self) -> Result<WebhookHealth, StoreError>;
    /// Takes away what is old or too much, up to `limit` rows of each kind.
    async fn purge_deliveries(
        &self,
        purge: DeliveryPurge,
        limit: u32,
    ) -> Result<DeliveriesPurged, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_given() {
        let position = DeliveryPosition { queued_at: UnixMillis(-5), event_id: "evt_0f".to_owned() };
        assert_eq!(position.to_string().parse(), Ok(position));
        let encoded = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        for wrong in ["", "1", "§", &encoded("1"), &encoded("x evt_1"), &encoded("1 evt 1"), &encoded("1 '")]
        {
            assert!(wrong.parse::<DeliveryPosition>().is_err(), "{wrong}");
        }
    }
}
