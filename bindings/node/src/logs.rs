//! What the core logs, for functions of JavaScript that listen to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::{Level, LevelFilter};
use loggin::LogBridge;
use napi::{
    Status,
    bindgen_prelude::Function,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};

use crate::values::LogLine;

/// Lines that wait for a function at most; those that come on top are dropped.
const MAX_LINES: usize = 1_000;

/// Weak: it does not keep the event loop running.
type Tell = ThreadsafeFunction<LogLine, (), LogLine, Status, false, true, MAX_LINES>;

/// Functions of all threads of Node that use this addon, each with its number.
static LISTENERS: Mutex<Vec<(u32, LevelFilter, Arc<Tell>)>> = Mutex::new(Vec::new());

static BRIDGE: LogBridge = LogBridge(tell);

fn tell(level: Level, text: String) {
    let listeners: Vec<_> = lock()
        .iter()
        .filter(|(_, heard, _)| level <= *heard)
        .map(|(id, _, tell)| (*id, Arc::clone(tell)))
        .collect();
    for (id, tell) in listeners {
        let line = LogLine { level: name_of(level).to_owned(), text: text.clone() };
        if tell.call(line, ThreadsafeFunctionCallMode::NonBlocking) == Status::Closing {
            // Its thread is ending.
            forget_listener(id);
        }
    }
}

const fn name_of(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

/// Has a function hear what the core logs at this level and above; the result is its number.
pub(crate) fn listen(level: &str, tell: Function<'_, LogLine, ()>) -> napi::Result<u32> {
    let tell = tell
        .build_threadsafe_function::<LogLine>()
        .weak::<true>()
        .max_queue_size::<MAX_LINES>()
        .build_callback(|context| Ok(context.value))?;
    // A second time it is there already.
    let _ = log::set_logger(&BRIDGE);
    let mut listeners = lock();
    let id = listeners.iter().map(|(id, ..)| id + 1).max().unwrap_or(0);
    listeners.push((id, level.parse().unwrap_or(LevelFilter::Off), Arc::new(tell)));
    set_level(&listeners);
    Ok(id)
}

/// Takes the function with this number away.
pub(crate) fn forget_listener(id: u32) {
    let mut listeners = lock();
    // What a function holds is let go of outside the lock.
    let gone: Vec<_> = listeners.extract_if(.., |(known, ..)| *known == id).collect();
    set_level(&listeners);
    drop(listeners);
    drop(gone);
}

fn set_level(listeners: &[(u32, LevelFilter, Arc<Tell>)]) {
    log::set_max_level(listeners.iter().map(|(_, level, _)| *level).max().unwrap_or(LevelFilter::Off));
}

fn lock() -> MutexGuard<'static, Vec<(u32, LevelFilter, Arc<Tell>)>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}
