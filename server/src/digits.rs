//! Codes of a few digits, as they are made, sent and typed.

use std::fmt;

use crate::clock::{Random, random_below};

/// The zeros of the digits that keyboards of people type: Latin, Arabic, Persian and Urdu, Devanagari, Bengali, full
/// width. The other nine follow each.
const ZEROS: [char; 6] = ['0', '\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{FF10}'];

/// A row of digits; they redact themselves.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Digits(String);

impl Digits {
    /// So many random digits, of which 9 fit.
    pub(crate) fn random(random: &dyn Random, count: u8) -> Self {
        let count = count.min(9);
        let number = random_below(random, 10_u32.pow(count.into()));
        Self(format!("{number:0width$}", width = count.into()))
    }

    /// So many digits, of which 9 fit, that these bytes stand for; the bias is below one in 2^32.
    pub(crate) fn of_bytes(bytes: &[u8; 32], count: u8) -> Self {
        let count = count.min(9);
        let [one, two, three, four, five, six, seven, eight, ..] = *bytes;
        let number = u64::from_le_bytes([one, two, three, four, five, six, seven, eight]);
        let number = number % 10_u64.pow(count.into());
        Self(format!("{number:0width$}", width = count.into()))
    }

    /// What a person typed, in the digits of any keyboard, white space and hyphens left out; `None` where anything
    /// else is among it.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let parts = text.chars().filter(|symbol| !symbol.is_whitespace() && *symbol != '-');
        parts.map(digit).collect::<Option<String>>().map(Self)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// The value of a digit in the writing of any of those keyboards.
pub(crate) fn digit(symbol: char) -> Option<char> {
    let value = ZEROS.iter().find_map(|zero| {
        let value = u32::from(symbol).checked_sub(u32::from(*zero))?;
        (value < 10).then_some(value)
    });
    char::from_digit(value?, 10)
}

impl fmt::Debug for Digits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digits(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRandom;

    #[test]
    fn random_digits_are_as_many_as_asked_for() {
        for count in 4..=8 {
            for _ in 0..100 {
                let digits = Digits::random(&SystemRandom, count);
                assert_eq!(digits.expose().len(), usize::from(count));
                assert_eq!(Digits::typed(digits.expose()).as_ref(), Some(&digits));
            }
        }
    }

    #[test]
    fn every_digit_comes_about_as_often() {
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            for digit in Digits::random(&SystemRandom, 6).expose().bytes() {
                counts[usize::from(digit - b'0')] += 1;
            }
        }
        // 6,000 each; seven standard deviations are 514.
        assert!(counts.iter().all(|count| (5_486..=6_514).contains(count)), "{counts:?}");
    }

    #[test]
    fn digits_are_read_however_a_keyboard_writes_them() {
        let latin = Digits::typed("048-3 92").unwrap();
        assert_eq!(latin.expose(), "048392");
        for typed in ["٠٤٨٣٩٢", "۰۴۸۳۹۲", "०४८३९२", "০৪৮৩৯২", "０４８３９２", " 048392\n"]
        {
            assert_eq!(Digits::typed(typed).as_ref(), Some(&latin), "{typed}");
        }
        for typed in ["04839x", "④", "1.5", "+1"] {
            assert_eq!(Digits::typed(typed), None, "{typed}");
        }
    }

    #[test]
    fn digits_are_not_shown() {
        assert_eq!(format!("{:?}", Digits::typed("123456")), "Some(Digits(<redacted>))");
    }
}
