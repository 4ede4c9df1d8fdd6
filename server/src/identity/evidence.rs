//! What WhatsApp shows of a person at one moment.

use std::fmt;

use loggin_protocol::PhoneNumber;

use crate::{store::Login, whatsapp::Sender};

/// Names that WhatsApp shows together, or the only one that it shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) phone: Option<PhoneNumber>,
    pub(crate) user_id: Option<String>,
    pub(crate) parent_user_id: Option<String>,
    /// Hash of what WhatsApp calls the key of the account.
    pub(crate) identity_key: Option<[u8; 32]>,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Evidence").finish_non_exhaustive()
    }
}

impl From<&Sender> for Evidence {
    fn from(sender: &Sender) -> Self {
        Self {
            phone: sender.phone.clone(),
            user_id: sender.user_id.clone(),
            parent_user_id: sender.parent_user_id.clone(),
            identity_key: sender.identity_key,
        }
    }
}

impl Evidence {
    /// What a login says of its sender, of which a node of an earlier version did not make out who it is.
    pub(crate) fn of_login(login: &Login) -> Self {
        Self { phone: login.phone.clone(), user_id: login.user_id.clone(), ..Self::default() }
    }
}
