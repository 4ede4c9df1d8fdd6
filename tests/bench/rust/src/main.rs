//! The Rust half of the benchmarks, one role a process: `loggin-bench ROLE`.
//!
//! `callbacks` and `tasks` wait with the SDK, `reqwest` and `bare` with a connection for each token; `relay` stands
//! between any of them and the server, and `post` plays WhatsApp; `pairs` has one-time codes sent and types
//! them, `logins` signs people in. `tests/bench/__main__.py` runs them.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a measuring tool: what fails here ends the measurement

mod bare;
mod child;
mod clock;
mod http;
mod logins;
mod message;
mod ours;
mod pairs;
mod peer;
mod post;
mod relay;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("bare") => bare::run(),
        Some("callbacks") => ours::run(ours::Style::Callbacks),
        Some("logins") => logins::run(),
        Some("pairs") => pairs::run(),
        Some("post") => post::run(),
        Some("relay") => relay::run(),
        Some("reqwest") => peer::run(),
        Some("tasks") => ours::run(ours::Style::Tasks),
        _ => {
            eprintln!("loggin-bench bare|callbacks|logins|pairs|post|relay|reqwest|tasks");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
