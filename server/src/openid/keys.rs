//! Keys that sign ID tokens: made when they are first needed, replaced in turn, published beside each other.
//!
//! `jsonwebtoken` makes and checks the tokens, as it is what most of this field uses and it takes keys of every kind that
//! clients ask for; `aws-lc-rs` draws the keys and signs. Of Rust's own libraries `rsa` has an advisory that is open
//! (RUSTSEC-2023-0071), and `ring`, which the rest of this program has, draws no RSA keys.

use std::collections::HashMap;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaPublicKeyComponents,
    },
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::OpenId;
use crate::{
    clock::UnixMillis,
    limits,
    store::{OpenIdKey, SigningAlgorithm, StoreError},
};

/// Symbols of a line of a PEM file.
const PEM_LINE: usize = 64;

/// Bytes of a coordinate of a point on P-256.
const COORDINATE: usize = 32;

/// For what a private key is sealed.
fn owner(kid: &str) -> Vec<u8> {
    [b"openid key ".as_slice(), kid.as_bytes()].concat()
}

/// A key that was drawn: the private one as PKCS #8, and the public one.
struct Drawn {
    private: Vec<u8>,
    kid: String,
    jwk: Value,
}

fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Its name: the thumbprint of RFC 7638, of members in the order of their names.
fn thumbprint(members: &Value) -> String {
    base64url(&Sha256::digest(members.to_string()))
}

/// Draws a key; RSA takes some hundred milliseconds.
fn draw(algorithm: SigningAlgorithm) -> Option<Drawn> {
    let (private, members) = match algorithm {
        SigningAlgorithm::Rs256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
            let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).ok()?.as_ref().to_vec();
            let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            (private, json!({ "e": base64url(&public.e), "kty": "RSA", "n": base64url(&public.n) }))
        }
        SigningAlgorithm::Es256 => {
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).ok()?;
            // A mark, and two coordinates.
            let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(COORDINATE)?;
            let members = json!({ "crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y) });
            (pkcs8.as_ref().to_vec(), members)
        }
        SigningAlgorithm::EdDsa => {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).ok()?;
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).ok()?;
            let x = base64url(pair.public_key().as_ref());
            (pkcs8.as_ref().to_vec(), json!({ "crv": "Ed25519", "kty": "OKP", "x": x }))
        }
    };
    let kid = thumbprint(&members);
    let mut jwk = members;
    jwk["use"] = "sig".into();
    jwk["alg"] = algorithm.as_str().into();
    jwk["kid"] = kid.as_str().into();
    Some(Drawn { private, kid, jwk })
}

fn jose(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::Rs256 => Algorithm::RS256,
        SigningAlgorithm::Es256 => Algorithm::ES256,
        SigningAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// A private key as the library takes it: RSA by way of PEM, as it has PKCS #8 of it in no other form.
fn encoding_key(algorithm: SigningAlgorithm, private: &[u8]) -> Option<EncodingKey> {
    match algorithm {
        SigningAlgorithm::Rs256 => {
            let body = BASE64.encode(private);
            let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
            for line in body.as_bytes().chunks(PEM_LINE) {
                pem.push_str(&String::from_utf8_lossy(line));
                pem.push('\n');
            }
            pem.push_str("-----END PRIVATE KEY-----\n");
            EncodingKey::from_rsa_pem(pem.as_bytes()).ok()
        }
        SigningAlgorithm::Es256 => Some(EncodingKey::from_ec_der(private)),
        SigningAlgorithm::EdDsa => Some(EncodingKey::from_ed_der(private)),
    }
}

/// The key of an algorithm that signs at a moment: the latest whose time has come.
fn signing(keys: &[OpenIdKey], algorithm: SigningAlgorithm, now: UnixMillis) -> Option<&OpenIdKey> {
    let own = keys.iter().filter(|key| key.algorithm == algorithm && key.signs_from <= now);
    own.max_by_key(|key| key.generation)
}

/// What is to be done to the keys of an algorithm at a moment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turn {
    /// The generation of a key to be made, and from when on it signs.
    make: Option<(i64, UnixMillis)>,
    /// Keys before this generation are published no longer.
    drop_before: Option<i64>,
}

