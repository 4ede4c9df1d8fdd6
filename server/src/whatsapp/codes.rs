//! Login codes anywhere in the text of a message.
//!
//! People edit the text before they send it, and keyboards change it: smart dashes, full-width digits, invisible
//! direction marks, no space before or after the code. So the text is reduced to a row of symbols, each of which
//! knows how it is joined to the one before, and every place where a code can begin is read. There is at most one
//! reading for each beginning, and each reading looks at 28 symbols: the work grows with the length of the text only.

use std::collections::HashSet;

use loggin::{Code, base32};
use unicode_normalization::UnicodeNormalization;

/// Characters of a text that are looked at: the most that one WhatsApp text message of the Cloud API holds.
const MAX_TEXT_CHARS: usize = 4096;

/// Most readings of one text.
///
/// A code that stands between spaces or punctuation has one reading, and those come first. More come about only
/// where letters or digits touch a code that itself has nothing between its groups: n of them make n + 1 readings, and
/// no two words of a human language reach 63. Whoever fills a message with symbols on purpose gets no more than this.
const MAX_READINGS: usize = 64;

/// Symbols of the app key, which a code begins with.
const APP_KEY_SYMBOLS: usize = 8;

/// Symbols of a code with its app key.
const CODE_SYMBOLS: usize = APP_KEY_SYMBOLS + Code::SYMBOLS;

/// Symbols in one group of a code after the app key.
const GROUP_SYMBOLS: usize = 5;

/// How a symbol follows the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Nothing stands between them.
    Touching,
    /// Only dashes and white space do, which may join the groups of a code.
    Separated,
    /// Something does that no code has inside it, or there is none before.
    Broken,
}

/// One symbol of the text, in canonical form.
#[derive(Clone, Copy)]
struct Symbol {
    byte: u8,
    joint: Joint,
}

/// Every code that the text can be read as, those that stand free before those that letters or digits touch.
///
/// A code within the first 4,096 characters is among them, whatever surrounds it, as long as no more than
/// [`MAX_READINGS`] come before it in that order.
pub(crate) fn find_codes(text: &str) -> Vec<Code> {
    let symbols = symbols(text);
    let mut readings: Vec<(usize, Code)> = (0..symbols.len())
        .filter_map(|start| Some((touching_ends(&symbols, start), reading(&symbols, start)?)))
        .collect();
    // Stable: among equals the order of the text stays.
    readings.sort_by_key(|&(touching_ends, _)| touching_ends);
    let mut seen = HashSet::new();
    readings.into_iter().map(|(_, code)| code).filter(|code| seen.insert(*code)).take(MAX_READINGS).collect()
}

/// The text as a row of symbols.
fn symbols(text: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut joint = Joint::Broken;
    let characters = text.chars().take(MAX_TEXT_CHARS).nfkc().flat_map(char::to_uppercase);
    for character in characters {
        if is_invisible(character) {
            continue;
        }
        match u8::try_from(character).ok().and_then(base32::canonical) {
            Some(byte) => {
                symbols.push(Symbol { byte, joint });
                joint = Joint::Touching;
            }
            None if is_separator(character) && joint != Joint::Broken => joint = Joint::Separated,
            None => joint = Joint::Broken,
        }
    }
    symbols
}

/// The code that begins at this symbol, if one does.
fn reading(symbols: &[Symbol], start: usize) -> Option<Code> {
    let window: &[Symbol; CODE_SYMBOLS] = symbols.get(start..)?.first_chunk()?;
    let joined = window.iter().enumerate().skip(1).all(|(position, symbol)| match symbol.joint {
        Joint::Touching => true,
        Joint::Separated => begins_group(position),
        Joint::Broken => false,
    });
    if !joined {
        return None;
    }
    let bytes = window.map(|symbol| symbol.byte);
    let (app_key, rest) = bytes.split_at(APP_KEY_SYMBOLS);
    Code::from_symbols(app_key, rest)
}

/// Whether a group of a code begins at this position of it.
fn begins_group(position: usize) -> bool {
    position
        .checked_sub(APP_KEY_SYMBOLS)
        .is_some_and(|after_app_key| after_app_key.is_multiple_of(GROUP_SYMBOLS))
}

