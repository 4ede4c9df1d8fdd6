//! Identifiers: app key, secret key, token, code and phone number.
//!
//! Each is canonical from the moment it is parsed. All but the app key redact themselves in `Debug` and
//! `Display`; `expose` gives the text, and is the one word to search for when asking where it goes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    base32,
    error::{Error, ErrorCode},
};

/// Symbols of an app key.
const APP_KEY_LEN: usize = 8;
/// Bytes of a token's or secret key's random part: 160 bits.
const SECRET_BYTES: usize = 20;
/// Symbols of a token's or secret key's random part.
const SECRET_SYMBOLS: usize = 32;
/// Symbols of a code after the app key: 100 bits.
const CODE_SYMBOLS: usize = 20;
/// Symbols in one group of a code.
const GROUP: usize = 5;
/// Domain separation of the code's hash.
const CODE_DOMAIN: &[u8] = b"loggin code v1\n";
/// Domain separation of the hash that names a login.
const LOGIN_ID_DOMAIN: &[u8] = b"loggin login id v1\n";
/// Prefix of a token.
const TOKEN_PREFIX: &str = "lgn1_";
/// Prefix of a secret key.
const SECRET_KEY_PREFIX: &str = "lgsk_";
/// Digits of a phone number as WhatsApp reports it: E.164 allows 15, the shortest in use have 6.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

/// `Debug` and `Display` of a type that must not be shown.
macro_rules! redacted {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(<redacted>)"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("<redacted>")
            }
        }
    };
}

/// Reading by the standard traits, as `parse` does.
macro_rules! parsed {
    ($($name:ident),+) => {$(
        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = Error;

            fn try_from(text: &String) -> Result<Self, Error> {
                Self::parse(text)
            }
        }
    )+};
}

parsed!(AppKey, Code, PhoneNumber, SecretKey, Token);

/// The public name of an app: 8 symbols, e.g. `8XKPQ2WN`. It may stand in a web page.
///
/// ```
/// # use loggin_protocol as loggin;
/// # use loggin::AppKey;
/// assert_eq!(AppKey::parse(" 8xkpq2wn ")?.as_str(), "8XKPQ2WN");
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey([u8; APP_KEY_LEN]);

impl AppKey {
    /// Bytes of randomness that an app key is made of.
    pub const RANDOM_BYTES: usize = 5;

    /// Makes an app key of 5 random bytes.
    pub fn from_random(bytes: [u8; Self::RANDOM_BYTES]) -> Self {
        let symbols = base32::encode(&bytes).into_bytes();
        Self(symbols.first_chunk().copied().unwrap_or([b'0'; APP_KEY_LEN]))
    }

    /// Reads an app key; lower case and surrounding white space are accepted.
    ///
    /// # Errors
    /// `invalid_app_key` where it is not 8 symbols of Crockford base32.
    pub fn parse(text: &str) -> Result<Self, Error> {
        canonical(text.trim().as_bytes()).map(Self).ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidAppKey,
                "An app key is 8 symbols of 0-9 and A-Z without I, L, O and U.",
            )
        })
    }

    /// The app key in canonical form.
    pub fn as_str(&self) -> &str {
        ascii(&self.0)
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AppKey({self})")
    }
}

impl Serialize for AppKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AppKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("not an app key"))
    }
}

/// What starts a login and redeems its result: the secret of the pair.
///
/// It is known to whoever started the login and to the app's server, and never stands in a link, a URL, a log
/// or a WhatsApp message.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    app_key: AppKey,
    secret: [u8; SECRET_BYTES],
}

impl Token {
    /// Bytes of randomness that a token is made of.
    pub const SECRET_BYTES: usize = SECRET_BYTES;

    /// Makes a token of 20 bytes, which must come from the operating system's secure generator.
    pub fn from_secret(app_key: AppKey, secret: [u8; SECRET_BYTES]) -> Self {
        Self { app_key, secret }
    }

