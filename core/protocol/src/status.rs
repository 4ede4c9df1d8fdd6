//! Names of the wire that a newer server may add to: what a program hands on without knowing it.

use std::fmt;

/// A name that this version does not know, of a status or the like: lower-case letters, digits and underscores.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    length: u8,
    bytes: [u8; Self::MAX_LENGTH],
}

impl Status {
    /// Longest name that is believed, in bytes.
    const MAX_LENGTH: usize = 39;

    pub(crate) fn parse(name: &str) -> Option<Self> {
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
