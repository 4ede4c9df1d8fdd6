//! Runs fault rounds one after the other, several at a time, against one server.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use loggin_e2e::{Environment, hang_ups, rounds};

/// The time in which a wait must end once the network is healed: the longest pause of a young outage, and a third of it
/// to connect and get a response.
const BOUND: Duration = Duration::from_secs(2);

/// Of so many rounds one more follows in which callers hang up: it takes about as long.
const ROUNDS_PER_HANG_UP: u64 = 20;

/// Runs fault rounds: waits through a network that misbehaves by seed.
#[derive(Parser)]
struct Arguments {
    /// How many rounds.
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// The seed of the first round; each later one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Rounds at a time.
    #[arg(long, default_value_t = 4)]
    parallel: u64,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    waits: usize,
    failed: Vec<u64>,
    slow: Vec<u64>,
    longest: Duration,
    connections: usize,
    ended_early: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::start();
    let began = Instant::now();
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
    thread::scope(|scope| {
        for _ in 0..arguments.parallel {
            scope.spawn(|| {
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && number < arguments.rounds
                {
                    tally_round(&environment, arguments.seed.wrapping_add(number), &tally);
                }
            });
        }
    });
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    drop(environment);
    let data = match tempfile::tempdir() {
        Ok(data) => data,
        Err(error) => {
            println!("no temporary folder can be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    let hung_up = hang_up(&arguments, data.path(), &mut tally);
    for seed in &tally.failed {
        println!("failed: --rounds 1 --seed {seed}");
    }
    for seed in &tally.slow {
        println!("over {BOUND:?}: --rounds 1 --seed {seed}");
    }
    println!(
        "{} waits over {} connections, {} of them ended while the network was foul; the slowest ended {:.0} ms after \
         it was healed",
        tally.waits,
        tally.connections,
        tally.ended_early,
        tally.longest.as_secs_f64() * 1e3,
    );
    println!(
        "{hung_up} callers hung up while they confirmed; each login that was confirmed all the same was told",
    );
    println!(
        "{} passed, {} failed in {:.1} s",
        tally.passed,
        tally.failed.len(),
        began.elapsed().as_secs_f64()
    );
    if tally.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs rounds in which callers hang up; how many did.
fn hang_up(arguments: &Arguments, data: &Path, tally: &mut Tally) -> usize {
    let environment = hang_ups::environment_in(data);
    let mut hung_up = 0;
    for number in 0..arguments.rounds.div_ceil(ROUNDS_PER_HANG_UP) {
        let seed = arguments.seed.wrapping_add(number);
        match catch_unwind(AssertUnwindSafe(|| hang_ups::run(&environment, seed))) {
            Ok(report) => {
                tally.passed += 1;
                hung_up += report.hung_up;
            }
            Err(_) => tally.failed.push(seed),
        }
    }
    hung_up
}

fn tally_round(environment: &Environment, seed: u64, tally: &Mutex<Tally>) {
    // The panic hook has printed why a round failed.
    let report = catch_unwind(AssertUnwindSafe(|| rounds::run(environment, seed)));
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(report) = report else {
        tally.failed.push(seed);
        return;
    };
    tally.passed += 1;
    tally.waits += rounds::WAITS;
    if report.longest > BOUND {
        tally.slow.push(seed);
    }
    tally.longest = tally.longest.max(report.longest);
    tally.connections += report.connections;
    tally.ended_early += report.ended_early;
}