/// At how many of its two ends a further symbol touches the code that begins here.
fn touching_ends(symbols: &[Symbol], start: usize) -> usize {
    [start, start + CODE_SYMBOLS]
        .into_iter()
        .filter_map(|position| symbols.get(position))
        .filter(|symbol| symbol.joint == Joint::Touching)
        .count()
}

/// Whether a character joins the groups of a code: a dash of any script, white space or a line break.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || is_dash(character)
}

/// Unicode's `Dash` property, as far as NFKC leaves its characters as they are, and what keyboards write in place
/// of a hyphen: the hyphen bullet, the low modifier minus, the heavy minus of the emoji and the Japanese long vowel mark.
fn is_dash(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{02d7}'
            | '\u{058a}'
            | '\u{05be}'
            | '\u{1400}'
            | '\u{1806}'
            | '\u{2010}'..='\u{2015}'
            | '\u{2043}'
            | '\u{2053}'
            | '\u{2212}'
            | '\u{2796}'
            | '\u{2e17}'
            | '\u{2e1a}'
            | '\u{2e3a}'..='\u{2e3b}'
            | '\u{2e40}'
            | '\u{2e5d}'
            | '\u{301c}'
            | '\u{3030}'
            | '\u{30a0}'
            | '\u{30fc}'
            | '\u{10d6e}'
            | '\u{10ead}'
    )
}

