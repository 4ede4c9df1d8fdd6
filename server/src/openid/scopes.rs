//! What a client may be told, and may do: scopes.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// Who somebody is.
    OpenId,
    /// Their number, and their user id at WhatsApp.
    Phone,
    /// An address that stands for them, where the client has a domain for such.
    Email,
    /// Tokens that are good while nobody is there.
    OfflineAccess,
}

impl Scope {
    pub(crate) const ALL: [Self; 4] = [Self::OpenId, Self::Phone, Self::Email, Self::OfflineAccess];

    /// Its word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::OfflineAccess => "offline_access",
        }
    }
}

/// Some scopes, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes(u8);

impl Scopes {
    /// Those of a list that are known; others are passed over, as OpenID has it.
    pub(crate) fn parse(text: &str) -> Self {
        let known = |word: &str| Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
        text.split_ascii_whitespace().filter_map(known).collect()
    }

    pub(crate) fn has(self, scope: Scope) -> bool {
        self.0 & Self::bit(scope) != 0
    }

    /// The same without one.
    pub(crate) fn without(self, scope: Scope) -> Self {
        Self(self.0 & !Self::bit(scope))
    }

    /// Whether all of the others are among these.
    pub(crate) fn cover(self, others: Self) -> bool {
        others.0 & !self.0 == 0
    }

    /// These and the others.
    pub(crate) fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Each of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    fn bit(scope: Scope) -> u8 {
        1 << scope as u8
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | Self::bit(scope)))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&Cow::<'de, str>::deserialize(deserializer)?))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(Scope::as_str).collect();
        formatter.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written_as_words() {
        let scopes = Scopes::parse(" phone openid  profile phone ");
        assert_eq!(scopes.to_string(), "openid phone");
        assert!(scopes.has(Scope::Phone) && !scopes.has(Scope::Email));
        assert!(scopes.cover(Scopes::parse("openid")) && !Scopes::parse("openid").cover(scopes));
        assert_eq!(scopes.without(Scope::Phone).with(Scopes::parse("email")), Scopes::parse("email openid"));
        assert_eq!(Scopes::parse("OPENID").to_string(), "");
    }
}
