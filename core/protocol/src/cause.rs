//! Why a server was not reached: one closed list, of which nothing is secret.

use std::{error, fmt};

/// Why the server was not reached, or why what answered is not the server.
///
/// [`Error::cause`](crate::Error::cause) has it, and so has every other language, by the name that
/// [`Cause::name`] gives. As a `std::error::Error` it says the same in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// `cut`: the connection was ended before the response was whole.
    Cut,
    /// `dns`: the server's name was not found.
    Dns,
    /// `http_<status>`: something answered with this status and nothing of the protocol, such as a gateway.
    Http(u16),
    /// `other`: none of the others.
    Other,
    /// `protocol`: what answered does not speak this protocol.
    Protocol,
    /// `proxy`: the proxy was not reached, or does not lead to the server.
    Proxy,
    /// `proxy_authentication`: the proxy asks for a name and a password, or for others.
    ProxyAuthentication,
    /// `redirect`: the response points elsewhere. It is not followed: a key or a token would go there.
    Redirect,
    /// `refused`: nothing listens at the server's address and port.
    Refused,
    /// `timeout`: nothing came back in time.
    Timeout,
    /// `tls`: the two found no secure connection, for none of the reasons below.
    Tls,
    /// `tls_client_certificate`: the server asks for a client's certificate, or for another one.
    TlsClientCertificate,
    /// `tls_expired`: the certificate is no longer valid, or the clock of this machine is wrong.
    TlsExpired,
    /// `tls_name`: the certificate is another server's.
    TlsName,
    /// `tls_not_yet_valid`: the certificate is not valid yet, or the clock of this machine is wrong.
    TlsNotYetValid,
    /// `tls_unknown_issuer`: nobody who is trusted here issued the certificate.
    TlsUnknownIssuer,
    /// `unreachable`: there is no way to the server's address.
    Unreachable,
}

impl Cause {
    /// The name in every language, e.g. `tls_expired` or `http_502`.
    pub fn name(self) -> String {
        match self {
            Self::Http(status) => format!("http_{status}"),
            other => other.row().0.to_owned(),
        }
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Cut => ("cut", "the connection was ended before the response was whole"),
            Self::Dns => ("dns", "its name was not found"),
            Self::Http(_) => ("http", "something else answered"),
            Self::Other => ("other", "the connection failed"),
            Self::Protocol => ("protocol", "what answered does not speak this protocol"),
            Self::Proxy => ("proxy", "the proxy was not reached or does not lead there"),
            Self::ProxyAuthentication => ("proxy_authentication", "the proxy asks for a name and a password"),
            Self::Redirect => ("redirect", "the response is a redirect, which is not followed"),
            Self::Refused => ("refused", "nothing listens at its address and port"),
            Self::Timeout => ("timeout", "nothing came back in time"),
            Self::Tls => ("tls", "no secure connection was agreed on"),
            Self::TlsClientCertificate => ("tls_client_certificate", "it asks for a client's certificate"),
            Self::TlsExpired => ("tls_expired", "its certificate has expired"),
            Self::TlsName => ("tls_name", "its certificate is for another name"),
            Self::TlsNotYetValid => ("tls_not_yet_valid", "its certificate is not valid yet"),
            Self::TlsUnknownIssuer => ("tls_unknown_issuer", "its certificate is of an unknown issuer"),
            Self::Unreachable => ("unreachable", "there is no way to its address"),
        }
    }
}

/// In words, as the end of a sentence about the server.
impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(status) => write!(formatter, "something answered with HTTP status {status}"),
            other => formatter.write_str(other.row().1),
        }
    }
}

impl error::Error for Cause {}
