//! Sequences of what can happen to the machine, from bytes or made by a test, and the law after each of them.

use std::time::Duration;

use super::{
    super::Closed,
    simulation::{LATENCY, Simulation, ms, novel},
};
use crate::{
    error::{Error, ErrorCode},
    wire::{MAX_TOKENS_WITHOUT_KEY, Progress},
};

/// Logins that steps name one by one: few enough that waits, ends and repeats often meet.
pub(in crate::waits) const TOKENS: u32 = 200;

/// Most waits that begin at once: more than a stream of a server that takes few tokens holds.
pub(in crate::waits) const MAX_BURST: u32 = 150;

/// Time in which every wait ends once the server is well: the longest pause of an old outage and the slowest response
/// twice over.
const RECOVERY: Duration = Duration::from_secs(40);

/// Longest sequence that bytes make: beyond it a run gets slow without meeting anything new.
const MAX_STEPS: usize = 200;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(in crate::waits) enum Step {
    /// A wait begins.
    Wait { token: u32, patience: Duration },
    /// Many waits begin at once, each for a login of its own.
    Burst { first: u32, count: u32 },
    /// A wait's waiter goes away.
    Cancel(usize),
    /// A login moves on, without a result yet.
    Advance(u32, Progress),
    /// Somebody signs in.
    Verify(u32),
    /// A login ends without a session.
    Expire(u32),
    /// A stream, open or past, says again what a login came to.
    Repeat { stream: usize, token: u32 },
    /// A stream is lost; the server may ask for a pause.
    Lose { stream: usize, pause: Option<Duration> },
    /// The driver reports the end of a stream that the machine had closed.
    LoseAgain(usize),
    /// The server refuses a stream for good.
    Refuse(usize),
    /// The server goes down or comes up.
    Server(bool),
    /// Something on the way keeps event streams back, or no longer.
    HoldBack(bool),
    /// The server gets slow or fast.
    Latency(Duration),
    /// The program is frozen, or goes on.
    Suspended(bool),
    /// Time passes.
    Pass(Duration),
    /// The computer sleeps for so long.
    Sleep(Duration),
    /// The client is closed.
    ShutDown,
}

