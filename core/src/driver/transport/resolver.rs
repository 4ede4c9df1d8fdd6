//! Looks names up. The library's own way starts a thread by a call that panics where there is none to be had.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::mpsc,
};

use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use crate::driver::thread::spawn;

/// Most addresses of a name that are tried: what the library has room for.
const MAX_ADDRESSES: usize = 16;

/// Ports of the schemes that have one without saying so.
const PORTS: [(&str, u16); 2] = [("http", 80), ("https", 443)];

/// The port of a SOCKS proxy that names none.
const SOCKS_PORT: u16 = 1080;

/// Asks the operating system, for a time that is bounded.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let (host, port) = target(uri).ok_or(Error::HostNotFound)?;
        let found = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => look_up(host, port, timeout)?,
        };
        let mut addresses = self.empty();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

/// A host, without the brackets of an IPv6 address, and a port.
fn target(uri: &Uri) -> Option<(&str, u16)> {
    let host = uri.host()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let scheme = uri.scheme_str().unwrap_or("http");
    let known = PORTS.iter().find(|(name, _)| *name == scheme).map_or(SOCKS_PORT, |(_, port)| *port);
    Some((host, uri.port_u16().unwrap_or(known)))
}

/// Asks on a thread of its own, which may be left behind: nothing ends a look-up. Without a thread it is done here, and
/// takes as long as the operating system lets it.
fn look_up(host: &str, port: u16, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let query = (host.to_owned(), port);
    let (tell, told) = mpsc::sync_channel(1);
    let question = query.clone();
    // Who asked may have gone.
    let thread = spawn("loggin-dns", move || drop(tell.send(ask(&question))));
    let found = match thread {
        Err(_) => ask(&query),
        Ok(_) if timeout.after.is_not_happening() => told.recv().unwrap_or_else(|_| ask(&query)),
        Ok(_) => told.recv_timeout(*timeout.after).map_err(|_| Error::Timeout(timeout.reason))?,
    };
    found.map_err(|_| Error::HostNotFound)
}

fn ask(query: &(String, u16)) -> io::Result<Vec<SocketAddr>> {
    (query.0.as_str(), query.1).to_socket_addrs().map(Iterator::collect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_the_port_of_its_scheme() {
        for (uri, wanted) in [
            ("https://login.example/a", ("login.example", 443)),
            ("http://login.example:8787", ("login.example", 8787)),
            ("http://[::1]:9", ("::1", 9)),
            ("socks5://proxy.example", ("proxy.example", 1080)),
        ] {
            assert_eq!(target(&uri.parse().unwrap()), Some(wanted));
        }
    }
}
