//! Who may operate a server by its console, and the calls for them that every store offers.

use async_trait::async_trait;

use super::StoreError;
use crate::clock::UnixMillis;

/// What somebody may do; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Look.
    Viewer,
    /// Change apps and their keys.
    Operator,
    /// Change who may do what.
    Owner,
}

impl Role {
    /// Its name, on the command line and in the audit.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }
}

/// Somebody who operates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    /// As the console knows them, in lower case.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) created_at: UnixMillis,
}

/// Where operators are kept. Administrators change them: see [`super::Act`].
#[async_trait]
pub(crate) trait OperatorStore {
    /// All operators, by their names.
    async fn operators(&self) -> Result<Vec<Operator>, StoreError>;
}