    /// Reads a token; lower case and surrounding white space are accepted.
    ///
    /// # Errors
    /// `invalid_token` where it does not have the form `lgn1_` + app key + `_` + 32 symbols.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (app_key, secret) = parse_secret(text, TOKEN_PREFIX).ok_or_else(|| {
            Error::new(ErrorCode::InvalidToken, "A token has the form lgn1_, app key, _ and 32 symbols.")
        })?;
        Ok(Self { app_key, secret })
    }

    /// The app that the login is for.
    pub fn app_key(&self) -> AppKey {
        self.app_key
    }

    /// The token as text.
    pub fn expose(&self) -> String {
        secret_text(TOKEN_PREFIX, self.app_key, &self.secret)
    }

    /// The code that the WhatsApp message carries for this token.
    pub fn code(&self) -> Code {
        let mut hash = Sha256::new();
        hash.update(CODE_DOMAIN);
        hash.update(self.expose().as_bytes());
        let symbols = base32::encode(&hash.finalize()).into_bytes();
        let symbols = symbols.first_chunk().copied().unwrap_or([b'0'; CODE_SYMBOLS]);
        Code { app_key: self.app_key, symbols }
    }

    /// The name of the login: 32 hexadecimal digits that an app keeps with what it made of the result, to ask later
    /// whether the person took it back. They tell nothing and open nothing.
    pub fn login_id(&self) -> String {
        self.code().login_id()
    }
}

redacted!(Token);

/// The secret that an app's server shows to the Loggin server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretKey {
    app_key: AppKey,
    secret: [u8; SECRET_BYTES],
}

impl SecretKey {
    /// Bytes of randomness that a secret key is made of.
    pub const SECRET_BYTES: usize = SECRET_BYTES;

    /// Makes a secret key of 20 bytes, which must come from the operating system's secure generator.
    pub fn from_secret(app_key: AppKey, secret: [u8; SECRET_BYTES]) -> Self {
        Self { app_key, secret }
    }

    /// Reads a secret key; lower case and surrounding white space are accepted.
    ///
    /// # Errors
    /// `unauthorized` where it does not have the form `lgsk_` + app key + `_` + 32 symbols.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (app_key, secret) = parse_secret(text, SECRET_KEY_PREFIX).ok_or_else(|| {
            Error::new(ErrorCode::Unauthorized, "A secret key has the form lgsk_, app key, _ and 32 symbols.")
        })?;
        Ok(Self { app_key, secret })
    }

    /// The app that the key belongs to.
    pub fn app_key(&self) -> AppKey {
        self.app_key
    }

    /// The secret key as text.
    pub fn expose(&self) -> String {
        secret_text(SECRET_KEY_PREFIX, self.app_key, &self.secret)
    }

    /// SHA-256 of the key's text: what a server stores in its place.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.expose().as_bytes()).into()
    }
}

redacted!(SecretKey);

/// Characters of a key of another server that speaks our API. The least is that of a key worth the name, so that a
/// placeholder or a phone number is none; the most is what any HTTP server takes in a header.
const OTHER_KEY_LEN: std::ops::RangeInclusive<usize> = 16..=512;

/// What a client shows its server: a secret key of ours, or the key of another server that speaks our API.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(Box<str>);

impl Credential {
    /// Reads a key. What begins as one of our identifiers does must be a secret key whole.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(key) = SecretKey::parse(text) {
            return Some(Self(key.expose().into()));
        }
        let begins_as_ours = [TOKEN_PREFIX, SECRET_KEY_PREFIX]
            .into_iter()
            .any(|prefix| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
        let is_key = OTHER_KEY_LEN.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        (is_key && !begins_as_ours).then(|| Self(text.into()))
    }

    /// The app that the key belongs to; none where it is another server's.
    pub fn app_key(&self) -> Option<AppKey> {
        SecretKey::parse(&self.0).ok().map(|key| key.app_key())
    }

    /// The key as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

