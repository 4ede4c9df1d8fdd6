//! What is told of a failure of PostgreSQL, and which ones are over when something is tried again.

use std::{error::Error as _, fmt, time::Duration};

use tokio_postgres::{Error, error::SqlState};

use crate::store::StoreError;

/// Between two tries to reach the database.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// What the database, or the way to it, said.
#[derive(Debug)]
struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// A failure as it may be told: without the details of rows, which hold people.
pub(super) fn failed(error: &Error) -> StoreError {
    let text = match (error.as_db_error(), error.source()) {
        // What a value is wrong in is told with the value: 22 and 23 are of data.
        (Some(told), _) if is_of_data(told.code()) => format!("SQLSTATE {}", told.code().code()),
        (Some(told), _) => format!("{} (SQLSTATE {})", told.message(), told.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    };
    StoreError::Database(Box::new(Failure(text)))
}

fn is_of_data(code: &SqlState) -> bool {
    ["22", "23"].iter().any(|class| code.code().starts_with(class))
}

/// Whether a connection was not made because nobody is there, or not yet: not because somebody said no.
pub(super) fn is_away(error: &Error) -> bool {
    error.as_db_error().is_none() || may_be_tried_again(error)
}

/// Whether a statement failed for a reason that is over on another connection, or on this one later: nothing of it was
/// written.
pub(super) fn may_be_tried_again(error: &Error) -> bool {
    let Some(code) = error.code() else { return false };
    // Operator intervention, such as a restart; a connection that ends; a server that is a replica by now; and two that
    // stood in each other's way, which are told so by some databases.
    ["57P", "08"].iter().any(|class| code.code().starts_with(class))
        || [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
}
