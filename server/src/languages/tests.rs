//! Every language has every text, with what is filled in, within WhatsApp's lengths, and is recognised by its message.

use std::collections::BTreeSet;

use loggin_protocol::link::message_text;
use serde_json::Value;

use super::*;
use crate::tests::token;

/// WhatsApp's limits: the title of a button, and the body of a message with buttons. What a character is, it does not say,
/// so that the longest reading counts here.
const TITLE: usize = 20;
const BODY: usize = 1024;

/// The longest name that an app may have, see the command that adds one.
const LONGEST_APP: usize = 60;

/// More than the names of any browser, system and region have with a moment.
const LONGEST_ASKER: usize = 100;

/// A return address with the fragment of its link.
const LONGEST_LINK: usize = 200 + "#loggin=".len() + 37;

const TIME: &str = "2026-11-22 08:00 UTC";

fn all() -> impl Iterator<Item = Language> {
    ALL.iter().map(|(language, _)| *language)
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = placeholder(rest) {
        found.push(name);
        rest = after;
    }
    found.sort_unstable();
    found
}

#[test]
fn a_tag_names_each_language_and_no_two_have_the_same_texts() {
    let messages: BTreeSet<_> = all().map(|language| language.texts().message).collect();
    assert_eq!(messages.len(), ALL.len());
    for language in all() {
        assert_eq!(Language::of_tag(language.tag()), Some(language));
    }
}

#[test]
fn every_text_has_the_placeholders_of_the_english_one() {
    let of = |texts: &Texts| {
        let Texts { message, share_phone, confirmation, open_here, choose, asked, signed_in, not_me } =
            *texts;
        [message, share_phone, confirmation, open_here, choose, asked, signed_in, not_me]
    };
    for language in all() {
        for (text, english) in of(language.texts()).into_iter().zip(of(&texts::ENGLISH)) {
            assert_eq!(placeholders(text), placeholders(english), "{text}");
            assert_eq!(text.trim(), text);
            assert!(!text.contains("  ") && !text.is_empty(), "{text}");
        }
    }
}

#[test]
fn every_text_is_within_the_lengths_of_whatsapp() {
    let app = "\u{1f600}".repeat(LONGEST_APP);
    for language in all() {
        assert!((1..=TITLE).contains(&units(language.not_me())), "{language:?}");
        let asked = language.asked(&"\u{1f600}".repeat(LONGEST_ASKER));
        let link = "a".repeat(LONGEST_LINK);
        for body in [
            language.share_phone(&app),
            format!("{}\n\n{}\n{link}", language.confirmation("123456", &app), language.open_here()),
            language.choose(&app),
            language.signed_in(&app, TIME),
        ] {
            let body = format!("{body}\n\n{asked}");
            assert!(units(&body) <= BODY, "{language:?}: {}", units(&body));
        }
    }
}

#[test]
fn the_browser_packages_call_the_button_by_its_title() {
    for language in all() {
        let file =
            if language == Language::English { "texts" } else { &format!("locales/{}", language.tag()) };
        let path = format!("{}/../node/react/src/{file}.ts", env!("CARGO_MANIFEST_DIR"));
        assert!(std::fs::read_to_string(path).unwrap().contains(language.not_me()), "{language:?}");
    }
}

#[test]
fn a_value_is_put_in_as_it_is() {
    let told = Language::English.signed_in("{time} {app}", TIME);
    assert_eq!(told, format!("You signed in to {{time}} {{app}} at {TIME}."));
    for language in all() {
        let told = language.confirmation("123456", "Acme");
        assert!(told.contains("123456") && told.contains("Acme") && !told.contains('{'), "{told}");
        assert_eq!(told.contains(ISOLATE), language.is_right_to_left());
    }
}

#[test]
fn a_message_is_recognised_whatever_people_make_of_it() {
    let code = token(1).code();
    for language in all() {
        let text = message_text(Some(language.message()), &code).unwrap();
        assert_eq!(Language::of_message(&text), Some(language));
        let edited = format!("Hi!\n{}\u{200f}", text.to_uppercase().replace(' ', "\u{a0} "));
        assert_eq!(Language::of_message(&edited), Some(language), "{edited}");
        let (_, second) = text.split_once(['.', '।', '۔']).unwrap();
        assert_eq!(Language::of_message(second), Some(language), "{second}");
    }
    for text in ["", "hello", &code.expose(), "Code: 1"] {
        assert_eq!(Language::of_message(text), None, "{text}");
    }
}

#[test]
fn the_messages_are_those_of_the_vectors() {
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/link.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let texts: Vec<_> = vectors
        .iter()
        .filter_map(|vector| {
            let tag = vector["id"].as_str()?.strip_prefix("text-language-")?;
            Some((tag.to_owned(), vector["input"]["text"].as_str()?.to_owned()))
        })
        .collect();
    let own: Vec<_> =
        all().map(|language| (language.tag().to_owned(), language.message().to_owned())).collect();
    assert_eq!(texts, own);
}

#[test]
fn a_language_is_found_for_tags_and_headers_as_browsers_send_them() {
    use Language::{Arabic, French, Hindi, Indonesian, Portuguese};
    for (tag, language) in [
        ("pt-BR", Some(Portuguese)),
        ("AR-eg", Some(Arabic)),
        ("hi-Latn-IN", Some(Hindi)),
        ("in_ID", Some(Indonesian)),
        ("xx", None),
        ("", None),
        ("fra", None),
    ] {
        assert_eq!(Language::of_tag(tag), language, "{tag}");
    }
    for (header, language) in [
        ("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", Some(French)),
        ("ja, en;q=0.1, hi;q=0.7", Some(Hindi)),
        ("en;q=0, ar; q=0.2", Some(Arabic)),
        ("ar;q=0.5,fr;q=0.5", Some(Arabic)),
        ("ar;q=x, fr;q=2, hi;q=NaN", None),
        ("*", None),
        ("", None),
    ] {
        assert_eq!(Language::accepted(header), language, "{header}");
    }
}
