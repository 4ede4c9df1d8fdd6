//! Pages of lists, and what the parameters of calls say.

use std::{fmt::Display, time::Duration};

use axum::extract::{FromRequestParts, Query, rejection::QueryRejection};
use data_encoding::BASE64URL_NOPAD;
use loggin_protocol::{AppKey, ErrorCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use crate::{clock::UnixMillis, history::row::Cursor, http::ApiError, limits, store::DeliveryPosition};

/// One page of a list. The next one is asked for with `cursor`; there is none where `next` is null.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T: ToSchema> {
    pub(super) data: Vec<T>,
    #[schema(required = true)]
    pub(super) next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    cursor: Option<String>,
    limit: Option<String>,
}

impl Paging {
    /// How many rows at most.
    pub(super) fn limit(&self) -> Result<u32, ApiError> {
        let Some(limit) = &self.limit else { return Ok(limits::ADMIN_PAGE) };
        limit
            .parse()
            .ok()
            .filter(|limit| (1..=limits::ADMIN_PAGE_MOST).contains(limit))
            .ok_or(ApiError::invalid_request("`limit` must be 1 to 1000."))
    }

    /// The row before the page, where it is one of a table that numbers its rows.
    pub(super) fn position(&self) -> Result<Option<i64>, ApiError> {
        let position = self.cursor.as_deref().map(str::parse::<Cursor>).transpose();
        position.map(|cursor| cursor.map(|Cursor(id)| id)).map_err(|_| wrong_cursor())
    }

    /// The delivery before the page.
    pub(super) fn delivery(&self) -> Result<Option<DeliveryPosition>, ApiError> {
        self.cursor.as_deref().map(str::parse).transpose().map_err(|_| wrong_cursor())
    }

    /// The page of a whole list, which is put into the order of these keys.
    pub(super) fn page_of<T, B: ToSchema>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
        body: impl Fn(&T) -> B,
    ) -> Result<Page<B>, ApiError> {
        let limit = self.limit()? as usize;
        rows.sort_by_key(&key);
        if let Some(cursor) = &self.cursor {
            let last = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok();
            let last = last.and_then(|last| String::from_utf8(last).ok()).ok_or_else(wrong_cursor)?;
            rows.retain(|row| key(row) > last);
        }
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| BASE64URL_NOPAD.encode(key(row).as_bytes()));
        Ok(Page { data: rows.iter().map(body).collect(), next })
    }
}

fn wrong_cursor() -> ApiError {
    ApiError::invalid_request("`cursor` must be the `next` of a page of this list.")
}

/// A cursor to the rows behind this one.
pub(super) fn cursor(position: Option<i64>) -> Option<String> {
    position.map(|id| Cursor(id).to_string())
}

/// What puts rows into the order in which they were made.
pub(super) fn by_time(at: UnixMillis, then: impl Display) -> String {
    format!("{:020} {then}", at.0.max(0))
}

/// The parameters of a call, each of which stands there once.
pub(super) struct Parameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, ApiError> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        let Query(parameters) =
            read.map_err(|_| ApiError::invalid_request("A parameter stands there twice, or is no text."))?;
        Ok(Self(parameters))
    }
}

/// The app that a call names.
pub(super) fn app_key(given: &str) -> Result<AppKey, ApiError> {
    AppKey::parse(given).map_err(|_| ApiError::new(ErrorCode::InvalidAppKey, "`app_key` is no app key."))
}

/// A moment in RFC 3339.
pub(super) fn moment(name: &str, given: Option<&str>) -> Result<Option<UnixMillis>, ApiError> {
    let moment = given.map(str::parse::<jiff::Timestamp>).transpose();
    moment.map(|moment| moment.map(|at| UnixMillis(at.as_millisecond()))).map_err(|_| {
        ApiError::with_message(
            ErrorCode::InvalidRequest,
            format!("`{name}` must be a moment such as 2026-11-27T08:00:00Z."),
        )
    })
}

/// So many seconds, which lie within [`limits::ADMIN_SECONDS`].
pub(super) fn seconds(name: &str, given: Option<u32>) -> Result<Option<Duration>, ApiError> {
    if given.is_some_and(|seconds| seconds > limits::ADMIN_SECONDS) {
        return Err(ApiError::with_message(
            ErrorCode::InvalidRequest,
            format!("`{name}` must be {} seconds at most.", limits::ADMIN_SECONDS),
        ));
    }
    Ok(given.map(|seconds| Duration::from_secs(seconds.into())))
}

/// The one of these that has this word.
pub(super) fn choice<T: Copy>(
    name: &str,
    given: Option<&str>,
    choices: &[(&str, T)],
) -> Result<Option<T>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let found = choices.iter().find(|(word, _)| *word == given).map(|(_, choice)| *choice);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        ApiError::with_message(
            ErrorCode::InvalidRequest,
            format!("`{name}` must be one of {}.", words.join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(cursor: Option<String>, limit: &str) -> Paging {
        Paging { cursor, limit: Some(limit.to_owned()) }
    }

    #[test]
    fn a_list_is_read_to_its_end_page_by_page() {
        let rows: Vec<u32> = (0..10).rev().collect();
        let (mut read, mut cursor) = (Vec::new(), None);
        loop {
            let paging = paging(cursor, "4");
            let page = paging.page_of(rows.clone(), |row| by_time(UnixMillis(7), row), |row| *row).unwrap();
            read.push(page.data);
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(read, [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9]]);
    }

    #[test]
    fn a_page_begins_behind_a_row_that_is_gone() {
        let of = |rows: Vec<u32>, cursor| {
            paging(cursor, "1").page_of(rows, ToString::to_string, |row| *row).unwrap()
        };
        let first = of(vec![1, 2, 3], None);
        assert_eq!(of(vec![2, 3], first.next).data, [2]);
    }

    #[test]
    fn parameters_that_make_no_sense_are_refused() {
        for limit in ["0", "1001", "-1", "many", ""] {
            assert!(paging(None, limit).limit().is_err(), "{limit}");
        }
        assert_eq!(Paging::default().limit().unwrap(), limits::ADMIN_PAGE);
        let wrong = paging(Some("§".to_owned()), "1");
        assert!(wrong.position().is_err() && wrong.page_of(vec![1], u32::to_string, |row| *row).is_err());
        assert!(moment("since", Some("yesterday")).is_err());
        assert!(choice("by", Some("year"), &[("day", 1)]).is_err());
        assert_eq!(choice("by", Some("day"), &[("day", 1)]).unwrap(), Some(1));
    }
}
