//! What a person taps to sign in: the message text, and the link that opens WhatsApp with it.

use std::fmt;

use icu_properties::{
    CodePointSetData,
    props::{EmojiPresentation, ExtendedPictographic},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::{
    error::{Error, ErrorCode},
    token::Code,
};

/// Text of the message where the caller gives none.
///
/// It warns, because an attacker can send somebody else the link of a sign-in of his own.
pub const DEFAULT_TEXT: &str =
    "Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}";

/// What stands for the code in a caller's own text.
pub const CODE_PLACEHOLDER: &str = "{code}";

/// Longest text of a message, in code points with the code filled in: a person reads it whole before sending,
/// and the link stays small enough for a QR code even where each of them takes four bytes.
pub const MAX_TEXT_CHARS: usize = 200;

/// Digits of a WhatsApp number with its country code: E.164 allows 15, the shortest in use have 8.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Every byte but the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Demands that the character before it be drawn as an emoji.
const EMOJI_VARIATION_SELECTOR: char = '\u{fe0f}';

/// Draws a key around the digit before it: the one emoji that is made of text alone.
const COMBINING_KEYCAP: char = '\u{20e3}';

/// Pictographs by their Unicode property which are text unless a variation selector follows: trade marks
/// stand in the names of many apps.
const TEXT_SIGNS: [char; 3] = ['©', '®', '™'];

/// The number of the WhatsApp account that sign-in messages are sent to.
///
/// It is public, as it stands in every link; `Debug` still shows its last digits only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WhatsAppNumber(u64);

impl WhatsAppNumber {
    /// Reads an international number; a `+` before it, spaces, hyphens and round brackets are left out.
    ///
    /// ```
    /// # use loggin_protocol as loggin;
    /// use loggin::link::WhatsAppNumber;
    ///
    /// let number = WhatsAppNumber::parse("+1 (415) 555-2671")?;
    /// assert_eq!(number.digits(), "14155552671");
    /// # Ok::<(), loggin::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_config` where it is not 8 to 15 digits that begin with a country code, so not with 0. A
    /// bracketed zero, `+44 (0) 20…`, is refused too: it is not dialled from abroad, and the link would reach
    /// somebody else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let digits: String = text.chars().filter(|symbol| !matches!(symbol, ' ' | '-' | '(' | ')')).collect();
        let well_formed = NUMBER_DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
            && !text.contains("(0)");
        digits.parse().ok().filter(|_| well_formed).map(Self).ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidConfig,
                "A WhatsApp number is 8 to 15 digits that begin with the country code.",
            )
        })
    }

    /// The digits, without `+`.
    pub fn digits(self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for WhatsAppNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WhatsAppNumber(…{:04})", self.0 % 10_000)
    }
}

/// The text of the message that carries a code; `template` is a caller's own in place of [`DEFAULT_TEXT`].
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::{Code, link::message_text};
///
/// let code = Code::parse("8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB")?;
/// assert_eq!(message_text(Some("Sign in: {code}"), &code)?, "Sign in: 8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB");
/// # Ok::<(), loggin::Error>(())
/// ```
///
/// # Errors
/// `invalid_request` where the template does not hold `{code}` exactly once, holds a `+` or an emoji (both
/// arrive changed on some WhatsApp clients), or is longer than [`MAX_TEXT_CHARS`] with the code filled in.
pub fn message_text(template: Option<&str>, code: &Code) -> Result<String, Error> {
    let template = template.unwrap_or(DEFAULT_TEXT);
    let refused = |reason: &str| Err(Error::new(ErrorCode::InvalidRequest, reason));
    let Some((before, after)) = template.split_once(CODE_PLACEHOLDER) else {
        return refused("The text must contain {code}.");
    };
    if after.contains(CODE_PLACEHOLDER) {
        return refused("The text must contain {code} only once.");
    }
    if template.contains('+') {
        return refused(
            "The text must not contain a plus sign: some WhatsApp clients show a space in its place.",
        );
    }
    if template.chars().any(is_emoji) {
        return refused("The text must not contain an emoji: some WhatsApp clients break it.");
    }
    let text = [before, &code.expose(), after].concat();
    if text.chars().count() > MAX_TEXT_CHARS {
        return refused("The text must have at most 200 characters with the code filled in.");
    }
    Ok(text)
}

/// The link that opens WhatsApp with a chat to `number` and `text` typed in.
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::link::{WhatsAppNumber, wa_me_link};
///
/// let number = WhatsAppNumber::parse("+1 415 555 2671")?;
/// assert_eq!(wa_me_link(number, "a b"), "https://wa.me/14155552671?text=a%20b");
/// # Ok::<(), loggin::Error>(())
/// ```
pub fn wa_me_link(number: WhatsAppNumber, text: &str) -> String {
    format!("https://wa.me/{}?text={}", number.digits(), percent_encode(text))
}

