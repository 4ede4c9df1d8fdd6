//! What an operator looks at first: when WhatsApp called last, what was refused, and what became of messages.
//!
//! It is counted beside the metrics, as these go to whoever collects them and cannot be read here. All of it is of this
//! process since its start.

use std::sync::{
    OnceLock,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use super::{
    instruments::LabelSet,
    labels::{SendKind, SendResult, WebhookRefusal},
};
use crate::clock::{Clock, SystemClock, UnixMillis};

/// What stands for a moment that has not come.
const NEVER: i64 = i64::MIN;

/// How often something happened, and when last.
#[derive(Debug)]
struct Happened {
    count: AtomicU64,
    last: AtomicI64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) count: u64,
    pub(crate) last: Option<UnixMillis>,
}

impl Happened {
    const fn new() -> Self {
        Self { count: AtomicU64::new(0), last: AtomicI64::new(NEVER) }
    }

    fn note(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.last.store(SystemClock.now().0, Ordering::Relaxed);
    }

    fn read(&self) -> Times {
        let last = self.last.load(Ordering::Relaxed);
        Times { count: self.count.load(Ordering::Relaxed), last: (last != NEVER).then_some(UnixMillis(last)) }
    }
}

static TAKEN: Happened = Happened::new();
static REFUSED: [Happened; WebhookRefusal::COUNT] = [const { Happened::new() }; WebhookRefusal::COUNT];
static SENDS: [Happened; <(SendKind, SendResult)>::COUNT] =
    [const { Happened::new() }; <(SendKind, SendResult)>::COUNT];
static LAST_CODE: [AtomicU64; SendResult::COUNT] = [const { AtomicU64::new(0) }; SendResult::COUNT];
static STARTED: OnceLock<UnixMillis> = OnceLock::new();

/// A process that serves begins.
pub(crate) fn start() {
    STARTED.get_or_init(|| SystemClock.now());
}

/// When it began, if it serves.
pub(crate) fn started() -> Option<UnixMillis> {
    STARTED.get().copied()
}

/// A signed webhook came.
pub(crate) fn webhook_taken() {
    TAKEN.note();
}

pub(super) fn webhook_refused(reason: WebhookRefusal) {
    REFUSED[reason.index()].note();
}

pub(super) fn sent(kind: SendKind, result: SendResult) {
    SENDS[(kind, result).index()].note();
}

/// The code with which WhatsApp refused a message.
pub(crate) fn send_refused(result: SendResult, code: u32) {
    LAST_CODE[result.index()].store(code.into(), Ordering::Relaxed);
}

/// Signed webhooks that came.
pub(crate) fn webhooks() -> Times {
    TAKEN.read()
}

/// Webhook calls that were refused, by why.
pub(crate) fn refusals() -> Vec<(WebhookRefusal, Times)> {
    WebhookRefusal::all().into_iter().map(|reason| (reason, REFUSED[reason.index()].read())).collect()
}

/// Messages, by what WhatsApp said to them, with the last code where it said one.
pub(crate) fn sends() -> Vec<(SendResult, Times, Option<u64>)> {
    let of = |result: SendResult| {
        let kinds = SendKind::all().into_iter().map(|kind| SENDS[(kind, result).index()].read());
        let times = kinds.fold(Times::default(), |sum, times| Times {
            count: sum.count + times.count,
            last: sum.last.max(times.last),
        });
        let code = LAST_CODE[result.index()].load(Ordering::Relaxed);
        (result, times, (code != 0).then_some(code))
    };
    SendResult::all().into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Other tests of this process count too, so that only what is added is looked at.

    #[test]
    fn what_happens_is_counted_with_its_moment() {
        let before = webhooks();
        webhook_taken();
        let after = webhooks();
        assert!(after.count > before.count && after.last.is_some());
        let refused = |wanted| refusals().into_iter().find(|(reason, _)| *reason == wanted).unwrap().1.count;
        let before = refused(WebhookRefusal::Unreadable);
        webhook_refused(WebhookRefusal::Unreadable);
        assert!(refused(WebhookRefusal::Unreadable) > before);
    }

    #[test]
    fn messages_are_counted_by_what_whatsapp_said() {
        let of = |wanted| sends().into_iter().find(|(result, ..)| *result == wanted).unwrap();
        let before = of(SendResult::Misconfigured).1.count;
        sent(SendKind::Buttons, SendResult::Misconfigured);
        sent(SendKind::OneTimeCode, SendResult::Misconfigured);
        send_refused(SendResult::Misconfigured, 132_001);
        let (_, times, code) = of(SendResult::Misconfigured);
        assert!(times.count >= before + 2 && code.is_some());
    }
}
