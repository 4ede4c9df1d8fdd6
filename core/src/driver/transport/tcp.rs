//! Connects to the first address of a name that answers (RFC 8305, "Happy Eyeballs").
//!
//! The library tries one address after the other, so that an IPv6 that does not work costs seconds at every connection. No
//! crate that is kept up does it for blocking sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use ureq::{
    Error as HttpError, Timeout,
    unversioned::transport::{ConnectionDetails, Connector, Either, LazyBuffers, Transport},
};

use super::{socket::Socket, tls::time_left};
use crate::driver::thread::spawn;

/// How long an address is waited for before the next one is tried beside it; what RFC 8305 recommends.
const HEAD_START: Duration = Duration::from_millis(250);

/// For a connection that may take as long as it likes, which none of ours may.
const LONGEST: Duration = Duration::from_secs(60);

/// Connects, and remembers what worked for the connections that come after.
#[derive(Clone, Debug, Default)]
pub(super) struct RacingConnector {
    worked: Arc<Mutex<Option<IpAddr>>>,
}

impl<In: Transport> Connector<In> for RacingConnector {
    type Out = Either<In, Socket>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, HttpError> {
        if chained.is_some() {
            // A proxy has been reached already.
            return Ok(chained.map(Either::A));
        }
        let timeout = time_left(details);
        let left = if timeout.after.is_not_happening() { LONGEST } else { *timeout.after };
        let worked = *self.worked.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = in_turn(&details.addrs, worked);
        let stream =
            race(&addresses, left, TcpStream::connect_timeout).map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => HttpError::Timeout(Timeout::Connect),
                _ => HttpError::Io(error),
            })?;
        *self.worked.lock().unwrap_or_else(PoisonError::into_inner) =
            stream.peer_addr().ok().map(|address| address.ip());
        stream.set_nodelay(true)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        let socket = Socket::new(stream, buffers);
        (details.register_shutdown)(socket.shutdown_handle())?;
        Ok(Some(Either::B(socket)))
    }
}

/// The addresses in the order in which they are tried: first what worked before, then the families in turn, each in the
/// system's order.
fn in_turn(addresses: &[SocketAddr], worked: Option<IpAddr>) -> Vec<SocketAddr> {
    let mut ordered: Vec<_> =
        addresses.iter().copied().filter(|address| Some(address.ip()) == worked).collect();
    let left = addresses.iter().copied().filter(|address| Some(address.ip()) != worked);
    let first = ordered.first().map_or_else(
        || addresses.first().is_none_or(SocketAddr::is_ipv6),
        // What worked has had its turn.
        |worked| !worked.is_ipv6(),
    );
    let (one, other): (Vec<_>, Vec<_>) = left.partition(|address| address.is_ipv6() == first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        let pair = [one.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

/// Tries each address a moment after the one before it, or as soon as that one has failed; the first that connects wins.
///
/// The others are left to themselves, each on a thread that ends with its time. Without a thread the addresses are tried
/// here, one after the other.
fn race<T: Send + 'static>(
    addresses: &[SocketAddr],
    timeout: Duration,
    connect: fn(&SocketAddr, Duration) -> io::Result<T>,
) -> io::Result<T> {
    let end = Instant::now() + timeout;
    let left = || end.saturating_duration_since(Instant::now());
    let (tell, told) = mpsc::channel();
    let (mut waiting, mut running) = (addresses.iter().copied().peekable(), 0);
    let mut failure: Option<io::Error> = None;
    while running > 0 || waiting.peek().is_some() {
        if left().is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if let Some(address) = waiting.next() {
            let is_alone = running == 0 && waiting.peek().is_none();
            if is_alone || !start(address, left(), connect, &tell) {
                let share = if waiting.peek().is_some() { left() / 2 } else { left() };
                let _ = tell.send(connect(&address, share));
            }
            running += 1;
        }
        let patience = if waiting.peek().is_some() { HEAD_START.min(left()) } else { left() };
        match told.recv_timeout(patience) {
            Err(_) => {}
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                running -= 1;
                // A network that leads nowhere says less than a server that refuses.
                if failure.as_ref().is_none_or(|known| leads_nowhere(known.kind())) {
                    failure = Some(error);
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// Tries an address on a thread of its own; `false` where there is none to be had.
fn start<T: Send + 'static>(
    address: SocketAddr,
    timeout: Duration,
    connect: fn(&SocketAddr, Duration) -> io::Result<T>,
    tell: &mpsc::Sender<io::Result<T>>,
) -> bool {
    let tell = tell.clone();
    // Who asked may have gone with another address.
    spawn("loggin-connect", move || drop(tell.send(connect(&address, timeout)))).is_ok()
}

const fn leads_nowhere(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 443)).collect()
    }

    #[test]
    fn families_take_turns_and_what_worked_comes_first() {
        let given = addresses(&["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        let turns = addresses(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"]);
        assert_eq!(in_turn(&given, None), turns);
        let worked = addresses(&["192.0.2.2", "2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.3"]);
        assert_eq!(in_turn(&given, Some("192.0.2.2".parse().unwrap())), worked);
        assert_eq!(in_turn(&given, Some("192.0.2.9".parse().unwrap())), turns);
        assert_eq!(in_turn(&[], None), []);
    }

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// As a network does: `2001:db8::` is a black hole, 192.0.2.1 refuses, 192.0.2.9 leads nowhere, others connect.
    fn connect(address: &SocketAddr, timeout: Duration) -> io::Result<IpAddr> {
        match address.ip().to_string().as_str() {
            text if text.starts_with("2001:db8:") => {
                thread::park_timeout(timeout);
                Err(io::ErrorKind::TimedOut.into())
            }
            "192.0.2.1" => Err(io::ErrorKind::ConnectionRefused.into()),
            "192.0.2.9" => Err(io::ErrorKind::NetworkUnreachable.into()),
            _ => Ok(address.ip()),
        }
    }

    #[test]
    fn a_black_hole_is_passed_by() {
        let began = Instant::now();
        let reached = race(&addresses(&["2001:db8::1", "192.0.2.2"]), TIMEOUT, connect).unwrap();
        assert_eq!(reached, addresses(&["192.0.2.2"])[0].ip());
        assert!(began.elapsed() < TIMEOUT, "the black hole alone takes all the time");
    }

    #[test]
    fn an_address_that_fails_is_followed_by_the_next_at_once() {
        let reached = race(&addresses(&["192.0.2.1", "192.0.2.9", "192.0.2.2"]), TIMEOUT, connect).unwrap();
        assert_eq!(reached, addresses(&["192.0.2.2"])[0].ip());
    }

    #[test]
    fn the_failure_that_says_most_is_told() {
        let kind = |texts: &[&str]| race(&addresses(texts), TIMEOUT, connect).unwrap_err().kind();
        assert_eq!(kind(&["192.0.2.9", "192.0.2.1"]), io::ErrorKind::ConnectionRefused);
        assert_eq!(kind(&["192.0.2.1", "192.0.2.9"]), io::ErrorKind::ConnectionRefused);
        assert_eq!(kind(&["192.0.2.9"]), io::ErrorKind::NetworkUnreachable);
        assert_eq!(kind(&[]), io::ErrorKind::AddrNotAvailable);
        let short = Duration::from_millis(1);
        let late = race(&addresses(&["2001:db8::1", "2001:db8::2"]), short, connect).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}
