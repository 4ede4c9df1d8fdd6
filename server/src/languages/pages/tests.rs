//! Every language has the placeholders of English, and says what buttons and modals of the browser packages say.

use std::{collections::BTreeMap, path::Path};

use super::Language;
use crate::languages::{ALL, placeholder};

/// Names of these texts that the packages call otherwise than in the snake case of their own.
const OTP: &str = "otp_";

/// Each text of a file of this folder by its name.
fn entries(source: &'static str) -> BTreeMap<&'static str, String> {
    let lines = source.lines().filter_map(|line| line.strip_prefix("    "));
    let entries = lines.filter_map(|line| line.strip_suffix("\",")?.split_once(": \""));
    // What turns the direction of text is not written in a source.
    let plain = |text: &str| text.replace("\\u{2066}", "\u{2066}").replace("\\u{2069}", "\u{2069}");
    entries.map(|(name, text)| (name, plain(text))).collect()
}

fn source(language: Language) -> &'static str {
    match language {
        Language::Arabic => include_str!("arabic.rs"),
        Language::Bengali => include_str!("bengali.rs"),
        Language::English => include_str!("english.rs"),
        Language::French => include_str!("french.rs"),
        Language::German => include_str!("german.rs"),
        Language::Hindi => include_str!("hindi.rs"),
        Language::Indonesian => include_str!("indonesian.rs"),
        Language::Italian => include_str!("italian.rs"),
        Language::Portuguese => include_str!("portuguese.rs"),
        Language::Spanish => include_str!("spanish.rs"),
        Language::Turkish => include_str!("turkish.rs"),
        Language::Urdu => include_str!("urdu.rs"),
    }
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
fn every_text_has_the_placeholders_of_the_english_one() {
    let english = entries(source(Language::English));
    assert!(english.len() > 30, "{english:?}");
    for (language, tag) in ALL {
        let texts = entries(source(language));
        assert_eq!(texts.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{tag}");
        for (name, text) in &texts {
            assert_eq!(placeholders(text), placeholders(&english[name]), "{tag} {name}");
        }
        assert_eq!(texts["title_for"], language.pages().title_for, "{tag}");
        let others = texts.iter().filter(|(name, text)| english[*name] == **text).count();
        assert!(language == Language::English || others <= 2, "{tag} is English");
    }
}

#[test]
fn what_the_browser_packages_say_is_said_alike() {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/react/src");
    let read = |name: &str| {
        let text = std::fs::read_to_string(packages.join(name)).unwrap();
        text.replace("\\u2066", "\u{2066}").replace("\\u2069", "\u{2069}")
    };
    let named = read("texts.ts") + &read("otp-texts.ts");
    for (language, tag) in ALL {
        let said = match language {
            Language::English => named.clone(),
            _ => read(&format!("locales/{tag}.ts")),
        };
        let mut shared = 0;
        for (name, text) in entries(source(language)) {
            let mut words = name.strip_prefix(OTP).unwrap_or(name).split('_');
            let first = words.next().unwrap().to_owned();
            let camel = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
            let is_theirs = |called: &str| named.contains(&format!("\n  {called}: '"));
            if is_theirs(&camel) || is_theirs(name.strip_prefix(OTP).unwrap_or(name)) {
                shared += 1;
                assert!(said.contains(&text), "{tag} {name}: {text}");
            }
        }
        assert!(shared > 20, "{tag}: {shared}");
    }
}
