//! The log: lines are handed to a thread of its own that writes them, so nobody else ever waits for who reads them.
//!
//! The queue is bounded. A line that finds it full is dropped and counted; the number is told in a line as soon as
//! lines are taken again, and in a metric.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    mem::ManuallyDrop,
    panic::PanicHookInfo,
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use tracing::Dispatch;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{Traces, metrics, traces};
use crate::{
    config::{ConfigError, LogFormat, Settings},
    limits,
};

/// What the log calls a panic.
const PANIC: &str = "a panic: a defect of this program";

/// The name of the thread that writes.
const THREAD: &str = "loggin-log";

/// The log of this process, for the metric.
static STARTED: OnceLock<Arc<Progress>> = OnceLock::new();

/// The log of this process, once it is started.
pub(crate) struct Log {
    progress: Arc<Progress>,
    format: LogFormat,
    /// Never dropped: its `Drop` writes to standard output, which may be as stuck as the log is.
    _worker: ManuallyDrop<WorkerGuard>,
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Log").field("format", &self.format).finish_non_exhaustive()
    }
}

/// How many lines came, and what became of them.
#[derive(Debug)]
struct Progress {
    given: AtomicU64,
    written: AtomicU64,
    /// Lines that could not be written, as whoever read them is gone.
    failed: AtomicU64,
    /// Dropped lines that the log itself has told of.
    told: AtomicU64,
    /// Lines that found the queue full.
    refused: OnceLock<ErrorCounter>,
    /// Told whenever the queue has become empty.
    idle: (Mutex<()>, Condvar),
}

/// What is logged.
fn filter(settings: &Settings) -> Result<EnvFilter, ConfigError> {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    // What it says of tables that are made is several lines, and is said in one by who has it make them.
    let directives = format!("refinery_core=warn,{}", settings.log());
    filter.parse(directives).map_err(|_| Settings::wrong_log())
}

impl Log {
    /// What is wrong with the settings of the log's directives, if anything is.
    pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
        filter(settings).map(drop)
    }

    /// Starts the log as the settings say, on standard error; panics go there too.
    /// Traces go where they are told.
    pub(crate) fn start(settings: &Settings, traces: Option<&Traces>) -> Result<Self, ConfigError> {
        let format = settings.log_format()?;
        let filter = filter(settings)?;
        let style = Style { format, ansi: io::stderr().is_terminal() };
        let (lines, log) = Self::over(io::stderr(), style);
        match traces {
            None => style.subscriber(filter, lines).init(),
            Some(traces) => style.subscriber_with(traces, filter, lines).init(),
        }
        // A process has one log; a second start, in tests, counts its lines by itself.
        let _ = STARTED.set(Arc::clone(&log.progress));
        std::panic::set_hook(Box::new(panicked));
        Ok(log)
    }

    /// A log that is written to `out`, and where its lines are put.
    fn over(out: impl Write + Send + 'static, style: Style) -> (Lines, Self) {
        let progress = Arc::new(Progress {
            given: AtomicU64::new(0),
            written: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            told: AtomicU64::new(0),
            refused: OnceLock::new(),
            idle: (Mutex::new(()), Condvar::new()),
        });
        let output = Output { out, style, progress: Arc::clone(&progress), told_at: None };
        let (queue, worker) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(limits::LOG_LINES)
            .thread_name(THREAD)
            .finish(output);
        let _ = progress.refused.set(queue.error_counter());
        let lines = Lines { queue, progress: Arc::clone(&progress) };
        (lines, Self { progress, format: style.format, _worker: ManuallyDrop::new(worker) })
    }

    /// Whether lines are JSON objects.
    pub(crate) fn is_json(&self) -> bool {
        self.format == LogFormat::Json
    }

    /// Waits until all lines are written, but no longer than [`limits::LOG_FLUSH`].
    pub(crate) fn flush(&self) {
        let (lock, idle) = &self.progress.idle;
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Where time is up, what is left stays unwritten: who does not read must not hold up the end.
        let _ = idle.wait_timeout_while(guard, limits::LOG_FLUSH, |()| !self.progress.is_done());
    }
}

