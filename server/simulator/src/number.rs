//! Phone numbers as WhatsApp writes them: digits with the country code, no `+`.

use std::fmt;

/// The longest E.164 number, in digits.
const DIGITS_MAX: usize = 15;

/// The shortest number in use with its country code, in digits.
const DIGITS_MIN: usize = 7;

/// Calling codes and the country that stands in front of a business-scoped user id; a longer code wins over a
/// shorter one. Countries that share a code are named after the largest.
const COUNTRIES: [(&str, &str); 49] = [
    ("1", "US"),
    ("20", "EG"),
    ("212", "MA"),
    ("213", "DZ"),
    ("218", "LY"),
    ("233", "GH"),
    ("234", "NG"),
    ("254", "KE"),
    ("27", "ZA"),
    ("30", "GR"),
    ("31", "NL"),
    ("32", "BE"),
    ("33", "FR"),
    ("34", "ES"),
    ("351", "PT"),
    ("353", "IE"),
    ("358", "FI"),
    ("39", "IT"),
    ("40", "RO"),
    ("41", "CH"),
    ("420", "CZ"),
    ("43", "AT"),
    ("44", "GB"),
    ("45", "DK"),
    ("46", "SE"),
    ("47", "NO"),
    ("48", "PL"),
    ("49", "DE"),
    ("51", "PE"),
    ("52", "MX"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("60", "MY"),
    ("61", "AU"),
    ("62", "ID"),
    ("63", "PH"),
    ("65", "SG"),
    ("66", "TH"),
    ("7", "RU"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("966", "SA"),
    ("977", "NP"),
];

/// The code that ISO 3166 keeps free for users, for numbers of a country that is not in the list.
const COUNTRY_UNKNOWN: &str = "ZZ";

/// A phone number: 7 to 15 digits. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// Reads a number as people and Graph API clients write it: a leading `+`, spaces, hyphens, dots and brackets are
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`NumberError`] when anything else stands in it, or the digits are too few, too many or start with a zero.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let digits: String =
            text.chars().filter(|symbol| !matches!(symbol, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
        let plausible = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if plausible { Ok(Self(digits)) } else { Err(NumberError) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number for people to read: `+1 555 000 2222`.
    pub(crate) fn spaced(&self) -> String {
        let (code, _) = country(&self.0);
        let (code, rest) = self.0.split_at(code.len());
        let mut text = format!("+{code}");
        let groups = rest.len() / 3;
        for group in 0..groups {
            let end = if group + 1 == groups { rest.len() } else { group * 3 + 3 };
            text.push(' ');
            text.push_str(&rest[group * 3..end]);
        }
        text
    }

    /// The ISO 3166 code of the country the number belongs to.
    pub(crate) fn country(&self) -> &'static str {
        country(&self.0).1
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Number(…)")
    }
}

/// The text is not a phone number with its country code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a phone number is 7 to 15 digits with the country code")]
pub struct NumberError;

fn country(digits: &str) -> (&'static str, &'static str) {
    COUNTRIES
        .iter()
        .filter(|(code, _)| digits.starts_with(code))
        .max_by_key(|(code, _)| code.len())
        .copied()
        .unwrap_or(("", COUNTRY_UNKNOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_spellings_that_clients_use() {
        for text in ["15550002222", "+15550002222", " +1 (555) 000-2222 ", "1.555.000.2222"] {
            assert_eq!(Number::parse(text).unwrap().as_str(), "15550002222");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in
            ["", "+", "123456", "1234567890123456", "015550002222", "1555000222x", "US.1349", "++15550002222"]
        {
            assert_eq!(Number::parse(text), Err(NumberError), "{text}");
        }
    }

    #[test]
    fn a_longer_calling_code_wins() {
        assert_eq!(Number::parse("2335550002222").unwrap().country(), "GH");
        assert_eq!(Number::parse("205550002222").unwrap().country(), "EG");
        assert_eq!(Number::parse("9995550002222").unwrap().country(), COUNTRY_UNKNOWN);
    }

    #[test]
    fn is_spaced_for_people_and_hidden_from_logs() {
        let number = Number::parse("919876543210").unwrap();
        assert_eq!(number.spaced(), "+91 987 654 3210");
        assert_eq!(Number::parse("15550002222").unwrap().spaced(), "+1 555 000 2222");
        assert!(!format!("{number:?}").contains("98765"));
    }
}
