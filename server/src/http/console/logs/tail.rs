//! `GET /console/logs/tail`: rows as they are added, as an event stream.
//!
//! It is made of state: the id of an event is a row's position, and a browser that connects again names the last one that it
//! has. A stream lives for a minute, so that an administrator who was signed out sees no more than that; the browser
//! connects again by itself.

use std::{collections::HashMap, fmt::Write, io, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use loggin_protocol::{
    AppKey,
    sse::{encode_comment, encode_event, encode_retry},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    filter::LogsQuery,
    row::RowView,
    source::{self, Source},
};
use crate::{
    history::row::Cursor,
    http::console::{Admin, ConsoleError, zone::Zone},
    limits::{self, Share},
    state::Server,
    store::{HistoryFilter, HistoryRow, HistoryStart},
};

const LAST_EVENT_ID: &str = "last-event-id";

const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// A stream under way.
struct Tail {
    source: Source,
    filter: HistoryFilter,
    names: HashMap<AppKey, String>,
    zone: Zone,
    /// The last row that was looked at.
    after: i64,
    /// What is told before anything else.
    first: Option<String>,
    /// When a sign of life is due.
    quiet_until: Instant,
    ends_at: Instant,
    is_over: bool,
    stopping: watch::Receiver<bool>,
    _share: Share<u64>,
}

/// Begins a stream after the row that the browser has, or after the latest.
pub(in crate::http::console) async fn handle(
    State(server): State<Arc<Server>>,
    admin: Admin,
    headers: HeaderMap,
    Query(query): Query<LogsQuery>,
) -> Result<Response, ConsoleError> {
    let asked = query.read();
    if !asked.errors.is_empty() {
        // An event stream is not asked for again after such a status.
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    let Some(share) = source::share(&server.tails, &server, &admin) else {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    };
    let source = Source::new(Arc::clone(&server), &admin);
    let (last, seen) = (source.last().await?, seen(&headers, asked.start));
    // Whoever was away for long loads the page again, rather than being told everything.
    let is_behind = seen.is_some_and(|seen| last.saturating_sub(seen) > limits::TAIL_BEHIND);
    let after = seen.filter(|seen| !is_behind && *seen <= last).unwrap_or(last);
    // What is refused has a status; a stream that has begun has none.
    source.page(&asked.filter, HistoryStart::After(after), 1).await?;
    let now = Instant::now();
    let tail = Tail {
        names: source::app_names(&server, &admin).await?,
        source,
        filter: asked.filter,
        zone: asked.zone,
        after,
        first: Some(begin(after, is_behind)),
        quiet_until: now + limits::TAIL_QUIET,
        ends_at: now + limits::TAIL_TIME,
        is_over: false,
        stopping: server.stopping.clone(),
        _share: share,
    };
    let parts = stream::unfold(tail, async |mut tail: Tail| {
        let part = tail.next().await?;
        Some((Ok::<_, io::Error>(Bytes::from(part)), tail))
    });
    Ok((HEADERS, Body::from_stream(parts)).into_response())
}

/// The last row that the browser has: by its own word, or by the page that it shows.
fn seen(headers: &HeaderMap, start: HistoryStart) -> Option<i64> {
    let named = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let named = named.map(|Cursor(id)| id);
    named.or(match start {
        HistoryStart::After(id) => Some(id),
        HistoryStart::Latest | HistoryStart::Before(_) => None,
    })
}

/// The first event: from here on nothing is passed over, unless there was too much.
fn begin(after: i64, is_behind: bool) -> String {
    let mut text = format!("id: {}\n", Cursor(after));
    encode_event(&mut text, if is_behind { "behind" } else { "ready" }, "{}");
    text
}

impl Tail {
    /// What is written next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if self.is_over {
            return None;
        }
        loop {
            // The browser connects again, and is told what it missed.
            let page = self
                .source
                .page(&self.filter, HistoryStart::After(self.after), limits::TAIL_PAGE)
                .await
                .ok()?;
            let moved = page.next.is_some_and(|next| next > self.after);
            self.after = page.next.unwrap_or(self.after);
            if !page.rows.is_empty() {
                self.quiet_until = Instant::now() + limits::TAIL_QUIET;
                return Some(self.told(&page.rows));
            }
            if *self.stopping.borrow() || Instant::now() >= self.ends_at {
                let mut text = String::new();
                encode_retry(&mut text, limits::TAIL_AGAIN);
                self.is_over = true;
                return Some(text);
            }
            if Instant::now() >= self.quiet_until {
                self.quiet_until = Instant::now() + limits::TAIL_QUIET;
                let mut text = String::new();
                encode_comment(&mut text, "");
                return Some(text);
            }
            if !moved {
                self.pause().await;
            }
        }
    }

    async fn pause(&mut self) {
        tokio::select! {
            () = sleep(limits::FOLLOW_PAUSE) => {}
            () = sleep_until(self.ends_at) => {}
            // An error means that whoever would tell is gone, which is the end too.
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    fn told(&self, rows: &[HistoryRow]) -> String {
        let mut text = String::new();
        for row in rows {
            let view = RowView::of(row, &self.names, &self.zone);
            // Texts and numbers: it has no key that is no text.
            let Ok(data) = serde_json::to_string(&view) else { continue };
            // Writing to a text does not fail.
            let _ = writeln!(text, "id: {}", Cursor(row.id));
            encode_event(&mut text, "row", &data);
        }
        text
    }
}
