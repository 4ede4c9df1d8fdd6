//! What the core logs, for Python's `logging`.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use log::{Level, LevelFilter};
use loggin::LogBridge;
use pyo3::prelude::*;

use crate::courier::Courier;

/// The logger that it goes to.
const NAME: &str = "loggin";

/// Lines that wait for Python at most; those that come on top are dropped.
const MAX_LINES: usize = 1_000;

/// Swapped without a lock: a thread of the core that held one at a fork would leave it held in the child.
static LINES: LazyLock<ArcSwap<Courier<Line>>> = LazyLock::new(|| ArcSwap::new(new_courier()));

struct Line {
    level: Level,
    text: String,
}

static BRIDGE: LogBridge = LogBridge(queue);

fn queue(level: Level, text: String) {
    let lines = LINES.load();
    // Without a thread for it nothing is logged, and everything else goes on.
    if lines.len() < MAX_LINES && lines.start().is_ok() {
        lines.push(Line { level, text });
    }
}

fn new_courier() -> Arc<Courier<Line>> {
    Courier::new("loggin-log", deliver)
}

fn deliver(py: Python<'_>, lines: Vec<Line>) {
    let found = py.import("logging").and_then(|logging| logging.call_method1("getLogger", (NAME,)));
    let Ok(logger) = found else { return };
    for Line { level, text } in lines {
        if let Err(error) = logger.call_method1("log", (number_of(level), "%s", text)) {
            error.write_unraisable(py, Some(&logger));
        }
    }
}

/// The level as Python numbers it.
const fn number_of(level: Level) -> u8 {
    match level {
        Level::Error => 40,
        Level::Warn => 30,
        Level::Info => 20,
        Level::Debug => 10,
        Level::Trace => 5,
    }
}

/// Has the core tell what it logs from a level of Python's on; `None` is nothing.
#[pyfunction]
pub(crate) fn listen(level: Option<u32>) {
    // Made before any thread of the core asks for it.
    LazyLock::force(&LINES);
    // A second time it is there already.
    let _ = log::set_logger(&BRIDGE);
    log::set_max_level(match level {
        Some(0..=9) => LevelFilter::Trace,
        Some(10..=19) => LevelFilter::Debug,
        Some(20..=29) => LevelFilter::Info,
        Some(30..=39) => LevelFilter::Warn,
        Some(40..=49) => LevelFilter::Error,
        None | Some(50..) => LevelFilter::Off,
    });
}

/// Hands over what is there, before the interpreter ends.
#[pyfunction]
pub(crate) fn stop_logs(py: Python<'_>) {
    let lines = LINES.load_full();
    py.detach(|| lines.stop());
}

/// Begins anew in a forked child, where the thread is not there.
#[pyfunction]
pub(crate) fn forget_logs() {
    // Its lock may be held for ever; nothing takes it any more.
    std::mem::forget(LINES.swap(new_courier()));
}