/// Lines of this process's log that nobody read.
pub(crate) fn dropped_lines() -> u64 {
    STARTED.get().map_or(0, |progress| progress.dropped())
}

impl Progress {
    fn dropped(&self) -> u64 {
        let refused = self.refused.get().map_or(0, ErrorCounter::dropped_lines);
        self.failed.load(Ordering::Acquire) + refused as u64
    }

    fn is_done(&self) -> bool {
        // In this order: a line is given before it is written or dropped.
        let dropped = self.dropped();
        let done = self.written.load(Ordering::Acquire) + dropped;
        done >= self.given.load(Ordering::Acquire) && dropped <= self.told.load(Ordering::Acquire)
    }
}

/// Where lines are put.
struct Lines {
    queue: NonBlocking,
    progress: Arc<Progress>,
}

/// One line on its way into the queue.
struct Line<'a> {
    queue: NonBlocking,
    progress: &'a Progress,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { queue: self.queue.clone(), progress: &self.progress }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.progress.given.fetch_add(1, Ordering::AcqRel);
        self.queue.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How lines look.
#[derive(Clone, Copy)]
struct Style {
    format: LogFormat,
    ansi: bool,
}

impl Style {
    fn subscriber<W>(self, filter: EnvFilter, out: W) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(self.ansi).with_writer(out);
        match self.format {
            LogFormat::Json => log.json().finish().into(),
            LogFormat::Pretty => log.finish().into(),
        }
    }

    /// The same with traces. Each of the two sees its own: the log no span of traces, whatever its directives are.
    fn subscriber_with<W>(self, traces: &Traces, filter: EnvFilter, out: W) -> Dispatch
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let filter = filter.and(filter_fn(|metadata| metadata.target() != traces::TARGET));
        let log = tracing_subscriber::fmt::layer().with_ansi(self.ansi).with_writer(out);
        let registry = tracing_subscriber::registry().with(traces.layer());
        match self.format {
            LogFormat::Json => registry.with(log.json().with_filter(filter)).into(),
            LogFormat::Pretty => registry.with(log.with_filter(filter)).into(),
        }
    }

    /// The line that tells of dropped ones, in the form of all others.
    fn notice(self, lines: u64) -> Vec<u8> {
        let text = Text::default();
        let filter = EnvFilter::default().add_directive(LevelFilter::WARN.into());
        let put = text.clone();
        let subscriber = self.subscriber(filter, move || put.clone());
        tracing::dispatcher::with_default(&subscriber, || {
            tracing::warn!(lines, "lines of the log were dropped: nobody took them in time");
        });
        std::mem::take(&mut *text.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A text in memory.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The end of the queue, in the thread that writes.
struct Output<W> {
    out: W,
    style: Style,
    progress: Arc<Progress>,
    /// When dropped lines were told of last.
    told_at: Option<Instant>,
}

impl<W: Write> Output<W> {
    /// Tells how many lines were dropped since it told so last.
    fn tell(&mut self) {
        let (dropped, told) = (self.progress.dropped(), self.progress.told.load(Ordering::Acquire));
        if dropped == told {
            return;
        }
        let line = self.style.notice(dropped - told);
        if self.out.write_all(&line).is_ok() {
            self.progress.told.store(dropped, Ordering::Release);
            self.told_at = Some(Instant::now());
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line).map(|()| line.len())
    }

    /// Writes one line, the whole of it. An error is kept from the worker, which would lose it.
    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let count = match self.out.write_all(line) {
            Ok(()) => &self.progress.written,
            Err(_) => &self.progress.failed,
        };
        count.fetch_add(1, Ordering::AcqRel);
        // Whoever reads slowly never empties the queue, and is not to get one such line for each other one.
        if self.told_at.is_none_or(|at| at.elapsed() >= limits::LOG_NOTICE) {
            self.tell();
        }
        Ok(())
    }

    /// Called whenever the queue has become empty.
    fn flush(&mut self) -> io::Result<()> {
        self.tell();
        let (lock, idle) = &self.progress.idle;
        drop(lock.lock().unwrap_or_else(PoisonError::into_inner));
        idle.notify_all();
        self.out.flush()
    }
}

/// Logs a panic. What was formatted into its message may hold anything, so only a text of the source is shown.
fn panicked(panic: &PanicHookInfo<'_>) {
    metrics::panicked();
    let location = panic.location().map(ToString::to_string);
    let said = panic.payload().downcast_ref::<&'static str>().copied();
    let current = thread::current();
    tracing::error!(location, said, thread = current.name(), "{PANIC}");
}

/// Prints what ended the program to standard error, and waits no longer than for a log that is stuck.
pub(crate) fn print_last(line: String) {
    let (done, printed) = std::sync::mpsc::channel();
    let printing = thread::Builder::new().spawn(move || {
        let _ = writeln!(io::stderr(), "{line}");
        let _ = done.send(());
    });
    if printing.is_ok() {
        let _ = printed.recv_timeout(limits::LOG_FLUSH);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use serde_json::Value;

    use super::*;

    /// What reads the log once it is let, and keeps it.
    struct Gate {
        opened: Receiver<()>,
        text: Text,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that it was opened for good.
            let _ = self.opened.recv();
            self.text.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A pipe whose other end is closed.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const JSON: Style = Style { format: LogFormat::Json, ansi: false };

    fn with_log<T>(out: impl Write + Send + 'static, act: impl FnOnce(&Log) -> T) -> T {
        let (lines, log) = Log::over(out, JSON);
        let filter = EnvFilter::default().add_directive(LevelFilter::INFO.into());
        tracing::dispatcher::with_default(&JSON.subscriber(filter, lines), || act(&log))
    }

    fn fields(text: &Text) -> Vec<Value> {
        let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone()).collect()
    }

    #[test]
    fn a_log_that_nobody_reads_holds_up_nobody_and_tells_what_it_dropped() {
        let ((open, opened), text) = (channel(), Text::default());
        let most = limits::LOG_LINES + 100;
        with_log(Gate { opened, text: text.clone() }, |log| {
            for number in 0..most {
                tracing::info!(number, "a line");
            }
            let dropped = log.progress.dropped();
            // The writer may have taken one out of the full queue.
            assert!((99..=100).contains(&dropped), "{dropped}");
            let began = Instant::now();
            log.flush();
            assert!(began.elapsed() < limits::LOG_FLUSH * 10 && !log.progress.is_done());

            drop(open);
            while !log.progress.is_done() {
                log.flush();
            }
            let written = fields(&text);
            let numbers = written.iter().filter_map(|line| line["number"].as_u64());
            assert!(numbers.eq(0..(most as u64 - dropped)));
            let told: u64 = written.iter().filter_map(|line| line["lines"].as_u64()).sum();
            assert_eq!(told, dropped);
        });
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        with_log(Closed, |log| {
            for _ in 0..3 {
                tracing::info!("a line");
            }
            while log.progress.dropped() < 3 {
                log.flush();
            }
            assert_eq!((log.progress.written.load(Ordering::Acquire), log.progress.dropped()), (0, 3));
        });
    }

    #[test]
    fn a_panic_is_logged_without_what_was_formatted_into_it() {
        let ((open, opened), text) = (channel(), Text::default());
        drop(open);
        with_log(Gate { opened, text: text.clone() }, |log| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(panicked));
            let panics = [
                std::panic::catch_unwind(|| panic!("a fixed text")),
                std::panic::catch_unwind(|| panic!("a text with {}", std::hint::black_box("s3cret"))),
            ];
            std::panic::set_hook(before);
            assert!(panics.iter().all(Result::is_err));
            while !log.progress.is_done() {
                log.flush();
            }
        });
        let written = fields(&text);
        assert_eq!(written.len(), 2);
        assert!(written.iter().all(|line| line["message"] == PANIC));
        assert_eq!((&written[0]["said"], &written[1]["said"]), (&Value::from("a fixed text"), &Value::Null));
        assert!(written.iter().all(|line| line["location"].as_str().unwrap().contains("log.rs")));
        assert!(!written[1].to_string().contains("s3cret"));
    }
}
