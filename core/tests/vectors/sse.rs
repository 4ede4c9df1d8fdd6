//! `sse.json`: event streams, whole and cut.

use loggin_protocol::sse::{DecodeError, Decoder, Item};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Outcome, read};

/// Longest stream, in bytes, that is cut at each of them: the work grows with the square.
const CUT_AT_EACH_BYTE: usize = 4 << 10;

/// Cuts of a longer stream, spread over it.
const CUTS_OF_A_LONG_STREAM: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecodeInput {
    stream: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Part {
    Text(String),
    Bytes { hex: String },
}

impl Part {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes { hex } => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect(),
        }
    }
}

pub(crate) fn call(kind: &str, input: Value) -> Option<Outcome> {
    if kind != "decode" {
        return None;
    }
    let stream: Vec<u8> = read::<DecodeInput>(input).stream.into_iter().flat_map(Part::bytes).collect();
    let whole = decode([&*stream]);
    for size in [1, 2] {
        assert!(decode(stream.chunks(size)) == whole, "in pieces of {size}");
    }
    let step = if stream.len() <= CUT_AT_EACH_BYTE { 1 } else { stream.len() / CUTS_OF_A_LONG_STREAM };
    for cut in (0..=stream.len()).step_by(step) {
        let (head, tail) = stream.split_at(cut);
        assert!(decode([head, tail]) == whole, "cut at {cut}");
    }
    Some(described(whole))
}

/// Decodes pieces, and takes items out after each of them.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Item>, Option<DecodeError>) {
    let mut decoder = Decoder::default();
    let mut items = Vec::new();
    for piece in pieces {
        let result = decoder.feed(piece);
        items.extend(std::iter::from_fn(|| decoder.next_item()));
        if let Err(error) = result {
            return (items, Some(error));
        }
    }
    (items, None)
}

fn described((items, error): (Vec<Item>, Option<DecodeError>)) -> Outcome {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| match item {
            Item::Event(event) => json!({"event": {
                "name": event.name,
                "data": event.data,
                "last_event_id": event.last_event_id,
            }}),
            Item::Retry(delay) => json!({"retry_ms": u64::try_from(delay.as_millis()).unwrap()}),
        })
        .collect();
    let items = json!({"items": items});
    match error {
        None => Map::from_iter([("expect".to_owned(), items)]),
        Some(error) => {
            let name = match error {
                DecodeError::EventTooLong => "event_too_long",
                DecodeError::LineTooLong => "line_too_long",
                _ => panic!("no vector has {error:?}"),
            };
            Map::from_iter([("error".to_owned(), json!(name)), ("before".to_owned(), items)])
        }
    }
}
