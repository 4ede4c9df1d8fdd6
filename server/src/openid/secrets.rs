//! What is drawn at random, and the hash by which the store knows it.

use loggin_protocol::base32;
use sha2::{Digest, Sha256};

use crate::clock::{Random, random_bytes};

/// Random bytes of whatever nobody may guess: 160 bits.
const BYTES: usize = 20;

/// What a secret is for: of two kinds none is taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What binds a request to a browser.
    Browser,
    ClientSecret,
    Code,
    Device,
    /// A request that was pushed.
    Pushed,
    Refresh,
    /// A request that waits for a person.
    Request,
    UserCode,
}

impl Kind {
    /// What its hash begins with.
    fn domain(self) -> &'static [u8] {
        match self {
            Self::Browser => b"openid browser\n",
            Self::ClientSecret => b"openid client secret\n",
            Self::Code => b"openid code\n",
            Self::Device => b"openid device\n",
            Self::Pushed => b"openid pushed request\n",
            Self::Refresh => b"openid refresh token\n",
            Self::Request => b"openid request\n",
            Self::UserCode => b"openid user code\n",
        }
    }

    /// The hash of one.
    pub(super) fn hash(self, secret: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.domain()).chain_update(secret).finalize().into()
    }
}

/// A new secret: 32 symbols.
pub(super) fn draw(random: &dyn Random) -> String {
    base32::encode(&random_bytes::<BYTES>(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::CountingRandom;

    #[test]
    fn a_secret_of_one_kind_is_none_of_another() {
        let random = CountingRandom::default();
        let (one, other) = (draw(&random), draw(&random));
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        assert_eq!(Kind::Code.hash(&one), Kind::Code.hash(&one));
        assert_ne!(Kind::Code.hash(&one), Kind::Refresh.hash(&one));
        assert_ne!(Kind::Code.hash(&one), Kind::Code.hash(&other));
    }
}
