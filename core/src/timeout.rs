//! How long something may take, as languages say it whose numbers know more than durations do.

use std::time::Duration;

use loggin_protocol::{Error, ErrorCode};

/// A number of seconds as a duration: more than one holds, infinity among it, is as long as there is.
///
/// # Errors
/// The given code where it is below zero, or no number.
///
/// ```
/// use std::time::Duration;
/// use loggin::{ErrorCode, timeout_of};
///
/// assert_eq!(timeout_of(0.5, ErrorCode::InvalidRequest)?, Duration::from_millis(500));
/// assert_eq!(timeout_of(f64::INFINITY, ErrorCode::InvalidRequest)?, Duration::MAX);
/// assert!(timeout_of(-1.0, ErrorCode::InvalidRequest).is_err());
/// # Ok::<(), loggin::Error>(())
/// ```
#[doc(hidden)]
pub fn timeout_of(seconds: f64, code: ErrorCode) -> Result<Duration, Error> {
    if seconds >= Duration::MAX.as_secs_f64() {
        return Ok(Duration::MAX);
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Error::new(code, "A timeout is a number of seconds, zero or more."))
}
