//! Event streams: where the bytes are cut changes nothing, and what was decoded survives being encoded again.
//!
//! The first byte says how long the pieces are.
#![cfg_attr(fuzzing, no_main)]

use loggin_protocol::sse::{self, DecodeError, Decoder, Item};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| check(input));

pub(crate) fn check(input: &[u8]) {
    let Some((&size, stream)) = input.split_first() else {
        return;
    };
    let whole = decode([stream]);
    assert_eq!(decode(stream.chunks(usize::from(size).max(1))), whole);

    // Beyond this a line can outgrow its bound on the way: by a space, or by what stands for invalid bytes.
    if stream.len() > sse::MAX_LINE_BYTES / 4 {
        return;
    }
    let mut again = String::new();
    for item in &whole.0 {
        match item {
            Item::Event(event) => sse::encode_event(&mut again, &event.name, &event.data),
            Item::Retry(delay) => sse::encode_retry(&mut again, *delay),
        }
        sse::encode_comment(&mut again, "between");
    }
    let without_ids: Vec<Item> = whole.0.into_iter().map(without_id).collect();
    assert_eq!(decode([again.as_bytes()]), (without_ids, Ok(())));
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Item>, Result<(), DecodeError>) {
    let mut decoder = Decoder::default();
    let mut items = Vec::new();
    for piece in pieces {
        let result = decoder.feed(piece);
        items.extend(std::iter::from_fn(|| decoder.next_item()));
        if result.is_err() {
            return (items, result);
        }
    }
    (items, Ok(()))
}

/// The encoder writes no ids.
fn without_id(mut item: Item) -> Item {
    if let Item::Event(event) = &mut item {
        event.last_event_id.clear();
    }
    item
}
