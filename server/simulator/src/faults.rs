//! What goes wrong next, on request: in webhook calls and in responses of the Graph API.

mod graph;

use std::collections::VecDeque;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::graph::GraphFaults;
pub(crate) use self::graph::{GraphFault, MessageStatus};
use crate::limits::{BATCH_UPDATES_MAX, COPIES_MAX, FAULTS_MAX, WAIT_MS_MAX};
use crate::signing::Signing;
use crate::webhook::payload::{Item, Update};

/// Which updates a fault is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Concerns {
    /// What people send. Statuses come when they like, so a fault for any update would hit one or the other by chance.
    #[default]
    Messages,
    /// How far the business's messages have come.
    Statuses,
    /// Who handles a chat, what others send from the number, and what is about the account.
    Notices,
    Any,
}

impl Concerns {
    fn covers(self, item: &Item) -> bool {
        match self {
            Self::Messages => matches!(item, Item::Message(_)),
            Self::Statuses => matches!(item, Item::Status(_)),
            Self::Notices => matches!(item, Item::Notice(_)),
            Self::Any => true,
        }
    }
}

/// What happens to the next deliveries. A retry that follows is sent as it should be, as with Meta.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookFault {
    /// How many deliveries it holds for.
    pub(crate) count: u32,
    pub(crate) concerns: Concerns,
    /// How many times more the same bytes are posted.
    pub(crate) duplicate: u32,
    /// Posts the copies at the same time instead of one after the other.
    pub(crate) concurrent: bool,
    /// Milliseconds before the call.
    pub(crate) delay_ms: u64,
    /// Loses the update: it is never posted, unless it is redelivered.
    pub(crate) drop: bool,
    pub(crate) signature: Signing,
    /// Sends JSON as plain UTF-8 instead of escaped ASCII.
    pub(crate) plain_utf8: bool,
    /// Holds updates back until there are this many, and posts them as one call.
    pub(crate) batch: usize,
    /// Holds updates back until there are this many, and posts them one by one in reverse order.
    pub(crate) reorder: usize,
}

impl Default for WebhookFault {
    fn default() -> Self {
        Self {
            count: 1,
            concerns: Concerns::default(),
            duplicate: 0,
            concurrent: false,
            delay_ms: 0,
            drop: false,
            signature: Signing::Valid,
            plain_utf8: false,
            batch: 1,
            reorder: 1,
        }
    }
}

/// A fault that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FaultError(pub(crate) &'static str);

/// What is to be done with an update now.
#[derive(Debug)]
pub(crate) enum Plan {
    /// It waits for others.
    Held,
    /// One call with these updates.
    Together(Vec<Update>, WebhookFault),
    /// A call for each of these updates, in this order.
    OneByOne(Vec<Update>, WebhookFault),
}

/// The faults to come, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    webhook: VecDeque<Queued>,
    graph: GraphFaults,
}

/// A fault and the updates that it holds back.
#[derive(Debug)]
struct Queued {
    fault: WebhookFault,
    held: Vec<Update>,
}

impl Faults {
    pub(crate) fn add_webhook(&mut self, fault: WebhookFault) -> Result<(), FaultError> {
        if fault.count == 0 || self.webhook.len() >= FAULTS_MAX {
            return Err(FaultError("count is at least 1, and there are at most 1,000 faults"));
        }
        if fault.duplicate > COPIES_MAX || fault.delay_ms > WAIT_MS_MAX {
            return Err(FaultError("duplicate is at most 100 and delay_ms at most 60,000"));
        }
        let groups = 1..=BATCH_UPDATES_MAX;
        if !groups.contains(&fault.batch)
            || !groups.contains(&fault.reorder)
            || fault.batch.min(fault.reorder) > 1
        {
            return Err(FaultError("batch or reorder, not both, is 1 to 1,000"));
        }
        self.webhook.push_back(Queued { fault, held: Vec::new() });
        Ok(())
    }

    pub(crate) fn add_graph(&mut self, fault: GraphFault) -> Result<(), FaultError> {
        self.graph.add(fault, Instant::now())
    }

    /// The fault of the next Graph API call, if any.
    pub(crate) fn take_graph(&mut self) -> Option<GraphFault> {
        self.graph.take(Instant::now())
    }

    /// What to do with the next update.
    pub(crate) fn plan(&mut self, update: Update) -> Plan {
        let Some(index) = self.position(&update.item) else {
            return Plan::Together(vec![update], WebhookFault::default());
        };
        let queued = &mut self.webhook[index];
        queued.held.push(update);
        if queued.held.len() < queued.fault.batch.max(queued.fault.reorder) {
            return Plan::Held;
        }
        let mut updates = std::mem::take(&mut queued.held);
        let fault = self.take_at(index);
        if fault.reorder > 1 {
            updates.reverse();
            Plan::OneByOne(updates, fault)
        } else {
            Plan::Together(updates, fault)
        }
    }

