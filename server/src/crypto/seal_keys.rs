//! Keys under which data of people is kept that has to be read again, none of which is in the database: who reads that
//! learns nothing of it.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use crate::{
    clock::{Random, random_bytes},
    crypto::MacKeys,
};

/// Bytes of a nonce, which stands before what it was used for. They are enough to be drawn at random for ever.
const NONCE_BYTES: usize = 24;

/// Keys for one purpose, made from secrets of the configuration: the first seals, all open.
#[derive(Clone)]
pub(crate) struct SealKeys(Vec<XChaCha20Poly1305>);

impl SealKeys {
    /// Keys of these secrets, the one in use first; `domain` tells what they are for.
    pub(crate) fn derive<'a>(secrets: impl IntoIterator<Item = &'a [u8]>, domain: &[u8]) -> Self {
        let keys = MacKeys::derive(secrets, domain).macs(b"seal", b"");
        Self(keys.into_iter().map(|key| XChaCha20Poly1305::new(&key.into())).collect())
    }

    /// Seals a text that belongs to something, so that it opens for that alone; `None` where there is no key.
    pub(crate) fn seal(&self, random: &dyn Random, owner: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = random_bytes(random);
        let sealed = self.0.first()?.encrypt(&XNonce::from(nonce), Payload { msg: text, aad: owner }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for this owner; `None` where it was not, or under no key that is known.
    pub(crate) fn open(&self, owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = || Payload { msg: sealed, aad: owner };
        self.0.iter().find_map(|key| key.decrypt(&XNonce::from(*nonce), payload()).ok())
    }
}

impl fmt::Debug for SealKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealKeys(<redacted>)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::CountingRandom;

    fn keys(secrets: &[&str]) -> SealKeys {
        SealKeys::derive(secrets.iter().map(|secret| secret.as_bytes()), b"test v1\n")
    }

    #[test]
    fn a_text_opens_for_its_owner_and_under_keys_in_rotation() {
        let random = CountingRandom::default();
        let sealed = keys(&["old"]).seal(&random, b"owner", b"919876543210").unwrap();
        assert!(!sealed.windows(4).any(|window| b"919876543210".windows(4).any(|part| part == window)));
        let open = |secrets: &[&str], owner: &[u8], sealed: &[u8]| keys(secrets).open(owner, sealed);
        assert_eq!(open(&["new", "old"], b"owner", &sealed).as_deref(), Some(b"919876543210".as_slice()));
        assert_eq!(open(&["new"], b"owner", &sealed), None);
        assert_eq!(open(&["old"], b"other", &sealed), None);
        assert_eq!(open(&[], b"owner", &sealed), None);
        for length in 0..sealed.len() {
            assert_eq!(open(&["old"], b"owner", &sealed[..length]), None);
        }
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(open(&["old"], b"owner", &changed), None);
        }
        assert_ne!(keys(&["old"]).seal(&random, b"owner", b"919876543210").unwrap(), sealed);
        assert_eq!(keys(&[]).seal(&random, b"owner", b"text"), None);
    }
}
