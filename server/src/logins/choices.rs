//! The digits that a login's sender chooses from in WhatsApp, of which one row is shown where the login began.
//!
//! They are derived from the login's random seed alone. Whoever reads the database could read them from the page of their
//! own login as well: what they lack is the phone on which they are chosen.

use loggin_protocol::{Code, MatchDigits};
use sha2::{Digest, Sha256};

use crate::store::Login;

/// What the hash is made for.
const DOMAIN: &[u8] = b"loggin match v1\n";

/// Rows of digits in the message: as many as WhatsApp shows buttons.
pub(crate) const ROWS: usize = 3;

/// What stands before a login's reference in the id of a button with digits; the digits follow it.
pub(crate) const MATCH: &str = "match:";

/// Three rows of digits, no two of which are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    /// What the page shows.
    pub(crate) right: MatchDigits,
    /// What WhatsApp shows, in this order.
    pub(crate) rows: [MatchDigits; ROWS],
}

impl Choices {
    /// The rows of a login; `None` where it has none, or none any more.
    pub(crate) fn of(login: &Login) -> Option<Self> {
        login.confirmation.as_ref().map(|seed| Self::of_seed(login.code, seed))
    }

    /// The bias of each draw is below one in 2^56.
    fn of_seed(code: Code, seed: &[u8; 32]) -> Self {
        let hash =
            Sha256::new().chain_update(DOMAIN).chain_update(code.expose().as_bytes()).chain_update(seed);
        let hash: [u8; 32] = hash.finalize().into();
        let mut draws = hash.chunks_exact(8);
        let mut below = |limit: u8| {
            let bytes = draws.next().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
            // What is left of a division by a byte is one.
            u8::try_from(u64::from_le_bytes(bytes) % u64::from(limit)).unwrap_or_default()
        };
        let count = MatchDigits::COUNT;
        let first = below(count);
        let second = (first + 1 + below(count - 1)) % count;
        // Of the rest, which two are left out of.
        let (low, high) = (first.min(second), first.max(second));
        let mut third = below(count - 2);
        third += u8::from(third >= low);
        third += u8::from(third >= high);
        let rows = [first, second, third].map(MatchDigits::of_number);
        let right = rows[usize::from(below(3)) % ROWS];
        Self { right, rows }
    }
}

/// The id of the button with these digits.
pub(crate) fn button(reference: &str, digits: MatchDigits) -> String {
    format!("{MATCH}{reference}:{digits}")
}

/// The reference and the digits in the id of a button; `None` where it is another button.
pub(crate) fn read_button(id: &str) -> Option<(&str, MatchDigits)> {
    let (reference, digits) = id.strip_prefix(MATCH)?.split_once(':')?;
    Some((reference, MatchDigits::parse(digits)?))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::tests::token;

    fn choices(seed: u16) -> Choices {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&seed.to_le_bytes());
        Choices::of_seed(token(1).code(), &bytes)
    }

    #[test]
    fn rows_differ_and_the_right_one_is_any_of_them_as_often() {
        let mut places = [0_u32; ROWS];
        let mut seen = HashSet::new();
        for seed in 0..10_000 {
            let Choices { right, rows } = choices(seed);
            assert_eq!(rows.iter().collect::<HashSet<_>>().len(), ROWS);
            places[rows.iter().position(|row| *row == right).unwrap()] += 1;
            seen.insert(right);
        }
        // 3,333 each; seven standard deviations are 330.
        assert!(places.iter().all(|count| (3_003..=3_663).contains(count)), "{places:?}");
        assert_eq!(seen.len(), usize::from(MatchDigits::COUNT));
    }

    #[test]
    fn rows_are_those_of_their_login_and_seed() {
        assert_eq!(choices(1), choices(1));
        assert_ne!(choices(1), choices(2));
        assert_ne!(Choices::of_seed(token(2).code(), &[0; 32]), Choices::of_seed(token(1).code(), &[0; 32]));
    }

    #[test]
    fn a_button_is_read_as_it_was_written() {
        let digits = MatchDigits::of_number(7);
        assert_eq!(read_button(&button("reference", digits)), Some(("reference", digits)));
        for other in ["", "not-me:reference", "match:reference", "match:reference:7", "match:a:b:07"] {
            assert_eq!(read_button(other), None, "{other}");
        }
    }
}
