//! Codes of a few digits, as they are made, sent and typed.

use std::{fmt, sync::LazyLock};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{Dash, DefaultIgnorableCodePoint, GeneralCategory},
};

use crate::clock::{Random, random_below};

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

    /// What a person typed, in the digits of any keyboard; `None` where anything is among it that no code has.
    ///
    /// White space, dashes and marks are left out, and the letter O is read as 0, which it is taken for.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let symbols = text.chars().filter(|symbol| !is_between(*symbol));
        symbols.map(|symbol| if matches!(symbol, 'O' | 'o') { Some('0') } else { digit(symbol) }).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromIterator<char> for Digits {
    fn from_iter<T: IntoIterator<Item = char>>(symbols: T) -> Self {
        Self(symbols.into_iter().collect())
    }
}

/// The value of a digit in any script (Unicode's category `Nd`), as a Latin digit.
pub(crate) fn digit(symbol: char) -> Option<char> {
    /// Where the digits of each script begin and end. Unicode promises that they stand in rows from zero to nine.
    static ROWS: LazyLock<Vec<(u32, u32)>> = LazyLock::new(|| {
        let categories = CodePointMapData::<GeneralCategory>::new();
        let ranges = categories.iter_ranges_for_value(GeneralCategory::DecimalNumber);
        ranges.map(|range| (*range.start(), *range.end())).collect()
    });
    if symbol.is_ascii() {
        return symbol.is_ascii_digit().then_some(symbol);
    }
    let symbol = u32::from(symbol);
    let after = ROWS.partition_point(|(start, _)| *start <= symbol);
    let (start, end) = *ROWS.get(after.checked_sub(1)?)?;
    if symbol > end {
        return None;
    }
    // Rows of several styles follow one another without a gap.
    char::from_digit((symbol - start) % 10, 10)
}

/// Whether a character stands between digits and says nothing: white space, dashes, and what nobody sees or what is
/// drawn around a digit, such as marks of direction and the frame of a keycap.
pub(crate) fn is_between(symbol: char) -> bool {
    if symbol.is_ascii() {
        return symbol.is_ascii_whitespace() || symbol == '-';
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(symbol);
    symbol.is_whitespace()
        || CodePointSetData::new::<Dash>().contains(symbol)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(symbol)
        || matches!(
            category,
            GeneralCategory::Format | GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        )
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
                assert_eq!(digits.count(), usize::from(count));
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
        for typed in [
            "٠٤٨٣٩٢",       // Arabic
            "۰۴۸۳۹۲",       // Persian
            "०४८३९२",       // Devanagari
            "০৪৮৩৯২",       // Bengali
            "௦௪௮௩௯௨",       // Tamil
            "๐๔๘๓๙๒",       // Thai
            "၀၄၈၃၉၂",       // Burmese
            "០៤៨៣៩២",       // Khmer
            "߀߄߈߃߉߂",       // N'Ko
            "𞥐𞥔𞥘𞥓𞥙𞥒",       // Adlam
            "０４８３９２", // full width
            "𝟎𝟜𝟪𝟥𝟿𝟮",       // mathematical, of several styles
            " 048392\n",
            "O48392",
            "o48392",
            "\u{200F}048\u{202F}392\u{2069}",
            "0\u{FE0F}\u{20E3}4\u{FE0F}\u{20E3}8392",
            "048\u{2013}39\u{2011}2\u{FEFF}",
            "0\u{AD}48392",
        ] {
            assert_eq!(Digits::typed(typed).as_ref(), Some(&latin), "{typed:?}");
        }
        for typed in ["04839x", "④", "1.5", "+1", "½", "Ⅳ", "四", "О48392", "l48392"] {
            assert_eq!(Digits::typed(typed), None, "{typed:?}");
        }
        assert_eq!(Digits::typed(" - ").unwrap().count(), 0);
    }

    #[test]
    fn the_digits_of_every_script_stand_in_rows_from_zero_to_nine() {
        let mut rows = 0;
        for range in
            CodePointMapData::<GeneralCategory>::new().iter_ranges_for_value(GeneralCategory::DecimalNumber)
        {
            assert_eq!((range.end() - range.start() + 1) % 10, 0, "{range:?}");
            for (value, symbol) in range.clone().enumerate() {
                let read = digit(char::from_u32(symbol).unwrap()).unwrap();
                assert_eq!(read.to_digit(10), u32::try_from(value % 10).ok(), "{symbol:x}");
            }
            for neighbour in [range.start() - 1, range.end() + 1].into_iter().filter_map(char::from_u32) {
                assert_eq!(digit(neighbour), None, "{neighbour:?}");
            }
            rows += 1;
        }
        assert!(rows > 50, "{rows}");
    }

    #[test]
    fn digits_are_not_shown() {
        assert_eq!(format!("{:?}", Digits::typed("123456")), "Some(Digits(<redacted>))");
    }
}
