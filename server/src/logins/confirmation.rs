//! The digits that a login's sender is given, to be typed where the login began.
//!
//! They are derived from a random seed, which the store keeps, under a key that it does not: who reads the database learns
//! no digits, and the same digits can be sent again after a restart.

use std::fmt;

use loggin_protocol::Code;
use subtle::ConstantTimeEq;

use super::return_codes::{ReturnCode, ReturnCodes};
use crate::{
    crypto::{Digits, MacKeys},
    store::Login,
};

/// What the keys are derived for.
const DOMAIN: &[u8] = b"loggin confirmation v2\n";

/// Digits of a confirmation code.
pub(crate) const DIGITS: u8 = 6;

/// What is handed in where a login began.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given<'a> {
    /// Digits that were typed.
    Digits(&'a str),
    /// What the link in WhatsApp brought there.
    Return(&'a ReturnCode),
}

/// Makes and checks the digits, and what stands for them in a link.
pub(crate) struct ConfirmationCodes {
    digits: MacKeys,
    returns: ReturnCodes,
}

impl ConfirmationCodes {
    /// `secrets` are kept out of the database; the first is in use, the others are being replaced.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]> + Clone) -> Self {
        Self { digits: MacKeys::derive(secrets.clone(), DOMAIN), returns: ReturnCodes::new(secrets) }
    }

    /// The digits of a login with this seed.
    pub(crate) fn digits(&self, code: Code, seed: &[u8; 32]) -> Digits {
        Digits::of_bytes(&self.digits.mac(code.expose().as_bytes(), seed), DIGITS)
    }

    /// Whether these are the digits, under any of the keys: a code that was sent holds while its secret is replaced.
    pub(crate) fn check(&self, code: Code, seed: &[u8; 32], typed: &str) -> bool {
        let macs = self.digits.macs(code.expose().as_bytes(), seed);
        let matching = macs.iter().map(|mac| Digits::of_bytes(mac, DIGITS)).map(|digits| {
            let (digits, typed) = (digits.expose().as_bytes(), typed.as_bytes());
            bool::from(digits.ct_eq(typed))
        });
        matching.fold(false, |found, is_equal| found | is_equal)
    }

    /// What the link back of a login brings, in place of the digits.
    pub(crate) fn return_code(&self, code: Code, seed: &[u8; 32]) -> ReturnCode {
        self.returns.of(code, seed)
    }

    /// Whether what was handed in confirms the login.
    pub(super) fn confirms(&self, login: &Login, given: &Given<'_>) -> bool {
        let Some(seed) = &login.confirmation else { return false };
        match given {
            Given::Digits(digits) => self.check(login.code, seed, digits),
            // Where no link was sent nobody has what it would bring.
            Given::Return(value) => {
                let has_link = login.asker.as_ref().is_some_and(|asker| asker.return_to.is_some());
                has_link && self.returns.check(login.code, seed, value)
            }
        }
    }
}

impl fmt::Debug for ConfirmationCodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ConfirmationCodes(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::token;

    fn codes(secrets: &[&str]) -> ConfirmationCodes {
        ConfirmationCodes::new(secrets.iter().map(|secret| secret.as_bytes()))
    }

    #[test]
    fn the_digits_are_those_of_their_login_and_seed() {
        let codes = codes(&["secret"]);
        let (one, other) = (token(1).code(), token(2).code());
        let digits = codes.digits(one, &[1; 32]);
        assert_eq!(digits.expose().len(), usize::from(DIGITS));
        assert_eq!(codes.digits(one, &[1; 32]), digits);
        assert!(codes.check(one, &[1; 32], digits.expose()));
        assert!(!codes.check(other, &[1; 32], digits.expose()));
        assert!(!codes.check(one, &[2; 32], digits.expose()));
        assert!(!codes.check(one, &[1; 32], ""));
    }

    #[test]
    fn digits_hold_while_their_secret_is_replaced() {
        let code = token(1).code();
        let sent = codes(&["old"]).digits(code, &[1; 32]);
        assert!(codes(&["new", "old"]).check(code, &[1; 32], sent.expose()));
        assert!(!codes(&["new"]).check(code, &[1; 32], sent.expose()));
    }
}
