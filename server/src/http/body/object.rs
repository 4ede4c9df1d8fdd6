//! The JSON of a request's body: one object, read strictly.
//!
//! Two parsers that read a body differently are a way around whoever checks it before. So what JSON leaves open is
//! refused here for every call: a name that stands twice, and, by the types of the fields, a list in place of an object
//! and a number with a point or an exponent in place of an integer. Fields that nobody asks for are passed over, and a
//! field that is kept as raw JSON is the app's own in all but its depth.

use std::{collections::HashSet, fmt, marker::PhantomData, str};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor,
        value::MapAccessDeserializer,
    },
};

use crate::limits;

/// Reads a body that is one JSON object and nothing else. Why it is not is not told, as that would repeat some of it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    // Strings that are passed over are not checked otherwise.
    let text = str::from_utf8(body).ok()?;
    if depth(text) > limits::BODY_DEPTH {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = deserializer.deserialize_map(Object(PhantomData)).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// How many lists and objects stand in one another at most.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads an object, and no list.
struct Object<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(Once { fields, seen: HashSet::new() }))
    }
}

/// The fields of an object, each name of which stands once.
struct Once<A> {
    fields: A,
    seen: HashSet<String>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Once<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(name) = self.fields.next_key::<String>()? else {
            return Ok(None);
        };
        if self.seen.len() == limits::BODY_FIELDS || !self.seen.insert(name.clone()) {
            return Err(A::Error::custom("a name stands twice, or there are too many"));
        }
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.fields.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use loggin_protocol::wire::{EventsRequest, OtpStartRequest, VerifyRequest};

    use super::*;

    #[test]
    fn an_object_is_read_and_what_nobody_asks_for_passed_over() {
        for body in [
            r#"{"token":"a"}"#,
            " \r\n\t{ \"novelty\" : [1e3, {\"a\":1,\"a\":2}] , \"\\u0074oken\" : \"a\" } \n",
            r#"{"token":"a","Token":"b","tokens":[]}"#,
        ] {
            assert_eq!(read::<VerifyRequest>(body.as_bytes()).unwrap().token, "a", "{body}");
        }
    }

    #[test]
    fn what_is_no_such_object_is_refused() {
        let too_many: Vec<String> =
            (0..=limits::BODY_FIELDS).map(|number| format!(",\"{number}\":0")).collect();
        let too_many = too_many.concat();
        let bodies: [&[u8]; 16] = [
            b"",
            b"null",
            b"\"a\"",
            b"[\"a\"]",
            b"[{\"token\":\"a\"}]",
            b"{\"token\":\"a\"",
            b"{\"token\":\"a\"}{}",
            b"{\"token\":\"a\"} x",
            b"\xef\xbb\xbf{\"token\":\"a\"}",
            b"{\"token\":\"a\",\"token\":\"a\"}",
            b"{\"token\":\"a\",\"\\u0074oken\":\"b\"}",
            b"{\"token\":\"a\",\"x\":1,\"x\":2}",
            b"{\"token\":\"a\",\"x\":NaN}",
            b"{\"token\":\"a\",\"x\":\"\xff\"}",
            b"{\"token\":[\"a\"]}",
            &[b"{\"token\":\"a\"", too_many.as_bytes(), b"}"].concat(),
        ];
        for body in bodies {
            assert!(read::<VerifyRequest>(body).is_none(), "{}", body.escape_ascii());
        }
        assert!(read::<EventsRequest>(br#"{"tokens":["a"],"claim":1}"#).is_none());
    }

    #[test]
    fn an_integer_is_written_in_digits() {
        let read = |number: &str| {
            read::<OtpStartRequest>(format!(r#"{{"phone":"1","otp_length":{number}}}"#).as_bytes())
        };
        assert_eq!(read("6").unwrap().otp_length, Some(6));
        assert_eq!(read("null").unwrap().otp_length, None);
        for number in
            ["6.0", "6e0", "1e3", "6.5", "-0", "-6", "4294967296", "\"6\"", "[6]", "0x6", "06", "+6"]
        {
            assert!(read(number).is_none(), "{number}");
        }
    }

    #[test]
    fn what_is_the_apps_own_is_kept_as_it_is_but_for_its_depth() {
        let meta = r#"{ "a":1e3, "a":[null] }"#;
        let read =
            |meta: &str| read::<OtpStartRequest>(format!(r#"{{"phone":"1","meta":{meta}}}"#).as_bytes());
        assert_eq!(read(meta).unwrap().meta.unwrap().get(), meta);
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(limits::BODY_DEPTH - 1)).is_some());
        assert!(read(&nested(limits::BODY_DEPTH)).is_none());
        let brackets_in_a_string = format!(r#""\"{}""#, "[".repeat(limits::BODY_DEPTH));
        assert!(read(&brackets_in_a_string).is_some());
    }
}
