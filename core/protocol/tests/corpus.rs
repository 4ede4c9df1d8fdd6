//! Runs the inputs that fuzzing keeps through the laws that it checks, without a fuzzer.
#![allow(clippy::unwrap_used)] // every function here is a test's

#[path = "../../fuzz/targets/link.rs"]
mod link;
#[path = "../../fuzz/targets/sse.rs"]
mod sse;
#[path = "../../fuzz/targets/token.rs"]
mod token;

use std::{fs, path::Path};

/// Inputs that must be there: an empty folder tests nothing.
const FEWEST: usize = 20;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let inputs: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(inputs.len() >= FEWEST, "{} inputs", inputs.len());
    inputs
}

/// Whatever is no text never reaches a target that takes text.
fn texts(target: &str) -> Vec<String> {
    corpus(target).into_iter().map(|input| String::from_utf8(input).unwrap()).collect()
}

#[test]
fn links_keep_their_law() {
    for text in texts("link") {
        link::check(&text);
    }
}

#[test]
fn event_streams_keep_their_law() {
    for input in corpus("sse") {
        sse::check(&input);
    }
}

#[test]
fn identifiers_keep_their_law() {
    for text in texts("token") {
        token::check(&text);
    }
}
