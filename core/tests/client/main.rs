//! The client against a server that does as a test says, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)] // every function here is a test's

mod authority;
mod calls;
mod causes;
mod confirming;
mod fixture;
mod otp;
mod phones;
mod proxies;
mod returning;
#[cfg(target_os = "linux")]
mod threads;
mod tls;
mod waits;
mod watching;

use fixture::Server;
use loggin::{CreatedToken, Loggin};

fn client(server: &Server) -> Loggin {
    Loggin::builder().base_url(server.url()).build().unwrap()
}

fn login(client: &Loggin) -> CreatedToken {
    client.create_token("8XKPQ2WN").unwrap()
}
