//! What the link in WhatsApp brings to the page where a login began, in place of the digits.
//!
//! The page hands it in with the login's token, so that neither opens anything alone: a link that was forwarded, stolen
//! or fetched by a robot is worth nothing without the browser that began. It is derived like the digits, and is too long to
//! be guessed, so a wrong one costs no try.

use std::fmt;

use loggin_protocol::{Code, base32};
use subtle::ConstantTimeEq;

use crate::crypto::MacKeys;

/// What the keys are derived for.
const DOMAIN: &[u8] = b"loggin return v1\n";

/// Bytes of a value: 160 bits, as of a token, which have no symbol that is filled up.
const BYTES: usize = 20;

/// What stands before it in a link. Browsers send no fragment to a server, so that it reaches no log on the way.
const FRAGMENT: &str = "#loggin=";

/// Symbols before it, the last of the login's code, by which a browser finds which of its logins is meant.
const NAME: usize = 5;

/// What a link brings, without the name. It redacts itself.
#[derive(Clone)]
pub(crate) struct ReturnCode([u8; BYTES]);

impl ReturnCode {
    /// Reads what a page hands in; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        base32::decode(text.trim().as_bytes().get(NAME..)?).map(Self)
    }

    /// The link that brings it to the page where this login began.
    pub(crate) fn link(&self, page: &str, code: Code) -> String {
        let code = code.expose();
        let name = code.get(code.len().saturating_sub(NAME)..).unwrap_or_default();
        format!("{page}{FRAGMENT}{name}{}", base32::encode(&self.0))
    }

    fn of_mac(mac: &[u8; 32]) -> Self {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(&mac[..BYTES]);
        Self(bytes)
    }
}

impl fmt::Debug for ReturnCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReturnCode(<redacted>)")
    }
}

/// Makes and checks them.
pub(super) struct ReturnCodes(MacKeys);

impl ReturnCodes {
    /// `secrets` are kept out of the database; the first is in use, the others are being replaced.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(MacKeys::derive(secrets, DOMAIN))
    }

    /// That of a login with this seed.
    pub(super) fn of(&self, code: Code, seed: &[u8; 32]) -> ReturnCode {
        ReturnCode::of_mac(&self.0.mac(code.expose().as_bytes(), seed))
    }

    /// Whether this is that of the login, under any of the keys.
    pub(super) fn check(&self, code: Code, seed: &[u8; 32], given: &ReturnCode) -> bool {
        let macs = self.0.macs(code.expose().as_bytes(), seed);
        let matching = macs.iter().map(|mac| bool::from(ReturnCode::of_mac(mac).0.ct_eq(&given.0)));
        matching.fold(false, |found, is_equal| found | is_equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::token;

    fn codes(secrets: &[&str]) -> ReturnCodes {
        ReturnCodes::new(secrets.iter().map(|secret| secret.as_bytes()))
    }

    fn read(link: &str) -> ReturnCode {
        ReturnCode::parse(link.rsplit_once('=').unwrap().1).unwrap()
    }

    #[test]
    fn what_a_link_brings_is_that_of_its_login_and_seed() {
        let (codes, one, other) = (codes(&["secret"]), token(1).code(), token(2).code());
        let link = codes.of(one, &[1; 32]).link("https://shop.example/login", one);
        let (page, value) = link.split_once("#loggin=").unwrap();
        assert_eq!((page, value.len()), ("https://shop.example/login", 37));
        assert!(one.expose().ends_with(&value[..5]));
        assert!(codes.check(one, &[1; 32], &read(&link)));
        assert!(codes.check(one, &[1; 32], &read(&link.to_lowercase())));
        assert!(!codes.check(other, &[1; 32], &read(&link)));
        assert!(!codes.check(one, &[2; 32], &read(&link)));
    }

    #[test]
    fn it_holds_while_its_secret_is_replaced() {
        let code = token(1).code();
        let sent = codes(&["old"]).of(code, &[1; 32]);
        assert!(codes(&["new", "old"]).check(code, &[1; 32], &sent));
        assert!(!codes(&["new"]).check(code, &[1; 32], &sent));
    }

    #[test]
    fn nothing_else_is_one_and_none_is_printed() {
        for text in [
            "",
            "123456",
            &"0".repeat(36),
            &"0".repeat(38),
            &"U".repeat(37),
            "0000ä",
            &token(1).code().expose(),
        ] {
            assert!(ReturnCode::parse(text).is_none(), "{text}");
        }
        let value = ReturnCode::parse(&"Z".repeat(37)).unwrap();
        assert_eq!(format!("{value:?}"), "ReturnCode(<redacted>)");
    }
}
