//! Identifiers that Meta would make: message ids, business-scoped user ids, trace ids, challenges.

use std::sync::{Mutex, PoisonError};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXUPPER};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use crate::number::Number;

/// Random bytes in a message id, written as twice as many hexadecimal digits.
const MESSAGE_RANDOM_BYTES: usize = 10;

/// Random bytes in a trace id.
const TRACE_BYTES: usize = 18;

/// Decimal digits of a business-scoped user id after its leading one.
const USER_ID_MODULUS: u64 = 10_000_000_000_000_000_000;

/// A source of identifiers; the same seed gives the same sequence.
pub(crate) struct Identifiers(Mutex<StdRng>);

impl Identifiers {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(Mutex::new(seed.map_or_else(rand::make_rng, StdRng::seed_from_u64)))
    }

    /// A message id. Like Meta's it looks opaque and holds the owner in plain sight for whoever decodes it, which is
    /// why a server must treat it like the number itself. `owner` is the phone's digits, or the user id of a phone
    /// that hides its number.
    pub(crate) fn message(&self, owner: &str) -> String {
        let random = HEXUPPER.encode(&self.random::<MESSAGE_RANDOM_BYTES>());
        let mut bytes = vec![0x1c, 0x18, u8::try_from(owner.len()).unwrap_or(u8::MAX)];
        bytes.extend_from_slice(owner.as_bytes());
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, 0x12, 0x18, 0x14]);
        bytes.extend_from_slice(random.as_bytes());
        bytes.push(0);
        format!("wamid.{}", BASE64.encode(&bytes))
    }

    /// The `fbtrace_id` of an error.
    pub(crate) fn trace(&self) -> String {
        format!("A{}", BASE64URL_NOPAD.encode(&self.random::<TRACE_BYTES>()))
    }

    /// The `hub.challenge` of a webhook verification.
    pub(crate) fn challenge(&self) -> String {
        u32::from_be_bytes(self.random()).to_string()
    }

    fn random<const BYTES: usize>(&self) -> [u8; BYTES] {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}

/// The user id of a number within the business portfolio `scope`: the same at every start, another one for another
/// portfolio or another number.
pub(crate) fn user_id(scope: &str, number: &Number) -> String {
    let digest =
        Sha256::new().chain_update(scope).chain_update("\n").chain_update(number.as_str()).finalize();
    let digits = digest.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    format!("{}.1{:019}", number.country(), digits % USER_ID_MODULUS)
}

/// Whether the text has the form of a business-scoped user id, parent ids included.
pub(crate) fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn a_seed_repeats_and_a_sequence_does_not() {
        let (first, second) = (Identifiers::new(Some(7)), Identifiers::new(Some(7)));
        let id = first.message("15550002222");
        assert_eq!(id, second.message("15550002222"));
        assert_ne!(id, first.message("15550002222"));
        assert!(id.starts_with("wamid.HBgL"), "the form that Meta's have for eleven digits");
    }

    #[test]
    fn user_ids_are_scoped_and_well_formed() {
        let id = user_id("1", &number("919876543210"));
        assert!(id.starts_with("IN.1") && is_user_id(&id));
        assert_eq!(id, user_id("1", &number("919876543210")));
        assert_ne!(id, user_id("2", &number("919876543210")));
        assert_ne!(id, user_id("1", &number("919876543211")));
    }

    #[test]
    fn tells_user_ids_from_numbers() {
        assert!(is_user_id("US.13491208655302741918") && is_user_id("US.ENT.118"));
        for text in ["15550002222", "us.1", "US.", "USA.1", "US.1 2", "US", ""] {
            assert!(!is_user_id(text), "{text}");
        }
    }
}
