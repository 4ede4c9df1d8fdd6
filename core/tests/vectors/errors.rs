//! `errors.json`: what each error code means.

use std::{collections::BTreeSet, fs};

use loggin::{Error, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{File, Outcome, folder, outcome, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeInput {
    code: String,
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    if kind != "code" {
        return None;
    }
    let CodeInput { code } = read(input);
    let code = ErrorCode::parse(&code);
    Some(outcome(Ok(json!({
        "http_status": code.http_status(),
        "class": code.class().name(),
        "retry": code.retry().name(),
        "retryable": Error::new(code, "").is_retryable(),
    }))))
}

#[test]
fn every_code_has_a_vector() {
    let file: File = serde_json::from_slice(&fs::read(folder().join("errors.json")).unwrap()).unwrap();
    let tested: BTreeSet<String> =
        file.vectors.into_iter().map(|vector| read::<CodeInput>(vector.input).code).collect();
    for code in ErrorCode::ALL {
        assert!(tested.contains(code.as_str()), "{code}");
    }
}
