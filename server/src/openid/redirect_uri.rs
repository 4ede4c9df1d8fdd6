//! Addresses that browsers are led to: which may be registered, and which is one of those.

use std::net::Ipv4Addr;

use url::{Host, Url};

use crate::limits;

/// Whether a browser may be led to this address, and why not: https, or this machine itself, whatever port a program listens
/// on there (RFC 8252, section 7.3). It has no fragment, no name and password, and no wildcard.
pub(crate) fn check(uri: &str) -> Result<Url, &'static str> {
    if uri.len() > limits::OPENID_URI_BYTES {
        return Err("is too long");
    }
    // What a URL parser corrects, a browser and a client read in two ways.
    if uri.chars().any(|symbol| symbol.is_control() || symbol.is_whitespace() || symbol == '\\') {
        return Err("has white space, control characters or a backslash in it");
    }
    // A parser passes over slashes, and takes what stands behind them for a host.
    if uri.split_once("://").is_none_or(|(_, rest)| rest.starts_with('/')) {
        return Err("must begin with https://, or with http:// on 127.0.0.1, [::1] or localhost");
    }
    let url = Url::parse(uri).map_err(|_| "is no URL")?;
    if url.fragment().is_some() {
        return Err("must have no fragment (#)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no name and password");
    }
    if url.host_str().is_none_or(|host| host.contains('*')) || url.path().contains('*') {
        return Err("must have a host, and no wildcard: each address is registered as it is");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("must begin with https://, but for 127.0.0.1, [::1] and localhost"),
        _ => Err("must begin with https://, or with http:// on 127.0.0.1, [::1] or localhost"),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether an address is one that was registered: as it stands (RFC 9700, section 2.1), but for the port on a loopback
/// address, which a program on this machine is given when it begins to listen.
pub(crate) fn is_registered(registered: &[String], shown: &str) -> bool {
    registered.iter().any(|one| one == shown) || is_registered_loopback(registered, shown)
}

fn is_registered_loopback(registered: &[String], shown: &str) -> bool {
    let Ok(url) = check(shown) else { return false };
    // `localhost` is a name, which may be another machine's.
    if url.scheme() != "http" || matches!(url.host(), Some(Host::Domain(_)) | None) {
        return false;
    }
    registered.iter().any(|one| without_port(one).is_some_and(|one| Some(one) == without_port(shown)))
}

/// A loopback address without its port, as it stands.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "127.0.0.1" | "[::1]").then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_registered_is_https_or_this_machine() {
        for uri in [
            "https://client.example/callback",
            "https://client.example/cb?tenant=1",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:8080/cb",
            "http://[::1]:3000/",
            "http://localhost:3000/api/auth/callback",
        ] {
            assert!(check(uri).is_ok(), "{uri}");
        }
        for uri in [
            "",
            "client.example/cb",
            "http://client.example/cb",
            "https://*.client.example/cb",
            "https://client.example/*",
            "https://client.example/cb#x",
            "https://client.example/cb#",
            "https://user:secret@client.example/cb",
            "https://client.example/ cb",
            "https://client.example\\@evil.example/",
            "https:///cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "com.example.app:/cb",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.2/",
            &format!("https://client.example/{}", "x".repeat(2_000)),
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn an_address_is_compared_as_it_stands() {
        let registered =
            ["https://client.example/cb", "http://127.0.0.1:8080/cb", "http://localhost:3000/cb"]
                .map(str::to_owned);
        for shown in ["https://client.example/cb", "http://127.0.0.1:8080/cb", "http://localhost:3000/cb"] {
            assert!(is_registered(&registered, shown), "{shown}");
        }
        for shown in ["http://127.0.0.1:55555/cb", "http://127.0.0.1/cb"] {
            assert!(is_registered(&registered, shown), "any port on this machine: {shown}");
        }
        for shown in [
            "https://client.example/cb/",
            "https://client.example/cb?x",
            "https://client.example/CB",
            "https://client.example:443/cb",
            "https://CLIENT.example/cb",
            "https://client.example/cb/../cb",
            "https://evil.example/cb",
            "https://client.example.evil.example/cb",
            "https://client.example@evil.example/cb",
            "http://127.0.0.1:8080/other",
            "http://127.0.0.1:8080/cb?x=1",
            "http://127.0.0.1:8080@evil.example/cb",
            "http://127.0.0.1:80a/cb",
            "http://[::1]:8080/cb",
            "http://localhost:3001/cb",
            "",
        ] {
            assert!(!is_registered(&registered, shown), "{shown}");
        }
    }
}
