//! Speaks the protocol of event streams to the soak, and keeps nothing: its memory is the same at any number of logins.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::SystemTime,
};

use loggin_protocol::{
    Code, PhoneNumber, Token, sse,
    wire::{ReadyEvent, RejectedEvent, SessionBody, Timestamp, TokenEvent, VerifiedEvent},
};
use serde::Deserialize;

/// What becomes of a login. Its code decides, so that client and server agree without a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody ever sends the message.
    Silent,
    Expired,
    Verified,
}

impl Fate {
    /// Two logins in 32 expire, and two receive nothing.
    pub(crate) fn of(code: &Code) -> Self {
        match code.expose().as_bytes().last() {
            Some(b'0' | b'1') => Self::Silent,
            Some(b'2' | b'3') => Self::Expired,
            _ => Self::Verified,
        }
    }
}

#[derive(Deserialize)]
struct EventsRequest {
    tokens: Vec<String>,
}

/// Serves in the background until the process ends.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            // A client that leaves in the middle is part of the soak.
            thread::spawn(move || serve(socket));
        }
    });
    Ok(address)
}

/// Responds with one stream, and holds it open until the client leaves.
fn serve(mut socket: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    let request: EventsRequest = serde_json::from_slice(&read_body(&mut reader)?)?;
    let codes: Vec<_> = request
        .tokens
        .iter()
        .filter_map(|token| Token::parse(token).ok())
        .map(|token| token.code())
        .collect();
    let ended: Vec<_> = codes.iter().filter_map(outcome).collect();
    let mut stream =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n".to_owned();
    encode(&mut stream, &TokenEvent::Ready(ReadyEvent { pending: codes.len() - ended.len() }));
    for event in &ended {
        encode(&mut stream, event);
    }
    socket.write_all(stream.as_bytes())?;
    if ended.len() < codes.len() {
        io::copy(&mut reader, &mut io::sink())?;
    }
    Ok(())
}

fn read_body(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut length = 0;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("Content-Length")
        {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn outcome(code: &Code) -> Option<TokenEvent> {
    match Fate::of(code) {
        Fate::Silent => None,
        Fate::Expired => Some(TokenEvent::Rejected(RejectedEvent {
            code: Some(*code),
            token_index: None,
            error: "expired".into(),
            message: "".into(),
        })),
        Fate::Verified => Some(TokenEvent::Verified(VerifiedEvent {
            code: *code,
            session: SessionBody {
                confirmation: loggin_protocol::Confirm::None,
                app_key: code.app_key(),
                phone: PhoneNumber::parse("919876543210").ok(),
                user_id: None,
                subject: loggin_protocol::Subject::from_random([7; 20]),
                assurance: loggin_protocol::Assurance::Normal,
                verified_at: Timestamp(SystemTime::UNIX_EPOCH),
            },
        })),
    }
}

fn encode(stream: &mut String, event: &TokenEvent) {
    let (name, data) = event.to_parts();
    sse::encode_event(stream, name, &data);
}
