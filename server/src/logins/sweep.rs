//! What time alone does: logins end, tombstones are forgotten, and what others changed is looked at.

use std::{collections::HashMap, time::Duration};

use loggin_protocol::Code;

use super::{
    Logins,
    life::{self, Seen},
    transition::Transition,
};
use crate::{
    limits,
    store::{Login, Stage, StoreError},
    telemetry::metrics::{self, Limit},
};

/// How often overdue logins are looked for. A wait is told `expired` this much late at most; it is not told wrongly,
/// as every read looks at the time itself.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// How often what nobody needs any more is forgotten, in looks; nobody notices a minute in a day.
const LOOKS_PER_PURGE: u32 = 60;

/// How often what only metrics tell is measured, in looks: they are collected some times a minute.
const LOOKS_PER_MEASURE: u32 = 10;

/// How long message ids are kept: WhatsApp delivers again for 7 days.
const MESSAGES_KEPT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

impl Logins {
    /// Ends what is overdue, and wakes who waits for it.
    pub(crate) async fn expire(&self) -> Result<(), StoreError> {
        self.sweep(Stage::Living).await
    }

    /// Forgets what nobody needs any more.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        self.sweep(Stage::Ended).await?;
        while self.store.trim_lapsed(limits::LAPSED_PER_APP, limits::SWEEP).await? > 0 {
            metrics::limit_hit(Limit::TombstonesPerApp);
        }
        let now = self.clock.now();
        let before = now - MESSAGES_KEPT;
        while self.store.purge_messages(now, before, limits::SWEEP).await? == u64::from(limits::SWEEP) {}
        while self.store.purge_outbox_counts(now, limits::SWEEP).await? == u64::from(limits::SWEEP) {}
        Ok(())
    }

    /// Does what time has done to the logins of a stage, a page at a time.
    async fn sweep(&self, stage: Stage) -> Result<(), StoreError> {
        let mut last: Vec<Code> = Vec::new();
        loop {
            let now = self.clock.now();
            let horizon = now + life::longest_of(stage);
            let due = self.store.due(stage, now, horizon, limits::SWEEP).await?;
            let codes: Vec<Code> = due.iter().map(|login| login.code).collect();
            // A page that is the same again makes no progress, whatever the reason, and is not tried for ever.
            if codes.is_empty() || codes == last {
                return Ok(());
            }
            self.sweep_page(due).await?;
            if codes.len() < limits::SWEEP as usize {
                return Ok(());
            }
            last = codes;
        }
    }

    async fn sweep_page(&self, due: Vec<Login>) -> Result<(), StoreError> {
        let transitions: Vec<Transition<()>> =
            due.iter().map(|login| Transition::new(login.code, ())).collect();
        let known: HashMap<_, _> = due.into_iter().map(|login| (login.code, login)).collect();
        let rule = |_: &Transition<()>, row: Option<Login>, seen: Seen| match row {
            Some(login) => life::swept(login, seen.now),
            None => life::Next::Keep(life::Unchanged::Unconcerned),
        };
        self.transition_rows(&transitions, known, rule).await.map(drop)
    }

    /// Wakes who waits here for what changed since `cursor` and was not told by this process's writer; returns where to
    /// look on from.
    pub(crate) async fn follow(&self, mut cursor: i64) -> Result<i64, StoreError> {
        loop {
            let changed = self.store.changed_since(cursor, limits::CHANGES_READ).await?;
            for login in &changed.logins {
                self.waiters.wake(login);
            }
            if changed.logins.len() < limits::CHANGES_READ as usize || changed.cursor <= cursor {
                return Ok(changed.cursor);
            }
            cursor = changed.cursor;
        }
    }

    /// Expires, purges and follows for ever, from a position that was read before anybody could wait here: a change
    /// between what a waiter was read and the first look would otherwise be told to nobody.
    pub(crate) async fn look_after(&self, mut cursor: i64) {
        let mut looks = (0..LOOKS_PER_PURGE).cycle();
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                // Another process said so. Where nothing is said, the ticks are enough.
                () = self.store.news() => {
                    warn("what changed", self.look_at_changes(&mut cursor).await);
                    continue;
                }
            }
            let look = looks.next().unwrap_or_default();
            self.look_once(&mut cursor, look == 0, look % LOOKS_PER_MEASURE == 0).await;
        }
    }

    /// Each part by itself: what keeps one from its work does not keep the others from theirs.
    async fn look_once(&self, cursor: &mut i64, purges: bool, measures: bool) {
        warn("what changed", self.look_at_changes(cursor).await);
        if measures {
            warn("what is measured", self.measure().await);
        }
        let leads = self.store.leads().await;
        let is_leader = *leads.as_ref().unwrap_or(&false);
        warn("who leads", leads.map(drop));
        if !is_leader {
            return;
        }
        warn("what is overdue", self.expire().await);
        warn("what is to be counted", self.count_history().await);
        if purges {
            warn("what is to be forgotten", self.purge().await);
        }
    }

    /// Counts what has ended since it was counted last.
    pub(crate) async fn count_history(&self) -> Result<(), StoreError> {
        let most = limits::HISTORY_COUNTED;
        while self.store.count_history(most).await? >= u64::from(most) {}
        Ok(())
    }

    /// Measures what no event tells.
    async fn measure(&self) -> Result<(), StoreError> {
        metrics::logins_pending(self.store.count_pending().await?);
        let oldest = self.store.oldest_message().await?;
        metrics::oldest_reply(oldest.map_or(Duration::ZERO, |queued_at| self.clock.now().since(queued_at)));
        Ok(())
    }

    async fn look_at_changes(&self, cursor: &mut i64) -> Result<(), StoreError> {
        *cursor = self.follow(*cursor).await?;
        Ok(())
    }
}

fn warn(what: &'static str, looked: Result<(), StoreError>) {
    if let Err(error) = looked {
        tracing::warn!(%error, what, "the store could not be looked through; trying again");
    }
}
