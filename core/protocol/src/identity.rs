//! Who a person is at an app, whatever becomes of their number.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    base32,
    error::{Error, ErrorCode},
    status::Status,
};

/// Prefix of a subject.
const SUBJECT_PREFIX: &str = "lgsu_";

/// A person at an app: `lgsu_` and 32 symbols. It stays the same when the person's number or WhatsApp user id changes, and
/// each app has another one: the key of an app's table of users.
///
/// It opens nothing, but it stands for a person: `Debug` and `Display` do not show it.
///
/// ```
/// use loggin_protocol::Subject;
///
/// let subject = Subject::parse("lgsu_000G40R40M30E209185GR38E1W8124GK")?;
/// assert_eq!(subject.expose(), "lgsu_000G40R40M30E209185GR38E1W8124GK");
/// assert_eq!(format!("{subject:?} {subject}"), "Subject(<redacted>) <redacted>");
/// # Ok::<(), loggin_protocol::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; Self::RANDOM_BYTES]);

impl Subject {
    /// Bytes of randomness that a subject is made of: 160 bits.
    pub const RANDOM_BYTES: usize = 20;

    /// Makes a subject of 20 random bytes.
    pub fn from_random(bytes: [u8; Self::RANDOM_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads a subject; lower case is accepted.
    ///
    /// # Errors
    /// `invalid_request` where it is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        text.strip_prefix(SUBJECT_PREFIX)
            .and_then(|symbols| base32::decode(symbols.as_bytes()))
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::InvalidRequest, "A subject is lgsu_ and 32 symbols."))
    }

    /// The text, as an app keeps it.
    pub fn expose(&self) -> String {
        format!("{SUBJECT_PREFIX}{}", base32::encode(&self.0))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Subject(<redacted>)")
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("<redacted>")
    }
}

impl Serialize for Subject {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.expose())
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("not a subject"))
    }
}

/// How sure it is that the person is the one who signed in before. The list is open: whoever is careful asks for more
/// whenever it is not [`Assurance::Normal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assurance {
    /// Nothing has changed since the person's last login at this app.
    Normal,
    /// The number, or who owns it, is new to this subject since the last login: said once, at the first login after the
    /// change. An app may ask for something that only the old owner knows.
    Changed,
    /// A value that this version does not know.
    Unrecognized(Status),
}

impl Assurance {
    /// The value as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Normal => "normal",
            Self::Changed => "changed",
            Self::Unrecognized(status) => status.as_str(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "normal" => Some(Self::Normal),
            "changed" => Some(Self::Changed),
            _ => Status::parse(text).map(Self::Unrecognized),
        }
    }
}

impl Serialize for Assurance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Assurance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an assurance"))
    }
}

/// Whether a caller needs the phone number of whoever signs in. A person may hide it from businesses in WhatsApp.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneNeed {
    /// A login without a phone is `phone_hidden`, and nothing is spent by it.
    #[default]
    Required,
    /// The caller takes sessions without one.
    Optional,
}

impl PhoneNeed {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Required, Self::Optional];

    /// The need of a caller who says whether it requires the phone.
    pub fn of(is_required: bool) -> Self {
        if is_required { Self::Required } else { Self::Optional }
    }

    /// The name as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(crate) fn is_required(&self) -> bool {
        *self == Self::Required
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_back_as_it_is_written() {
        for byte in [0, 0x5a, 0xff] {
            let subject = Subject::from_random([byte; Subject::RANDOM_BYTES]);
            let written = serde_json::to_value(subject).unwrap();
            assert_eq!(written, subject.expose());
            assert_eq!(serde_json::from_value::<Subject>(written).unwrap(), subject);
        }
        let zeros = "lgsu_00000000000000000000000000000000";
        assert_eq!(Subject::from_random([0; 20]).expose(), zeros);
        let (short, long) = (&zeros[..zeros.len() - 1], format!("{zeros}0"));
        let (other, unlucky) = (zeros.replace("lgsu", "lgsk"), zeros.replacen("00", "U0", 1));
        for none in ["", "lgsu_", "919876543210", short, &long, &other, &unlucky] {
            assert_eq!(Subject::parse(none).unwrap_err().code(), ErrorCode::InvalidRequest, "{none}");
        }
    }

    #[test]
    fn every_assurance_is_read_as_it_is_written() {
        for (written, assurance) in [("normal", Assurance::Normal), ("changed", Assurance::Changed)] {
            assert_eq!(serde_json::from_value::<Assurance>(written.into()).unwrap(), assurance);
            assert_eq!(serde_json::to_value(assurance).unwrap(), written);
        }
        let newer: Assurance = serde_json::from_value("device_bound".into()).unwrap();
        assert!(matches!(newer, Assurance::Unrecognized(_)));
        assert_eq!(serde_json::to_value(newer).unwrap(), "device_bound");
        for none in ["null", "1", "\"\"", "\"Very sure!\""] {
            assert!(serde_json::from_str::<Assurance>(none).is_err(), "{none}");
        }
    }
}