/// A key that signs for long has a successor, which is published for a while before it signs; and what it has replaced is
/// published until what it signed is over.
fn turn(keys: &[OpenIdKey], algorithm: SigningAlgorithm, now: UnixMillis) -> Turn {
    let Some(current) = signing(keys, algorithm, now) else { return Turn::default() };
    let latest = keys.iter().filter(|key| key.algorithm == algorithm).map(|key| key.generation).max();
    let has_successor = latest.is_some_and(|latest| latest > current.generation);
    let successor_from = current.signs_from + limits::OPENID_KEY_SIGNS;
    let is_due = now + limits::OPENID_KEY_AHEAD >= successor_from;
    let make = (!has_successor && is_due).then(|| {
        // Late, where no server ran when it was due: it is published for as long all the same.
        (current.generation + 1, successor_from.max(now + limits::OPENID_KEY_AHEAD))
    });
    let has_older = keys.iter().any(|key| key.algorithm == algorithm && key.generation < current.generation);
    let is_over = now >= current.signs_from + limits::OPENID_KEY_KEPT;
    Turn { make, drop_before: (has_older && is_over).then_some(current.generation) }
}

impl OpenId {
    /// The public keys, as the endpoint tells them; keys that sign are made where there are none.
    pub(crate) async fn key_set(&self) -> Result<Value, StoreError> {
        for algorithm in SigningAlgorithm::ALL {
            self.signing_key(algorithm).await?;
        }
        let keys = self.store.openid_keys().await?;
        let read = |key: &OpenIdKey| serde_json::from_str::<Value>(&key.jwk).ok();
        Ok(json!({ "keys": keys.iter().filter_map(read).collect::<Vec<_>>() }))
    }

    /// Signs claims by this algorithm.
    pub(super) async fn sign(
        &self,
        algorithm: SigningAlgorithm,
        claims: &impl Serialize,
    ) -> Result<String, StoreError> {
        const FAILED: StoreError = StoreError::Unreadable("key that signs");
        let (kid, private) = self.signing_key(algorithm).await?;
        let key = encoding_key(algorithm, &private).ok_or(FAILED)?;
        let mut header = Header::new(jose(algorithm));
        header.kid = Some(kid);
        jsonwebtoken::encode(&header, claims, &key).map_err(|_| FAILED)
    }

    /// The keys by which a token of this issuer may have been signed, by their names.
    pub(super) async fn checking_keys(
        &self,
    ) -> Result<HashMap<String, (Algorithm, DecodingKey)>, StoreError> {
        let keys = self.store.openid_keys().await?;
        let read = |key: OpenIdKey| {
            let jwk = serde_json::from_str(&key.jwk).ok()?;
            let checking = DecodingKey::from_jwk(&jwk).ok()?;
            Some((key.kid, (jose(key.algorithm), checking)))
        };
        Ok(keys.into_iter().filter_map(read).collect())
    }

    /// Name and private key of what signs by this algorithm now. One that no secret of the configuration opens is replaced
    /// at once.
    async fn signing_key(&self, algorithm: SigningAlgorithm) -> Result<(String, Vec<u8>), StoreError> {
        for _ in 0..2 {
            let now = self.clock.now();
            let keys = self.store.openid_keys().await?;
            let found = signing(&keys, algorithm, now);
            let opened = found.and_then(|key| self.open(key).map(|private| (key.kid.clone(), private)));
            if let Some(opened) = opened {
                return Ok(opened);
            }
            let own = keys.iter().filter(|key| key.algorithm == algorithm);
            let generation = own.map(|key| key.generation).max().unwrap_or_default() + 1;
            // Where another server was faster, its key is found at the second look.
            self.make_key(algorithm, generation, now).await?;
        }
        Err(StoreError::Unreadable("key that signs"))
    }

    fn open(&self, key: &OpenIdKey) -> Option<Vec<u8>> {
        self.keys.open(&owner(&key.kid), &key.sealed)
    }

    async fn make_key(
        &self,
        algorithm: SigningAlgorithm,
        generation: i64,
        signs_from: UnixMillis,
    ) -> Result<(), StoreError> {
        const FAILED: StoreError = StoreError::Unreadable("key that was drawn");
        let drawing = tokio::task::spawn_blocking(move || draw(algorithm));
        let Drawn { private, kid, jwk } = drawing.await.ok().flatten().ok_or(FAILED)?;
        let sealed = self.keys.seal(&*self.random, &owner(&kid), &private).ok_or(FAILED)?;
        let key = OpenIdKey { algorithm, generation, kid, sealed, jwk: jwk.to_string(), signs_from };
        if self.store.put_openid_key(key).await? {
            tracing::info!(algorithm = algorithm.as_str(), generation, "a key for ID tokens was made");
        }
        Ok(())
    }

