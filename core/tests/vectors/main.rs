//! Runs every vector of `tests/vectors`, which all languages share. An unknown file, kind or field fails.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod backoff;
mod errors;
mod events;
mod link;
mod otp;
mod proxy;
mod sse;
mod timeout;
mod token;
mod webhook;

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::PathBuf,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// What a call came to: `expect`, `error` and `before` of a vector.
type Outcome = Map<String, Value>;

/// Fields of an `expect` that another part of the project answers for: the server's OTP routes and the Python
/// package.
const FIELDS_OF_OTHERS: [&str; 2] = ["otp_http_status", "python_also"];

/// Calls what a kind stands for; `None` where there is no such kind.
type Call = fn(kind: &str, input: Value) -> Option<Outcome>;

/// The files of vectors, without `.json`.
const SUBJECTS: [(&str, Call); 10] = [
    ("backoff", backoff::call),
    ("errors", errors::call),
    ("events", events::call),
    ("link", link::call),
    ("otp", otp::call),
    ("proxy", proxy::call),
    ("sse", sse::call),
    ("timeout", timeout::call),
    ("token", token::call),
    ("webhook", webhook::call),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema")]
    schema: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    comment: String,
    input: Value,
    /// Whatever else it has, so that a misspelt field is not passed over.
    #[serde(flatten)]
    outcome: Outcome,
}

/// The outcome of a call that gave a result, or an error with this code.
fn outcome(result: Result<Value, loggin::Error>) -> Outcome {
    let (key, value) = match result {
        Ok(value) => ("expect", value),
        Err(error) => ("error", json!(error.code_str())),
    };
    Map::from_iter([(key.to_owned(), value)])
}

/// Reads an input, of which every field must be known.
fn read<T: DeserializeOwned>(input: Value) -> T {
    serde_json::from_value(input).expect("an input of this kind")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// Replaces `{"repeat": …, "times": …}` by the text that it stands for.
fn expanded(value: Value) -> Value {
    match value {
        Value::Array(entries) => entries.into_iter().map(expanded).collect(),
        Value::Object(fields) => match (fields.get("repeat"), fields.get("times")) {
            (Some(Value::String(text)), Some(times)) if fields.len() == 2 => {
                json!(text.repeat(read(times.clone())))
            }
            _ => fields.into_iter().map(|(key, value)| (key, expanded(value))).collect(),
        },
        other => other,
    }
}

/// Why a vector fails, if it does.
fn failure(call: Call, vector: Vector) -> Option<String> {
    let Vector { id, kind, input, outcome, .. } = vector;
    let mut wanted: Outcome = read(expanded(outcome.into()));
    if let Some(Value::Object(fields)) = wanted.get_mut("expect") {
        fields.retain(|field, _| !FIELDS_OF_OTHERS.contains(&field.as_str()));
    }
    match call(&kind, expanded(input)) {
        None => Some(format!("{id}: unknown kind {kind}")),
        Some(given) if given == wanted => None,
        Some(given) => Some(format!("{id}:\n  wanted {wanted:.300?}\n  given  {given:.300?}")),
    }
}

fn run(subject: &str) {
    let (_, call) = SUBJECTS.into_iter().find(|(name, _)| *name == subject).unwrap();
    let file: File = read(
        serde_json::from_slice(&fs::read(folder().join(subject).with_extension("json")).unwrap()).unwrap(),
    );
    assert_eq!(file.schema, "./schema.json");
    assert!(file.vectors.iter().all(|vector| !vector.comment.is_empty()));
    let ids: HashSet<_> = file.vectors.iter().map(|vector| vector.id.clone()).collect();
    assert_eq!(ids.len(), file.vectors.len(), "two vectors have the same id");
    let failures: Vec<_> = file.vectors.into_iter().filter_map(|vector| failure(call, vector)).collect();
    assert!(failures.is_empty(), "{subject}:\n{}", failures.join("\n"));
}

#[test]
fn no_file_of_the_folder_is_left_out() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name != "schema")
        .collect();
    assert_eq!(files, SUBJECTS.map(|(name, _)| name.to_owned()).into());
}

#[test]
fn backoff_vectors() {
    run("backoff");
}

#[test]
fn errors_vectors() {
    run("errors");
}

#[test]
fn link_vectors() {
    run("link");
}

#[test]
fn otp_vectors() {
    run("otp");
}

#[test]
fn proxy_vectors() {
    run("proxy");
}

#[test]
fn sse_vectors() {
    run("sse");
}

#[test]
fn timeout_vectors() {
    run("timeout");
}

#[test]
fn token_vectors() {
    run("token");
}

#[test]
fn webhook_vectors() {
    run("webhook");
}

#[test]
fn unknown_kinds_wrong_results_and_misspelt_fields_fail() {
    let vector = |kind: &str, outcome: Value| -> Vector {
        let input = json!({"text": "8XKPQ2WN"});
        let mut fields = json!({"id": "x", "kind": kind, "comment": "x", "input": input});
        fields.as_object_mut().unwrap().extend(read::<Outcome>(outcome));
        read(fields)
    };
    let right = json!({"expect": {"app_key": "8XKPQ2WN"}});
    assert_eq!(failure(token::call, vector("parse_app_key", right.clone())), None);
    for (kind, outcome) in [
        ("parse_new", right),
        ("parse_app_key", json!({"expect": {"app_key": "8XKPQ2WM"}})),
        ("parse_app_key", json!({"expected": {"app_key": "8XKPQ2WN"}})),
        ("parse_app_key", json!({"expect": {"app_key": "8XKPQ2WN"}, "error": "invalid_app_key"})),
        ("parse_app_key", json!({})),
    ] {
        assert!(failure(token::call, vector(kind, outcome.clone())).is_some(), "{kind} {outcome}");
    }
}
