//! When the next stream may be opened: gathering while all is well, backing off while the server is away.

use std::time::Duration;

use crate::backoff;

/// Shortest pause between two openings: lets a burst of waits share one stream.
const MIN_PAUSE: Duration = Duration::from_millis(2);

/// Longest pause between two openings: a person does not notice it, and a trickle of 400 waits a second still fits
/// 40 of them in one stream.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Without an opening for this long the client is idle, and gathering begins with the shortest pause again.
const IDLE: Duration = Duration::from_millis(400);

/// Paces the openings of streams to one server.
#[derive(Debug)]
pub(super) struct Pace {
    last_opening: Option<Duration>,
    pause: Duration,
    outage: Option<Outage>,
}

/// The server was lost, and no stream has shown since that it works.
#[derive(Debug)]
struct Outage {
    since: Duration,
    attempts: u32,
    last_failure: Duration,
    resume: Duration,
    /// The server itself asked for the pause: it holds even when another stream works.
    asked_for: bool,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { last_opening: None, pause: MIN_PAUSE, outage: None }
    }

    /// The earliest moment for the next opening.
    pub(super) fn next_opening(&self, now: Duration) -> Duration {
        let gathered = self.last_opening.map_or(now, |last| now.max(last + self.pause));
        self.outage.as_ref().map_or(gathered, |outage| gathered.max(outage.resume))
    }

    /// Streams are opened now.
    pub(super) fn opened(&mut self, now: Duration) {
        let idle = self.last_opening.is_none_or(|last| now.saturating_sub(last) >= IDLE);
        self.pause = if idle { MIN_PAUSE } else { (self.pause * 2).min(MAX_PAUSE) };
        self.last_opening = Some(now);
    }

    /// When a stream was lost last, in an outage that is not over.
    pub(super) fn last_failure(&self) -> Option<Duration> {
        self.outage.as_ref().map(|outage| outage.last_failure)
    }

    /// A stream has shown that it works, by what it told or by living on: the outage is over.
    pub(super) fn well(&mut self, now: Duration) {
        if self.outage.as_ref().is_some_and(|outage| !outage.asked_for || outage.resume <= now) {
            self.outage = None;
        }
    }

    /// What was learnt from failures and haste is void: the client was away. A pause that the server asked for holds.
    pub(super) fn renew(&mut self, now: Duration) {
        self.last_opening = None;
        self.pause = MIN_PAUSE;
        self.outage = self.outage.take().filter(|outage| outage.asked_for && outage.resume > now);
    }

    /// A stream that was opened at `opened_at` is lost.
    ///
    /// Streams that are lost together count as one failure.
    pub(super) fn lost(&mut self, now: Duration, opened_at: Duration, hint: Option<Duration>, random: u64) {
        let (since, attempts, resume, asked_for) = match &self.outage {
            None => (now, 0, now, false),
            Some(outage) if opened_at < outage.last_failure && hint.is_none() => return,
            Some(outage) if opened_at < outage.last_failure => {
                (outage.since, outage.attempts, outage.resume, outage.asked_for)
            }
            Some(outage) => (outage.since, outage.attempts + 1, outage.resume, outage.asked_for),
        };
        let delay = backoff::delay(attempts, now.saturating_sub(since), hint, random);
        self.outage = Some(Outage {
            since,
            attempts,
            last_failure: now,
            resume: resume.max(now + delay),
            asked_for: hint.is_some() || (asked_for && resume > now),
        });
    }
}
