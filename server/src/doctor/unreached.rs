//! Why a call had no response.

use std::{error::Error, fmt, io};

use rustls::CertificateError;

/// Why a call had no response. Nothing in it is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreached {
    /// The certificate, or the agreement on TLS; the words say what of it.
    Tls(&'static str),
    /// Nothing came in time.
    Timeout,
    /// Nothing listens there.
    Refused,
    /// No connection came about: the name is unknown, or no way leads there.
    NoConnection,
    /// The connection was ended before there was a response.
    Cut,
}

impl Unreached {
    /// Why this call had none.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut source: Option<&(dyn Error + 'static)> = Some(error);
        let mut refused = false;
        while let Some(cause) = source {
            let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
            if let Some(tls) = tls.or_else(|| cause.downcast_ref::<rustls::Error>()) {
                return Self::Tls(words(tls));
            }
            let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            refused |= kind == Some(io::ErrorKind::ConnectionRefused);
            source = cause.source();
        }
        match () {
            () if error.is_timeout() => Self::Timeout,
            () if refused => Self::Refused,
            () if error.is_connect() => Self::NoConnection,
            () => Self::Cut,
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Tls(words) => words,
            Self::Timeout => "nothing came in time",
            Self::Refused => "nothing listens there",
            Self::NoConnection => "no connection came about: the name is unknown, or no way leads there",
            Self::Cut => "the connection was ended before there was a response",
        })
    }
}

fn words(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            CertificateError::UnknownIssuer => {
                "the certificate is of no authority that is trusted, or its chain is not whole"
            }
            CertificateError::Revoked => "the certificate was revoked",
            _ => "the certificate is not good",
        },
        _ => "no TLS connection could be agreed on",
    }
}
