//! Who acts, what they may do, and to which apps.

use loggin_protocol::AppKey;

use super::{AdministrationError, Missing};

/// One thing that somebody may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Right {
    /// See apps, and which secret keys they have.
    ReadApps,
    /// Add, change, pause and delete apps.
    WriteApps,
    /// Make, replace and revoke secret keys of apps.
    WriteKeys,
    /// See what became of logins and one-time codes.
    ReadLogs,
    /// See whole numbers.
    UnmaskPhones,
    /// See how many there were.
    ReadUsage,
    /// See endpoints of webhooks, and what became of deliveries.
    ReadWebhooks,
    /// Add, change, try and delete endpoints, and have events be delivered again.
    WriteWebhooks,
    /// See gateways, by which other servers have codes sent.
    ReadGateways,
    /// Add and delete gateways, and replace their secrets.
    WriteGateways,
    /// See who did what.
    ReadAudit,
    /// See and change test numbers, which are every app's.
    WriteTestNumbers,
    /// Say who may do what: people, and access keys.
    WriteAdmins,
}

impl Right {
    pub(crate) const ALL: [Self; 13] = [
        Self::ReadApps,
        Self::WriteApps,
        Self::WriteKeys,
        Self::ReadLogs,
        Self::UnmaskPhones,
        Self::ReadUsage,
        Self::ReadWebhooks,
        Self::WriteWebhooks,
        Self::ReadGateways,
        Self::WriteGateways,
        Self::ReadAudit,
        Self::WriteTestNumbers,
        Self::WriteAdmins,
    ];

    /// Its word: the scope of an access key.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ReadApps => "apps:read",
            Self::WriteApps => "apps:write",
            Self::WriteKeys => "keys:write",
            Self::ReadLogs => "logs:read",
            Self::UnmaskPhones => "phones:unmask",
            Self::ReadUsage => "usage:read",
            Self::ReadWebhooks => "webhooks:read",
            Self::WriteWebhooks => "webhooks:write",
            Self::ReadGateways => "gateways:read",
            Self::WriteGateways => "gateways:write",
            Self::ReadAudit => "audit:read",
            Self::WriteTestNumbers => "test_numbers:write",
            Self::WriteAdmins => "admins:write",
        }
    }

    /// The right with this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == word)
    }
}

/// Some rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights(u16);

impl Rights {
    /// All that there are.
    pub(crate) fn all() -> Self {
        Self::of(&Right::ALL)
    }

    /// These.
    pub(crate) fn of(rights: &[Right]) -> Self {
        rights.iter().copied().collect()
    }

    pub(crate) fn has(self, right: Right) -> bool {
        self.0 & Self::bit(right) != 0
    }

    /// Each of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    fn bit(right: Right) -> u16 {
        1 << right as u16
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        Self(rights.into_iter().fold(0, |bits, right| bits | Self::bit(right)))
    }
}

/// Somebody who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Actor {
    /// As the audit tells it.
    pub(crate) name: String,
    pub(crate) rights: Rights,
    /// The apps that they reach; all where none are named.
    pub(crate) apps: Option<Vec<AppKey>>,
}

impl Actor {
    /// Somebody who may do everything.
    pub(crate) fn with_all_rights(name: String) -> Self {
        Self { name, rights: Rights::all(), apps: None }
    }

    /// Whether this app is one of theirs.
    pub(crate) fn reaches(&self, app_key: AppKey) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(&app_key))
    }

    /// An error unless they have this right, on whatever they reach.
    pub(crate) fn check(&self, right: Right) -> Result<(), AdministrationError> {
        if self.rights.has(right) { Ok(()) } else { Err(AdministrationError::Forbidden(right)) }
    }

    /// An error unless they have this right on the whole server.
    pub(crate) fn check_everywhere(&self, right: Right) -> Result<(), AdministrationError> {
        self.check(right)?;
        if self.apps.is_none() { Ok(()) } else { Err(AdministrationError::Forbidden(right)) }
    }

    /// An error unless they have this right on this app.
    pub(crate) fn check_for(&self, right: Right, app_key: AppKey) -> Result<(), AdministrationError> {
        self.check(right)?;
        if self.reaches(app_key) {
            return Ok(());
        }
        Err(AdministrationError::NotFound(Missing::App(app_key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_right_that_has_it() {
        for right in Right::ALL {
            assert_eq!(Right::of_word(right.as_str()), Some(right));
            assert!(Rights::all().has(right) && !Rights::default().has(right));
            assert_eq!(Rights::of(&[right]).iter().collect::<Vec<_>>(), [right]);
        }
        assert_eq!(Right::of_word("apps"), None);
    }
}
