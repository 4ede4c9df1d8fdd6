//! What the core logs, for an app that listens to it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use log::{Level, LevelFilter};
use loggin::LogBridge;

/// Lines that wait for the app at most; those that come on top are dropped.
const MAX_LINES: usize = 1_000;

/// How much a line matters.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum LogLevel {
    /// Each connection.
    Debug,
    /// A server is reached again.
    Info,
    /// A server is not reached.
    Warn,
    /// Something went wrong that should not.
    Error,
}

/// What an app has that listens.
#[uniffi::export(with_foreign)]
pub trait LogListener: Send + Sync {
    /// Is called on a thread of its own, with a line after the other.
    fn log(&self, level: LogLevel, text: String);
}

type Line = (LogLevel, String);

/// The way to the listener's thread, which ends with it.
static LISTENER: Mutex<Option<SyncSender<Line>>> = Mutex::new(None);

/// Has a listener hear what all clients log from now on at this level and above, in place of an earlier one.
#[uniffi::export]
pub fn set_log_listener(level: LogLevel, listener: Option<Arc<dyn LogListener>>) {
    let lines = listener.and_then(start);
    // A second time it is there already.
    let _ = log::set_logger(&BRIDGE);
    log::set_max_level(match lines {
        None => LevelFilter::Off,
        Some(_) => Level::from(level).to_level_filter(),
    });
    let before = std::mem::replace(&mut *lock(), lines);
    drop(before);
}

/// Starts a listener's thread; without one nothing is logged, and everything else goes on.
fn start(listener: Arc<dyn LogListener>) -> Option<SyncSender<Line>> {
    let (send, lines) = sync_channel::<Line>(MAX_LINES);
    let run = move || lines.iter().for_each(|(level, text)| listener.log(level, text));
    thread::Builder::new().name("loggin-log".into()).spawn(run).is_ok().then_some(send)
}

static BRIDGE: LogBridge = LogBridge(queue);

fn queue(level: Level, text: String) {
    if let Some(lines) = &*lock() {
        // A full channel drops it.
        let _ = lines.try_send((level.into(), text));
    }
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace | Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

fn lock() -> MutexGuard<'static, Option<SyncSender<Line>>> {
    LISTENER.lock().unwrap_or_else(PoisonError::into_inner)
}
