//! What one webhook call tells, update by update.
//!
//! Message ids embed the sender's digits, and texts and button ids can carry codes: `Debug` shows none of them.

use std::{fmt, time::SystemTime};

use loggin_protocol::PhoneNumber;

use super::{
    identity::Sender,
    operator::{LookAt, OperatorEvent},
};

/// One thing that happened at one business number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Update {
    /// The number it happened at, as Meta names it; empty where the call does not say, which it does for every message,
    /// status and change of identity. It alone decides whose update this is: the display number is written in several
    /// ways.
    pub(crate) phone_number_id: String,
    /// What happened.
    pub(crate) kind: UpdateKind,
}

impl Update {
    /// Whether this happened at the number with this id, or to the account as a whole.
    pub(crate) fn concerns(&self, phone_number_id: &str) -> bool {
        self.phone_number_id.is_empty() || self.phone_number_id == phone_number_id
    }
}

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UpdateKind {
    /// A person wrote, themselves, in a chat with the business.
    Message(InboundMessage),
    /// A message of ours moved on.
    Status(StatusUpdate),
    /// A person has another number or user id now.
    IdentityChange(IdentityChange),
    /// Something about the account, the number or who handles a chat.
    Operator(OperatorEvent),
    /// Nothing that a login depends on.
    Ignored(IgnoredReason),
}

/// A message to the business.
#[derive(PartialEq, Eq)]
pub(crate) struct InboundMessage {
    /// WhatsApp's id of the message (`wamid.…`): the same at every redelivery.
    pub(crate) id: String,
    /// Who wrote it: at least one of the identifiers is there.
    pub(crate) sender: Sender,
    /// When, by WhatsApp's clock; the same at every redelivery. It may lie in the future.
    pub(crate) timestamp: SystemTime,
    /// What it says.
    pub(crate) content: Content,
}

/// What a message says.
#[derive(PartialEq, Eq)]
pub(crate) enum Content {
    /// Text that the person typed or that a link prepared.
    Text(String),
    /// The person's own number, given in response to a request for it.
    SharedOwnNumber(PhoneNumber),
    /// A tap on a button of ours.
    ButtonReply {
        /// The button's id.
        id: String,
        /// The message that had the button, where WhatsApp says it.
        context_message_id: Option<String>,
    },
}

/// How far a message of ours has come.
#[derive(PartialEq, Eq)]
pub(crate) struct StatusUpdate {
    /// WhatsApp's id of our message.
    pub(crate) message_id: String,
    /// How far it has come. Statuses arrive in any order.
    pub(crate) status: DeliveryStatus,
    /// When, by WhatsApp's clock.
    pub(crate) timestamp: SystemTime,
    /// The number that WhatsApp delivers to; it can differ from the one that the message was sent to.
    pub(crate) recipient_phone: Option<PhoneNumber>,
    /// The recipient's business-scoped user id.
    pub(crate) recipient_user_id: Option<String>,
    /// What was sent along to be given back.
    pub(crate) callback_data: Option<String>,
    /// The codes of what went wrong.
    pub(crate) errors: Vec<u32>,
}

/// How far a message has come; later ones are greater, and none follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DeliveryStatus {
    /// WhatsApp has it.
    Sent,
    /// The recipient's device has it.
    Delivered,
    /// The recipient opened the chat.
    Read,
    /// The recipient listened to it.
    Played,
    /// It will not arrive.
    Failed,
}

/// A person has another number or user id: their account, or somebody else's who got the number.
#[derive(PartialEq, Eq)]
pub(crate) struct IdentityChange {
    /// WhatsApp's id of the notice, where it is a message.
    pub(crate) message_id: Option<String>,
    /// When, by WhatsApp's clock.
    pub(crate) timestamp: SystemTime,
    /// Who it was before, as far as WhatsApp says it.
    pub(crate) previous: Sender,
    /// Who it is now: at least one of the identifiers is there.
    pub(crate) current: Sender,
    /// The user id that several portfolios shared before, where they do and WhatsApp says it.
    pub(crate) previous_parent_user_id: Option<String>,
    /// The user id that several portfolios share now.
    pub(crate) current_parent_user_id: Option<String>,
}

/// Why an update means nothing to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum IgnoredReason {
    /// A change without anything that this version reads.
    Empty,
    /// WhatsApp reports errors of its own in place of messages.
    ErrorReport,
    /// A field that this server has not asked for.
    Field,
    /// Another person's contact, or one that the sender chose freely: no proof of whose number it is.
    ForeignContact,
    /// A forwarded message: somebody else wrote it.
    Forwarded,
    /// Written in a group.
    Group,
    /// It does not have the form of its kind.
    Malformed,
    /// A type of message that cannot carry a login: picture, reaction, edit, notice and whatever comes later.
    MessageType,
    /// Neither number nor user id says who it is from.
    NoSender,
    /// A status that this version does not know.
    StatusType,
    /// A message whose content WhatsApp does not hand out: a poll, for instance.
    Unsupported,
    /// A message that WhatsApp hands out without its content, as it does with the first one of a person to a number
    /// that also runs in the WhatsApp Business app: their login is lost.
    UnsupportedCoexistence,
}

impl IgnoredReason {
    /// Every reason.
    #[allow(dead_code, reason = "for tables of metrics, and tests")]
    pub(crate) const ALL: [Self; 12] = [
        Self::Empty,
        Self::ErrorReport,
        Self::Field,
        Self::ForeignContact,
        Self::Forwarded,
        Self::Group,
        Self::Malformed,
        Self::MessageType,
        Self::NoSender,
        Self::StatusType,
        Self::Unsupported,
        Self::UnsupportedCoexistence,
    ];

    /// A name for logs and counters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::ErrorReport => "error_report",
            Self::Field => "field",
            Self::ForeignContact => "foreign_contact",
            Self::Forwarded => "forwarded",
            Self::Group => "group",
            Self::Malformed => "malformed",
            Self::MessageType => "message_type",
            Self::NoSender => "no_sender",
            Self::StatusType => "status_type",
            Self::Unsupported => "unsupported",
            Self::UnsupportedCoexistence => "unsupported_coexistence",
        }
    }

    /// Writes to the log that an update was left out: as a warning where a login is lost by it.
    pub(crate) fn log(self) {
        let reason = self.as_str();
        if self == Self::UnsupportedCoexistence {
            let look_at = LookAt::SharedNumber.as_str();
            tracing::warn!(reason, look_at, "a message came without its content");
        } else {
            tracing::debug!(reason, "an update was left out");
        }
    }
}

impl fmt::Debug for InboundMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InboundMessage")
            .field("sender", &self.sender)
            .field("timestamp", &self.timestamp)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text(_) => "Text(<redacted>)",
            Self::SharedOwnNumber(_) => "SharedOwnNumber(<redacted>)",
            Self::ButtonReply { .. } => "ButtonReply(<redacted>)",
        })
    }
}

impl fmt::Debug for StatusUpdate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StatusUpdate")
            .field("status", &self.status)
            .field("timestamp", &self.timestamp)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for IdentityChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdentityChange")
            .field("timestamp", &self.timestamp)
            .field("previous", &self.previous)
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}