    /// Replaces keys whose time is over, and forgets those that nobody needs.
    pub(super) async fn turn_keys(&self) -> Result<(), StoreError> {
        let (keys, now) = (self.store.openid_keys().await?, self.clock.now());
        for algorithm in SigningAlgorithm::ALL {
            let Turn { make, drop_before } = turn(&keys, algorithm, now);
            if let Some((generation, signs_from)) = make {
                self.make_key(algorithm, generation, signs_from).await?;
            }
            if let Some(before) = drop_before {
                self.store.drop_openid_keys(algorithm, before).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tests::START;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn key(generation: i64, signs_from: UnixMillis) -> OpenIdKey {
        OpenIdKey {
            algorithm: SigningAlgorithm::Es256,
            generation,
            kid: generation.to_string(),
            sealed: Vec::new(),
            jwk: String::new(),
            signs_from,
        }
    }

    fn turn_at(keys: &[OpenIdKey], now: UnixMillis) -> Turn {
        turn(keys, SigningAlgorithm::Es256, now)
    }

    #[test]
    fn a_successor_is_published_before_it_signs_and_a_predecessor_after_it_signed() {
        let first = key(1, START);
        let successor_from = START + limits::OPENID_KEY_SIGNS;
        assert_eq!(turn_at(&[], START), Turn::default());
        let early = successor_from - limits::OPENID_KEY_AHEAD - Duration::from_millis(1);
        assert_eq!(turn_at(std::slice::from_ref(&first), early), Turn::default());
        let due = successor_from - limits::OPENID_KEY_AHEAD;
        let made = turn_at(std::slice::from_ref(&first), due);
        assert_eq!(made, Turn { make: Some((2, successor_from)), drop_before: None });

        let keys = [first, key(2, successor_from)];
        let signs = |now| signing(&keys, SigningAlgorithm::Es256, now).unwrap().generation;
        assert_eq!(turn_at(&keys, due), Turn::default(), "there is one");
        assert_eq!((signs(due), signs(successor_from)), (1, 2));
        assert_eq!(turn_at(&keys, successor_from), Turn::default(), "the first is published still");
        let over = turn_at(&keys, successor_from + limits::OPENID_KEY_KEPT);
        assert_eq!(over, Turn { make: None, drop_before: Some(2) });
        assert!(limits::OPENID_KEY_KEPT > limits::OPENID_ID_TOKEN_VALID);
        assert!(limits::OPENID_KEY_AHEAD > Duration::from_secs(limits::OPENID_KEYS_CACHED.into()));
    }

    #[test]
    fn a_successor_that_comes_late_is_published_as_long() {
        let now = START + limits::OPENID_KEY_SIGNS + DAY * 100;
        let made = turn_at(&[key(1, START)], now);
        assert_eq!(made.make, Some((2, now + limits::OPENID_KEY_AHEAD)));
    }

    #[test]
    fn what_a_key_of_each_algorithm_signs_its_public_half_checks() {
        for algorithm in SigningAlgorithm::ALL {
            let Drawn { private, kid, jwk } = draw(algorithm).unwrap();
            assert_eq!(jwk["alg"], algorithm.as_str());
            let text = jwk.to_string();
            assert!(["d", "p", "q"].iter().all(|name| jwk.get(name).is_none()), "{text}");
            let mut header = Header::new(jose(algorithm));
            header.kid = Some(kid);
            let claims = json!({ "aud": "client", "exp": 4_102_444_800_u64, "sub": "somebody" });
            let key = encoding_key(algorithm, &private).unwrap();
            let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
            let checking = DecodingKey::from_jwk(&serde_json::from_str(&text).unwrap()).unwrap();
            let mut rules = jsonwebtoken::Validation::new(jose(algorithm));
            rules.set_audience(&["client"]);
            let read = jsonwebtoken::decode::<Value>(&token, &checking, &rules).unwrap();
            assert_eq!(read.claims, claims);
            let other = draw(algorithm).unwrap().jwk.to_string();
            let other = DecodingKey::from_jwk(&serde_json::from_str(&other).unwrap()).unwrap();
            assert!(jsonwebtoken::decode::<Value>(&token, &other, &rules).is_err());
        }
    }
}
