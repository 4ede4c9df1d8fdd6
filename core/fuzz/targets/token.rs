//! Identifiers: whatever parses has one canonical text, which parses to the same value.
#![cfg_attr(fuzzing, no_main)]

use loggin_protocol::{AppKey, Code, PhoneNumber, SecretKey, Token};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|text: &str| check(text));

pub(crate) fn check(text: &str) {
    if let Ok(app_key) = AppKey::parse(text) {
        assert_eq!(AppKey::parse(app_key.as_str()).as_ref(), Ok(&app_key));
    }
    if let Ok(token) = Token::parse(text) {
        let canonical = token.expose();
        assert!(canonical.eq_ignore_ascii_case(&read_as_digits(text)));
        assert!(Token::parse(&canonical) == Ok(token) && token.code().app_key() == token.app_key());
        assert!(Code::parse(&token.code().expose()) == Ok(token.code()));
    }
    if let Ok(key) = SecretKey::parse(text) {
        assert!(SecretKey::parse(&key.expose()) == Ok(key) && Token::parse(text).is_err());
    }
    if let Ok(code) = Code::parse(text) {
        assert!(Code::parse(&code.expose()) == Ok(code));
    }
    if let Ok(phone) = PhoneNumber::parse(text) {
        assert_eq!(phone.expose(), text.trim());
    }
}

/// The text with the digits that its letters are read as, after a prefix of letters.
fn read_as_digits(text: &str) -> String {
    let (prefix, symbols) = text.trim().split_at("lgn1_".len());
    prefix.to_owned() + &symbols.replace(['o', 'O'], "0").replace(['i', 'I', 'l', 'L'], "1")
}
