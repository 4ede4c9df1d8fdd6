//! Event streams (`text/event-stream`) as the WHATWG HTML standard defines them: decoder and encoder.
//!
//! The decoder does no I/O. Feed it whatever arrived, cut anywhere, then drain [`Decoder::next_item`]: the
//! items never depend on where the bytes were cut.

use std::{collections::VecDeque, fmt, mem, time::Duration};

/// Longest line that is read, in bytes: the protocol's stay below 1 KiB and newer servers may add fields, while
/// an endless line must cost a bounded buffer.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// Largest data of one event that is read, in bytes of UTF-8: four of the longest lines.
pub const MAX_EVENT_BYTES: usize = 256 << 10;

/// Longest reconnection time that is told, in milliseconds: the largest integer that every language counts
/// exactly. A longer one is cut to it.
pub const MAX_RETRY_MS: u64 = (1 << 53) - 1;

/// Mark that some programs write before UTF-8 text; one at the start of a stream is no part of it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Name of an event whose block does not name it.
const DEFAULT_NAME: &str = "message";

/// Why a stream is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The data of one event is longer than [`MAX_EVENT_BYTES`].
    #[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
    EventTooLong,
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error("a line is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
}

/// What a stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A whole event.
    Event(Event),
    /// The server's wish how long to wait before connecting again.
    Retry(Duration),
}

/// A whole event. Its `Debug` shows how much data there is and never the data, which may hold a phone number.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where the stream names none.
    pub name: String,
    /// Its data; several lines are joined by line feeds.
    pub data: String,
    /// The last `id` of the stream up to here; empty where there was none.
    pub last_event_id: String,
}

impl fmt::Debug for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Event")
            .field("name", &self.name)
            .field("data_bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// Reads an event stream.
///
/// Between two events it owns no heap memory beside the last `id`, so thousands of idle ones may live. Each
/// byte is looked at a constant number of times, and at most a line and an event are held. An event that the
/// end of the stream cuts off is dropped, as the standard asks.
///
/// ```
/// # use loggin_protocol as loggin;
/// use loggin::sse::{Decoder, Item};
///
/// let mut decoder = Decoder::default();
/// decoder.feed(b"event: ready\ndata: {\"pend")?;
/// assert_eq!(decoder.next_item(), None);
/// decoder.feed(b"ing\": 1}\n\n")?;
/// let Some(Item::Event(event)) = decoder.next_item() else { panic!("the event is whole now") };
/// assert_eq!((&*event.name, &*event.data), ("ready", "{\"pending\": 1}"));
/// # Ok::<(), loggin::sse::DecodeError>(())
/// ```
#[derive(Default)]
pub struct Decoder {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Data lines of the event being read, a line feed after each.
    data: String,
    name: String,
    last_event_id: String,
    items: VecDeque<Item>,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    /// The first line, which alone may begin with a byte order mark, has been read.
    past_first_line: bool,
    failed: Option<DecodeError>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Decoder")
            .field("held_bytes", &(self.line.len() + self.data.len()))
            .field("items", &self.items.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Takes in the next bytes of the stream. Whatever becomes whole is kept until it is taken out, so drain
    /// [`Decoder::next_item`] between two pieces.
    ///
    /// # Errors
    /// [`DecodeError`] where a line or an event is too long. What was whole before it can still be taken out;
    /// the decoder reads nothing more and gives the same error at every later call.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.read(bytes);
        if let Err(error) = result {
            *self = Self { items: mem::take(&mut self.items), failed: Some(error), ..Self::default() };
        }
        result
    }

    /// Takes the oldest item out, or `None` until more bytes are fed.
    pub fn next_item(&mut self) -> Option<Item> {
        let item = self.items.pop_front();
        if self.items.is_empty() {
            self.items = VecDeque::new();
        }
        item
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut rest = bytes;
        if let ([first, after @ ..], true) = (bytes, self.after_return) {
            self.after_return = false;
            if *first == b'\n' {
                rest = after;
            }
        }
        while let Some(length) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, end) = rest.split_at(length);
            self.end_line(line)?;
            rest = match end {
                [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
                [] => end,
            };
            self.after_return = end == b"\r";
        }
        self.hold(rest)
    }

    /// Keeps bytes of a line whose end has not come.
    fn hold(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.line.len() + bytes.len() > MAX_LINE_BYTES {
            return Err(DecodeError::LineTooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads a line, whose last bytes these are; a line that came in one piece is not copied.
    fn end_line(&mut self, last: &[u8]) -> Result<(), DecodeError> {
        if self.line.is_empty() && last.len() <= MAX_LINE_BYTES {
            return self.read_line(last);
        }
        self.hold(last)?;
        let line = mem::take(&mut self.line);
        self.read_line(&line)
    }

    fn read_line(&mut self, mut line: &[u8]) -> Result<(), DecodeError> {
        if !mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch();
            return Ok(());
        }
        // Neither line end is part of a longer UTF-8 sequence, so lines decode as the whole stream does.
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&*line, ""));
        self.read_field(field, value.strip_prefix(' ').unwrap_or(value))
    }

    /// Reads a field. A comment is one with an empty name, and ignored like any unknown one.
    fn read_field(&mut self, field: &str, value: &str) -> Result<(), DecodeError> {
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.data.len() + value.len() > MAX_EVENT_BYTES {
                    return Err(DecodeError::EventTooLong);
                }
                self.data.reserve(value.len() + 1);
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.last_event_id),
            "retry" => self.items.extend(retry_time(value).map(Item::Retry)),
            _ => {}
        }
        Ok(())
    }

    /// Ends a block: an event, where it has data.
    fn dispatch(&mut self) {
        let mut name = mem::take(&mut self.name);
        let mut data = mem::take(&mut self.data);
        if data.pop().is_none() {
            return;
        }
        if name.is_empty() {
            DEFAULT_NAME.clone_into(&mut name);
        }
        let last_event_id = self.last_event_id.clone();
        self.items.push_back(Item::Event(Event { name, data, last_event_id }));
    }
}

