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
    /// A notice about somebody whom no app knows.
    NobodyConcerned,
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
            Self::NobodyConcerned => "nobody_concerned",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails to compile for a reason that this list lacks.
    fn all() -> Vec<Reason> {
        let after = |reason| match reason {
            Reason::Ignored(_) => Some(Reason::UnknownNumberId),
            Reason::UnknownNumberId => Some(Reason::NoCode),
            Reason::NoCode => Some(Reason::UnknownApp),
            Reason::UnknownApp => Some(Reason::SeveralCodes),
            Reason::SeveralCodes => Some(Reason::SenderLimit),
            Reason::SenderLimit => Some(Reason::TooOld),
            Reason::TooOld => Some(Reason::Redelivered),
            Reason::Redelivered => Some(Reason::AnotherSender),
            Reason::AnotherSender => Some(Reason::Repeated),
            Reason::Repeated => Some(Reason::Ended),
            Reason::Ended => Some(Reason::NobodyNamed),
            Reason::NobodyNamed => Some(Reason::NoLoginWaits),
            Reason::NoLoginWaits => Some(Reason::NobodyConcerned),
            Reason::NobodyConcerned => Some(Reason::UnknownButton),
            Reason::UnknownButton => None,
        };
        let ignored = IgnoredReason::ALL.map(Reason::Ignored);
        let rest = std::iter::successors(after(ignored[0]), |reason| after(*reason));
        ignored.into_iter().chain(rest).collect()
    }

    #[test]
    fn every_reason_has_a_word_of_its_own_that_operators_can_look_up() {
        let page = include_str!("../../../../docs/operations.md");
        let words: Vec<&str> = all().into_iter().map(Reason::as_str).collect();
        for (position, word) in words.iter().enumerate() {
            assert!(page.contains(&format!("`{word}`")), "{word}");
            assert!(!words[..position].contains(word), "{word}");
        }
    }
}
