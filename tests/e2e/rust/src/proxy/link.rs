//! One connection through the proxy.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use socket2::SockRef;

use super::{Course, Ending, Fate, Network, Request, Trouble, request::RequestReader};
use crate::TEST_TIMEOUT;

/// Bytes read at a time.
const CHUNK: usize = 16 << 10;

/// Both sides of a connection. They are closed when this is dropped, and not before, so that a reset is one.
struct Link<'a> {
    network: &'a Network,
    number: usize,
    client: TcpStream,
    server: TcpStream,
    /// Ways on which something may still come.
    ways: AtomicUsize,
}

/// What becomes of a connection after its response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    /// The gateway ends it.
    Close,
    /// It is the client's to end.
    Stay,
}

/// Gives a connection its fate; returns when it is over.
pub(super) fn serve(network: &Network, number: usize, client: TcpStream, fate: Fate) {
    // Neither failure is one of the test: the client has left.
    let _ = client.set_nodelay(true);
    match fate {
        Fate::Refuse(ending) => end(&client, ending),
        Fate::Respond(status, retry_after) => {
            drop(respond(network, number, client, status, retry_after, Afterwards::Close));
        }
        Fate::Busy(retry_after) => drop(respond(network, number, client, 429, retry_after, Afterwards::Stay)),
        Fate::Carry(course) => match network.connect(number) {
            Some(server) => Link { network, number, client, server, ways: AtomicUsize::new(2) }.carry(course),
            None => end(&client, Ending::Reset),
        },
    }
}

/// Ends a connection whose socket is dropped right after.
fn end(socket: &TcpStream, ending: Ending) {
    let _ = match ending {
        Ending::Close => socket.shutdown(Shutdown::Both),
        // Closed with unsent bytes given up, a socket sends RST. The reading side alone is shut, which sends
        // nothing but wakes who reads.
        Ending::Reset => SockRef::from(socket)
            .set_linger(Some(Duration::ZERO))
            .and_then(|()| socket.shutdown(Shutdown::Read)),
    };
}

/// Reads a request and responds to it, as a gateway in front of the server does.
fn respond(
    network: &Network,
    number: usize,
    mut client: TcpStream,
    status: u16,
    retry_after: u32,
    afterwards: Afterwards,
) -> io::Result<()> {
    client.set_read_timeout(Some(TEST_TIMEOUT))?;
    let mut reader = RequestReader::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = client.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        let requests = reader.feed(&chunk[..length]);
        if !requests.is_empty() {
            note(network, number, requests);
            break;
        }
    }
    let (kind, body) = match status {
        429 => ("application/json", r#"{"error":"rate_limited","message":"Later.","request_id":"proxy"}"#),
        _ => ("text/html", "<h1>The server is away</h1>"),
    };
    let length = body.len();
    let connection = if afterwards == Afterwards::Stay { "keep-alive" } else { "close" };
    write!(
        client,
        "HTTP/1.1 {status} Later\r\nRetry-After: {retry_after}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\nConnection: {connection}\r\n\r\n{body}"
    )?;
    if afterwards == Afterwards::Close {
        client.shutdown(Shutdown::Write)?;
    }
    // What is closed with bytes unread is reset, and the response lost.
    io::copy(&mut client, &mut io::sink()).map(drop)
}

fn note(network: &Network, number: usize, requests: Vec<Request>) {
    network.change(number, |connection| connection.requests.extend(requests));
}

impl Link<'_> {
    /// Carries both ways until both have ended, or the connection is cut.
    fn carry(&self, course: Course) {
        let _ = self.server.set_nodelay(true);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut reader = RequestReader::default();
                self.pump(&self.client, &self.server, course.up, |bytes| {
                    let requests = reader.feed(bytes);
                    if !requests.is_empty() {
                        note(self.network, self.number, requests);
                    }
                });
            });
            scope.spawn(|| self.pump(&self.server, &self.client, course.down, |_| {}));
            if let Some(ending) = self.network.until_cut(self.number, course.lifetime) {
                end(&self.client, ending);
                end(&self.server, ending);
            }
        });
    }

    /// Carries one way to its end.
    fn pump(&self, from: &TcpStream, to: &TcpStream, trouble: Trouble, mut passing: impl FnMut(&[u8])) {
        let is_down = std::ptr::eq(to, &raw const self.client);
        let (mut from, mut chunk, mut carried) = (from, vec![0; CHUNK], 0);
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            passing(&chunk[..length]);
            let result = self.forward(&chunk[..length], to, trouble, carried);
            carried += length;
            if is_down {
                self.network.change(self.number, |connection| connection.bytes_down = carried);
            }
            if result.is_err() {
                break;
            }
        }
        if self.network.lock().connections[self.number].cut.is_none() {
            // The other side may have left before.
            let _ = to.shutdown(Shutdown::Write);
        }
        if self.ways.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.network.change(self.number, |connection| connection.is_over = true);
        }
    }

    /// Passes bytes on, with the trouble that the way has while the network is foul.
    fn forward(&self, bytes: &[u8], mut to: &TcpStream, trouble: Trouble, carried: usize) -> io::Result<()> {
        let trouble = if self.network.is_fair() { Trouble::None } else { trouble };
        match trouble {
            Trouble::None => to.write_all(bytes),
            Trouble::Split => bytes.iter().try_for_each(|byte| to.write_all(&[*byte])),
            Trouble::Delay(pause) => {
                self.held(pause)?;
                to.write_all(bytes)
            }
            Trouble::CutAfter(limit, ending) => {
                let room = limit.saturating_sub(carried).min(bytes.len());
                to.write_all(&bytes[..room])?;
                if carried + bytes.len() < limit {
                    return Ok(());
                }
                self.network.cut(self.number, ending);
                // Where the network was healed meanwhile, the rest goes on.
                self.held(Duration::ZERO)?;
                to.write_all(&bytes[room..])
            }
            Trouble::EndAfter(limit) => {
                let room = limit.saturating_sub(carried).min(bytes.len());
                to.write_all(&bytes[..room])?;
                // As where the side that sends had left.
                if room < bytes.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
            }
            Trouble::StallAfter(limit) => {
                let room = limit.saturating_sub(carried).min(bytes.len());
                to.write_all(&bytes[..room])?;
                if room < bytes.len() {
                    self.held(TEST_TIMEOUT)?;
                }
                to.write_all(&bytes[room..])
            }
        }
    }

    /// Holds bytes back; fails where the connection is cut meanwhile.
    fn held(&self, longest: Duration) -> io::Result<()> {
        if self.network.hold(self.number, longest) {
            Ok(())
        } else {
            Err(io::ErrorKind::ConnectionAborted.into())
        }
    }
}
