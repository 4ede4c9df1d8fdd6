//! A certificate with its key, as two files hold them.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};
use x509_parser::parse_x509_certificate;

use crate::{clock::UnixMillis, config::TlsFiles};

/// Bytes of a file of certificates: hundreds of them. Something larger is another file.
const FILE_BYTES: u64 = 1 << 20;

/// Why a pair of files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairError {
    #[error("LOGGIN_TLS_CERT: the file cannot be read: {0}")]
    CertificateFile(#[source] io::Error),
    #[error("LOGGIN_TLS_KEY: the file cannot be read: {0}")]
    KeyFile(#[source] io::Error),
    #[error("LOGGIN_TLS_CERT: the file holds no certificate in PEM")]
    NoCertificate,
    #[error("LOGGIN_TLS_KEY: the file holds no private key in PEM")]
    NoKey,
    #[error("LOGGIN_TLS_KEY: the key is not that of the certificate in LOGGIN_TLS_CERT")]
    KeyOfAnother,
    #[error("LOGGIN_TLS_CERT: the certificate or its key cannot be used: {0}")]
    Tls(#[source] rustls::Error),
}

/// What two files held at one moment, which may be the middle of a change.
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate with its key, checked to belong together.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// When the certificate ends.
    pub(super) expires: UnixMillis,
}

impl Files {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, PairError> {
        Ok(Self {
            certificate: read(&files.certificate).map_err(PairError::CertificateFile)?,
            key: read(&files.key).map_err(PairError::KeyFile)?,
        })
    }

    /// What tells one state of the files from another, without keeping the key a second time.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let hash = Sha256::new().chain_update(Sha256::digest(&self.certificate));
        hash.chain_update(Sha256::digest(&self.key)).finalize().into()
    }

    pub(super) fn pair(&self, provider: &CryptoProvider) -> Result<Pair, PairError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(PairError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| PairError::NoKey)?;
        let expires = chain.first().and_then(expiry).ok_or(PairError::NoCertificate)?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => PairError::KeyOfAnother,
            error => PairError::Tls(error),
        })?;
        Ok(Pair { key: Arc::new(key), expires })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<UnixMillis> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(UnixMillis(seconds.saturating_mul(1_000)))
}
