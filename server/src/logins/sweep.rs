//! What time alone does: logins end, tombstones are forgotten, and what other processes changed is looked at.

use std::{collections::HashMap, time::Duration};

use super::{Logins, Step, life};
use crate::{clock::UnixMillis, limits, store::StoreError};

/// How often overdue logins are looked for. A wait is told `expired` this much late at most; it is not told wrongly,
/// as every read looks at the time itself.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// How often what nobody needs any more is forgotten, in looks; nobody notices a minute in a day.
const LOOKS_PER_PURGE: u32 = 60;

/// How long message ids are kept: WhatsApp delivers again for 7 days.
const MESSAGES_KEPT: Duration = Duration::from_secs(8 * 24 * 60 * 60);

impl Logins {
    /// Ends what is overdue, and wakes who waits for it.
    pub(crate) async fn expire(&self) -> Result<(), StoreError> {
        loop {
            let now = self.clock.now();
            let due = self.store.due(now, limits::SWEEP).await?;
            let count = due.len();
            let steps: Vec<Step<UnixMillis>> = due
                .iter()
                .map(|login| Step { code: login.code, message: None, input: login.deadline })
                .collect();
            let known: HashMap<_, _> = due.into_iter().map(|login| (login.code, login)).collect();
            // The login comes aged; what is left is to write that down, unless something else moved its deadline.
            self.settle(&steps, known, |_, login, _| login.filter(life::is_tombstone)).await?;
            if count < limits::SWEEP as usize {
                return Ok(());
            }
        }
    }

    /// Forgets what nobody needs any more.
    pub(crate) async fn purge(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        loop {
            let gone = self.store.purge(now, now - MESSAGES_KEPT, limits::SWEEP).await?;
            if gone < u64::from(limits::SWEEP) {
                return Ok(());
            }
        }
    }

    /// Wakes who waits here for what other processes changed since `cursor`; returns where to look on from.
    pub(crate) async fn follow(&self, cursor: i64) -> Result<i64, StoreError> {
        let changed = self.store.changed_since(cursor, limits::CHANGES_READ).await?;
        for login in &changed.logins {
            self.waiters.wake(login);
        }
        Ok(changed.cursor)
    }

    /// Expires, purges and follows for ever.
    pub(crate) async fn look_after(&self) {
        let mut cursor = None;
        let mut looks = (0..LOOKS_PER_PURGE).cycle();
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let purges = looks.next() == Some(0);
            if let Err(error) = self.look_once(&mut cursor, purges).await {
                tracing::warn!(%error, "the store could not be looked through; trying again");
            }
        }
    }

    async fn look_once(&self, cursor: &mut Option<i64>, purges: bool) -> Result<(), StoreError> {
        let from = match *cursor {
            Some(from) => from,
            None => self.store.cursor().await?,
        };
        *cursor = Some(self.follow(from).await?);
        self.expire().await?;
        if purges {
            self.purge().await?;
        }
        Ok(())
    }
}
