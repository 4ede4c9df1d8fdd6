//! The servers that share the database, for who looks after all of it.

use super::{Actor, Administration, AdministrationError, Right};
use crate::store::{Node, NodeRow};

/// A server, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeView {
    pub(crate) node: Node,
    /// Whether it does what one alone does.
    pub(crate) leads: bool,
    /// Whether it has said nothing for so long that it is likely gone.
    pub(crate) is_missed: bool,
    /// Whether it is the process that was asked.
    pub(crate) is_this: bool,
}

impl Administration {
    /// The servers on this database, the one that was started first before the others.
    pub(crate) async fn nodes(&self, actor: &Actor) -> Result<Vec<NodeView>, AdministrationError> {
        actor.check_everywhere(Right::ReadUsage)?;
        let (now, own) = (self.clock.now(), self.store.node());
        let view = |NodeRow { node, leads }: NodeRow| {
            let (is_missed, is_this) = (node.is_missed(now), node.id == own);
            NodeView { leads: leads && !is_missed, is_missed, is_this, node }
        };
        Ok(self.store.nodes().await?.into_iter().map(view).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        clock::Clock,
        limits,
        tests::{CountingRandom, ManualClock, START, store},
    };

    #[tokio::test]
    async fn a_server_that_says_nothing_is_missed() {
        let (store, _, _folder) = store().await;
        let clock = ManualClock::new();
        let administration =
            Administration::new(Arc::clone(&store), clock.clone(), Arc::new(CountingRandom::default()));
        let owner = Actor::with_all_rights("olga".to_owned());
        let node = |id| Node {
            id,
            host: "one".to_owned(),
            version: "1.4.0".to_owned(),
            started_at: START,
            seen_at: clock.now(),
        };
        store.put_node(node(store.node())).await.unwrap();
        clock.advance(limits::NODE_MISSED);
        store.put_node(node(-1)).await.unwrap();
        let missed = async || {
            let found = administration.nodes(&owner).await.unwrap();
            found.iter().map(|view| (view.is_this, view.is_missed)).collect::<Vec<_>>()
        };
        assert_eq!(missed().await, [(false, false), (true, false)]);
        clock.advance(Duration::from_millis(1));
        assert_eq!(missed().await, [(false, false), (true, true)]);
        let limited = Actor { apps: Some(Vec::new()), ..owner.clone() };
        let refused = administration.nodes(&limited).await;
        assert!(matches!(refused, Err(AdministrationError::Forbidden(Right::ReadUsage))));
    }
}
