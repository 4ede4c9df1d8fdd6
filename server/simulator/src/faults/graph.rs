//! What goes wrong in calls of the Graph API: refused, slow, broken off, taken and not sent, or away for a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::FaultError;
use crate::limits::{FAULTS_MAX, OUTAGE_MS_MAX, WAIT_MS_MAX};

/// What the response says of a template message that is taken and kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageStatus {
    HeldForQualityAssessment,
    Paused,
}

impl MessageStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::HeldForQualityAssessment => "held_for_quality_assessment",
            Self::Paused => "paused",
        }
    }
}

/// What happens to the next calls of the Graph API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GraphFault {
    /// How many calls it holds for.
    pub(crate) count: u32,
    /// Milliseconds for which it holds from now on, whatever the count: an outage.
    pub(crate) for_ms: Option<u64>,
    /// Milliseconds before the call is looked at. A client that hangs up meanwhile has sent nothing.
    pub(crate) delay_ms: u64,
    /// Milliseconds between taking the message and the response: a client that hangs up meanwhile has sent it.
    pub(crate) hold_ms: u64,
    /// Answers with this error code of the Graph API.
    pub(crate) code: Option<u32>,
    /// The HTTP status, where it should differ from the usual one of the code. Without a code the body is HTML, as from
    /// a proxy.
    pub(crate) http_status: Option<u16>,
    /// Seconds for a `Retry-After` header.
    pub(crate) retry_after: Option<u64>,
    /// Takes the message and delivers it, but breaks the connection off instead of answering.
    pub(crate) lose_answer: bool,
    /// Takes a template message and keeps it back: it reaches no phone, and no status follows.
    pub(crate) message_status: Option<MessageStatus>,
    /// Takes the message, and reports it as failed with this error code.
    pub(crate) failed_status: Option<u32>,
}

impl Default for GraphFault {
    fn default() -> Self {
        Self {
            count: 1,
            for_ms: None,
            delay_ms: 0,
            hold_ms: 0,
            code: None,
            http_status: None,
            retry_after: None,
            lose_answer: false,
            message_status: None,
            failed_status: None,
        }
    }
}

/// The faults of calls to come.
#[derive(Debug, Default)]
pub(super) struct GraphFaults(VecDeque<Queued>);

/// A fault, and when it ends by itself.
#[derive(Debug)]
struct Queued {
    fault: GraphFault,
    until: Option<Instant>,
}

impl GraphFaults {
    pub(super) fn add(&mut self, fault: GraphFault, now: Instant) -> Result<(), FaultError> {
        if fault.count == 0 || self.0.len() >= FAULTS_MAX {
            return Err(FaultError("count is at least 1, and there are at most 1,000 faults"));
        }
        if fault.delay_ms > WAIT_MS_MAX || fault.hold_ms > WAIT_MS_MAX {
            return Err(FaultError("delay_ms and hold_ms are at most 60,000"));
        }
        if fault.for_ms.is_some_and(|time| time > OUTAGE_MS_MAX) {
            return Err(FaultError("for_ms is at most 600,000"));
        }
        if fault.http_status.is_some_and(|status| !(400..600).contains(&status)) {
            return Err(FaultError("http_status is 400 to 599"));
        }
        if fault.message_status.is_some() && fault.failed_status.is_some() {
            return Err(FaultError("message_status or failed_status, not both"));
        }
        let until = fault.for_ms.and_then(|time| now.checked_add(Duration::from_millis(time)));
        self.0.push_back(Queued { fault, until });
        Ok(())
    }

    /// The fault of the next call, if any.
    pub(super) fn take(&mut self, now: Instant) -> Option<GraphFault> {
        self.0.retain(|queued| queued.until.is_none_or(|until| now < until));
        let queued = self.0.front_mut()?;
        let fault = queued.fault.clone();
        if queued.until.is_none() {
            queued.fault.count -= 1;
            if queued.fault.count == 0 {
                self.0.pop_front();
            }
        }
        Some(fault)
    }

    pub(super) fn pending(&self, now: Instant) -> Vec<GraphFault> {
        let lasting = self.0.iter().filter(|queued| queued.until.is_none_or(|until| now < until));
        lasting.map(|queued| queued.fault.clone()).collect()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn codes(faults: &mut GraphFaults, now: Instant, calls: usize) -> Vec<Option<u32>> {
        (0..calls).map(|_| faults.take(now).and_then(|fault| fault.code)).collect()
    }

    #[test]
    fn a_fault_counts_down() {
        let (mut faults, now) = (GraphFaults::default(), Instant::now());
        faults.add(GraphFault { count: 2, code: Some(130_429), ..GraphFault::default() }, now).unwrap();
        faults.add(GraphFault { code: Some(131_056), ..GraphFault::default() }, now).unwrap();
        assert_eq!(codes(&mut faults, now, 4), [Some(130_429), Some(130_429), Some(131_056), None]);
    }

    #[test]
    fn an_outage_holds_for_its_time_and_then_lets_the_next_fault_have_its_turn() {
        let (mut faults, now) = (GraphFaults::default(), Instant::now());
        let outage = GraphFault { for_ms: Some(60_000), code: Some(2), ..GraphFault::default() };
        faults.add(outage, now).unwrap();
        faults.add(GraphFault { code: Some(1), ..GraphFault::default() }, now).unwrap();
        assert_eq!(codes(&mut faults, now, 3), [Some(2); 3]);
        let almost = now + MINUTE.saturating_sub(Duration::from_millis(1));
        assert_eq!((faults.pending(almost).len(), faults.pending(now + MINUTE).len()), (2, 1));
        assert_eq!(codes(&mut faults, almost, 2), [Some(2); 2]);
        assert_eq!(codes(&mut faults, now + MINUTE, 2), [Some(1), None]);
    }

    #[test]
    fn senseless_faults_are_refused() {
        let (mut faults, now) = (GraphFaults::default(), Instant::now());
        let fault = GraphFault::default;
        for senseless in [
            GraphFault { count: 0, ..fault() },
            GraphFault { http_status: Some(200), ..fault() },
            GraphFault { delay_ms: WAIT_MS_MAX + 1, ..fault() },
            GraphFault { hold_ms: WAIT_MS_MAX + 1, ..fault() },
            GraphFault { for_ms: Some(OUTAGE_MS_MAX + 1), ..fault() },
            GraphFault {
                message_status: Some(MessageStatus::Paused),
                failed_status: Some(131_026),
                ..fault()
            },
        ] {
            assert!(faults.add(senseless, now).is_err());
        }
        assert!(faults.pending(now).is_empty());
    }
}
