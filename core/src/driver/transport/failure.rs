//! Reads the cause out of what the HTTP library and the operating system report.

use std::io;

use loggin_protocol::Cause;
use ureq::Timeout;

/// The status by which a proxy asks for a name and a password, as the library reports it.
const PROXY_AUTHENTICATION: &str = " 407/";

/// What a failed request failed of; `via_proxy` where the connection was to a proxy.
pub(super) fn cause_of(error: &ureq::Error, via_proxy: bool) -> Cause {
    let cause = match error {
        ureq::Error::HostNotFound | ureq::Error::Timeout(Timeout::Resolve) => Cause::Dns,
        ureq::Error::Timeout(_) => Cause::Timeout,
        ureq::Error::ConnectProxyFailed(reason) if reason.contains(PROXY_AUTHENTICATION) => {
            Cause::ProxyAuthentication
        }
        ureq::Error::ConnectProxyFailed(_) => Cause::Proxy,
        ureq::Error::Io(error) => cause_of_io(error),
        ureq::Error::Tls(_) => Cause::Tls,
        ureq::Error::Protocol(_) | ureq::Error::Http(_) => Cause::Protocol,
        _ => Cause::Other,
    };
    match cause {
        Cause::Dns | Cause::Refused | Cause::Unreachable | Cause::Other if via_proxy => Cause::Proxy,
        cause => cause,
    }
}

pub(super) fn cause_of_io(error: &io::Error) -> Cause {
    if let Some(inner) = error.get_ref() {
        if let Some(error) = inner.downcast_ref::<rustls::Error>() {
            return cause_of_tls(error);
        }
        if let Some(error) = inner.downcast_ref::<ureq::Error>() {
            return cause_of(error, false);
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Cause::Timeout,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Cause::Cut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => Cause::Unreachable,
        _ => Cause::Other,
    }
}

fn cause_of_tls(error: &rustls::Error) -> Cause {
    use rustls::{AlertDescription, CertificateError, Error};
    match error {
        Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::TlsExpired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Cause::TlsNotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Cause::TlsName
            }
            // An issuer of the name of one that is trusted, with another key: such as a server's own certificate, made anew.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::TlsUnknownIssuer,
            _ => Cause::Tls,
        },
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA,
        ) => Cause::TlsClientCertificate,
        _ => Cause::Tls,
    }
}
