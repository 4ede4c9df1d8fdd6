//! What a client can tell of itself without asking its server.

use std::time::SystemTime;

use loggin_protocol::Cause;

use crate::driver::Reached;

/// How a client stands to its server.
///
/// It holds nothing secret and may be logged.
///
/// ```
/// let client = loggin::Loggin::builder().build()?;
/// let state = client.state();
/// assert!(!state.is_connected && state.cause.is_none(), "nothing has been asked for yet");
/// # Ok::<(), loggin::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientState {
    /// Whether a stream is ready. A client that nothing waits for has none, and is not connected.
    pub is_connected: bool,
    /// Since when it is connected or, with a cause, since when the server has not been reached.
    pub since: Option<SystemTime>,
    /// Why the server was not reached the last time; none once it was.
    pub cause: Option<Cause>,
    /// The proxy that the client goes through, without its name and password; none where it connects by itself.
    pub proxy: Option<String>,
}

impl ClientState {
    pub(crate) fn new(Reached { is_connected, since, cause }: Reached, proxy: Option<String>) -> Self {
        Self { is_connected, since, cause, proxy }
    }
}