redacted!(Credential);

/// The public half of a login, which the WhatsApp message carries: app key and 20 symbols.
///
/// It can neither be turned back into the token nor redeem anything. It still redacts itself: a login code stands
/// in its link and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    app_key: AppKey,
    symbols: [u8; CODE_SYMBOLS],
}

impl Code {
    /// Symbols after the app key.
    pub const SYMBOLS: usize = CODE_SYMBOLS;

    /// Reads a code whose groups are joined by hyphens or by nothing.
    ///
    /// # Errors
    /// `invalid_request` where it is not an app key and 20 symbols.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong =
            || Error::new(ErrorCode::InvalidRequest, "A code is an app key and four groups of 5 symbols.");
        let text = text.trim();
        let joined: Vec<u8> = match text.len() {
            28 => text.bytes().collect(),
            32 if hyphens_between_groups(text) => text.bytes().filter(|&byte| byte != b'-').collect(),
            _ => return Err(wrong()),
        };
        let (app_key, symbols) = joined.split_at_checked(APP_KEY_LEN).ok_or_else(wrong)?;
        Self::from_symbols(app_key, symbols).ok_or_else(wrong)
    }

    /// A code of its symbols, 8 of the app key and 20 of its own, or `None` where one of them is invalid.
    pub fn from_symbols(app_key: &[u8], symbols: &[u8]) -> Option<Self> {
        Some(Self { app_key: AppKey(canonical(app_key)?), symbols: canonical(symbols)? })
    }

    /// The app that the login is for.
    pub fn app_key(&self) -> AppKey {
        self.app_key
    }

    /// The code as text, groups joined by hyphens.
    pub fn expose(&self) -> String {
        let mut text = String::with_capacity(32);
        text.push_str(self.app_key.as_str());
        for group in self.symbols.chunks(GROUP) {
            text.push('-');
            text.push_str(ascii(group));
        }
        text
    }

    /// The name of the login: see [`Token::login_id`].
    pub fn login_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(LOGIN_ID_DOMAIN);
        hash.update(self.expose().as_bytes());
        let first = hash.finalize().first_chunk().copied().unwrap_or_default();
        format!("{:032x}", u128::from_be_bytes(first))
    }
}

redacted!(Code);

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.expose())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("not a login code"))
    }
}

/// A phone number as WhatsApp reports it: digits with country code, without `+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// Reads a number of 6 to 15 digits.
    ///
    /// # Errors
    /// `invalid_phone` where it is anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if PHONE_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.into()));
        }
        Err(Error::new(
            ErrorCode::InvalidPhone,
            "A phone number is 6 to 15 digits with the country code, no +.",
        ))
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

redacted!(PhoneNumber);

impl Serialize for PhoneNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("not a phone number"))
    }
}

/// Reads `prefix` + app key + `_` + 32 symbols.
fn parse_secret(text: &str, prefix: &str) -> Option<(AppKey, [u8; SECRET_BYTES])> {
    let bytes = text.trim().as_bytes();
    let (head, rest) = bytes.split_at_checked(prefix.len())?;
    let (app_key, rest) = rest.split_at_checked(APP_KEY_LEN)?;
    let (separator, secret) = rest.split_first()?;
    if !head.eq_ignore_ascii_case(prefix.as_bytes()) || *separator != b'_' {
        return None;
    }
    Some((AppKey(canonical(app_key)?), base32::decode(secret)?))
}

/// The text of a token or secret key.
fn secret_text(prefix: &str, app_key: AppKey, secret: &[u8; SECRET_BYTES]) -> String {
    let mut text = String::with_capacity(prefix.len() + APP_KEY_LEN + 1 + SECRET_SYMBOLS);
    text.push_str(prefix);
    text.push_str(app_key.as_str());
    text.push('_');
    text.push_str(&base32::encode(secret));
    text
}

