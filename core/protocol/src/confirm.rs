//! How much a person does, besides sending a message, before a login counts.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

/// What confirms a login: the policy of an app, the least that a caller accepts, and what was done for a session.
///
/// Each is worth more than those before it. What guessing costs decides: a person who taps one of three numbers without
/// looking is right once in three times, and one who types six digits without seeing them five times in a million.
///
/// ```
/// use loggin_protocol::Confirm;
///
/// assert!(Confirm::None < Confirm::Reply && Confirm::Reply < Confirm::Match && Confirm::Match < Confirm::Code);
/// assert_eq!(Confirm::parse("code").unwrap(), Confirm::Code);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confirm {
    /// The message alone.
    #[default]
    None,
    /// The message, and a reply by which the person can deny the login.
    Reply,
    /// The person chose, in WhatsApp, the digits that are shown where the login began.
    Match,
    /// The person typed, where the login began, the digits that WhatsApp showed.
    Code,
}

impl Confirm {
    /// Every one, from the least to the most.
    pub const ALL: [Self; 4] = [Self::None, Self::Reply, Self::Match, Self::Code];

    /// The name as it stands on the wire, in options and in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Reply => "reply",
            Self::Match => "match",
            Self::Code => "code",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `invalid_request` where it is none.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|confirm| confirm.as_str() == name);
        found.ok_or_else(|| {
            Error::new(ErrorCode::InvalidRequest, "`confirm` is `none`, `reply`, `match` or `code`.")
        })
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl fmt::Display for Confirm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Confirm {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Confirm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&name).map_err(|_| serde::de::Error::custom("not a way to confirm"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reads_back_and_is_worth_more_than_those_before_it() {
        for confirm in Confirm::ALL {
            let written = serde_json::to_value(confirm).unwrap();
            assert_eq!(serde_json::from_value::<Confirm>(written).unwrap(), confirm);
        }
        assert!(Confirm::ALL.is_sorted());
        for none in ["", "Code", "CODE ", "passkey"] {
            assert_eq!(Confirm::parse(none).unwrap_err().code(), ErrorCode::InvalidRequest);
        }
    }
}
