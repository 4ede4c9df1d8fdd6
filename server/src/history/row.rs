//! A row of the history for people and programs: its JSON, the position where a list goes on, and the words by which rows
//! are asked for.

use std::{fmt, str::FromStr, time::SystemTime};

use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::wire::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::UnixMillis,
    phones,
    store::{Ending, HistoryEntry, HistoryKind, HistoryRow, Outcome},
};

/// A position in the history. What it is made of is nobody's business: it may become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(pub(crate) i64);

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&BASE64URL_NOPAD.encode(&self.0.to_be_bytes()))
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64URL_NOPAD.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
        bytes.map(|bytes| Self(i64::from_be_bytes(bytes))).ok_or("must be a cursor that was given")
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One login or one-time code as it ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HistoryRow)]
pub(crate) struct RowBody {
    #[schema(value_type = String)]
    pub(crate) cursor: Cursor,
    pub(crate) app_key: String,
    pub(crate) kind: &'static str,
    /// The `login_id` or `session_id` that webhooks and logs tell.
    pub(crate) id: String,
    pub(crate) outcome: &'static str,
    #[schema(required = true)]
    pub(crate) reason: Option<&'static str>,
    #[schema(required = true)]
    pub(crate) country: Option<String>,
    /// The number but for its last digits.
    #[schema(required = true)]
    pub(crate) phone: Option<String>,
    /// What confirmed a login, or was to; none for a code.
    #[schema(required = true)]
    pub(crate) confirmation: Option<&'static str>,
    pub(crate) started_at: String,
    #[schema(required = true)]
    pub(crate) message_at: Option<String>,
    #[schema(required = true)]
    pub(crate) verified_at: Option<String>,
    pub(crate) ended_at: String,
    /// From the beginning to the result.
    #[schema(required = true)]
    pub(crate) verified_after_ms: Option<u64>,
}

impl From<&HistoryRow> for RowBody {
    fn from(HistoryRow { id, entry }: &HistoryRow) -> Self {
        let after = entry.verified_at.map(|at| at.since(entry.started_at).as_millis());
        Self {
            cursor: Cursor(*id),
            app_key: entry.app_key.as_str().to_owned(),
            kind: entry.kind.as_str(),
            id: entry.name.clone(),
            outcome: entry.ending.outcome().as_str(),
            reason: entry.ending.reason(),
            country: entry.country.clone(),
            phone: masked(entry),
            confirmation: (entry.kind == HistoryKind::Login).then(|| entry.confirm.as_str()),
            started_at: moment(entry.started_at),
            message_at: entry.message_at.map(moment),
            verified_at: entry.verified_at.map(moment),
            ended_at: moment(entry.ended_at),
            verified_after_ms: after.and_then(|millis| u64::try_from(millis).ok()),
        }
    }
}

fn masked(entry: &HistoryEntry) -> Option<String> {
    entry.phone_end.as_ref().map(|end| format!("{}{end}", phones::MASK))
}

/// A moment as people and programs read it: RFC 3339, in UTC.
pub(crate) fn moment(at: UnixMillis) -> String {
    Timestamp(SystemTime::from(at)).to_string()
}

/// The endings that have this outcome and this reason, where one is given.
pub(crate) fn endings(outcome: Option<Outcome>, reason: Option<&str>) -> Vec<Ending> {
    let is_one = |ending: &Ending| {
        outcome.is_none_or(|outcome| ending.outcome() == outcome)
            && reason.is_none_or(|reason| ending.reason() == Some(reason))
    };
    Ending::ALL.into_iter().filter(is_one).collect()
}

/// The last digits in a number that is masked as it is in lists, or in nothing but these digits; none where it is a whole
/// number.
pub(crate) fn end_of_masked(text: &str) -> Option<&str> {
    let digits = text.trim().trim_start_matches(phones::MASK);
    let is_end = digits.len() == phones::DIGITS_TOLD && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_end.then_some(digits)
}