/// Unicode's `Default_Ignorable_Code_Point` property (soft hyphen, zero-width and direction marks, variation
/// selectors, byte order mark, tags) and the interlinear annotation marks: nobody sees them, so they join nothing.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB";
    const OTHER: &str = "00000000-GMR99-22HT7-ZMZSJ-XM8QV";

    fn found(text: &str) -> Vec<String> {
        find_codes(text).iter().map(Code::expose).collect()
    }

    /// The code's groups joined by other characters.
    fn joined_by(separator: &str) -> String {
        CODE.replace('-', separator)
    }

    #[test]
    fn the_default_text_has_its_code() {
        let text = "Send this message to sign in. If you did not start a sign-in, do not send it. Code: ";
        assert_eq!(found(&format!("{text}{CODE}")), [CODE]);
    }

    #[test]
    fn spelling_does_not_matter() {
        let full_width: String =
            CODE.chars().map(|symbol| char::from_u32(u32::from(symbol) + 0xfee0).unwrap()).collect();
        let spellings = [
            CODE.to_lowercase(),
            CODE.replace('0', "O").replace('1', "l"),
            CODE.replace('0', "o").replace('1', "I"),
            CODE.replace('1', "\u{131}"),   // a Turkish i without its dot
            CODE.replace('K', "\u{212a}"),  // the kelvin sign
            CODE.replace('2', "\u{1d7ee}"), // a mathematical digit
            full_width,
        ];
        for spelling in spellings {
            assert_eq!(found(&spelling), [CODE], "{spelling}");
        }
    }

    #[test]
    fn groups_are_joined_by_any_dash_and_any_space() {
        let separators = [
            "",
            "-",
            "--",
            " - ",
            "\n",
            "\r\n",
            "\t",
            "\u{a0}",
            "\u{202f}",
            "\u{3000}",
            "\u{2028}",
            "\u{2010}",
            "\u{2011}",
            "\u{2013}",
            "\u{2014}",
            "\u{2212}",
            "\u{fe63}",
            "\u{ff0d}",
            "\u{30fc}",
            "\u{ff70}",
            "\u{5be}",
            "\u{ad}",
            "\u{200b}-\u{2060}",
        ];
        for separator in separators {
            assert_eq!(found(&joined_by(separator)), [CODE], "{separator:?}");
        }
    }

    #[test]
    fn other_characters_between_groups_and_spaces_inside_them_are_no_code() {
        for separator in ["_", ".", ",", "/", ":", "+", "*", "U", "\u{e9}", "-.-"] {
            assert_eq!(found(&joined_by(separator)), [""; 0], "{separator:?}");
        }
        assert_eq!(found(&CODE.replace("ZFMMN", "ZF MMN")), [""; 0]);
        assert_eq!(found(&CODE[1..]), [""; 0]);
        assert_eq!(found(&CODE.replace('Z', "U")), [""; 0]);
    }

    #[test]
    fn what_people_write_around_a_code_does_not_hide_it() {
        let texts = [
            format!("*{CODE}*"),
            format!("_{CODE}_"),
            format!("```{CODE}```"),
            format!("\u{200f}\u{2067}{CODE}\u{2069}"),
            format!("Code{CODE}"),
            format!("Hi there {CODE} thanks"),
            format!("- {CODE} -"),
            format!("{CODE}. Sent from my phone"),
            format!("رمز الدخول{CODE}شكرا"),
            format!("https://login.example/l/{CODE}?a=1"),
            format!("12 {CODE}\n34"),
        ];
        for text in texts {
            assert_eq!(found(&text), [CODE], "{text}");
        }
    }

    #[test]
    fn every_reading_is_given_where_letters_touch_the_code() {
        let text = format!("Code{}thanks", joined_by(""));
        let codes = found(&text);
        assert!(codes.contains(&CODE.to_owned()));
        assert_eq!(codes.len(), "Code".len() + "thanks".len() + 1);
    }

    #[test]
    fn several_codes_are_all_found_and_each_once() {
        assert_eq!(found(&format!("{CODE} {OTHER}, {CODE}")), [CODE, OTHER]);
        // Where one code touches the next, the end of the first and the start of the second read as a code too.
        let touching = found(&format!("{CODE}{OTHER}"));
        assert!([CODE, OTHER].iter().all(|code| touching.iter().any(|reading| reading == code)));
    }

    #[test]
    fn codes_that_stand_free_come_first() {
        let glued = joined_by("").repeat(4);
        assert_eq!(found(&format!("{glued} and {OTHER}"))[0], OTHER);
    }

    #[test]
    fn readings_and_text_are_bounded() {
        let symbols: String = CODE.replace('-', "").chars().cycle().take(MAX_TEXT_CHARS).collect();
        assert_eq!(find_codes(&symbols).len(), CODE_SYMBOLS); // it repeats, so it has no more distinct ones
        let varied: String =
            (0..MAX_TEXT_CHARS).map(|n| char::from(b"0123456789"[n * n % 97 % 10])).collect();
        assert_eq!(find_codes(&varied).len(), MAX_READINGS);
        let late = format!("{}{CODE}", " ".repeat(MAX_TEXT_CHARS));
        assert_eq!(found(&late), [""; 0]);
    }

    /// What may stand between two groups.
    fn separators() -> impl Strategy<Value = String> {
        "[-\u{2010}-\u{2015}\u{2212}\u{ff0d} \n\t\u{a0}\u{2009}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{ad}\u{feff}\u{fe0f}]{0,9}"
    }

    /// What may stand between any two characters.
    fn marks() -> impl Strategy<Value = String> {
        "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}-\u{2069}\u{ad}\u{feff}\u{fe0e}\u{fe0f}]{0,2}"
    }

    proptest! {
        #[test]
        fn a_code_is_found_however_its_groups_are_joined(
            app_key in "[0-9A-HJKMNP-TV-Z]{8}",
            groups in proptest::collection::vec("[0-9A-HJKMNP-TV-Z]{5}", 4),
            joints in proptest::collection::vec(separators(), 4),
            before in ".{0,20}",
            after in ".{0,20}",
        ) {
            let mut text = format!("{before} {app_key}");
            for (joint, group) in joints.iter().zip(&groups) {
                text.push_str(joint);
                text.push_str(group);
            }
            text.push_str(&after);
            let code = Code::parse(&format!("{app_key}{}", groups.concat())).unwrap();
            prop_assert!(find_codes(&text).contains(&code), "{:?}", text);
        }

        #[test]
        fn invisible_marks_are_no_part_of_a_code(marks in proptest::collection::vec(marks(), CODE.len())) {
            let mut text = String::new();
            for (symbol, mark) in CODE.chars().zip(&marks) {
                text.push(symbol);
                text.push_str(mark);
            }
            prop_assert_eq!(found(&text), [CODE]);
        }

        #[test]
        fn every_text_is_read_and_readings_are_distinct(text in "([0-9A-Za-z -]|\\PC|\u{fdfa}){0,400}") {
            let codes = find_codes(&text);
            prop_assert!(codes.len() <= MAX_READINGS);
            prop_assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
        }
    }
}