/// The time of a `retry` field; `None` where it is not digits only.
fn retry_time(value: &str) -> Option<Duration> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits fail to parse only where they are too many.
    let milliseconds = value.parse().map_or(MAX_RETRY_MS, |number: u64| number.min(MAX_RETRY_MS));
    Some(Duration::from_millis(milliseconds))
}

/// Appends an event to a stream.
///
/// Nothing in `name` or `data` can begin a field or an event of its own: line ends in the data (CR, LF or
/// CRLF) arrive as line feeds, those in the name are left out. Every such block, of the three functions here,
/// is whole.
///
/// ```
/// # use loggin_protocol as loggin;
/// let mut stream = String::new();
/// loggin::sse::encode_event(&mut stream, "ready", "two\nlines");
/// assert_eq!(stream, "event: ready\ndata: two\ndata: lines\n\n");
/// ```
pub fn encode_event(stream: &mut String, name: &str, data: &str) {
    if !name.is_empty() {
        stream.push_str("event: ");
        stream.extend(name.chars().filter(|symbol| !matches!(symbol, '\n' | '\r')));
        stream.push('\n');
    }
    encode_lines(stream, "data: ", data);
    stream.push('\n');
}

/// Appends a comment, which readers ignore: it keeps a connection alive.
///
/// ```
/// # use loggin_protocol as loggin;
/// let mut stream = String::new();
/// loggin::sse::encode_comment(&mut stream, "still here");
/// assert_eq!(stream, ": still here\n\n");
/// ```
pub fn encode_comment(stream: &mut String, text: &str) {
    encode_lines(stream, ": ", text);
    stream.push('\n');
}

/// Appends the wish how long a reader waits before it connects again; parts of a millisecond are dropped.
///
/// ```
/// # use loggin_protocol as loggin;
/// let mut stream = String::new();
/// loggin::sse::encode_retry(&mut stream, std::time::Duration::from_millis(750));
/// assert_eq!(stream, "retry: 750\n\n");
/// ```
pub fn encode_retry(stream: &mut String, delay: Duration) {
    stream.push_str("retry: ");
    stream.push_str(&delay.as_millis().to_string());
    stream.push_str("\n\n");
}

