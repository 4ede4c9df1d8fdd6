//! Proof Key for Code Exchange (RFC 7636), by SHA-256 alone: who redeems a code is who asked for it.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Symbols of a verifier.
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// Symbols of a challenge: a hash of 32 bytes.
const CHALLENGE: usize = 43;

/// Whether this is a challenge as RFC 7636 has it.
pub(super) fn is_challenge(challenge: &str) -> bool {
    challenge.len() == CHALLENGE && BASE64URL_NOPAD.decode(challenge.as_bytes()).is_ok()
}

/// Whether this verifier is what the challenge was made of.
pub(super) fn is_proof(challenge: &str, verifier: &str) -> bool {
    let is_unreserved = |symbol: u8| symbol.is_ascii_alphanumeric() || b"-._~".contains(&symbol);
    let is_verifier = VERIFIER.contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
    let made = BASE64URL_NOPAD.encode(&Sha256::digest(verifier));
    is_verifier && bool::from(made.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 7636.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_rfc_7636_proves_its_challenge() {
        assert!(is_challenge(CHALLENGE));
        assert!(is_proof(CHALLENGE, VERIFIER));
        let mut other = VERIFIER.to_owned();
        other.replace_range(0..1, "e");
        for wrong in
            [other.as_str(), CHALLENGE, "", &VERIFIER[1..], &format!("{VERIFIER}="), &"a".repeat(129)]
        {
            assert!(!is_proof(CHALLENGE, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_challenge_is_a_hash() {
        let padded = format!("{CHALLENGE}=");
        for wrong in ["", &CHALLENGE[1..], &padded, &"+".repeat(43), &"é".repeat(21)] {
            assert!(!is_challenge(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_verifier_is_as_long_as_the_rfc_has_it() {
        for (length, is_long_enough) in [(42, false), (43, true), (128, true), (129, false)] {
            let verifier = "a".repeat(length);
            let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(&verifier));
            assert_eq!(is_proof(&challenge, &verifier), is_long_enough, "{length}");
        }
        let unclean = format!("{}+", "a".repeat(43));
        assert!(!is_proof(&BASE64URL_NOPAD.encode(&Sha256::digest(&unclean)), &unclean));
    }
}
