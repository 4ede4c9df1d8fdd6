//! Passes bytes on between clients and the server, and writes down when each login's `verified` went to its client.
//!
//! What lies before that moment is the server's time, what follows is the client's: its kernel socket, its thread, its
//! parser and the way to the waiter.

use std::{
    env, io,
    sync::{Arc, Mutex},
    thread,
};

use tokio::{
    io::AsyncWriteExt,
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Builder,
};

use crate::{
    child::{next_line, say},
    clock::now_ns,
};

/// Bytes passed on at once.
const CHUNK: usize = 16 << 10;

type Sent = Arc<Mutex<Vec<(String, u64)>>>;

/// Prints its address, then at each line on standard input what went through since the last one.
pub(crate) fn run() {
    let target = env::args().nth(2).expect("loggin-bench relay ADDRESS");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    say(&listener.local_addr().expect("it has an address").to_string());
    let sent = Sent::default();
    let passed = Arc::clone(&sent);
    thread::spawn(move || {
        // One thread: a second one would only take the processor from who is measured.
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a runtime's socket");
            accept(listener, target, passed).await;
        });
    });
    while !next_line().is_empty() {
        let sent = std::mem::take(&mut *sent.lock().unwrap());
        say(&serde_json::json!({ "sent": sent }).to_string());
    }
}

async fn accept(listener: TcpListener, target: String, sent: Sent) {
    loop {
        let (client, _) = listener.accept().await.expect("files are left");
        let (target, sent) = (target.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            let server = TcpStream::connect(target).await.expect("the server listens");
            for socket in [&client, &server] {
                socket.set_nodelay(true).expect("a socket");
            }
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass(from_client, to_server, None));
            tokio::spawn(pass(from_server, to_client, Some(sent)));
        });
    }
}

/// Passes bytes on until either side is gone; dropping the halves tells the other.
async fn pass(from: OwnedReadHalf, mut to: OwnedWriteHalf, sent: Option<Sent>) {
    while from.readable().await.is_ok() {
        match read_some(&from) {
            Ok(bytes) if bytes.is_empty() => return,
            Ok(bytes) => {
                let now = now_ns();
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
                if let Some(sent) = &sent {
                    let codes = verified_codes(&bytes);
                    sent.lock().unwrap().extend(codes.map(|code| (code, now)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// A buffer on the stack: a connection that waits holds none.
fn read_some(from: &OwnedReadHalf) -> io::Result<Vec<u8>> {
    let mut bytes = [0; CHUNK];
    from.try_read(&mut bytes).map(|length| bytes[..length].to_vec())
}

/// The codes of the `verified` events in these bytes; the server writes an event at once, so none is cut in two.
fn verified_codes(bytes: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(bytes);
    let codes: Vec<String> = text
        .split("event: verified")
        .skip(1)
        .filter_map(|event| event.split("\"code\":\"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .collect();
    codes.into_iter()
}