/// Appends a field for each line of `text`.
fn encode_lines(stream: &mut String, field: &str, text: &str) {
    let mut rest = text;
    loop {
        let (line, end) = rest.split_at(rest.find(['\n', '\r']).unwrap_or(rest.len()));
        stream.push_str(field);
        stream.push_str(line);
        stream.push('\n');
        let Some(after) = end.strip_prefix("\r\n").or_else(|| end.get(1..)) else {
            return;
        };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes pieces, and takes items out after each of them.
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

    fn event(name: &str, data: &str) -> Item {
        Item::Event(Event { name: name.into(), data: data.into(), last_event_id: String::new() })
    }

    #[test]
    fn an_idle_decoder_owns_no_heap_memory() {
        let mut decoder = Decoder::default();
        for piece in [&b"event: ready\ndata: on"[..], b"e\ndata: two\n\n: comm", b"ent\n\n"] {
            decoder.feed(piece).unwrap();
        }
        assert_eq!(decoder.next_item(), Some(event("ready", "one\ntwo")));
        assert_eq!(decoder.next_item(), None);
        let held = (decoder.line.capacity(), decoder.data.capacity(), decoder.name.capacity());
        assert_eq!((held, decoder.items.capacity()), ((0, 0, 0), 0));
        assert!(size_of::<Decoder>() <= 160, "{}", size_of::<Decoder>());
    }

    #[test]
    fn a_failed_decoder_keeps_whole_events_and_reads_no_more() {
        let mut decoder = Decoder::default();
        let endless = "x".repeat(MAX_LINE_BYTES + 1);
        let stream = format!("data: whole\n\n{endless}\n\ndata: late\n\n");
        assert_eq!(decoder.feed(stream.as_bytes()), Err(DecodeError::LineTooLong));
        assert_eq!(decoder.feed(b"data: later\n\n"), Err(DecodeError::LineTooLong));
        assert_eq!(decoder.next_item(), Some(event("message", "whole")));
        assert_eq!(decoder.next_item(), None);
    }

    #[test]
    fn an_endless_line_is_refused_at_its_bound() {
        let mut decoder = Decoder::default();
        for _ in 0..MAX_LINE_BYTES {
            decoder.feed(b"x").unwrap();
        }
        assert_eq!(decoder.feed(b"x"), Err(DecodeError::LineTooLong));
        assert_eq!(decoder.line.capacity(), 0);
    }

    #[test]
    fn an_endless_event_is_refused_at_its_bound() {
        let mut decoder = Decoder::default();
        for _ in 0..=MAX_EVENT_BYTES {
            decoder.feed(b"data\n").unwrap();
        }
        assert_eq!(decoder.feed(b"data\n"), Err(DecodeError::EventTooLong));
    }

    #[test]
    fn debug_shows_no_data() {
        let mut decoder = Decoder::default();
        decoder.feed(b"data: 919876543210\n\ndata: 919876543210\nda").unwrap();
        let shown = format!("{decoder:?} {:?}", decoder.next_item());
        assert!(!shown.contains("9876"), "{shown}");
    }

    #[test]
    fn nothing_can_be_injected_into_an_event() {
        let attack = "1\n\nevent: verified\rdata: 2\r\nid: 3\n\r";
        let mut stream = String::new();
        encode_comment(&mut stream, attack);
        encode_event(&mut stream, attack, attack);
        let name = "1event: verifieddata: 2id: 3";
        let data = "1\n\nevent: verified\ndata: 2\nid: 3\n\n";
        assert_eq!(decode([stream.as_bytes()]), (vec![event(name, data)], Ok(())));
    }

    /// Text in which line ends, colons, spaces and marks are frequent.
    fn awkward_text() -> impl Strategy<Value = String> {
        let symbol = prop_oneof![
            Just('\n'),
            Just('\r'),
            Just(':'),
            Just(' '),
            Just('\u{feff}'),
            Just('\0'),
            any::<char>()
        ];
        proptest::collection::vec(symbol, 0..20).prop_map(String::from_iter)
    }

    fn bytes_of_a_stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "data", "event", "id", "retry", ":", " ", "\n", "\r", "\r\n", "\n\n", "1", "\u{feff}", "é"
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            events in proptest::collection::vec(
                (awkward_text(), awkward_text(), awkward_text(), 0..=MAX_RETRY_MS),
                0..4,
            ),
            piece in 1..40_usize,
        ) {
            let mut stream = String::new();
            let mut expected = Vec::new();
            for (comment, name, data, delay) in events {
                encode_comment(&mut stream, &comment);
                encode_event(&mut stream, &name, &data);
                let delay = Duration::from_millis(delay);
                encode_retry(&mut stream, delay);
                let name = name.replace(['\n', '\r'], "");
                let data = data.replace("\r\n", "\n").replace('\r', "\n");
                expected.push(event(if name.is_empty() { DEFAULT_NAME } else { &name }, &data));
                expected.push(Item::Retry(delay));
            }
            prop_assert_eq!(decode(stream.as_bytes().chunks(piece)), (expected, Ok(())));
        }

        #[test]
        fn where_the_bytes_are_cut_changes_nothing(bytes in bytes_of_a_stream(), cut: prop::sample::Index) {
            let whole = decode([&*bytes]);
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(decode([head, tail]), whole.clone());
            prop_assert_eq!(decode(bytes.chunks(1)), whole);
        }
    }
}
