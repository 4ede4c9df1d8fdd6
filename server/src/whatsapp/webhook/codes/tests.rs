//! Codes in texts as people send them: edited, broken by keyboards, surrounded by other symbols.

use proptest::prelude::*;

use super::super::law::assert_places_law;
use super::*;

const CODE: &str = "8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB";
const OTHER: &str = "00000000-GMR99-22HT7-ZMZSJ-XM8QV";

/// The readings of each place.
fn places(text: &str) -> Vec<Vec<String>> {
    find_places(text)
        .into_iter()
        .map(|place| place.into_readings().iter().map(Code::expose).collect())
        .collect()
}

/// All readings.
fn found(text: &str) -> Vec<String> {
    places(text).concat()
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
fn each_code_that_stands_apart_is_a_place() {
    assert_eq!(places(&format!("Sign in: {CODE}")), [[CODE]]);
    assert_eq!(places(&format!("{CODE} {OTHER}")), [[CODE], [OTHER]]);
    assert_eq!(places(&format!("{OTHER}\n\n{CODE}.")), [[OTHER], [CODE]]);
    assert_eq!(places("Hello"), [[""; 0]; 0]);
}

#[test]
fn a_text_that_was_pasted_twice_has_one_place() {
    let glued = format!("Code{}thanks", joined_by(""));
    for text in [CODE.to_owned(), glued] {
        let once = places(&text);
        assert_eq!(once.len(), 1);
        assert_eq!(places(&format!("{text}. {text}, {}", text.to_lowercase())), once);
    }
    assert_eq!(places(&format!("{CODE}\n{CODE} {CODE}")), [[CODE]]);
    assert_eq!(places(&format!("{CODE} {OTHER} {CODE}")), [[CODE], [OTHER]]);
}

#[test]
fn readings_that_overlap_are_one_place() {
    let glued = places(&format!("Code{}thanks", joined_by("")));
    assert_eq!(glued.len(), 1);
    assert_eq!(glued[0].len(), "Code".len() + "thanks".len() + 1);
    // Codes without anything between their groups touch by their middle: the end of one and the start of the next.
    let compact = format!("{} {}", joined_by(""), OTHER.replace('-', ""));
    let both = places(&compact);
    assert_eq!(both.len(), 1);
    assert_eq!(both[0][..2], [CODE, OTHER], "those that stand free come first");
}

#[test]
fn the_place_whose_code_stands_most_free_comes_first() {
    let text = format!("x{} and {OTHER}", joined_by("-"));
    assert_eq!(places(&text), [[OTHER], [CODE]]);
}

#[test]
fn many_copies_of_one_code_do_not_hide_another() {
    let copies = format!("{CODE}, ").repeat(MAX_READINGS + 1);
    assert_eq!(places(&format!("{copies}{OTHER}"))[..], [[CODE], [OTHER]]);
}

#[test]
fn all_dashes_and_all_that_nobody_sees_is_known() {
    for exception in DASH_LIKE {
        assert_eq!(found(&joined_by(&exception.to_string())), [CODE], "{exception:?}");
        assert!(!CodePointSetData::new::<Dash>().contains(exception), "an exception no more");
    }
    for exception in ANNOTATION_MARKS {
        assert_eq!(found(&joined_by(&format!("{exception}"))), [CODE], "{exception:?}");
        assert!(!CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(exception));
    }
    for dash in ('\0'..=char::MAX).filter(|&dash| CodePointSetData::new::<Dash>().contains(dash)) {
        assert_eq!(found(&joined_by(&dash.to_string())), [CODE], "{dash:?}");
    }
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
    assert_eq!(found(&symbols).len(), CODE_SYMBOLS); // it repeats, so it has no more distinct ones
    let varied: String = (0..MAX_TEXT_CHARS).map(|n| char::from(b"0123456789"[n * n % 97 % 10])).collect();
    assert_eq!(found(&varied).len(), MAX_READINGS);
    assert_eq!(places(&varied).len(), 1, "what is left out does not part a place");
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
        // A combining mark right after the last symbol makes another letter of it.
        after in r"(\P{M}.{0,19})?",
    ) {
        let mut text = format!("{before} {app_key}");
        for (joint, group) in joints.iter().zip(&groups) {
            text.push_str(joint);
            text.push_str(group);
        }
        text.push_str(&after);
        let code = Code::parse(&format!("{app_key}{}", groups.concat())).unwrap();
        prop_assert!(found(&text).contains(&code.expose()), "{:?}", text);
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
        assert_places_law(&text);
    }
}