/// The link that leads to [`wa_me_link`] by way of the server, which knows its number.
///
/// A path of the base URL is kept, whether or not it ends in `/`; a query or a fragment is not.
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::{Code, link::server_link};
///
/// let base_url = "https://login.example.com".parse().unwrap();
/// let code = Code::parse("8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB")?;
/// assert_eq!(server_link(&base_url, &code), "https://login.example.com/l/8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB");
/// # Ok::<(), loggin::Error>(())
/// ```
pub fn server_link(base_url: &Url, code: &Code) -> String {
    let mut link = base_url.clone();
    link.set_path(&format!("{}/l/{}", base_url.path().trim_end_matches('/'), code.expose()));
    link.set_query(None);
    link.set_fragment(None);
    link.into()
}

/// Percent-encodes every byte of the UTF-8 text except `A-Z a-z 0-9 - _ . ~`: a space is `%20`, never `+`.
///
/// ```
/// # use loggin_protocol as loggin;
/// assert_eq!(loggin::link::percent_encode("1 + é"), "1%20%2B%20%C3%A9");
/// ```
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Whether a character is drawn as an emoji, or makes its neighbour one.
///
/// `Extended_Pictographic` includes what Unicode reserves, so an emoji that is younger than the data of a
/// language is refused there too; `Emoji_Presentation` adds flags and skin tones.
fn is_emoji(symbol: char) -> bool {
    // Most text: nothing of it has to be looked up.
    if symbol.is_ascii() {
        return false;
    }
    matches!(symbol, EMOJI_VARIATION_SELECTOR | COMBINING_KEYCAP)
        || CodePointSetData::new::<EmojiPresentation>().contains(symbol)
        || (CodePointSetData::new::<ExtendedPictographic>().contains(symbol) && !TEXT_SIGNS.contains(&symbol))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{AppKey, Token};
    use proptest::prelude::*;

    fn code() -> Code {
        Token::from_secret(AppKey::parse("8XKPQ2WN").unwrap(), [7; 20]).code()
    }

    #[test]
    fn the_default_text_keeps_the_rules_of_a_callers_own() {
        let code = code();
        assert_eq!(message_text(Some(DEFAULT_TEXT), &code), message_text(None, &code));
        assert!(message_text(None, &code).unwrap().ends_with(&code.expose()));
    }

    #[test]
    fn a_refused_text_shows_neither_itself_nor_the_code() {
        for template in ["secret", "secret {code} + {code}", "secret {code} +"] {
            let error = message_text(Some(template), &code()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest, "{template}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("secret") && !shown.contains(&code().expose()), "{shown}");
        }
    }

    #[test]
    fn debug_hides_most_of_a_number() {
        assert_eq!(format!("{:?}", WhatsAppNumber::parse("14155550001").unwrap()), "WhatsAppNumber(…0001)");
    }

    #[test]
    fn no_ascii_character_is_an_emoji() {
        let data =
            [CodePointSetData::new::<EmojiPresentation>(), CodePointSetData::new::<ExtendedPictographic>()];
        assert!(('\0'..='\x7f').all(|symbol| data.iter().all(|set| !set.contains(symbol))));
    }

    #[test]
    fn no_letter_of_any_language_is_an_emoji() {
        for symbol in ('\0'..=char::MAX).filter(|symbol| symbol.is_alphabetic()) {
            assert!(!is_emoji(symbol) || "ℹⓂ🅰🅱🅾🅿".contains(symbol), "{symbol:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_are_written(number in 10_000_000_u64..1_000_000_000_000_000) {
            let parsed = WhatsAppNumber::parse(&format!(" +{number}\n")).unwrap();
            prop_assert_eq!(parsed.digits(), number.to_string());
        }

        #[test]
        fn no_text_makes_a_number_panic(text: String) {
            let _ = WhatsAppNumber::parse(&text);
        }

        #[test]
        fn a_link_carries_the_whole_text(text: String) {
            let link = Url::parse(&wa_me_link(WhatsAppNumber(14_155_552_671), &text)).unwrap();
            let carried: Vec<_> = link.query_pairs().collect();
            prop_assert_eq!(carried, vec![("text".into(), text.into())]);
        }

        #[test]
        fn the_code_takes_the_place_of_its_placeholder(
            before in "[a-zA-Zäöü .,:\n{}]{0,80}", after in "[a-zA-Zäöü .,:\n]{0,80}",
        ) {
            let text = message_text(Some(&format!("{before}{{code}}{after}")), &code()).unwrap();
            prop_assert_eq!(text, format!("{before}{}{after}", code().expose()));
        }
    }
}
