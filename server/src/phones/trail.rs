//! What the audit calls somebody who was told of, or forgotten.

use data_encoding::HEXLOWER;
use loggin_protocol::PhoneNumber;

use crate::{crypto::MacKeys, phones};

/// What the key is derived for.
const DOMAIN: &[u8] = b"loggin trail v1\n";

/// The name of a number in the audit: a MAC under the app secret in use. Whoever has the number and the secret finds
/// its rows again; nobody finds the number in them.
pub(crate) fn trail_name<'a>(app_secrets: impl IntoIterator<Item = &'a [u8]>, phone: &PhoneNumber) -> String {
    let keys = MacKeys::derive(app_secrets, DOMAIN);
    HEXLOWER.encode(&keys.mac(b"phone", phones::account(phone).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_number_has_one_name_under_a_key() {
        let name = |secret: &str, digits: &str| {
            trail_name([secret.as_bytes()], &PhoneNumber::parse(digits).unwrap())
        };
        assert_eq!(name("one", "5215512345678"), name("one", "525512345678"));
        assert_ne!(name("one", "525512345678"), name("one", "525512345679"));
        assert_ne!(name("one", "525512345678"), name("two", "525512345678"));
        assert!(!name("one", "525512345678").contains("5512345678"));
    }
}
