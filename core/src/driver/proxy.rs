//! Which proxy a client goes through: curl's rules, and never to this machine.
//!
//! The library has rules of its own, which differ: one proxy for every scheme, and a list of exceptions that knows
//! neither ports nor networks. So it is told the proxy that was chosen here, or none.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use loggin_protocol::{Error, ErrorCode};
use url::{Host, Url};

/// The value of the option that says: none, whatever the environment says.
const NONE: &str = "none";

/// Set by every server that runs a program by CGI. `HTTP_PROXY` is then a header of the request, as long as names of
/// variables have no case.
const CGI: &str = "REQUEST_METHOD";

/// The proxies that are spoken.
const SCHEMES: [&str; 7] = ["http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy's address, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy(Url);

impl Proxy {
    /// The proxy for a server: the option, else what the environment says.
    ///
    /// # Errors
    /// `invalid_config` where the one that applies is no proxy; one that does not apply is not looked at.
    pub(crate) fn choose(
        server: &Url,
        option: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        match option {
            Some(NONE) => return Ok(None),
            Some(text) => return Self::parse(text, "The option proxy").map(Some),
            None if is_loopback(server) => return Ok(None),
            None => {}
        }
        let first =
            |names: &[&'static str]| names.iter().find_map(|name| variable(name).map(|value| (*name, value)));
        let own: &[&str] = match server.scheme() {
            "https" => &["https_proxy", "HTTPS_PROXY"],
            _ if variable(CGI).is_some() => &[],
            // In capitals it may be a header of somebody's request.
            _ => &["http_proxy"],
        };
        let Some((name, value)) = first(own).or_else(|| first(&["all_proxy", "ALL_PROXY"])) else {
            return Ok(None);
        };
        if let Some((_, list)) = first(&["no_proxy", "NO_PROXY"])
            && is_excepted(server, &list)
        {
            return Ok(None);
        }
        Self::parse(value.trim(), name).map(Some)
    }

    fn parse(text: &str, source: &str) -> Result<Self, Error> {
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let proxy = Url::parse(&text).ok().filter(|url| {
            SCHEMES.contains(&url.scheme())
                && url.host_str().is_some_and(|host| !host.is_empty())
                && matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
        });
        proxy.map(Self).ok_or_else(|| {
            Error::new(
                ErrorCode::InvalidConfig,
                format!(
                    "{source} names no proxy: it is a URL such as http://host:port or socks5://host:port."
                ),
            )
        })
    }

    /// Whether the connection to the proxy itself is secure.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The whole address, with the name and password that the proxy asks for.
    pub(super) fn expose(&self) -> &str {
        self.0.as_str()
    }
}

/// Without the name and the password.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        match self.0.port() {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

/// Whether a list of exceptions names a server: by its name or a parent domain, its address or a network, each with a
/// port or for all of them.
fn is_excepted(server: &Url, list: &str) -> bool {
    let Some(host) = server.host() else {
        return false;
    };
    let entries = list.split(|symbol: char| symbol == ',' || symbol.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        let (name, port) = split_port(entry);
        let same_port = port.is_none_or(|port| server.port_or_known_default() == port.parse().ok());
        entry == "*" || (same_port && names(name, &host))
    })
}

fn names(name: &str, host: &Host<&str>) -> bool {
    match host {
        Host::Domain(host) => is_domain_of(name, host),
        Host::Ipv4(address) => contains(name, (*address).into()),
        Host::Ipv6(address) => contains(name, (*address).into()),
    }
}

fn is_domain_of(name: &str, host: &str) -> bool {
    let name = name.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    let Some(rest) = host.strip_suffix(&name) else {
        return false;
    };
    !name.is_empty() && (rest.is_empty() || rest.ends_with('.'))
}

fn contains(name: &str, address: IpAddr) -> bool {
    let address = address.to_canonical();
    match (name.parse::<IpAddr>(), name.parse::<IpNet>()) {
        (Ok(one), _) => one.to_canonical() == address,
        (_, Ok(network)) => network.contains(&address),
        _ => false,
    }
}

/// Splits `host:port` and `[address]:port`; an address with colons and no brackets has no port.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = entry.strip_prefix('[').and_then(|entry| entry.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let proxy = Proxy::parse("http://user:hidden@proxy.example:3128", "x").unwrap();
        assert_eq!(format!("{proxy} {proxy:?}"), "http://proxy.example:3128 http://proxy.example:3128");
        assert!(proxy.expose().contains("user:hidden@"));
        let error = Proxy::parse("ftp://user:hidden@proxy.example", "HTTPS_PROXY").unwrap_err();
        assert!(!error.to_string().contains("hidden"));
    }
}
