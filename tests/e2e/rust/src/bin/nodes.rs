//! Runs rounds of several servers on one PostgreSQL that fail, in a house of two servers and in one of four side by side.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use loggin_e2e::nodes::{self, BOUND, Fault, House, Report};

/// Servers of each house.
const HOUSES: [usize; 2] = [2, 4];

/// Rounds of one house. Servers of every second one do not tell each other of changes, and look for them alone.
const ROUNDS_PER_HOUSE: u64 = 100;

/// Runs rounds of several servers on one PostgreSQL, which fail by seed.
#[derive(Parser)]
struct Arguments {
    /// How many rounds.
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// The seed of the first round; each later one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Servers of each house; two houses, of two and of four, unless this is said.
    #[arg(long)]
    servers: Option<usize>,
}

/// What the rounds with one fault came to.
#[derive(Default)]
struct Tally {
    rounds: usize,
    waits: usize,
    /// Webhooks, each until a server took it, and what was redeemed when all was over.
    others: usize,
    outlasted: usize,
    messages: usize,
    longest: Duration,
}

#[derive(Default)]
struct Tallies {
    by_fault: BTreeMap<&'static str, Tally>,
    passed: usize,
    failed: Vec<(usize, u64)>,
    /// Houses in which a person was told something twice, in whichever round.
    houses_failed: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let houses = arguments.servers.map_or_else(|| HOUSES.to_vec(), |servers| vec![servers]);
    let (next, tallies) = (AtomicU64::new(0), Mutex::new(Tallies::default()));
    thread::scope(|scope| {
        for servers in houses {
            let (arguments, next, tallies) = (&arguments, &next, &tallies);
            scope.spawn(move || run_in_houses(arguments, servers, next, tallies));
        }
    });
    let tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (servers, seed) in &tallies.failed {
        println!("failed: --rounds 1 --seed {seed} --servers {servers}");
    }
    for (fault, tally) in &tallies.by_fault {
        println!(
            "{fault}: {} rounds, {} waits and {} other calls, {} waits until it was over; the slowest ended {:.0} ms after it \
             could; {} people were written to",
            tally.rounds,
            tally.waits,
            tally.others,
            tally.outlasted,
            tally.longest.as_secs_f64() * 1e3,
            tally.messages,
        );
    }
    let (passed, failed) = (tallies.passed, tallies.failed.len());
    let houses_failed = tallies.houses_failed;
    let calls: usize = tallies.by_fault.values().map(|tally| tally.waits + tally.others).sum();
    let took = began.elapsed().as_secs_f64();
    println!(
        "{passed} passed, {failed} failed in {took:.1} s, with {calls} calls; {houses_failed} houses with what was told twice"
    );
    // Where nothing can run, nothing has failed: why has been said.
    if failed + houses_failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs whichever round is next, as long as there is one.
fn run_in_houses(arguments: &Arguments, servers: usize, next: &AtomicU64, tallies: &Mutex<Tallies>) {
    for house in 0_u64.. {
        if next.load(Ordering::Relaxed) >= arguments.rounds {
            return;
        }
        let Some(house) = House::start(servers, house.is_multiple_of(2)) else { return };
        for _ in 0..ROUNDS_PER_HOUSE {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= arguments.rounds {
                break;
            }
            let seed = arguments.seed.wrapping_add(number);
            // The panic hook has printed why a round failed.
            let report = catch_unwind(AssertUnwindSafe(|| nodes::run(&house, seed)));
            let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
            let Ok(report) = report else {
                tallies.failed.push((servers, seed));
                // Nobody knows in which state the house is.
                break;
            };
            tallies.take(&report, servers, seed);
        }
        let twice = catch_unwind(AssertUnwindSafe(|| house.told_twice()));
        if !twice.is_ok_and(|twice| twice.is_empty()) {
            println!(
                "{servers} servers, until seed {}: somebody was told twice",
                arguments.seed + next.load(Ordering::Relaxed)
            );
            tallies.lock().unwrap_or_else(PoisonError::into_inner).houses_failed += 1;
        }
        let begun = next.load(Ordering::Relaxed).min(arguments.rounds);
        println!(
            "{servers} servers: a house is done, {begun} of {} rounds are begun or done",
            arguments.rounds
        );
    }
}

impl Tallies {
    fn take(&mut self, report: &Report, servers: usize, seed: u64) {
        let violations = report.history.violations(BOUND);
        if violations.is_empty() {
            self.passed += 1;
        } else {
            println!("{servers} servers, seed {seed}, {:?}: {violations:?}", report.fault);
            self.failed.push((servers, seed));
        }
        let tally = self.by_fault.entry(name(report.fault)).or_default();
        let logins = &report.history.logins;
        tally.rounds += 1;
        tally.waits += logins.iter().map(|login| login.waits.len()).sum::<usize>();
        tally.others += report.others;
        tally.outlasted += report.outlasted;
        tally.messages += logins.iter().map(|login| login.messages).sum::<usize>();
        tally.longest = tally.longest.max(report.history.longest());
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Nothing => "nothing",
        Fault::KillNode(..) => "a server killed",
        Fault::KillDatabase(time) if time >= nodes::OUTAGE => "the database gone for 30 s",
        Fault::KillDatabase(..) => "the database killed",
        Fault::Part { time, .. } if time >= nodes::OUTAGE => "a server parted from the database for 30 s",
        Fault::Part { cut: true, .. } => "a server parted from the database, its connections lost",
        Fault::Part { .. } => "a server parted from the database",
        Fault::FillDisk { log: false, .. } => "the disk full",
        Fault::FillDisk { log: true, .. } => "the disk full, and the database's log at its end",
        Fault::RollingRestart => "a rolling restart",
    }
}
