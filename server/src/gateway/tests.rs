//! What each server calls with, held to the vectors of `tests/gateway`: who is known, and what is read.

use std::collections::HashMap;

use serde::Deserialize;

use super::*;
use crate::clock::UnixMillis;

const VECTORS: &str = include_str!("../../tests/gateway/vectors.json");

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

/// A call, and what is to become of it.
#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    secrets: Vec<String>,
    headers: HashMap<String, String>,
    body: String,
    form: bool,
    /// Seconds.
    now: i64,
    expect: Option<Expected>,
    /// The name of [`Unreadable`].
    error: Option<String>,
    /// The name of [`Unknown`].
    unknown: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    phone: String,
    code: String,
    region: Option<String>,
    client_ip: Option<String>,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str::<Vectors>(VECTORS).unwrap().vectors
}

impl Vector {
    fn kind(&self) -> GatewayKind {
        GatewayKind::of_word(&self.kind).unwrap()
    }

    fn check(&self) -> Result<(), Unknown> {
        let secrets: Vec<GatewaySecret> =
            self.secrets.iter().map(|secret| GatewaySecret::of_text(secret)).collect();
        let header = |name: &'static str| self.headers.get(name).map(String::as_str);
        check(self.kind(), &secrets, &header, self.body.as_bytes(), UnixMillis(self.now * 1_000))
    }
}

#[test]
fn callers_are_known_and_calls_are_read_as_the_vectors_say() {
    let vectors = vectors();
    assert!(vectors.len() > 60);
    for vector in &vectors {
        let id = &vector.id;
        let known = vector.check();
        if let Some(unknown) = &vector.unknown {
            assert_eq!(format!("{:?}", known.unwrap_err()), *unknown, "{id}");
            continue;
        }
        assert_eq!(known, Ok(()), "{id}");
        let read = read(vector.kind(), vector.body.as_bytes(), vector.form);
        if let Some(error) = &vector.error {
            assert_eq!(format!("{:?}", read.unwrap_err()), *error, "{id}");
            continue;
        }
        let (read, expected) = (read.unwrap(), vector.expect.as_ref().unwrap());
        let client_ip = read.client_ip.map(|address| address.to_string());
        assert_eq!(
            (&read.phone, read.code.expose(), &read.region, &client_ip),
            (&expected.phone, &*expected.code, &expected.region, &expected.client_ip),
            "{id}"
        );
        assert!(!format!("{:?}", read.code).contains(&expected.code), "{id}");
    }
    for kind in GatewayKind::ALL {
        let of_kind = || vectors.iter().filter(|vector| vector.kind() == kind);
        let [read, wrong] =
            [of_kind().any(|vector| vector.expect.is_some()), of_kind().any(|one| one.error.is_some())];
        assert!(read && wrong, "{kind:?}");
    }
}

#[test]
fn a_body_that_is_cut_or_of_other_bytes_is_of_nobody_or_unreadable() {
    for vector in vectors().iter().filter(|vector| vector.expect.is_some()) {
        for end in 0..vector.body.len() {
            let cut = &vector.body.as_bytes()[..end];
            if vector.kind().is_signed() {
                let header = |name: &'static str| vector.headers.get(name).map(String::as_str);
                let secrets =
                    vector.secrets.iter().map(|secret| GatewaySecret::of_text(secret)).collect::<Vec<_>>();
                let now = UnixMillis(vector.now * 1_000);
                let known = check(vector.kind(), &secrets, &header, cut, now);
                assert_eq!(known, Err(Unknown::WrongSignature), "{} {end}", vector.id);
            } else if !vector.form {
                assert_eq!(
                    read(vector.kind(), cut, false).err(),
                    Some(Unreadable::Body),
                    "{} {end}",
                    vector.id
                );
            }
        }
    }
    for bytes in [&b"\xff\xfe"[..], b"null", b"\"a\"", b"[]", b"{}{}"] {
        for kind in GatewayKind::ALL {
            assert!(read(kind, bytes, false).is_err());
        }
    }
}

#[test]
fn what_is_wrong_is_told_without_what_was_said() {
    for vector in vectors() {
        let Ok(()) = vector.check() else { continue };
        let Err(error) = read(vector.kind(), vector.body.as_bytes(), vector.form) else { continue };
        let message = error.to_string();
        for secret in ["919876543210", "561166", "730951", "418273", "602184", "64883313"] {
            assert!(!message.contains(secret), "{}", vector.id);
        }
    }
}

#[test]
fn a_signed_call_is_the_same_for_as_long_as_its_signature_is_taken() {
    for kind in GatewayKind::ALL {
        let taken = if kind.is_signed() { TOLERANCE * 2 } else { SAME_FOR };
        assert_eq!(kind.same_for(), taken, "{kind:?}");
    }
}
