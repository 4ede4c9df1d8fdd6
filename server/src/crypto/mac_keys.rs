//! Keys under which short secrets are kept, none of which is in the database: who reads that learns no secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Keys for one purpose, made from secrets of the configuration.
///
/// Every node has these secrets, and they are rotated: the first makes MACs, all check them.
#[derive(Clone)]
pub(crate) struct MacKeys(Vec<Hmac<Sha256>>);

impl MacKeys {
    /// Keys of these secrets, the one in use first; `domain` tells what they are for.
    pub(crate) fn derive<'a>(secrets: impl IntoIterator<Item = &'a [u8]>, domain: &[u8]) -> Self {
        let derive = |secret: &[u8]| {
            let mut mac = keyed(secret);
            mac.update(domain);
            keyed(&mac.finalize().into_bytes())
        };
        Self(secrets.into_iter().map(derive).collect())
    }

    /// The MAC of a secret that belongs to something.
    pub(crate) fn mac(&self, owner: &[u8], secret: &[u8]) -> [u8; 32] {
        let key = self.0.first().cloned().unwrap_or_else(|| keyed(&[]));
        bound(key, owner, secret).finalize().into_bytes().into()
    }

    /// The MACs of a secret under every key, that in use first: what was kept under an older key is found by them.
    pub(crate) fn macs(&self, owner: &[u8], secret: &[u8]) -> Vec<[u8; 32]> {
        let macs = self.0.iter().map(|key| bound(key.clone(), owner, secret).finalize().into_bytes().into());
        macs.collect()
    }

    /// Whether this secret has this MAC, in a time that tells neither how nearly nor under which key.
    pub(crate) fn check(&self, mac: &[u8; 32], owner: &[u8], secret: &[u8]) -> bool {
        self.0.iter().fold(false, |matching, key| {
            matching | bound(key.clone(), owner, secret).verify_slice(mac).is_ok()
        })
    }
}

impl fmt::Debug for MacKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MacKeys(<redacted>)")
    }
}

/// An owner's name is no prefix of another's: each kind of owner has names of one length.
fn bound(key: Hmac<Sha256>, owner: &[u8], secret: &[u8]) -> Hmac<Sha256> {
    key.chain_update(owner).chain_update(b"\n").chain_update(secret)
}

/// HMAC takes keys of any length.
fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret)
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::array::Array::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[&str], domain: &[u8]) -> MacKeys {
        MacKeys::derive(secrets.iter().map(|secret| secret.as_bytes()), domain)
    }

    #[test]
    fn a_secret_holds_for_its_owner_and_for_keys_in_rotation() {
        let mac = keys(&["old"], b"a").mac(b"one", b"012345");
        let both = keys(&["new", "old"], b"a");
        assert!(both.check(&mac, b"one", b"012345"));
        assert!(!both.check(&mac, b"one", b"012346"));
        assert!(!both.check(&mac, b"two", b"012345"));
        assert!(!keys(&["new"], b"a").check(&mac, b"one", b"012345"));
        assert!(!keys(&["old"], b"b").check(&mac, b"one", b"012345"));
        assert!(!keys(&[], b"a").check(&mac, b"one", b"012345"));
        assert_ne!(both.mac(b"one", b"012345"), mac);
        assert_eq!(both.macs(b"one", b"012345"), [both.mac(b"one", b"012345"), mac]);
    }
}
