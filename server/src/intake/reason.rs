//! Why an update did nothing: one word each, for the log and for counters.

use crate::{
    logins::Unchanged,
    telemetry::metrics::{self, Limit},
    whatsapp::IgnoredReason,
};

/// Why an update did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// It cannot be about a login at all.
    Ignored(IgnoredReason),
    /// It is of another number of the business.
    UnknownNumberId,
    /// The text holds no code.
    NoCode,
    /// It holds codes, of apps that are not known here.
    UnknownApp,
    /// It holds different codes at different places.
    SeveralCodes,
    /// Its sender sends too many codes.
    SenderLimit,
    /// It is too old.
    TooOld,
    /// It was taken before.
    Redelivered,
    /// Another sender sent the code first.
    AnotherSender,
    /// The same sender sent the code before.
    Repeated,
    /// The login has ended.
    Ended,
    /// It names nobody who could be asked for their number.
    NobodyNamed,
    /// A number was shared, and no login of its sender waits for one.
    NoLoginWaits,
    /// A button that is none of ours.
    UnknownButton,
}

impl From<IgnoredReason> for Reason {
    fn from(reason: IgnoredReason) -> Self {
        Self::Ignored(reason)
    }
}

impl From<Unchanged> for Reason {
    fn from(why: Unchanged) -> Self {
        match why {
            Unchanged::AnotherSender => Self::AnotherSender,
            Unchanged::Repeated => Self::Repeated,
            Unchanged::Ended => Self::Ended,
            Unchanged::TooOld => Self::TooOld,
            Unchanged::NobodyNamed => Self::NobodyNamed,
            Unchanged::Unconcerned => Self::NoLoginWaits,
        }
    }
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ignored(reason) => reason.as_str(),
            Self::UnknownNumberId => "unknown_number_id",
            Self::NoCode => "no_code",
            Self::UnknownApp => "unknown_app",
            Self::SeveralCodes => "several_codes",
            Self::SenderLimit => "sender_limit",
            Self::TooOld => "too_old",
            Self::Redelivered => "redelivered",
            Self::AnotherSender => "another_sender",
            Self::Repeated => "repeated",
            Self::Ended => "ended",
            Self::NobodyNamed => "nobody_named",
            Self::NoLoginWaits => "no_login_waits",
            Self::UnknownButton => "unknown_button",
        }
    }

    /// Says that an update did nothing, once.
    pub(crate) fn note(self) {
        let reason = self.as_str();
        metrics::inbound(reason);
        if self == Self::SenderLimit {
            metrics::limit_hit(Limit::MessagesPerSender);
        }
        match self {
            Self::Ignored(ignored) => ignored.log(),
            Self::UnknownNumberId | Self::SeveralCodes | Self::SenderLimit => {
                tracing::warn!(reason, "an update did nothing");
            }
            _ => tracing::info!(reason, "an update did nothing"),
        }
    }
}