/// Exactly `N` symbols in canonical form.
fn canonical<const N: usize>(symbols: &[u8]) -> Option<[u8; N]> {
    let mut out: [u8; N] = symbols.try_into().ok()?;
    for symbol in &mut out {
        *symbol = base32::canonical(*symbol)?;
    }
    Some(out)
}

/// Whether a hyphen stands before each group, and nowhere else.
fn hyphens_between_groups(text: &str) -> bool {
    text.bytes().enumerate().all(|(position, byte)| {
        let before_group = position >= APP_KEY_LEN && (position - APP_KEY_LEN).is_multiple_of(GROUP + 1);
        (byte == b'-') == before_group
    })
}

/// Symbols are ASCII by construction.
fn ascii(symbols: &[u8]) -> &str {
    std::str::from_utf8(symbols).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "lgn1_8XKPQ2WN_000G40R40M30E209185GR38E1W8124GK";

    #[test]
    fn a_token_gives_the_code_of_the_protocol() {
        let token = Token::parse(TOKEN).unwrap();
        assert_eq!(token.expose(), TOKEN);
        assert_eq!(token.code().expose(), "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB");
        assert_eq!(token.code().app_key(), token.app_key());
    }

    #[test]
    fn spelling_does_not_change_a_token() {
        let sloppy = format!("\n{} ", TOKEN.to_lowercase().replace('0', "o"));
        assert_eq!(Token::parse(&sloppy).unwrap(), Token::parse(TOKEN).unwrap());
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let bad = [
            "",
            "lgn1_",
            &TOKEN[..TOKEN.len() - 1],
            &format!("{TOKEN}0"),
            &TOKEN.replace("lgn1", "lgn2"),
            &TOKEN.replace('_', "-"),
            &TOKEN.replace('K', "U"),
            &TOKEN.replace('K', "\u{212a}"),
        ];
        for text in bad {
            assert_eq!(Token::parse(text).unwrap_err().code(), ErrorCode::InvalidToken, "{text}");
        }
    }

    #[test]
    fn codes_are_read_with_hyphens_and_without() {
        let code = Token::parse(TOKEN).unwrap().code();
        let text = code.expose();
        assert_eq!(Code::parse(&text.to_lowercase()).unwrap(), code);
        assert_eq!(Code::parse(&text.replace('-', "")).unwrap(), code);
        for bad in [&text[1..], "8XKP-Q2WNP37ZB-ZFMMN-V1GN3-0EWXB", "--------------------------------"] {
            assert_eq!(Code::parse(bad).unwrap_err().code(), ErrorCode::InvalidRequest, "{bad}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let token = Token::parse(TOKEN).unwrap();
        let key = SecretKey::from_secret(token.app_key(), [7; 20]);
        let phone = PhoneNumber::parse("919876543210").unwrap();
        let shown = format!("{token} {token:?} {0} {0:?} {key} {key:?} {phone} {phone:?}", token.code());
        for secret in [&token.expose()[14..], &token.code().expose()[9..], &key.expose()[14..], "9876"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn phone_numbers_are_digits() {
        for bad in ["", "12345", "+919876543210", "9198765432101234", "91987654321O"] {
            assert_eq!(PhoneNumber::parse(bad).unwrap_err().code(), ErrorCode::InvalidPhone, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn tokens_of_all_secrets_round_trip(app in "[0-9A-HJKMNP-TV-Z]{8}", secret: [u8; 20]) {
            let token = Token::from_secret(AppKey::parse(&app).unwrap(), secret);
            prop_assert_eq!(Token::parse(&token.expose()).unwrap(), token);
            prop_assert_eq!(Code::parse(&token.code().expose()).unwrap(), token.code());
        }

        #[test]
        fn no_text_makes_a_parser_panic(text: String) {
            let _ = (Token::parse(&text), Code::parse(&text), AppKey::parse(&text), SecretKey::parse(&text));
        }
    }
}
