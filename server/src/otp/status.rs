//! How far a session and its message have come, for the app.

use super::{
    Found, Otp,
    deliver::OTHER_ACCOUNT,
    life::{self, Progress},
};
use crate::{
    store::{Ending, OtpSession},
    whatsapp::{DeliveryStatus, SendError},
};

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) progress: Progress,
    /// How far its message has come; none before WhatsApp has taken it, and for a test number.
    pub(crate) delivery: Option<Delivery>,
    /// Why it does not arrive.
    pub(crate) failure: Option<Failure>,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// WhatsApp took it.
    Accepted,
    /// WhatsApp has sent it on.
    Sent,
    /// The phone has it.
    Delivered,
    /// The person opened the chat.
    Read,
    /// It will not arrive.
    Failed,
}

/// Why a message does not arrive, in classes that an app can act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Not to this person: no account, an old app, or one that refuses the business. Another way is needed.
    Undeliverable,
    /// WhatsApp delivers to another account than that of the number. Another way is needed.
    OtherAccount,
    /// Not now: it may be tried again.
    Temporary,
    /// To nobody, until the operator has fixed something.
    Operator,
}

impl Failure {
    /// How a session ended whose message did not arrive for this.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::Undeliverable => Ending::Undeliverable,
            Self::OtherAccount => Ending::OtherAccount,
            Self::Temporary => Ending::Temporary,
            Self::Operator => Ending::Operator,
        }
    }

    /// Its word in events.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Undeliverable => "undeliverable",
            Self::OtherAccount => "other_account",
            Self::Temporary => "temporary",
            Self::Operator => "operator",
        }
    }
}

impl Otp {
    /// How far a session has come.
    pub(crate) fn status(&self, found: &Found) -> Status {
        let Found { session, phone } = found;
        let now = self.clock.now();
        let phone = phone.clone().map(|phone| life::timely(phone, now));
        let progress = life::progress(session, phone.as_ref(), now);
        let failure = session.failure.map(failure);
        Status {
            progress,
            delivery: delivery(session),
            failure: failure.or((progress == Progress::Failed).then_some(Failure::OtherAccount)),
        }
    }
}

fn delivery(session: &OtpSession) -> Option<Delivery> {
    match session.delivery {
        Some(DeliveryStatus::Sent) => Some(Delivery::Sent),
        Some(DeliveryStatus::Delivered) => Some(Delivery::Delivered),
        Some(DeliveryStatus::Read | DeliveryStatus::Played) => Some(Delivery::Read),
        Some(DeliveryStatus::Failed) => Some(Delivery::Failed),
        None => session.accepted.then_some(Delivery::Accepted),
    }
}

/// The class of a code that stands in the status of a message.
pub(super) fn failure(code: u32) -> Failure {
    if code == OTHER_ACCOUNT {
        return Failure::OtherAccount;
    }
    match SendError::of_status_code(code) {
        SendError::Permanent { .. } => Failure::Undeliverable,
        SendError::Retryable { .. } | SendError::Ambiguous => Failure::Temporary,
        SendError::Operator { .. } | SendError::Misconfigured { .. } => Failure::Operator,
    }
}
