//! A million waits of one client, and the memory of the process while they come and go: it must not grow.
//!
//! `make soak` runs it; another number of waits is its argument. The waits end in every way there is: verified,
//! expired, at their deadline, cancelled.

mod heap;
mod server;

use std::{
    env, fs, mem,
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

/// Most growth of the heap over the last half of a run, in bytes. Settled outcomes that are kept for a while differ by
/// some KiB; a stream that leaks its buffers, once in a round, comes to more than this in ten.
const MAX_HEAP_GROWTH: usize = 64 << 10;

/// Most growth of the resident memory over the last half, in KiB: it sees thread stacks, which the heap does not. What
/// an allocator's arenas come and go by is less.
const MAX_RESIDENT_GROWTH: usize = 4 << 10;

/// How long a wait that hears nothing lasts: it has been carried by a stream by then.
const SHORT_TIMEOUT: Duration = Duration::from_millis(50);

/// Nothing here takes this long unless it hangs.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The memory of a part of the run.
struct Memory {
    /// On the heap, after the round that left the least.
    held_bytes: usize,
    /// In RAM, at the end of the part.
    resident_kib: usize,
}

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
    let client = Loggin::builder().base_url(format!("http://{address}")).timeout(TEST_TIMEOUT).build();
    let client = client.map_err(|error| error.to_string())?;
    let rounds = waits.div_ceil(ROUND).max(REPORTS);
    let started = Instant::now();
    let mut parts: Vec<Memory> = Vec::new();
    // A stream may be closing when a round has ended: the least of many rounds is without it.
    let mut least_held = usize::MAX;
    for number in 1..=rounds {
        round(&client)?;
        least_held = least_held.min(heap::held_bytes());
        if number * REPORTS / rounds > parts.len() {
            let memory = Memory {
                held_bytes: mem::replace(&mut least_held, usize::MAX),
                resident_kib: resident_kib()?,
            };
            println!(
                "{:>9} waits {:>9} bytes held {:>7} KiB resident {:>6.1} s",
                number * ROUND,
                memory.held_bytes,
                memory.resident_kib,
                started.elapsed().as_secs_f64()
            );
            parts.push(memory);
        }
    }
    judge(&parts)
}

/// Compares the parts of the last half with the one before them.
fn judge(parts: &[Memory]) -> Result<(), String> {
    let (first, last) = parts.split_at(parts.len() / 2);
    let before = first.last().ok_or("there was nothing to measure")?;
    let growth = |of: fn(&Memory) -> usize| {
        last.iter().map(of).max().map_or(0, |most| most.saturating_sub(of(before)))
    };
    let (heap, resident) = (growth(|part| part.held_bytes), growth(|part| part.resident_kib));
    println!(
        "grown over the last half by {heap} bytes held, of {MAX_HEAP_GROWTH} at most, and {resident} KiB resident, of \
         {MAX_RESIDENT_GROWTH} at most"
    );
    if heap > MAX_HEAP_GROWTH || resident > MAX_RESIDENT_GROWTH {
        return Err("memory grows with every wait".to_owned());
    }
    Ok(())
}

/// Starts many waits and sees each of them end as it should.
fn round(client: &Loggin) -> Result<(), String> {
    let mut waits = Vec::with_capacity(ROUND);
    for number in 0..ROUND {
        let login = client.create_token("8XKPQ2WN").map_err(|error| error.to_string())?;
        let fate = Fate::of(&login.code);
        let timeout = (fate == Fate::Silent).then_some(SHORT_TIMEOUT);
        waits.push((fate, number % 2 == 0, client.start_wait(login.token, timeout)));
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
