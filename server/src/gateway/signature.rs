//! Whether a call is of the server that a gateway is for: by a signature over the bytes as they came, or by the secret that
//! it shows. It is looked at before anything of the body is read.
//!
//! Supabase signs as [Standard Webhooks](https://www.standardwebhooks.com) has it, but for the commas that it puts between
//! several signatures; ZITADEL signs `timestamp.body`, in hexadecimal.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use loggin_protocol::webhook::{self, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{GatewaySecret, Unknown};
use crate::{clock::UnixMillis, store::GatewayKind};

/// How far the moment of a signature may be from this server's clock, before and after: what Standard Webhooks and ZITADEL
/// say.
pub(crate) const TOLERANCE: Duration = webhook::TOLERANCE;

/// Signatures of a call that are looked at: one for each secret that its sender has while it is replaced, and some.
const SIGNATURES: usize = 8;

/// The header with ZITADEL's signatures.
const ZITADEL_HEADER: &str = "zitadel-signature";

/// The headers that a secret can be shown in.
const AUTHORIZATION: &str = "authorization";
const API_KEY: &str = "x-api-key";

/// What a header of the call says, by its name in small letters.
type Headers<'h> = &'h dyn Fn(&'static str) -> Option<&'h str>;

/// Looks whether a call is of the server that has one of these secrets.
///
/// # Errors
/// Why it is not.
pub(crate) fn check(
    kind: GatewayKind,
    secrets: &[GatewaySecret],
    headers: Headers<'_>,
    body: &[u8],
    now: UnixMillis,
) -> Result<(), Unknown> {
    match kind {
        GatewayKind::Supabase => standard(secrets, headers, body, now),
        GatewayKind::Zitadel => zitadel(secrets, headers, body, now),
        GatewayKind::Authentik | GatewayKind::Generic | GatewayKind::Keycloak | GatewayKind::Kratos => {
            shown(secrets, headers)
        }
    }
}

fn standard(
    secrets: &[GatewaySecret],
    headers: Headers<'_>,
    body: &[u8],
    now: UnixMillis,
) -> Result<(), Unknown> {
    let (id, timestamp) = headers(ID_HEADER).zip(headers(TIMESTAMP_HEADER)).ok_or(Unknown::NoSignature)?;
    let timestamp = seconds(timestamp).ok_or(Unknown::NoSignature)?;
    let signatures = headers(SIGNATURE_HEADER).ok_or(Unknown::NoSignature)?;
    let signatures = signatures.split_ascii_whitespace().map(|one| one.trim_end_matches(','));
    let signatures: Vec<&str> = signatures.take(SIGNATURES).collect();
    let made = secrets.iter().filter_map(GatewaySecret::of_webhooks);
    let made = made.map(|secret| secret.sign(id, timestamp, body));
    signed(made, &signatures, timestamp, now)
}

fn zitadel(
    secrets: &[GatewaySecret],
    headers: Headers<'_>,
    body: &[u8],
    now: UnixMillis,
) -> Result<(), Unknown> {
    let header = headers(ZITADEL_HEADER).ok_or(Unknown::NoSignature)?;
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let mut timestamps = parts().filter(|(name, _)| *name == "t");
    let (timestamp, None) = (timestamps.next(), timestamps.next()) else { return Err(Unknown::NoSignature) };
    let timestamp = timestamp.and_then(|(_, text)| seconds(text)).ok_or(Unknown::NoSignature)?;
    let signatures = parts().filter(|(name, _)| *name == "v1").map(|(_, signature)| signature);
    let signatures: Vec<String> = signatures.take(SIGNATURES).map(str::to_ascii_lowercase).collect();
    let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
    let made = secrets.iter().map(|secret| {
        // It takes keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
        let mac = mac.map(|mac| mac.chain_update(format!("{timestamp}.")).chain_update(body).finalize());
        mac.map(|mac| HEXLOWER_PERMISSIVE.encode(&mac.into_bytes())).unwrap_or_default()
    });
    signed(made, &signatures, timestamp, now)
}

/// Whether one of the signatures of a call is one that was made here, and not too old. Each is compared with each, in a time
/// that tells neither how nearly one matches nor which it was.
fn signed(
    made: impl Iterator<Item = String>,
    signatures: &[&str],
    timestamp: u64,
    now: UnixMillis,
) -> Result<(), Unknown> {
    let matches = made.fold(Choice::from(0), |matches, own| {
        signatures.iter().fold(matches, |matches, one| matches | own.as_bytes().ct_eq(one.as_bytes()))
    });
    if !bool::from(matches) {
        return Err(Unknown::WrongSignature);
    }
    let signed_at = i64::try_from(timestamp).ok().and_then(|seconds| seconds.checked_mul(1_000));
    let distance = signed_at.map(|at| now.0.abs_diff(at));
    let is_near = distance.is_some_and(|millis| u128::from(millis) <= TOLERANCE.as_millis());
    if is_near { Ok(()) } else { Err(Unknown::Old) }
}

/// A moment in whole seconds, written in digits and nothing else.
fn seconds(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn shown(secrets: &[GatewaySecret], headers: Headers<'_>) -> Result<(), Unknown> {
    let shown = [headers(AUTHORIZATION).and_then(authorized), headers(API_KEY).map(str::to_owned)];
    let shown: Vec<[u8; 32]> = shown.iter().flatten().map(|secret| hash(secret.trim())).collect();
    if shown.is_empty() {
        return Err(Unknown::NoSecret);
    }
    let matches = secrets.iter().fold(Choice::from(0), |matches, secret| {
        let own = hash(secret.expose());
        shown.iter().fold(matches, |matches, one| matches | own.ct_eq(one))
    });
    if matches.into() { Ok(()) } else { Err(Unknown::WrongSecret) }
}

/// What is compared in place of the texts, which may differ in length.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The secret in a header `Authorization`: a bearer's, the password of a user of any name, or the bare value, as some set
/// the header and nothing before it.
fn authorized(value: &str) -> Option<String> {
    let Some((scheme, rest)) = value.trim().split_once(' ') else {
        return Some(value.trim().to_owned());
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let both = String::from_utf8(BASE64.decode(rest.trim().as_bytes()).ok()?).ok()?;
    both.split_once(':').map(|(_, password)| password.to_owned())
}