impl Step {
    /// Reads a step from the front: a byte that says which, then its values, little-endian.
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let pick = |value: u16| usize::from(value);
        let token = |value: u16| u32::from(value) % TOKENS;
        let kind = take::<1>(bytes)?[0];
        let mut value = || take::<2>(bytes).map(u16::from_le_bytes);
        Some(match kind % 16 {
            0..=2 => Self::Wait { token: token(value()?), patience: 8 * ms(value()?.into()) },
            3 => Self::Burst { first: token(value()?), count: u32::from(value()?) % MAX_BURST },
            4 => Self::Cancel(pick(value()?)),
            5 | 6 => Self::Verify(token(value()?)),
            7 => match value()? {
                moved @ 0xf000.. => Self::Advance(token(moved), novel()),
                moved @ 0xc000.. => Self::Advance(token(moved), Progress::AwaitingConfirmation),
                moved @ 0x8000.. => Self::Advance(token(moved), Progress::MessageReceived),
                ended => Self::Expire(token(ended)),
            },
            8 => Self::Repeat { stream: pick(value()?), token: token(value()?) },
            9 => Self::Lose { stream: pick(value()?), pause: None },
            10 => Self::Lose { stream: pick(value()?), pause: Some(ms(u64::from(value()?) % 5_000)) },
            11 => Self::LoseAgain(pick(value()?)),
            12 => Self::Refuse(pick(value()?)),
            13 => match value()? {
                0 => Self::ShutDown,
                rest if rest % 8 == 7 => Self::Suspended(rest % 16 == 7),
                rest if rest % 8 == 5 => Self::Sleep(8 * ms(rest.into())),
                rest if rest % 8 == 6 => Self::HoldBack(rest % 16 == 6),
                rest if rest % 4 < 2 => Self::Server(rest % 4 == 0),
                rest => Self::Latency(ms(u64::from(rest) % 8_000)),
            },
            14 => Self::Pass(ms(u64::from(value()?) % 3_000)),
            _ => Self::Pass(8 * ms(value()?.into())),
        })
    }

    fn perform(self, simulation: &mut Simulation) {
        match self {
            Self::Wait { token, patience } => _ = simulation.wait(token, patience),
            Self::Burst { first, count } => {
                for token in first..first + count {
                    simulation.wait(token, RECOVERY);
                }
            }
            Self::Cancel(waiter) => {
                if let Some(waiter) = waiter.checked_rem(simulation.waits.len()) {
                    simulation.cancel(waiter);
                }
            }
            Self::Advance(token, progress) => simulation.advance(token, progress),
            Self::Verify(token) => simulation.verify(token),
            Self::Expire(token) => simulation.reject(token, ErrorCode::Expired),
            Self::Repeat { stream, token } => {
                let streams: Vec<_> = simulation.streams.keys().chain(&simulation.past).copied().collect();
                if let Some(id) = picked(&streams, stream) {
                    simulation.repeat(id, token);
                }
            }
            Self::Lose { stream, pause } => lose(simulation, stream, Closed::Dropped { pause }),
            Self::LoseAgain(stream) => {
                if let Some(id) = picked(&simulation.past, stream) {
                    simulation.report_closed(id, Closed::Dropped { pause: None });
                }
            }
            Self::Refuse(stream) => {
                lose(simulation, stream, Closed::Refused(Error::new(ErrorCode::Unauthorized, "")));
            }
            Self::Server(is_up) => simulation.is_up = is_up,
            Self::HoldBack(holds_back) => simulation.holds_back = holds_back,
            Self::Latency(latency) => simulation.latency = latency,
            Self::Suspended(true) => simulation.suspend(),
            Self::Suspended(false) => simulation.resume(),
            Self::Pass(span) => simulation.run_for(span),
            Self::Sleep(span) => simulation.fall_asleep_for(span),
            Self::ShutDown => simulation.shut_down(),
        }
    }
}

/// Runs the steps that the bytes stand for. The first byte says whether the server takes few tokens a stream.
pub(in crate::waits) fn run_bytes(mut bytes: &[u8]) {
    let Some([first]) = take(&mut bytes) else { return };
    let max_tokens = if first % 2 == 0 { usize::MAX } else { MAX_TOKENS_WITHOUT_KEY };
    run(max_tokens, std::iter::from_fn(|| Step::read(&mut bytes)).take(MAX_STEPS));
}

/// Runs steps with the law checked after each; in the end the server is well, and nothing may be left unsettled,
/// whether or not streams are still kept back.
pub(in crate::waits) fn run(max_tokens: usize, steps: impl IntoIterator<Item = Step>) {
    let mut simulation = Simulation::new();
    simulation.max_tokens = max_tokens;
    for step in steps {
        step.perform(&mut simulation);
        simulation.check();
    }
    (simulation.is_up, simulation.latency) = (true, LATENCY);
    simulation.resume();
    for token in 0..TOKENS {
        simulation.verify(token);
    }
    simulation.run_for(RECOVERY);
    simulation.check();
    assert_eq!(simulation.outcomes.len(), simulation.waits.len(), "a wait was never settled");
    assert!(simulation.machine.is_idle() && simulation.streams.is_empty(), "something is held for nobody");
}

fn lose(simulation: &mut Simulation, stream: usize, closed: Closed) {
    let streams: Vec<_> = simulation.streams.keys().copied().collect();
    if let Some(id) = picked(&streams, stream) {
        simulation.lose(id, closed);
    }
}

fn picked<T: Copy>(among: &[T], number: usize) -> Option<T> {
    among.get(number.checked_rem(among.len())?).copied()
}

fn take<const LENGTH: usize>(bytes: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}
