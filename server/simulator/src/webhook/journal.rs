//! What was delivered, attempt by attempt, and the updates themselves so that they can be sent again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use super::payload::Update;
use crate::limits::JOURNAL_MAX;

/// One webhook call, or the decision of a fault not to make it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    /// Counts up from 1.
    pub(crate) seq: u64,
    /// Counts the tries of one delivery from 1.
    #[serde(rename = "attempt")]
    pub(crate) ordinal: u32,
    pub(crate) message_ids: Vec<String>,
    pub(crate) updates: usize,
    pub(crate) bytes: usize,
    /// The HTTP status, or null when there was no response.
    pub(crate) status: Option<u16>,
    /// Why there was no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'static str>,
    /// Milliseconds until the response.
    pub(crate) ms: f64,
}

impl Attempt {
    /// Only a 200 ends the retries, as with Meta.
    pub(crate) fn accepted(&self) -> bool {
        self.status == Some(200)
    }
}

/// The record. Old entries make room for new ones.
pub(crate) struct Journal {
    records: Mutex<Records>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Records {
    attempts: VecDeque<Attempt>,
    updates: VecDeque<Update>,
    latest: u64,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { records: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// Remembers an update before it is delivered for the first time.
    pub(crate) fn keep(&self, update: Update) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.updates.len() == JOURNAL_MAX {
            records.updates.pop_front();
        }
        records.updates.push_back(update);
    }

    /// Writes an attempt down, under the next number.
    pub(crate) fn record(&self, mut attempt: Attempt) -> Attempt {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.latest += 1;
        attempt.seq = records.latest;
        if records.attempts.len() == JOURNAL_MAX {
            records.attempts.pop_front();
        }
        records.attempts.push_back(attempt.clone());
        drop(records);
        self.changed.send_replace(attempt.seq);
        attempt
    }

    /// The updates about one message, oldest first.
    pub(crate) fn updates_of(&self, message_id: &str) -> Vec<Update> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.updates.iter().filter(|update| update.message_id == message_id).cloned().collect()
    }

    /// The attempts after the one numbered `after`, about one message or about any.
    pub(crate) fn after(&self, after: u64, message_id: Option<&str>) -> Vec<Attempt> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let concerns = |attempt: &&Attempt| {
            attempt.seq > after
                && message_id.is_none_or(|wanted| attempt.message_ids.iter().any(|id| id == wanted))
        };
        records.attempts.iter().filter(concerns).cloned().collect()
    }

    /// The latest attempts, newest first.
    pub(crate) fn latest(&self, count: usize) -> Vec<Attempt> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.attempts.iter().rev().take(count).cloned().collect()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Forgets everything but the numbering.
    pub(crate) fn clear(&self) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.attempts.clear();
        records.updates.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: &str) -> Attempt {
        Attempt {
            seq: 0,
            ordinal: 1,
            message_ids: vec![id.to_owned()],
            updates: 1,
            bytes: 2,
            status: Some(200),
            error: None,
            ms: 0.5,
        }
    }

    #[test]
    fn numbers_go_on_and_old_records_make_room() {
        let journal = Journal::new();
        for _ in 0..=JOURNAL_MAX {
            journal.record(attempt("a"));
        }
        let all = journal.after(0, None);
        assert_eq!((all.len(), all[0].seq), (JOURNAL_MAX, 2));
        journal.clear();
        assert_eq!(journal.record(attempt("b")).seq, JOURNAL_MAX as u64 + 2);
    }

    #[test]
    fn finds_the_attempts_of_one_message() {
        let journal = Journal::new();
        for id in ["a", "b", "a"] {
            journal.record(attempt(id));
        }
        assert_eq!(journal.after(1, Some("a")).iter().map(|attempt| attempt.seq).collect::<Vec<_>>(), [3]);
        assert_eq!(journal.latest(1)[0].seq, 3);
    }
}
