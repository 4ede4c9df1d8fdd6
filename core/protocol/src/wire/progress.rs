//! How far a login has come, as the wire tells it.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

/// How far a login has come that has no result yet. The list is open: a newer server may tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// WhatsApp handed over a message with the code.
    MessageReceived,
    /// The person was asked to type a code where the login began.
    AwaitingConfirmation,
    /// A status that this version does not know.
    Unrecognized(Status),
}

impl Progress {
    /// Reads a status of the wire; `None` for what is no status of any version.
    pub(super) fn parse(status: &str) -> Option<Self> {
        match status {
            "message_received" => Some(Self::MessageReceived),
            "awaiting_confirmation" => Some(Self::AwaitingConfirmation),
            _ => Status::parse(status).map(Self::Unrecognized),
        }
    }

    /// The status as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::MessageReceived => "message_received",
            Self::AwaitingConfirmation => "awaiting_confirmation",
            Self::Unrecognized(status) => status.as_str(),
        }
    }

    /// Which of the known steps it is: a login does not go back. `None` for one that is not known.
    pub fn rank(&self) -> Option<u8> {
        match self {
            Self::MessageReceived => Some(1),
            Self::AwaitingConfirmation => Some(2),
            Self::Unrecognized(_) => None,
        }
    }
}

impl Serialize for Progress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Progress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let status = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&status).ok_or_else(|| serde::de::Error::custom("not a status"))
    }
}

/// The name of a status that this version does not know: lower-case letters, digits and underscores.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    length: u8,
    bytes: [u8; Self::MAX_LENGTH],
}

impl Status {
    /// Longest name that is believed, in bytes.
    const MAX_LENGTH: usize = 39;

    fn parse(name: &str) -> Option<Self> {
        let is_one = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        let length = u8::try_from(name.len()).ok().filter(|length| *length > 0)?;
        let mut bytes = [0; Self::MAX_LENGTH];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        name.as_bytes().iter().all(is_one).then_some(Self { length, bytes })
    }

    /// The name as it stands on the wire.
    pub fn as_str(&self) -> &str {
        // A name is made of ASCII alone.
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|name| str::from_utf8(name).ok())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_progress_is_read_as_it_is_written() {
        for progress in ["message_received", "awaiting_confirmation", "scanned", &"x".repeat(39)] {
            let read: Progress = serde_json::from_value(serde_json::json!(progress)).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), progress);
        }
        for none in ["", "Scanned", "two words", "+919876543210", &"x".repeat(40), &"x".repeat(300)] {
            assert_eq!(Progress::parse(none), None, "{none}");
        }
    }
}
