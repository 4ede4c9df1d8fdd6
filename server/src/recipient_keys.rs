//! What the recipients of messages are called, for counting and pausing: a MAC, so that who reads the database cannot
//! find the number by trying them all.

use loggin::PhoneNumber;

use crate::{mac_keys::MacKeys, phones};

/// What the keys are derived for.
const DOMAIN: &[u8] = b"loggin recipient v1\n";

/// Names recipients.
#[derive(Debug)]
pub(crate) struct RecipientKeys(MacKeys);

impl RecipientKeys {
    /// `secrets` are kept out of the database; the first is in use.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(MacKeys::derive(secrets, DOMAIN))
    }

    /// The account of a phone number: every form of it is one recipient.
    pub(crate) fn of_phone(&self, phone: &PhoneNumber) -> [u8; 32] {
        self.0.mac(b"phone", phones::account(phone).as_bytes())
    }

    /// A person whose number is not known.
    pub(crate) fn of_user_id(&self, user_id: &str) -> [u8; 32] {
        self.0.mac(b"user id", user_id.as_bytes())
    }
}
