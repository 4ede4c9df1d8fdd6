//! What a client can tell of itself without asking its server.

/// How a client stands to its server.
///
/// It holds nothing secret and may be logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientState {
    /// The proxy that the client goes through, without its name and password; none where it connects by itself.
    pub proxy: Option<String>,
}
