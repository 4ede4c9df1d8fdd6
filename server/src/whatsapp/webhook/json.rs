//! Reading JSON that somebody else may change without notice: what is missing or of another type is `None`.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;

/// The last second that RFC 3339 can write, 9999-12-31T23:59:59Z: a later time is no time.
const LAST_SECOND: u64 = 253_402_300_799;

/// Bytes of `\uXXXX`.
const UNICODE_ESCAPE_BYTES: usize = 6;

/// What a surrogate without its partner is replaced by: the replacement character.
const REPLACEMENT_ESCAPE: &[u8; UNICODE_ESCAPE_BYTES] = br"\ufffd";

/// The body as JSON; `None` where it is none.
///
/// A name or text that was cut in the middle of an emoji leaves half a surrogate pair or half a UTF-8 sequence. That
/// is no JSON to a strict reader, and one such message would hold up everything in its call for the seven days
/// that WhatsApp repeats it: those halves are replaced and the body is read once more.
pub(crate) fn read(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).or_else(|_| serde_json::from_slice(&repaired(body))).ok()
}

/// The string at a key.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// The non-empty string at a key.
pub(crate) fn id(value: &Value, key: &str) -> Option<String> {
    text(value, key).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The value at a key, unless it is null: that counts as absent.
pub(crate) fn present<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    value.get(key).filter(|value| !value.is_null())
}

/// The elements of the array at a key.
pub(crate) fn elements<'a>(value: &'a Value, key: &str) -> Option<&'a [Value]> {
    value.get(key)?.as_array().map(Vec::as_slice)
}

/// The only element of the array at a key; `None` where there is another number of them.
pub(crate) fn only<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match elements(value, key)? {
        [only] => Some(only),
        _ => None,
    }
}

/// An integer at a key, written as a number or as a string of digits.
pub(crate) fn integer(value: &Value, key: &str) -> Option<u64> {
    match value.get(key)? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// A moment in seconds since 1970 at a key.
pub(crate) fn unix_time(value: &Value, key: &str) -> Option<SystemTime> {
    let seconds = integer(value, key).filter(|&seconds| seconds <= LAST_SECOND)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The body with every half of a character replaced.
fn repaired(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mut rest = match &text {
        Cow::Borrowed(text) => text.as_bytes(),
        Cow::Owned(text) => text.as_bytes(),
    };
    let mut out = Vec::with_capacity(rest.len());
    while let Some(plain) = rest.iter().position(|&byte| byte == b'\\') {
        let (before, escape) = rest.split_at(plain);
        out.extend_from_slice(before);
        let (repaired, length) = repaired_escape(escape);
        out.extend_from_slice(repaired);
        rest = &escape[length..];
    }
    out.extend_from_slice(rest);
    out
}

/// What the escape at the start of `text` becomes, and how long it is.
fn repaired_escape(text: &[u8]) -> (&[u8], usize) {
    let Some(unit) = utf16_unit(text) else {
        // Another escape is two bytes, of which the second may be a backslash; the body may also end here.
        let length = text.len().min(2);
        return (&text[..length], length);
    };
    match unit {
        0xd800..=0xdbff => {
            let partner = text.get(UNICODE_ESCAPE_BYTES..).and_then(utf16_unit);
            match partner {
                Some(0xdc00..=0xdfff) => (&text[..2 * UNICODE_ESCAPE_BYTES], 2 * UNICODE_ESCAPE_BYTES),
                _ => (REPLACEMENT_ESCAPE, UNICODE_ESCAPE_BYTES),
            }
        }
        0xdc00..=0xdfff => (REPLACEMENT_ESCAPE, UNICODE_ESCAPE_BYTES),
        _ => (&text[..UNICODE_ESCAPE_BYTES], UNICODE_ESCAPE_BYTES),
    }
}

/// The UTF-16 code unit of a `\uXXXX` at the start of `text`.
fn utf16_unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..UNICODE_ESCAPE_BYTES)?.strip_prefix(br"\u")?;
    let mut unit = [0; 2];
    HEXLOWER_PERMISSIVE.decode_mut(digits, &mut unit).ok()?;
    Some(u16::from_be_bytes(unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn escaped_and_raw_text_read_alike() {
        let escaped = br#"{"body":"\u00e4\ud83d\ude00\/\u0040\\u"}"#;
        assert_eq!(read(escaped).unwrap(), json!({"body": "ä😀/@\\u"}));
        assert_eq!(read("{\"body\":\"ä😀/@\\\\u\"}".as_bytes()), read(escaped));
    }

    #[test]
    fn half_a_character_is_replaced() {
        let halves: [(&[u8], &str); 6] = [
            (br#"{"name":"A\ud83d"}"#, "A\u{fffd}"),
            (br#"{"name":"\ude00B"}"#, "\u{fffd}B"),
            (br#"{"name":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (br#"{"name":"\ud83d\n"}"#, "\u{fffd}\n"),
            (br#"{"name":"\\ud83d\ud83d"}"#, "\\ud83d\u{fffd}"),
            (b"{\"name\":\"A\xf0\x9f\"}", "A\u{fffd}"),
        ];
        for (body, name) in halves {
            assert_eq!(read(body).unwrap(), json!({ "name": name }));
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for body in [&b""[..], b"{", b"{\"a\":\"\\", b"{\"a\":\"\\ud8", b"\\", b"\xff", b"{} {}"] {
            assert_eq!(read(body), None);
        }
    }

    #[test]
    fn times_are_strings_or_integers_that_a_calendar_has() {
        let time = |timestamp: Value| unix_time(&json!({ "timestamp": timestamp }), "timestamp");
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_416_801);
        assert_eq!(time(json!("1790416801")), Some(expected));
        assert_eq!(time(json!(1_790_416_801)), Some(expected));
        assert!(time(json!("253402300799")).is_some());
        for bad in
            [json!("253402300800"), json!(-1), json!("x"), json!(""), json!(1.5), json!(u64::MAX), json!([])]
        {
            assert_eq!(time(bad.clone()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn repairing_changes_nothing_in_json_without_such_halves(text in any::<String>()) {
            let body = serde_json::to_vec(&json!({ "text": text })).unwrap();
            prop_assert_eq!(repaired(&body), body);
        }

        #[test]
        fn strings_of_any_units_can_be_read(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let escapes: String = units.iter().flat_map(|unit| format!("\\u{unit:04x}").into_bytes()).map(char::from).collect();
            let read = read(format!(r#"{{"text":"{escapes}"}}"#).as_bytes());
            prop_assert_eq!(read, Some(json!({ "text": String::from_utf16_lossy(&units) })));
        }

        #[test]
        fn any_bytes_are_read_or_refused(body: Vec<u8>) {
            let _ = read(&body);
        }
    }
}
