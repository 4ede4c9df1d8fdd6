//! The bytes of a webhook call and the signature over exactly those bytes.
//!
//! Meta sends JSON in ASCII: everything else is written `\u` with lower-case hexadecimal digits, and `/` as `\/`. A
//! server that parses and serialises again before it checks the signature fails here as it would with Meta.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

/// How the characters outside ASCII are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// As Meta does.
    #[default]
    Ascii,
    /// Plain UTF-8, which a server must accept too.
    None,
}

/// How a webhook call is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signing {
    #[default]
    Valid,
    /// A well-formed signature that some other secret made.
    Wrong,
    /// No header at all.
    Missing,
}

/// The JSON of a webhook call.
pub(crate) fn encode(payload: &Value, escaping: Escaping) -> Vec<u8> {
    let json = payload.to_string();
    match escaping {
        Escaping::Ascii => escape(&json).into_bytes(),
        Escaping::None => json.into_bytes(),
    }
}

/// The value of `X-Hub-Signature-256` for a body.
pub(crate) fn signature(secret: &SecretString, body: &[u8]) -> String {
    // HMAC takes a key of any length, so the error that the type allows for cannot happen.
    let tag = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map(|mac| HEXLOWER.encode(&mac.chain_update(body).finalize().into_bytes()))
        .unwrap_or_default();
    format!("sha256={tag}")
}

/// A `/` and a character outside ASCII stand within strings only, so that the text need not be parsed again.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len() + json.len() / 8);
    for symbol in json.chars() {
        match symbol {
            '/' => escaped.push_str("\\/"),
            ' '..='~' => escaped.push(symbol),
            _ => {
                for unit in symbol.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret() -> SecretString {
        SecretString::from("test_app_secret")
    }

    #[test]
    fn signs_as_the_published_vector() {
        assert_eq!(
            signature(&secret(), br#"{"object":"whatsapp_business_account","entry":[]}"#),
            "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"
        );
    }

    #[test]
    fn white_space_changes_the_signature() {
        let spaced = signature(&secret(), br#"{"object": "whatsapp_business_account", "entry": []}"#);
        assert!(spaced.starts_with("sha256=56cbbaf4") && spaced.ends_with("f803a"), "{spaced}");
    }

    #[test]
    fn writes_ascii_with_lower_case_digits() {
        let payload = json!({"text": "äöå / 😀 \u{7f} \"q\" a\\b\n"});
        assert_eq!(
            String::from_utf8(encode(&payload, Escaping::Ascii)).unwrap(),
            r#"{"text":"\u00e4\u00f6\u00e5 \/ \ud83d\ude00 \u007f \"q\" a\\b\n"}"#
        );
    }

    #[test]
    fn both_writings_read_the_same() {
        let payload = json!({"text": "Ünïcode ✓ 漢字 😀 C:\\/ \u{202e}"});
        let ascii = encode(&payload, Escaping::Ascii);
        assert!(ascii.is_ascii());
        assert_eq!(serde_json::from_slice::<Value>(&ascii).unwrap(), payload);
        let plain = encode(&payload, Escaping::None);
        assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap(), payload);
        assert_ne!(signature(&secret(), &ascii), signature(&secret(), &plain));
    }
}
