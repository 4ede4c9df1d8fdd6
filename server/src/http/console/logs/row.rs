//! One row of the log as people see it: in the table, and in the events that add rows to it.

use std::{collections::HashMap, time::Duration};

use loggin_protocol::AppKey;
use serde::Serialize;

use super::words;
use crate::{
    clock::UnixMillis,
    history::row::{Cursor, RowBody},
    http::console::zone::Zone,
    store::HistoryRow,
};

/// A row in words.
#[derive(Clone, Debug, Serialize)]
pub(in crate::http::console) struct RowView {
    /// Where its own page is.
    pub(super) href: String,
    pub(super) ended: String,
    /// The moment for machines.
    pub(super) ended_at: String,
    pub(super) app: String,
    pub(super) kind: &'static str,
    pub(super) outcome: &'static str,
    pub(super) tone: &'static str,
    pub(super) reason: Option<String>,
    pub(super) country: String,
    pub(super) phone: String,
    /// From the beginning to the result.
    pub(super) took: String,
}

impl RowView {
    pub(super) fn of(row: &HistoryRow, names: &HashMap<AppKey, String>, zone: &Zone) -> Self {
        let (entry, body) = (&row.entry, RowBody::from(row));
        let outcome = entry.ending.outcome();
        let took = entry.verified_at.map(|at| after(entry.started_at, at));
        Self {
            href: format!("/console/logs/{}", Cursor(row.id)),
            ended: zone.moment(entry.ended_at),
            ended_at: body.ended_at,
            app: names.get(&entry.app_key).cloned().unwrap_or(body.app_key),
            kind: words::kind(entry.kind),
            outcome: words::outcome(outcome),
            tone: words::tone(outcome),
            reason: entry.ending.reason().map(words::reason),
            country: body.country.unwrap_or_default(),
            phone: body.phone.unwrap_or_default(),
            took: took.map(seconds).unwrap_or_default(),
        }
    }
}

/// How long after a moment another came; nothing where clocks say that it came before.
pub(super) fn after(from: UnixMillis, to: UnixMillis) -> Duration {
    to.since(from)
}

/// A time in seconds, to a tenth; minutes where it is long.
pub(super) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 100 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_what_matters() {
        for (millis, text) in [(0, "0.0 s"), (1_240, "1.2 s"), (99_940, "99.9 s"), (300_000, "5 min 00 s")] {
            assert_eq!(seconds(Duration::from_millis(millis)), text);
        }
        assert_eq!(after(UnixMillis(5), UnixMillis(3)), Duration::ZERO);
    }
}
