//! The files that TLS is spoken with at the server's own door.

use std::path::PathBuf;

use super::{ConfigError, Settings, wrong};

/// The setting that names the certificate's file, and the one that names its key's.
const CERTIFICATE: &str = "LOGGIN_TLS_CERT";
/// See [`CERTIFICATE`].
const KEY: &str = "LOGGIN_TLS_KEY";

/// The files of a certificate, its chain included, and of its key, both in PEM.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Settings {
    /// The files; `None` where a proxy speaks TLS.
    pub(super) fn tls(&self) -> Result<Option<TlsFiles>, ConfigError> {
        match (self.optional(CERTIFICATE), self.optional(KEY)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => {
                Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
            }
            (None, Some(_)) => Err(wrong(CERTIFICATE, "is not set, and LOGGIN_TLS_KEY is")),
            (Some(_), None) => Err(wrong(KEY, "is not set, and LOGGIN_TLS_CERT is")),
        }
    }
}
