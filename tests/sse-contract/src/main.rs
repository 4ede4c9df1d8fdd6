//! A service that speaks the contract of launchdarkly/sse-contract-tests. See the README beside it.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use tokio::net::TcpListener;

/// Lets contract tests of event streams drive the decoder and the backoff of the SDK.
#[derive(Parser)]
struct Arguments {
    /// Where to listen: the port that the tests look at unless told otherwise.
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loggin-sse-contract: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> std::io::Result<()> {
    let listener = TcpListener::bind(arguments.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loggin_sse_contract::serve(listener).await
}