    /// The fault of a call that carries this update among others, or none at all.
    pub(crate) fn take_webhook(&mut self, item: &Item) -> WebhookFault {
        self.position(item).map(|index| self.take_at(index)).unwrap_or_default()
    }

    /// Ends all faults and gives back the updates that they held.
    pub(crate) fn clear(&mut self) -> Vec<Update> {
        self.graph.clear();
        self.webhook.drain(..).flat_map(|queued| queued.held).collect()
    }

    /// How many updates are held back.
    pub(crate) fn held(&self) -> usize {
        self.webhook.iter().map(|queued| queued.held.len()).sum()
    }

    /// The faults to come.
    pub(crate) fn pending(&self) -> (Vec<WebhookFault>, Vec<GraphFault>) {
        (self.webhook.iter().map(|queued| queued.fault.clone()).collect(), self.graph.pending(Instant::now()))
    }

    fn position(&self, item: &Item) -> Option<usize> {
        self.webhook.iter().position(|queued| queued.fault.concerns.covers(item))
    }

    fn take_at(&mut self, index: usize) -> WebhookFault {
        let fault = &mut self.webhook[index].fault;
        let taken = fault.clone();
        fault.count -= 1;
        if fault.count == 0 {
            self.webhook.remove(index);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::webhook::payload::Channel;

    fn update(id: &str) -> Update {
        Update {
            phone: None,
            message_id: id.to_owned(),
            phone_number_id: "2".to_owned(),
            contact: None,
            channel: Channel::Messages,
            item: Item::Message(json!({ "id": id })),
        }
    }

    fn ids(updates: &[Update]) -> Vec<&str> {
        updates.iter().map(|update| update.message_id.as_str()).collect()
    }

    #[test]
    fn a_fault_holds_for_its_count_and_in_its_turn() {
        let mut faults = Faults::default();
        faults.add_webhook(WebhookFault { count: 2, duplicate: 3, ..WebhookFault::default() }).unwrap();
        faults.add_webhook(WebhookFault { drop: true, ..WebhookFault::default() }).unwrap();
        let taken: Vec<_> = (0..4)
            .map(|_| faults.take_webhook(&update("a").item))
            .map(|fault| (fault.duplicate, fault.drop))
            .collect();
        assert_eq!(taken, [(3, false), (3, false), (0, true), (0, false)]);
    }

    #[test]
    fn a_batch_gathers_and_a_reordering_turns_round() {
        let mut faults = Faults::default();
        faults.add_webhook(WebhookFault { batch: 2, ..WebhookFault::default() }).unwrap();
        faults.add_webhook(WebhookFault { reorder: 2, ..WebhookFault::default() }).unwrap();
        assert!(matches!(faults.plan(update("a")), Plan::Held));
        assert!(
            matches!(faults.plan(update("b")), Plan::Together(updates, _) if ids(&updates) == ["a", "b"])
        );
        assert!(matches!(faults.plan(update("c")), Plan::Held));
        assert!(
            matches!(faults.plan(update("d")), Plan::OneByOne(updates, _) if ids(&updates) == ["d", "c"])
        );
        assert!(matches!(faults.plan(update("e")), Plan::Together(updates, _) if ids(&updates) == ["e"]));
    }

    #[test]
    fn a_fault_leaves_other_updates_alone() {
        let mut faults = Faults::default();
        faults.add_webhook(WebhookFault { drop: true, ..WebhookFault::default() }).unwrap();
        let status = Update { item: Item::Status(json!({})), ..update("a") };
        assert!(matches!(faults.plan(status), Plan::Together(_, fault) if !fault.drop));
        assert!(matches!(faults.plan(update("b")), Plan::Together(_, fault) if fault.drop));
    }

    #[test]
    fn clearing_gives_back_what_is_held() {
        let mut faults = Faults::default();
        faults.add_webhook(WebhookFault { batch: 5, ..WebhookFault::default() }).unwrap();
        faults.plan(update("a"));
        assert_eq!(faults.held(), 1);
        assert_eq!(ids(&faults.clear()), ["a"]);
        assert!(faults.pending().0.is_empty());
    }

    #[test]
    fn senseless_faults_are_refused() {
        let mut faults = Faults::default();
        for fault in [
            WebhookFault { count: 0, ..WebhookFault::default() },
            WebhookFault { batch: 0, ..WebhookFault::default() },
            WebhookFault { batch: 2, reorder: 2, ..WebhookFault::default() },
            WebhookFault { delay_ms: WAIT_MS_MAX + 1, ..WebhookFault::default() },
            WebhookFault { duplicate: COPIES_MAX + 1, ..WebhookFault::default() },
        ] {
            assert!(faults.add_webhook(fault).is_err());
        }
    }
}
