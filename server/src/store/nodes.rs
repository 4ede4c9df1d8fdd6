//! The processes that serve from one database, each with a row that it renews, and the calls for them that every store offers.
//!
//! Nothing hangs on these rows: they are for people who look at them.

use async_trait::async_trait;

use super::StoreError;
use crate::{clock::UnixMillis, limits};

/// A process that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// What marks its changes.
    pub(crate) id: i64,
    /// The name of its machine.
    pub(crate) host: String,
    /// Of the program.
    pub(crate) version: String,
    pub(crate) started_at: UnixMillis,
    /// When it last said that it is there.
    pub(crate) seen_at: UnixMillis,
}

impl Node {
    /// Its id as people and programs see it.
    pub(crate) fn name(&self) -> String {
        format!("{:016x}", self.id.cast_unsigned())
    }

    /// Whether it has said nothing for so long that it is likely gone.
    pub(crate) fn is_missed(&self, now: UnixMillis) -> bool {
        self.seen_at + limits::NODE_MISSED < now
    }

    /// When others must have been seen last to be kept, and where their clocks were wrong.
    pub(super) fn bounds(&self) -> (i64, i64) {
        ((self.seen_at - limits::NODE_KEPT).0, (self.seen_at + limits::NODE_KEPT).0)
    }
}

/// A process that serves, and whether it does what one alone does: forgetting what is old, and telling apps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeRow {
    pub(crate) node: Node,
    pub(crate) leads: bool,
}

/// Where the processes are kept that serve.
#[async_trait]
pub(crate) trait NodeStore {
    /// What marks the changes of this process.
    fn node(&self) -> i64;
    /// Notes that a process is there. Others that have not been for [`limits::NODE_KEPT`] are forgotten, and those beyond
    /// [`limits::NODES`].
    async fn put_node(&self, node: Node) -> Result<(), StoreError>;
    /// Forgets a process, which ends.
    async fn remove_node(&self, id: i64) -> Result<(), StoreError>;
    /// All that are known, the one that was started first before the others.
    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError>;
}
