//! The page that asks for a login, as the person is told of it.

use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;

/// Where a login began: what is known of the page that waits for it, or of the device that it is shown on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asker {
    /// The browser's name, such as `Firefox`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) browser: Option<String>,
    /// The system's name, such as `Windows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<String>,
    /// The region by its two letters (ISO 3166-1), as a trusted proxy named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// Its address, where the answer in WhatsApp may lead back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) return_to: Option<String>,
    /// When it asked first, in milliseconds since 1970.
    pub(crate) at: i64,
}

impl Asker {
    /// When it asked first.
    pub(crate) fn asked_at(&self) -> UnixMillis {
        UnixMillis(self.at)
    }

    /// A page of which nothing is known but where it is.
    pub(crate) fn at_address(return_to: String, now: UnixMillis) -> Self {
        Self { browser: None, system: None, region: None, return_to: Some(return_to), at: now.0 }
    }

    /// This page, with what another call for the same login says of it and nobody said before; `None` where that is nothing.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let return_to = other.return_to.clone().filter(|_| self.return_to.is_none())?;
        Some(Self { return_to: Some(return_to), ..self.clone() })
    }

    /// As the tables keep it.
    pub(super) fn to_text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Read from the tables. What a later version wrote otherwise is left out: it only informs.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
