//! Randomness of the operating system, for secrets and to spread load.

use std::fmt::Write as _;

use loggin_protocol::{Error, ErrorCode};
use rand::{TryRng, rngs::SysRng};

/// Bytes of an idempotency key: 128 bits are never met twice.
const IDEMPOTENCY_KEY_BYTES: usize = 16;

/// Random bytes from the operating system, at every call: a pool of them would be the same in a forked child.
///
/// # Errors
/// `internal` where the operating system has none to give.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| Error::new(ErrorCode::Internal, "The operating system gave no random bytes."))?;
    Ok(bytes)
}

/// Random bits that only spread load: without any, all clients would keep step, but nothing breaks.
pub(super) fn jitter() -> u64 {
    random().map_or(0, u64::from_ne_bytes)
}

/// A key that makes this client's calls its own.
pub(super) fn new_idempotency_key() -> Result<String, Error> {
    let mut key = String::with_capacity(2 * IDEMPOTENCY_KEY_BYTES);
    for byte in random::<IDEMPOTENCY_KEY_BYTES>()? {
        // Writing to a string does not fail.
        let _ = write!(key, "{byte:02x}");
    }
    Ok(key)
}
