//! How far a login has come, as the wire tells it.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::status::Status;

const AWAITING_MATCH: &str = "awaiting_match";

/// How far a login has come that has no result yet. The list is open: a newer server may tell more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// WhatsApp handed over a message with the code.
    MessageReceived,
    /// The person was asked to type a code where the login began.
    AwaitingConfirmation,
    /// The person was asked to choose these digits in WhatsApp: they are to be shown where the login began.
    AwaitingMatch(MatchDigits),
    /// A status that this version does not know.
    Unrecognized(Status),
}

impl Progress {
    /// Reads a status of the wire; `None` for what is no status of any version.
    pub(super) fn parse(status: &str) -> Option<Self> {
        match status {
            "message_received" => Some(Self::MessageReceived),
            "awaiting_confirmation" => Some(Self::AwaitingConfirmation),
            // Without its digits, `awaiting_match` is a status that nobody can do anything with.
            _ => Status::parse(status).map(Self::Unrecognized),
        }
    }

    /// The status as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::MessageReceived => "message_received",
            Self::AwaitingConfirmation => "awaiting_confirmation",
            Self::AwaitingMatch(_) => AWAITING_MATCH,
            Self::Unrecognized(status) => status.as_str(),
        }
    }

    /// The digits that are to be shown where the login began, while it awaits that the person chooses them.
    pub fn match_digits(&self) -> Option<MatchDigits> {
        match self {
            Self::AwaitingMatch(digits) => Some(*digits),
            _ => None,
        }
    }

    /// The same with the digits that stand beside the status on the wire.
    pub(super) fn with_digits(self, digits: Option<MatchDigits>) -> Self {
        match digits {
            Some(digits) if self.as_str() == AWAITING_MATCH => Self::AwaitingMatch(digits),
            _ => self,
        }
    }

    /// Whether this version knows the status of this name.
    pub(super) fn is_known(&self) -> bool {
        self.rank().is_some() || self.as_str() == AWAITING_MATCH
    }

    /// Which of the known steps it is: a login does not go back. `None` for one that is not known.
    ///
    /// A code is worth more than a match, so a login may be asked for it afterwards, and never the other way round.
    pub fn rank(&self) -> Option<u8> {
        match self {
            Self::MessageReceived => Some(1),
            Self::AwaitingMatch(_) => Some(2),
            Self::AwaitingConfirmation => Some(3),
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

/// Two digits that are shown where a login began, and chosen in WhatsApp. They are no secret: who sees them needs the
/// person's phone to make anything of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatchDigits([u8; 2]);

impl MatchDigits {
    /// How many there are to choose from: `00` to `99`.
    pub const COUNT: u8 = 100;

    /// The digits of a number below [`Self::COUNT`]; of a greater one its last two.
    pub fn of_number(number: u8) -> Self {
        let number = number % Self::COUNT;
        Self([b'0' + number / 10, b'0' + number % 10])
    }

    /// Reads two digits; `None` where it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 2] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The digits as they are shown.
    pub fn as_str(&self) -> &str {
        // They are ASCII alone.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for MatchDigits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for MatchDigits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MatchDigits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not two digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_read_as_they_are_written() {
        for number in 0..MatchDigits::COUNT {
            let digits = MatchDigits::of_number(number);
            assert_eq!(MatchDigits::parse(digits.as_str()), Some(digits));
            assert_eq!(digits.as_str().parse::<u8>(), Ok(number));
        }
        for none in ["", "4", "042", "4a", "٤٢", " 4"] {
            assert_eq!(MatchDigits::parse(none), None, "{none}");
        }
    }

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
