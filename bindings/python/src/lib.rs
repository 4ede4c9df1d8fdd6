//! The extension module `loggin._native`, which the Python package `loggin` wraps.
//!
//! It converts and delegates. Results cross as plain tuples; the package makes its own types of them.

mod arguments;
mod client;
mod courier;
mod errors;
mod logs;
mod notifier;
mod results;
mod settled;
mod waits;
#[cfg(unix)]
mod wakeup_pipe;
mod webhooks;

use pyo3::prelude::*;

/// The native half of the package; not meant to be used by itself.
#[pymodule]
mod _native {
    use std::time::SystemTime;

    use loggin::qr;
    use pyo3::prelude::*;

    #[cfg(unix)]
    #[pymodule_export]
    use crate::wakeup_pipe::WakeupPipe;
    use crate::{arguments::Text, errors::Failure};
    #[pymodule_export]
    use crate::{
        client::Client,
        errors::error_codes,
        logs::{forget_logs, listen, stop_logs},
        notifier::{forget_notifier, stop_notifier},
        waits::{Wait, Watch},
        webhooks::verify_webhook,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // What makes a time needs a module, which is loaded now: not on a thread that may be about to end.
        SystemTime::UNIX_EPOCH.into_pyobject(module.py())?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("DEFAULT_MAX_RETRIES", loggin::DEFAULT_MAX_RETRIES)?;
        module.add("DEFAULT_CALL_TIMEOUT", loggin::DEFAULT_CALL_TIMEOUT.as_secs_f64())?;
        module.add("DEFAULT_TIMEOUT", loggin::DEFAULT_TIMEOUT.as_secs_f64())
    }

    /// A link as a QR code, SVG.
    #[pyfunction]
    fn qr_svg(link: Text) -> Result<String, Failure> {
        Ok(qr::svg(&String::from(link))?)
    }

    /// A link as a QR code of characters.
    #[pyfunction]
    fn qr_terminal(link: Text) -> Result<String, Failure> {
        Ok(qr::terminal(&String::from(link))?)
    }
}
