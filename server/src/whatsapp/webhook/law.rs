//! What holds for every webhook body and every text: for fuzzing, and for the tests of what fuzzing found.
#![cfg_attr(not(fuzzing), allow(unreachable_pub, reason = "fuzz targets are another crate"))]

use std::collections::HashSet;

use loggin_protocol::Code;
use serde_json::Value;

use super::{
    codes::{MAX_READINGS, MAX_TEXT_CHARS, Place, find_places},
    inbound::parse,
    json,
    update::UpdateKind,
};

/// Asserts the law of [`parse`]: it refuses a body or reads all of it; nothing about a person lacks the number that it
/// happened at, and which of the two fields a chat comes on changes nothing.
pub fn assert_webhook_law(body: &[u8]) {
    let read = parse(body);
    for update in read.iter().flatten() {
        let is_about_a_person = matches!(
            update.kind,
            UpdateKind::Message(_) | UpdateKind::Status(_) | UpdateKind::IdentityChange(_)
        );
        assert!(!(is_about_a_person && update.phone_number_id.is_empty()), "whose update is it?");
    }
    let Some(mut root) = json::read(body) else {
        assert!(read.is_err(), "what is no JSON is no webhook");
        return;
    };
    exchange_fields(&mut root);
    assert_eq!(parse(root.to_string().as_bytes()), read, "`standby` is read as `messages` is");
}

/// Writes `standby` for `messages` and the other way round.
fn exchange_fields(root: &mut Value) {
    let entries = root.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten();
    let changes = entries
        .filter_map(|entry| entry.get_mut("changes").and_then(Value::as_array_mut))
        .flatten()
        .filter_map(|change| change.get_mut("field"));
    for field in changes {
        match field.as_str() {
            Some("messages") => *field = "standby".into(),
            Some("standby") => *field = "messages".into(),
            _ => {}
        }
    }
}

/// Asserts the law of [`find_places`]: readings are bounded, and none is twice in a place. Where none was left out, no two
/// places are the same, and a code that stands alone after the text is found.
pub fn assert_places_law(text: &str) {
    let places = readings(text);
    let count: usize = places.iter().map(Vec::len).sum();
    assert!(count <= MAX_READINGS);
    for place in &places {
        assert!(!place.is_empty());
        assert_eq!(place.iter().collect::<HashSet<_>>().len(), place.len());
    }
    if count == MAX_READINGS {
        return;
    }
    assert_eq!(places.iter().collect::<HashSet<_>>().len(), places.len());
    let appended = format!("{text}. {}", known().expose());
    if appended.chars().count() <= MAX_TEXT_CHARS {
        assert!(readings(&appended).concat().contains(&known()), "a code that stands free is hidden");
    }
}

/// The readings of each place.
fn readings(text: &str) -> Vec<Vec<Code>> {
    find_places(text).into_iter().map(Place::into_readings).collect()
}

/// A code that inputs hold, too.
fn known() -> Code {
    let Ok(code) = Code::parse("8XKPQ2WN-P37ZB-ZFMMN-V1GN3-0EWXB") else { panic!("it is well formed") };
    code
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Inputs that must be there: an empty folder tests nothing.
    const FEWEST: usize = 20;

    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/fuzz/corpus").join(target);
        let inputs: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
        assert!(inputs.len() >= FEWEST, "{} inputs", inputs.len());
        inputs
    }

    #[test]
    fn webhooks_keep_their_law() {
        for body in corpus("webhook") {
            assert_webhook_law(&body);
        }
    }

    #[test]
    fn texts_keep_their_law() {
        for text in corpus("codes") {
            assert_places_law(&String::from_utf8(text).unwrap());
        }
    }
}
