//! The signature of a webhook call: HMAC-SHA256 over the bytes as they were received.
//!
//! It is checked before anything is parsed. WhatsApp signs the body as it stands on the wire, with its escapes:
//! JSON that was read and written again does not verify.

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What the header's value begins with.
const PREFIX: &str = "sha256=";

/// Bytes of an HMAC-SHA256.
const TAG_BYTES: usize = 32;

/// The secret of the Meta app that webhooks are signed with.
#[derive(Clone, Debug)]
pub(crate) struct AppSecret(SecretString);

impl AppSecret {
    /// Takes a secret; white space around it is cut off. `None` where nothing is left: anybody can sign with an
    /// empty secret.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }
}

/// Whether one of the secrets signed this body; `header` is the value of `X-Hub-Signature-256`.
///
/// There are several while a secret is being replaced. Each is tried in constant time, and all are, so that the
/// time does not tell which one it was.
pub(crate) fn verify_signature(secrets: &[AppSecret], header: Option<&str>, body: &[u8]) -> bool {
    let Some(tag) = header.and_then(parse_tag) else {
        return false;
    };
    secrets.iter().fold(false, |verified, secret| verified | signed_by(secret, &tag, body))
}

/// What a call with this body carries as `X-Hub-Signature-256`.
pub(crate) fn sign(secret: &AppSecret, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.0.expose_secret().as_bytes());
    // HMAC takes keys of every length, so there always is one.
    let tag = mac.map(|mac| HEXLOWER_PERMISSIVE.encode(&mac.chain_update(body).finalize().into_bytes()));
    format!("{PREFIX}{}", tag.unwrap_or_default())
}

/// Whether a value of `X-Hub-Signature-256` has the form of a signature. Whose it is only the body tells.
pub(crate) fn is_signature(header: &str) -> bool {
    parse_tag(header).is_some()
}

/// Reads `sha256=` and 64 hexadecimal digits.
fn parse_tag(header: &str) -> Option<[u8; TAG_BYTES]> {
    let digits = header.trim().strip_prefix(PREFIX)?.as_bytes();
    if digits.len() != 2 * TAG_BYTES {
        return None;
    }
    let mut tag = [0; TAG_BYTES];
    HEXLOWER_PERMISSIVE.decode_mut(digits, &mut tag).ok()?;
    Some(tag)
}

fn signed_by(secret: &AppSecret, tag: &[u8], body: &[u8]) -> bool {
    // HMAC takes keys of every length, so this never fails; if it did, nothing would verify.
    Hmac::<Sha256>::new_from_slice(secret.0.expose_secret().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(tag).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    const TAG: &str = "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";

    fn secrets(texts: &[&str]) -> Vec<AppSecret> {
        texts.iter().map(|text| AppSecret::new(text).unwrap()).collect()
    }

    fn header() -> String {
        format!("{PREFIX}{TAG}")
    }

    #[test]
    fn a_signature_over_the_exact_bytes_verifies() {
        assert!(verify_signature(&secrets(&["test_app_secret"]), Some(&header()), BODY));
    }

    #[test]
    fn a_body_is_signed_as_whatsapp_signs_it() {
        let secret = AppSecret::new("test_app_secret").unwrap();
        assert_eq!(sign(&secret, BODY), header());
    }

    #[test]
    fn the_same_json_in_other_bytes_does_not() {
        let spaced = br#"{"object": "whatsapp_business_account", "entry": []}"#;
        assert!(!verify_signature(&secrets(&["test_app_secret"]), Some(&header()), spaced));
        let changed = [BODY, b"\n"].concat();
        assert!(!verify_signature(&secrets(&["test_app_secret"]), Some(&header()), &changed));
    }

    #[test]
    fn one_of_several_secrets_is_enough_wherever_it_stands() {
        for order in [["test_app_secret", "old"], ["old", "test_app_secret"]] {
            assert!(verify_signature(&secrets(&order), Some(&header()), BODY), "{order:?}");
        }
        assert!(!verify_signature(&secrets(&["old", "older"]), Some(&header()), BODY));
        assert!(!verify_signature(&[], Some(&header()), BODY));
    }

    #[test]
    fn headers_of_another_shape_are_refused() {
        let secrets = secrets(&["test_app_secret"]);
        let shapes = [
            String::new(),
            PREFIX.to_owned(),
            TAG.to_owned(),
            format!("sha1={TAG}"),
            format!("sha256={}", &TAG[2..]),
            format!("sha256={TAG}00"),
            format!("sha256={}zz", &TAG[2..]),
            format!("sha256={}\u{e9}", &TAG[2..]),
            format!("sha256={TAG},sha256={TAG}"),
        ];
        assert!(!verify_signature(&secrets, None, BODY));
        for shape in shapes {
            assert!(!verify_signature(&secrets, Some(&shape), BODY), "{shape}");
        }
    }

    #[test]
    fn an_empty_secret_is_none_and_a_secret_is_never_shown() {
        assert!(AppSecret::new(" \n").is_none());
        assert!(!format!("{:?}", secrets(&["s3cret"])).contains("s3cret"));
    }
}
