//! The six digits that an app with `confirm = code` has typed where the login began.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use loggin::Code;
use sha2::Sha256;

use crate::clock::{Random, random_below};

/// Numbers of six digits.
const NUMBERS: u32 = 1_000_000;

/// Domain separation of the keys that are derived from a secret of the configuration.
const KEY_DOMAIN: &[u8] = b"loggin confirmation v1\n";

/// Six digits; they redact themselves.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Digits(String);

impl Digits {
    pub(crate) fn random(random: &dyn Random) -> Self {
        Self(format!("{:06}", random_below(random, NUMBERS)))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digits(<redacted>)")
    }
}

/// Keys under which digits are kept, none of which is in the database: who reads that learns no digits.
///
/// They come from secrets that every node has and that are rotated: the first makes, all check.
#[derive(Clone)]
pub(crate) struct ConfirmationKeys(Vec<Hmac<Sha256>>);

impl ConfirmationKeys {
    /// Keys of these secrets, the one in use first.
    pub(crate) fn derive<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let derive = |secret: &[u8]| {
            let mut mac = keyed(secret);
            mac.update(KEY_DOMAIN);
            keyed(&mac.finalize().into_bytes())
        };
        Self(secrets.into_iter().map(derive).collect())
    }

    /// The MAC of digits for a login.
    pub(crate) fn mac(&self, code: Code, digits: &str) -> [u8; 32] {
        let key = self.0.first().cloned().unwrap_or_else(|| keyed(&[]));
        bound(key, code, digits).finalize().into_bytes().into()
    }

    /// Whether these digits have this MAC, in a time that does not tell how nearly.
    pub(crate) fn check(&self, mac: &[u8; 32], code: Code, digits: &str) -> bool {
        let matching = |key: &Hmac<Sha256>| {
            let mac = bound(key.clone(), code, digits).verify_slice(mac);
            mac.is_ok()
        };
        self.0.iter().any(matching)
    }
}

impl fmt::Debug for ConfirmationKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConfirmationKeys(<redacted>)")
    }
}

fn bound(key: Hmac<Sha256>, code: Code, digits: &str) -> Hmac<Sha256> {
    key.chain_update(code.expose()).chain_update(b"\n").chain_update(digits)
}

/// HMAC takes keys of any length.
fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::array::Array::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn digits_hold_for_their_login_and_for_secrets_in_rotation() {
        let code = |text: &str| Code::parse(text).unwrap();
        let one = code("8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB");
        let other = code("8XKPQ2WN-G9ZTK-B3R6P-P42D8-JHS6A");
        let old = ConfirmationKeys::derive([b"old".as_slice()]);
        let both = ConfirmationKeys::derive([b"new".as_slice(), b"old"]);
        let new = ConfirmationKeys::derive([b"new".as_slice()]);
        let mac = old.mac(one, "012345");
        assert!(both.check(&mac, one, "012345"));
        assert!(!both.check(&mac, one, "012346"));
        assert!(!both.check(&mac, other, "012345"));
        assert!(!new.check(&mac, one, "012345"));
    }

    #[test]
    fn digits_are_six() {
        for _ in 0..100 {
            let digits = Digits::random(&SystemRandom);
            assert_eq!(digits.expose().len(), 6);
            assert!(digits.expose().bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
