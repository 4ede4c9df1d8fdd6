//! A million waits of one client, and the memory of the process while they come and go: it must not grow.
//!
//! `make soak` runs it; another number of waits is its argument. The waits end in every way there is: verified,
//! expired, at their deadline, cancelled.

mod server;

use std::{
    env, fs,
    process::ExitCode,
    time::{Duration, Instant},
};

use loggin::{ErrorCode, Loggin, Pending, Session};
use server::Fate;

/// Waits of a run, unless the argument says otherwise.
const WAITS: usize = 1_000_000;

/// Waits that are pending at a time.
const ROUND: usize = 5_000;

/// The memory is shown this many times.
const REPORTS: usize = 10;

/// Most growth over the last half of a run, in KiB: 8 bytes for each of half a million waits. A leak of the smallest
/// block that an allocator hands out is twice that, and what an allocator's arenas come and go by is less.
const MAX_GROWTH_KIB: usize = 4 << 10;

/// How long a wait that hears nothing lasts: it has been carried by a stream by then.
const SHORT_PATIENCE: Duration = Duration::from_millis(50);

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let waits = env::args().nth(1).map_or(Some(WAITS), |argument| argument.parse().ok());
    match waits.ok_or_else(|| "usage: soak [WAITS]".to_owned()).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(waits: usize) -> Result<(), String> {
    let address = server::start().map_err(|error| error.to_string())?;
    let client = Loggin::builder().base_url(format!("http://{address}")).timeout(PATIENCE).build();
    let client = client.map_err(|error| error.to_string())?;
    let rounds = waits.div_ceil(ROUND).max(REPORTS);
    let started = Instant::now();
    let mut resident = Vec::new();
    for number in 1..=rounds {
        round(&client)?;
        if number * REPORTS / rounds > resident.len() {
            resident.push(resident_kib()?);
            let done = number * ROUND;
            println!(
                "{done:>9} waits {:>9} KiB {:>6.1} s",
                resident[resident.len() - 1],
                started.elapsed().as_secs_f64()
            );
        }
    }
    let half = resident[REPORTS / 2 - 1];
    let growth = resident[REPORTS / 2..].iter().max().map_or(0, |most| most.saturating_sub(half));
    println!("grown by {growth} KiB over the last half, of {MAX_GROWTH_KIB} KiB at most");
    if growth > MAX_GROWTH_KIB { Err("memory grows with every wait".to_owned()) } else { Ok(()) }
}

/// Starts many waits and sees each of them end as it should.
fn round(client: &Loggin) -> Result<(), String> {
    let mut waits = Vec::with_capacity(ROUND);
    for number in 0..ROUND {
        let login = client.create_token("8XKPQ2WN").map_err(|error| error.to_string())?;
        let fate = Fate::of(&login.code);
        let patience = (fate == Fate::Silent).then_some(SHORT_PATIENCE);
        waits.push((fate, number % 2 == 0, client.start_wait(login.token, patience)));
    }
    for (fate, is_patient, wait) in waits {
        match fate {
            Fate::Silent if is_patient => expect(wait, Err(ErrorCode::Timeout))?,
            Fate::Silent => drop(wait),
            Fate::Expired => expect(wait, Err(ErrorCode::Expired))?,
            Fate::Verified => expect(wait, Ok(()))?,
        }
    }
    Ok(())
}

fn expect(wait: Pending<Session>, wanted: Result<(), ErrorCode>) -> Result<(), String> {
    let given = wait.wait().map(drop).map_err(|error| error.code());
    if given == wanted { Ok(()) } else { Err(format!("a wait ended with {given:?}, not {wanted:?}")) }
}

/// The memory of this process that is in RAM.
fn resident_kib() -> Result<usize, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.ok_or_else(|| "the system does not tell the memory of a process".to_owned())
}
