//! Calls and waits that go through a proxy: one that tunnels by CONNECT, and one that speaks SOCKS.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver},
    thread,
};

use loggin::{ErrorCode, Loggin};

use crate::{
    fixture::{Server, TIMEOUT, begin_stream, respond_json, verify_all},
    login,
};

/// A proxy that leads to one server, whatever it is asked for, and tells what it was asked for.
struct Proxy {
    address: SocketAddr,
    asked: Receiver<String>,
}

type Greet = fn(&mut TcpStream) -> io::Result<String>;

impl Proxy {
    fn start(server: SocketAddr, greet: Greet) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, asked) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, tell) = (client.unwrap(), tell.clone());
                thread::spawn(move || {
                    if let Ok(request) = greet(&mut client) {
                        let _ = tell.send(request);
                        relay(&client, &TcpStream::connect(server).unwrap());
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> String {
        self.asked.recv_timeout(TIMEOUT).unwrap()
    }

    fn client(&self, scheme: &str) -> Loggin {
        let proxy = format!("{scheme}://{}", self.address);
        let builder = Loggin::builder().base_url("http://login.example").allow_insecure_http(true);
        builder.proxy(proxy).max_retries(0).build().unwrap()
    }
}

fn relay(client: &TcpStream, server: &TcpStream) {
    thread::scope(|scope| {
        for (mut from, mut to) in [(client, server), (server, client)] {
            scope.spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    });
}

/// Reads the head of a CONNECT and grants it.
fn connect(client: &mut TcpStream) -> io::Result<String> {
    let mut lines = BufReader::new(&*client).lines();
    let mut head = String::new();
    loop {
        let line = lines.next().unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))?;
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    Ok(head)
}

/// Grants a SOCKS5 connection to a name (RFC 1928), without a password.
fn socks(client: &mut TcpStream) -> io::Result<String> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting)?;
    client.read_exact(&mut vec![0; greeting[1].into()])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 5];
    client.read_exact(&mut request)?;
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; usize::from(request[4]) + 2];
    client.read_exact(&mut name)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    name.truncate(name.len() - 2);
    Ok(String::from_utf8(name).unwrap())
}

fn pending_server() -> Server {
    Server::start(|_, request, stream| {
        if request.head.contains("text/event-stream") {
            begin_stream(stream);
            verify_all(request, stream);
        } else {
            respond_json(stream, "200 OK", r#"{"status":"pending"}"#);
        }
    })
}

#[test]
fn calls_and_waits_go_through_a_proxy() {
    let server = pending_server();
    let proxy = Proxy::start(server.address, connect);
    let client = proxy.client("http");
    assert_eq!(client.verify_token(login(&client).token), Ok(None));
    assert!(proxy.asked().starts_with("CONNECT login.example:80 HTTP/1.1\n"));
    client.wait_for_verify(login(&client).token).unwrap();
    assert!(proxy.asked().starts_with("CONNECT login.example:80 HTTP/1.1\n"));
}

#[test]
fn a_proxy_is_told_its_name_and_password_and_the_server_is_not() {
    let server = pending_server();
    let proxy = Proxy::start(server.address, connect);
    let client = Loggin::builder().base_url("http://login.example").allow_insecure_http(true);
    let client = client.proxy(format!("http://us%65r:p%40ss@{}", proxy.address)).build().unwrap();
    client.verify_token(login(&client).token).unwrap();
    // "user:p@ss" in base 64.
    assert!(proxy.asked().contains("Proxy-Authorization: Basic dXNlcjpwQHNz\n"));
    assert_eq!(server.requests()[0].header("Proxy-Authorization"), None);
    assert_eq!(client.state().proxy, Some(format!("http://{}", proxy.address)));
}

#[test]
fn calls_and_waits_go_through_a_socks_proxy_which_looks_the_name_up() {
    let server = pending_server();
    let proxy = Proxy::start(server.address, socks);
    let client = proxy.client("socks5h");
    assert_eq!(client.verify_token(login(&client).token), Ok(None));
    assert_eq!(proxy.asked(), "login.example");
    client.wait_for_verify(login(&client).token).unwrap();
    assert_eq!(proxy.asked(), "login.example");
}

#[test]
fn a_proxy_that_is_not_there_is_no_way_round() {
    let server = pending_server();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5"] {
        let client = Loggin::builder().base_url(server.url()).proxy(format!("{scheme}://{dead}"));
        let client = client.max_retries(0).build().unwrap();
        let error = client.verify_token(login(&client).token).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Connection);
    }
    assert!(server.requests().is_empty());
}
