//! What the database calls people that messages go to: a MAC of their number or user id, under a key that is not in
//! the database. A hash without a key would be no secret, as there are few numbers.

use loggin_protocol::PhoneNumber;

use crate::{crypto::MacKeys, phones};

/// What the keys are derived for.
const DOMAIN: &[u8] = b"loggin recipient v1\n";

/// Names recipients. One key is enough, that of the secret in use: what is kept of a recipient is over in minutes, and
/// after a change of the secret it begins anew.
#[derive(Clone, Debug)]
pub(crate) struct RecipientKeys(MacKeys);

impl RecipientKeys {
    /// Keys of WhatsApp's app secrets, the one in use first.
    pub(crate) fn derive<'a>(app_secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(MacKeys::derive(app_secrets, DOMAIN))
    }

    /// The recipient with this number; every form of one account's number is one recipient.
    pub(crate) fn of_phone(&self, phone: &PhoneNumber) -> [u8; 32] {
        self.0.mac(b"phone", phones::account(phone).as_bytes())
    }

    /// What this person is called under every key, those in rotation among them: by their numbers and user ids.
    pub(crate) fn all_of(&self, phones: &[PhoneNumber], user_ids: &[String]) -> Vec<[u8; 32]> {
        let of_phone = |phone| self.0.macs(b"phone", phones::account(phone).as_bytes());
        let of_user_id = |user_id: &String| self.0.macs(b"user id", user_id.as_bytes());
        phones.iter().flat_map(of_phone).chain(user_ids.iter().flat_map(of_user_id)).collect()
    }

    /// The recipient with this business-scoped user id.
    pub(crate) fn of_user_id(&self, user_id: &str) -> [u8; 32] {
        self.0.mac(b"user id", user_id.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str) -> RecipientKeys {
        RecipientKeys::derive([secret.as_bytes()])
    }

    fn phone(digits: &str) -> PhoneNumber {
        PhoneNumber::parse(digits).unwrap()
    }

    #[test]
    fn a_recipient_has_one_name_under_a_key() {
        let one = keys("one").of_phone(&phone("5215512345678"));
        assert_eq!(one, keys("one").of_phone(&phone("525512345678")));
        assert_ne!(one, keys("one").of_phone(&phone("525512345679")));
        assert_ne!(one, keys("two").of_phone(&phone("525512345678")));
        assert_ne!(one, keys("one").of_user_id("525512345678"));
        assert_eq!(keys("one").of_user_id("IN.1"), keys("one").of_user_id("IN.1"));
        assert_ne!(keys("one").of_user_id("IN.1"), keys("one").of_user_id("IN.2"));
        let both = RecipientKeys::derive([b"two".as_slice(), b"one"]);
        let expected = [
            keys("two").of_phone(&phone("525512345678")),
            one,
            keys("two").of_user_id("IN.1"),
            keys("one").of_user_id("IN.1"),
        ];
        assert_eq!(both.all_of(&[phone("5215512345678")], &["IN.1".to_owned()]), expected);
    }
}
